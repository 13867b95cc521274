//! Classic pcap files: a header, then records.
//!
//! Read first: draft-ietf-opsawg-pcap. Walking and opening share one reading of the record header, because before version
//! 2.4 the two lengths may stand the other way round, which decides how long a record is.

use std::sync::Arc;

use nom::number::Endianness;
use nom::number::complete::{u16, u32};
use nom::{IResult, Parser};

use super::block::Record;
use super::format::{Damage, Walked, Walker};
use super::{Clock, FileInfo, Format, Interface, InterfaceInfo, LinkType, MAX_RECORD, SectionInfo};

const MICROS: u32 = 0xa1b2_c3d4;
const NANOS: u32 = 0xa1b2_3c4d;
const KUZNETZOV: u32 = 0xa1b2_cd34;
const HEADER_LEN: usize = 24;

/// How the records of a classic file are laid out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Layout {
    pub big_endian: bool,
    header_len: usize,
    lengths: Lengths,
}

/// Where a record header has its captured length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Lengths {
    /// Before the original length.
    First,
    /// Behind the original length: versions before 2.3, and DG/UX's 543.0.
    Last,
    /// Version 2.3 was written either way: it is the lesser one.
    Lesser,
}

/// The walker for a file that starts with `start`, and where its first record is.
pub(super) fn recognise(start: &[u8], info: &mut FileInfo) -> Option<Result<(Walker, usize), Damage>> {
    let magic = u32::from_be_bytes(*start.first_chunk()?);
    let big_endian = [MICROS, NANOS, KUZNETZOV].contains(&magic);
    let magic = if big_endian { magic } else { magic.swap_bytes() };
    let (format, clock, header_len) = match magic {
        MICROS => (Format::Pcap, Clock::MICROS, 16),
        NANOS => (Format::Pcap, Clock::NANOS, 16),
        KUZNETZOV => (Format::PcapModified, Clock::MICROS, 24),
        _ => return None,
    };
    info.format = format;
    let Ok((_, (major, minor, _, _, snaplen, link))) = fields(start, big_endian) else {
        let what = format!("is cut short: its header is 24 bytes long, {} are there", start.len());
        return Some(Err(Damage { at: 0, what }));
    };
    let lengths = match (major, minor) {
        (2, 0..=2) | (543, 0) => Lengths::Last,
        (2, 3) => Lengths::Lesser,
        (2, _) => Lengths::First,
        _ => {
            let what = format!("has version {major}.{minor} of the pcap format, which is not known");
            return Some(Err(Damage { at: 4, what }));
        }
    };
    let interface = Interface {
        linktype: LinkType(link as u16),
        snaplen,
        clock,
        // The length of the frame check sequence counts 16-bit words, and stands only if the bit beside it is set.
        fcs_len: (link & 0x0400_0000 != 0).then_some((link >> 28) as u8 * 2),
    };
    info.sections.push(SectionInfo {
        big_endian,
        version: (major, minor),
        interfaces: vec![InterfaceInfo::from(interface)],
        ..SectionInfo::default()
    });
    let layout = Layout { big_endian, header_len, lengths };
    Some(Ok((Walker::Classic(layout, Arc::new(vec![interface])), HEADER_LEN)))
}

type Fields = (u16, u16, u32, u32, u32, u32);

/// Version, time zone, accuracy, snap length and link-type word of the file header.
fn fields(start: &[u8], big_endian: bool) -> IResult<&[u8], Fields> {
    let order = if big_endian { Endianness::Big } else { Endianness::Little };
    let (rest, _magic) = u32(order)(start)?;
    (u16(order), u16(order), u32(order), u32(order), u32(order), u32(order)).parse(rest)
}

/// A record header.
struct Header {
    seconds: u32,
    fraction: u32,
    captured: u32,
    length: u32,
}

impl Layout {
    /// Passes the whole records of `bytes` from `from` on.
    pub fn walk(self, bytes: &[u8], from: usize, interface: &Interface, info: &mut FileInfo) -> Walked {
        let mut walked = Walked { end: from, next_len: self.header_len, ..Walked::default() };
        while let Some(header) = self.header(bytes, walked.end) {
            let captured = header.captured as usize;
            if captured > MAX_RECORD {
                let what = format!("is damaged: a record claims to hold {captured} bytes");
                walked.damage = Some(Damage { at: walked.end, what });
                break;
            }
            let end = walked.end + self.header_len + captured;
            if end > bytes.len() {
                walked.next_len = self.header_len + captured;
                break;
            }
            let at = interface.clock.at(header.raw_at());
            info.count(at, header.captured, header.length, interface.snaplen);
            info.notes.fraction_beyond_second += u64::from(interface.clock.overflows(header.fraction));
            walked.packets += 1;
            walked.end = end;
        }
        if let Some(first) = info.sections.first_mut().and_then(|section| section.interfaces.first_mut()) {
            first.packets += walked.packets;
        }
        walked
    }

    /// The record at `at`, which is whole.
    #[inline]
    pub fn open(self, bytes: &[u8], at: usize) -> Option<(Record<'_>, usize)> {
        let header = self.header(bytes, at)?;
        let start = at + self.header_len;
        let end = start + header.captured as usize;
        let record = Record {
            raw_at: Some(header.raw_at()),
            interface: 0,
            orig_len: header.length,
            data: bytes.get(start..end)?,
            options: &[],
        };
        Some((record, end))
    }

    #[inline]
    fn header(self, bytes: &[u8], at: usize) -> Option<Header> {
        let fields: &[u8; 16] = bytes.get(at..)?.first_chunk()?;
        let word =
            |word: [u8; 4]| if self.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) };
        let [s0, s1, s2, s3, f0, f1, f2, f3, c0, c1, c2, c3, l0, l1, l2, l3] = *fields;
        let (first, last) = (word([c0, c1, c2, c3]), word([l0, l1, l2, l3]));
        let (captured, length) = match self.lengths {
            Lengths::First => (first, last),
            Lengths::Last => (last, first),
            Lengths::Lesser => (first.min(last), first.max(last)),
        };
        Some(Header { seconds: word([s0, s1, s2, s3]), fraction: word([f0, f1, f2, f3]), captured, length })
    }
}

impl Header {
    fn raw_at(&self) -> u64 {
        u64::from(self.seconds) << 32 | u64::from(self.fraction)
    }
}
