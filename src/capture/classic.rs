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
use super::tally::Tally;
use super::{Clock, FileInfo, Format, Interface, InterfaceInfo, LinkType, SectionInfo};

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

/// Passes the whole records of `bytes` from `from` on.
// By itself, so that what it counts stays in registers.
#[inline(never)]
pub(super) fn walk(
    layout: Layout,
    bytes: &[u8],
    from: usize,
    max_record: usize,
    interface: &Interface,
    info: &mut FileInfo,
) -> Walked {
    // Twice the same, once with a layout that is known when it is compiled.
    if layout == Layout::USUAL {
        Layout::USUAL.walk(bytes, from, max_record, interface, info)
    } else {
        layout.walk(bytes, from, max_record, interface, info)
    }
}

impl Layout {
    /// That of nearly all files.
    pub const USUAL: Self = Self { big_endian: false, header_len: 16, lengths: Lengths::First };

    #[inline(always)]
    fn walk(
        self,
        bytes: &[u8],
        from: usize,
        max_record: usize,
        interface: &Interface,
        info: &mut FileInfo,
    ) -> Walked {
        let mut walked = Walked { end: from, next_len: self.header_len, ..Walked::default() };
        let (Some(mut rest), Some(clock)) = (bytes.get(from..), interface.clock.fraction()) else {
            return walked;
        };
        let (mut tally, snaplen) = (Tally::after(info.last), interface.snaplen);
        let mut fraction_beyond_second = 0;
        while let Some(header) = self.header(rest) {
            let captured = header.captured as usize;
            if captured > max_record {
                info.notes.record_too_long = true;
                let what =
                    format!("is damaged: a record claims to hold {captured} bytes, beyond --max-record");
                walked.damage = Some(Damage { at: bytes.len() - rest.len(), what });
                break;
            }
            let Some(behind) = rest.get(self.header_len + captured..) else {
                walked.next_len = self.header_len + captured;
                break;
            };
            tally.count(Some(clock.at(header.raw_at())), header.captured, header.length, snaplen);
            fraction_beyond_second += u64::from(clock.overflows(header.fraction));
            rest = behind;
        }
        (walked.end, walked.packets) = (bytes.len() - rest.len(), tally.packets);
        tally.captured_bytes = self.captured(walked.end - from, walked.packets);
        info.add(&tally);
        info.notes.fraction_beyond_second += fraction_beyond_second;
        if let Some(first) = info.sections.first_mut().and_then(|section| section.interfaces.first_mut()) {
            first.packets += walked.packets;
        }
        walked
    }

    /// How many of the bytes of so many records are captured ones.
    #[inline]
    pub fn captured(&self, bytes: usize, packets: u64) -> u64 {
        bytes as u64 - packets * self.header_len as u64
    }

    /// The record that `bytes` begin with, which is whole, and what is behind it.
    #[inline(always)]
    pub fn split<'a>(&self, bytes: &'a [u8]) -> Option<(Record<'a>, &'a [u8])> {
        let header = self.header(bytes)?;
        let (data, behind) = bytes.get(self.header_len..)?.split_at_checked(header.captured as usize)?;
        let record = Record {
            raw_at: Some(header.raw_at()),
            interface: 0,
            orig_len: header.length,
            data,
            options: &[],
        };
        Some((record, behind))
    }

    /// The record at `at`, which is whole, and where the next one is.
    #[inline(always)]
    pub fn open<'a>(&self, bytes: &'a [u8], at: usize) -> Option<(Record<'a>, usize)> {
        let (record, behind) = self.split(bytes.get(at..)?)?;
        Some((record, bytes.len() - behind.len()))
    }

    #[inline]
    fn header(&self, bytes: &[u8]) -> Option<Header> {
        let fields: &[u8; 16] = bytes.first_chunk()?;
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

#[cfg(test)]
mod tests {
    use super::super::trial::{Seen, check_beginnings, read};
    use super::*;
    use crate::support::pcap::Pcap;
    use crate::support::{EPOCH, Record as Built, records};

    fn some() -> Vec<Built> {
        let mut some = records(1_000_001_000, [b"abc".to_vec(), Vec::new(), vec![7; 60]]);
        some.push(Built::new(EPOCH + 5, vec![8; 40]).cut(20));
        some
    }

    fn seen(built: &[Built], unit: i64) -> Vec<Seen> {
        let one = |record: &Built| Seen {
            at: Some(record.at / unit * unit),
            orig_len: record.orig_len,
            data: record.data.clone(),
            linktype: 1,
            section: 0,
            interface: 0,
        };
        built.iter().map(one).collect()
    }

    #[test]
    fn either_byte_order_and_resolution_is_read() {
        for (big_endian, nanos) in [(false, false), (true, false), (false, true), (true, true)] {
            let file = Pcap { big_endian, nanos, ..Pcap::default() }.write(&some());
            let trial = read(&file);
            assert_eq!(trial.frames, seen(&some(), if nanos { 1 } else { 1000 }));
            assert_eq!(trial.info.sections[0].big_endian, big_endian);
            assert_eq!(trial.info.interfaces().next().unwrap().interface.clock.is_fine(), nanos);
            assert_eq!((trial.info.bytes, trial.info.packets), (file.len() as u64, 4));
            check_beginnings(&file);
        }
    }

    #[test]
    fn before_version_2_4_the_lengths_may_stand_the_other_way_round() {
        let cut = vec![Built::new(EPOCH, vec![8; 40]).cut(20)];
        let swapped = vec![Built { orig_len: 20, data: vec![8; 40], at: EPOCH }];
        // (version, whether the original length is written first)
        for (version, other_way) in [
            ((2, 4), false),
            ((2, 3), false),
            ((2, 3), true),
            ((2, 2), true),
            ((2, 0), true),
            ((543, 0), true),
        ] {
            let pcap = Pcap { version, ..Pcap::default() };
            let mut file = pcap.write(if other_way { &swapped } else { &cut });
            file.truncate(24 + 16 + 20);
            assert_eq!(read(&file).frames, seen(&cut, 1000), "{version:?} {other_way}");
        }
    }

    #[test]
    fn versions_that_are_not_known_are_refused() {
        for version in [(1, 0), (3, 0), (0x200, 0x400)] {
            let trial = read(&Pcap { version, ..Pcap::default() }.write(&some()));
            let (major, minor) = version;
            assert_eq!(
                trial.errors,
                [format!("x: has version {major}.{minor} of the pcap format, which is not known at byte 4")]
            );
        }
    }

    /// pcap-parser 0.17 knows Kuznetzov's variant in little-endian only.
    #[test]
    fn kuznetzov_s_records_have_longer_headers() {
        for big_endian in [false, true] {
            let pcap = Pcap { big_endian, ..Pcap::default() };
            let mut file = pcap.header();
            let magic = if big_endian { KUZNETZOV.to_be_bytes() } else { KUZNETZOV.to_le_bytes() };
            file[..4].copy_from_slice(&magic);
            for record in some() {
                let mut plain = Vec::new();
                pcap.record(&mut plain, &record);
                plain.splice(16..16, [0xee; 8]);
                file.extend(plain);
            }
            let trial = read(&file);
            assert_eq!(trial.frames, seen(&some(), 1000));
            assert_eq!(trial.info.format, Format::PcapModified);
            check_beginnings(&file);
        }
    }

    #[test]
    fn the_link_type_is_the_lower_half_of_its_word() {
        for (word, linktype, fcs_len) in [
            (1, 1, None),
            (0x3c00_0069, 105, Some(6)),
            (0x2400_0001, 1, Some(4)),
            (0x2000_0001, 1, None),
            (0x03ff_0101, 257, None),
            (0xffff_0001, 1, Some(30)),
        ] {
            let trial = read(&Pcap::of(word).write(&some()));
            let interface = trial.info.interfaces().next().unwrap().interface;
            assert_eq!((interface.linktype, interface.fcs_len), (LinkType(linktype), fcs_len), "{word:#x}");
            assert_eq!(trial.frames[0].linktype, linktype);
        }
    }

    #[test]
    fn odd_records_of_sound_captures_are_counted() {
        let mut odd = records(-1000, [vec![1; 30], vec![2; 10], vec![3; 25], vec![4; 5]]);
        odd[1].orig_len = 9;
        odd[3].orig_len = 50;
        let mut file = Pcap { snaplen: 20, ..Pcap::default() }.write(&odd);
        file[24 + 4..24 + 8].copy_from_slice(&1_500_000u32.to_le_bytes());
        let trial = read(&file);
        let notes = trial.info.notes;
        assert_eq!(trial.errors, Vec::<String>::new());
        assert_eq!(trial.frames[0].at, Some(EPOCH + 1_500_000_000));
        assert_eq!((notes.time_backwards, notes.fraction_beyond_second), (3, 1));
        assert_eq!((notes.cut, notes.captured_beyond_length, notes.captured_beyond_snaplen), (1, 1, 2));
        assert_eq!(trial.info.earliest.map(|at| at.as_nanos()), Some(EPOCH - 3000));
        assert_eq!(trial.info.latest.map(|at| at.as_nanos()), Some(EPOCH + 1_500_000_000));
        assert_eq!((trial.info.captured_bytes, trial.info.wire_bytes), (70, 114));
    }

    #[test]
    fn a_record_beyond_all_bounds_is_damage() {
        let pcap = Pcap::default();
        let mut file = pcap.write(&some());
        let end = file.len();
        pcap.record(&mut file, &Built::new(EPOCH, vec![0; 4]));
        for (claim, error) in [
            (
                u32::MAX,
                format!(
                    "x: is damaged: a record claims to hold 4294967295 bytes, beyond --max-record at byte {end}"
                ),
            ),
            (
                (64 << 20) + 1,
                format!(
                    "x: is damaged: a record claims to hold 67108865 bytes, beyond --max-record at byte {end}"
                ),
            ),
            (5, format!("x: is cut short: a record of at least 21 bytes has only 20 at byte {end}")),
            (
                64 << 20,
                format!("x: is cut short: a record of at least 67108880 bytes has only 20 at byte {end}"),
            ),
        ] {
            file[end + 8..end + 12].copy_from_slice(&claim.to_le_bytes());
            let trial = read(&file);
            assert_eq!(trial.errors, [error]);
            assert_eq!(trial.frames, seen(&some(), 1000));
        }
    }
}
