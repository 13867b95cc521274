//! `packets --write`: the chosen packets as a capture.
//!
//! What only looks at the packet itself is chosen on the way from the input to the output. Conditions on what the
//! analysis finds need all of it first: then the inputs are read twice.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use super::args::{self, PacketArgs};
use super::options::{self, Request};
use super::run::{Damage, Only, analyse};
use crate::capture::{Capture, Frame, WriteFormat, Writer};
use crate::error::{Error, Result};
use crate::pipeline::{PacketRows, Report, Settings};
use crate::report::Condition;
use crate::report::fields::{PACKETS, Packets};

/// Writes the chosen packets to `path`.
pub fn carve(path: &Path, args: &PacketArgs) -> Result<Damage> {
    let list = &args.list;
    let request = Request::new(&list.common, &list.choice)?;
    let condition = list.select.condition.as_ref();
    let condition = condition.map(|text| options::condition(text, PACKETS.fields())).transpose()?;
    let only = Only::new(list.only);
    let format = match args.write_format {
        Some(args::WriteFormat::Pcap) => WriteFormat::Pcap,
        Some(args::WriteFormat::Pcapng) => WriteFormat::Pcapng,
        None => WriteFormat::of(path),
    };
    let analysed = condition.is_some() || only.is_some();
    if analysed && request.files.iter().any(|file| file.as_os_str() == "-") {
        let what = "--write: with --where, --flow or --stream the input is read twice, which standard input cannot be";
        return Err(Error::Usage(format!("{what}; write it to a file first")));
    }
    let writer = Writer::create(path, format, &request.files)?;
    if !analysed {
        let (capture, settings, _) = request.open();
        let written = copy(capture, writer, |frame| settings.chooses(frame))?;
        request.tell_refusals(&written);
        return Ok(written.into_errors());
    }
    let (mut capture, settings, _) = request.open();
    let settings = Settings { packets: true, ..settings };
    let mut numbers = Numbers::default();
    let mut give = |part: Vec<u64>| {
        part.iter().for_each(|number| numbers.add(*number));
        ControlFlow::Continue(())
    };
    analyse(&request, &mut capture, &settings, &Chosen { condition, only }, &mut give)?;
    drop(capture);
    let (capture, ..) = request.open();
    let mut damage = copy(capture, writer, |frame| numbers.has(frame.number))?.into_errors();
    if let Some(missing) = only.missing().filter(|_| numbers.is_empty()) {
        damage.push(Error::NotFound(missing));
    }
    Ok(damage)
}

/// Writes the frames for which `chosen` holds. A closed pipe is the end.
fn copy(mut capture: Capture, mut writer: Writer, chosen: impl Fn(&Frame<'_>) -> bool) -> Result<Capture> {
    while let Some(block) = capture.next_block() {
        for frame in block.frames().filter(&chosen) {
            writer.frame(&frame, capture.files())?;
        }
        capture.recycle(block);
    }
    match writer.finish(capture.files()) {
        Err(Error::Output { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(capture),
        finished => finished.map(|()| capture),
    }
}

/// Collects the numbers of the packets that are wanted.
struct Chosen {
    condition: Option<Condition<Packets>>,
    only: Only,
}

impl Report for Chosen {
    type Part = Vec<u64>;
    type Row = ();

    fn packets(&self, rows: PacketRows<'_>) -> Vec<u64> {
        let mut numbers = Vec::new();
        rows.for_each(|row| {
            if self.only.packet(row) && self.condition.as_ref().is_none_or(|condition| condition.holds(row)) {
                numbers.push(row.frame.number);
            }
        });
        numbers
    }
}

/// A set of frame numbers, one bit each.
#[derive(Debug, Default)]
struct Numbers(Vec<u64>);

impl Numbers {
    fn add(&mut self, number: u64) {
        let word = (number / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (number % 64);
        }
    }

    fn has(&self, number: u64) -> bool {
        self.0.get((number / 64) as usize).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_apart() {
        let mut numbers = Numbers::default();
        assert!(numbers.is_empty() && !numbers.has(1));
        for number in [1, 63, 64, 1000] {
            numbers.add(number);
        }
        let kept: Vec<u64> = (0..2000).filter(|number| numbers.has(*number)).collect();
        assert_eq!(kept, [1, 63, 64, 1000]);
    }
}
