//! `packets --write`: the chosen packets as a capture.
//!
//! What only looks at the packet itself is chosen on the way from the input to the output. Conditions on what the
//! analysis finds need all of it first: then the inputs are read twice.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use super::args::{self, OneFlow, PacketArgs};
use super::only::{Numbers, Only};
use super::options::{self, Request};
use super::run::{Damage, analyse};
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
    let condition =
        condition.map(|text| options::condition("--where", text, PACKETS.fields())).transpose()?;
    let format = match args.write_format {
        Some(args::WriteFormat::Pcap) => WriteFormat::Pcap,
        Some(args::WriteFormat::Pcapng) => WriteFormat::Pcapng,
        None => WriteFormat::of(path),
    };
    let OneFlow { flow, stream, flows, .. } = &list.only;
    let analysed = condition.is_some() || flow.is_some() || stream.is_some() || flows.is_some();
    if analysed {
        request.refuse_standard_input("--write with --where, --flow, --stream or --flows")?;
    }
    let only = Only::new(&list.only, &request, &Settings::default())?;
    let writer = Writer::create(path, format, &request.files)?;
    if !analysed {
        let (capture, settings, _) = request.open();
        let written = copy(capture, writer, |frame| settings.chooses(*frame))?;
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
    analyse(&request, &mut capture, &settings, &Chosen { condition, only: only.clone() }, &mut give)?;
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
