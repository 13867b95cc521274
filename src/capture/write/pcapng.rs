//! pcapng: a section header, interface descriptions when they are first needed, and enhanced packet blocks.
//!
//! A section is written in the byte order of the section that its frames come from, so options are copied as they
//! stand. Frames of sections that say the same of themselves share one.

use std::io::Write;

use super::Refused;
use crate::capture::{Clock, FileInfo, Format, Frame, Interface, InterfaceInfo};

/// draft-ietf-opsawg-pcapng §4: block types.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const SIMPLE: u32 = 3;
const ENHANCED: u32 = 6;
/// §4.1: tells the byte order.
const MAGIC: u32 = 0x1a2b_3c4d;
/// §4.2: options of an interface description.
const IF_TSRESOL: u16 = 9;
const IF_FCSLEN: u16 = 13;

/// What is written of the current section.
#[derive(Debug, Default)]
pub(super) struct Pcapng {
    section: Option<Section>,
    block: Vec<u8>,
}

#[derive(Debug)]
struct Section {
    big_endian: bool,
    options: Vec<u8>,
    /// The input's file, section and interface of each interface that is described.
    interfaces: Vec<(u32, u32, u32)>,
}

impl Pcapng {
    pub fn frame(
        &mut self,
        out: &mut impl Write,
        frame: &Frame<'_>,
        file: Option<&FileInfo>,
    ) -> Result<(), Refused> {
        // Only pcapng has options that can be copied, and so a byte order that matters.
        let section = file.filter(|file| file.format == Format::Pcapng);
        let section = section.and_then(|file| file.sections.get(frame.section as usize));
        let big_endian = section.is_some() && frame.big_endian;
        let options = section.map_or(&[][..], |section| &section.options);
        let fits = |current: &Section| current.big_endian == big_endian && current.options == options;
        if !self.section.as_ref().is_some_and(fits) {
            self.begin(out, big_endian, options)?;
        }
        let described = section.and_then(|section| section.interfaces.get(frame.interface as usize));
        let number = self.interface(out, frame, described)?;
        let (captured, ticks) = (frame.data.len() as u32, ticks(frame));
        if ticks.is_none() && number == 0 && captured == simple_len(frame) {
            return self.block(out, big_endian, SIMPLE, &[frame.orig_len], &[frame.data]);
        }
        let ticks = ticks.unwrap_or(0);
        let fields = [number, (ticks >> 32) as u32, ticks as u32, captured, frame.orig_len];
        self.block(out, big_endian, ENHANCED, &fields, &[frame.data, frame.options])
    }

    /// Writes the header of a file without frames.
    pub fn finish(&mut self, out: &mut impl Write) -> Result<(), Refused> {
        match self.section {
            Some(_) => Ok(()),
            None => self.begin(out, false, &[]),
        }
    }

    fn begin(&mut self, out: &mut impl Write, big_endian: bool, options: &[u8]) -> Result<(), Refused> {
        self.section = Some(Section { big_endian, options: options.into(), interfaces: Vec::new() });
        let version = if big_endian { 0x0001_0000 } else { 0x0000_0001 };
        // The length of the section is not known.
        self.block(out, big_endian, SECTION, &[MAGIC, version, u32::MAX, u32::MAX], &[options])
    }

    /// The number of the frame's interface, which is described when it is first met.
    fn interface(
        &mut self,
        out: &mut impl Write,
        frame: &Frame<'_>,
        described: Option<&InterfaceInfo>,
    ) -> Result<u32, Refused> {
        let key = (frame.file, frame.section, frame.interface);
        let Some(section) = &mut self.section else { return Ok(0) };
        if let Some(number) = section.interfaces.iter().rposition(|one| *one == key) {
            return Ok(number as u32);
        }
        section.interfaces.push(key);
        let (number, big_endian) = (section.interfaces.len() as u32 - 1, section.big_endian);
        let options = match described {
            Some(described) => described.options.clone(),
            None => own_options(frame.captured_on),
        };
        let linktype = u32::from(frame.linktype.0);
        let linktype = if big_endian { linktype << 16 } else { linktype };
        self.block(out, big_endian, INTERFACE, &[linktype, frame.captured_on.snaplen], &[&options])?;
        Ok(number)
    }

    /// A block: its type, its length, fixed fields, parts that are padded to four bytes, its length again.
    fn block(
        &mut self,
        out: &mut impl Write,
        big_endian: bool,
        kind: u32,
        fields: &[u32],
        parts: &[&[u8]],
    ) -> Result<(), Refused> {
        let padded = |part: &&[u8]| part.len().next_multiple_of(4);
        let len = 12 + 4 * fields.len() + parts.iter().map(padded).sum::<usize>();
        let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
        let block = &mut self.block;
        block.clear();
        block.extend(word(kind));
        block.extend(word(len as u32));
        fields.iter().for_each(|field| block.extend(word(*field)));
        for part in parts {
            block.extend(*part);
            block.resize(block.len().next_multiple_of(4), 0);
        }
        block.extend(word(len as u32));
        out.write_all(block)?;
        Ok(())
    }
}

/// The options that describe an interface which no pcapng file describes.
fn own_options(interface: &Interface) -> Vec<u8> {
    let mut options = Vec::new();
    let mut option = |code: u16, value: u8| {
        options.extend(code.to_le_bytes());
        options.extend([1, 0, value, 0, 0, 0]);
    };
    option(IF_TSRESOL, interface.clock.tsresol());
    if let Some(len) = interface.fcs_len {
        option(IF_FCSLEN, len);
    }
    options.extend([0; 4]);
    options
}

/// §4.4: the bytes that a simple packet block holds, which does not say so itself.
fn simple_len(frame: &Frame<'_>) -> u32 {
    match frame.captured_on.snaplen {
        0 => frame.orig_len,
        snaplen => frame.orig_len.min(snaplen),
    }
}

/// The record's time in ticks of its interface's clock, as pcapng counts them.
fn ticks(frame: &Frame<'_>) -> Option<u64> {
    let raw = frame.raw_at?;
    let (seconds, fraction) = (raw >> 32, raw & u64::from(u32::MAX));
    Some(match frame.captured_on.clock {
        Clock::MICROS => seconds * 1_000_000 + fraction,
        Clock::NANOS => seconds * 1_000_000_000 + fraction,
        _ => raw,
    })
}
