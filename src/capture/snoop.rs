//! Snoop files, RFC 1761: a header, then records. All numbers are big-endian.

use std::sync::Arc;

use nom::number::complete::be_u32;
use nom::{IResult, Parser};

use super::block::Record;
use super::clock::Fraction;
use super::format::{Damage, Walked, Walker};
use super::tally::Tally;
use super::{Clock, FileInfo, Format, Interface, InterfaceInfo, LinkType, SectionInfo};

const MAGIC: &[u8; 8] = b"snoop\0\0\0";
const HEADER_LEN: usize = 16;
const RECORD_HEADER_LEN: usize = 24;

/// The walker for a file that starts with `start`, and where its first record is.
pub(super) fn recognise(start: &[u8], info: &mut FileInfo) -> Option<Result<(Walker, usize), Damage>> {
    let rest = start.strip_prefix(MAGIC)?;
    info.format = Format::Snoop;
    let fields: IResult<_, _> = (be_u32, be_u32).parse(rest);
    let Ok((_, (version, datalink))) = fields else {
        let what = format!("is cut short: its header is {HEADER_LEN} bytes long, {} are there", start.len());
        return Some(Err(Damage { at: 0, what }));
    };
    if version != 2 {
        let what = format!("has version {version} of the snoop format, which is not known");
        return Some(Err(Damage { at: MAGIC.len(), what }));
    }
    let interface =
        Interface { linktype: linktype(datalink), snaplen: 0, clock: Clock::MICROS, fcs_len: None };
    info.sections.push(SectionInfo {
        big_endian: true,
        version: (version as u16, 0),
        interfaces: vec![InterfaceInfo::from(interface)],
        ..SectionInfo::default()
    });
    Some(Ok((Walker::Snoop(Arc::new(vec![interface])), HEADER_LEN)))
}

/// The link type for a datalink type of RFC 1761, §4, or of Solaris' later list.
fn linktype(datalink: u32) -> LinkType {
    match datalink {
        0 | 4 => LinkType::ETHERNET,
        2 => LinkType::IEEE802_5,
        8 => LinkType::FDDI,
        16 => LinkType::IP_OVER_FC,
        18 => LinkType::SUNATM,
        _ => LinkType::UNKNOWN,
    }
}

/// A record header.
struct Header {
    original: u32,
    included: u32,
    record: u32,
    drops: u32,
    seconds: u32,
    micros: u32,
}

impl Header {
    #[inline]
    fn read(bytes: &[u8], at: usize) -> Option<Self> {
        let fields: IResult<_, _> = (be_u32, be_u32, be_u32, be_u32, be_u32, be_u32).parse(bytes.get(at..)?);
        let (_, (original, included, record, drops, seconds, micros)) = fields.ok()?;
        Some(Self { original, included, record, drops, seconds, micros })
    }

    fn raw_at(&self) -> u64 {
        u64::from(self.seconds) << 32 | u64::from(self.micros)
    }
}

/// Passes the whole records of `bytes` from `from` on.
pub(super) fn walk(bytes: &[u8], from: usize, max_record: usize, info: &mut FileInfo) -> Walked {
    let mut tally = Tally::after(info.last);
    let mut walked = Walked { end: from, next_len: RECORD_HEADER_LEN, ..Walked::default() };
    while let Some(header) = Header::read(bytes, walked.end) {
        let (included, record) = (header.included as usize, header.record as usize);
        if record > max_record || record < RECORD_HEADER_LEN + included {
            info.notes.record_too_long |= record > max_record;
            let beyond = if record > max_record { ", beyond --max-record" } else { "" };
            let what =
                format!("is damaged: a record of {record} bytes claims to hold {included} bytes{beyond}");
            walked.damage = Some(Damage { at: walked.end, what });
            break;
        }
        if walked.end + record > bytes.len() {
            walked.next_len = record;
            break;
        }
        tally.captured_bytes += u64::from(header.included);
        tally.count(Some(Fraction::MICROS.at(header.raw_at())), header.included, header.original, 0);
        info.notes.fraction_beyond_second += u64::from(Fraction::MICROS.overflows(header.micros));
        // It counts from the start of the capture.
        info.notes.dropped = u64::from(header.drops).max(info.notes.dropped);
        walked.packets += 1;
        walked.end += record;
    }
    info.add(&tally);
    if let Some(first) = info.sections.first_mut().and_then(|section| section.interfaces.first_mut()) {
        first.packets += walked.packets;
    }
    walked
}

/// The record at `at`, which is whole, and where the next one is.
#[inline(never)]
pub(super) fn open(bytes: &[u8], at: usize) -> Option<(Record<'_>, usize)> {
    let header = Header::read(bytes, at)?;
    let start = at + RECORD_HEADER_LEN;
    let record = Record {
        raw_at: Some(header.raw_at()),
        interface: 0,
        orig_len: header.original,
        data: bytes.get(start..start + header.included as usize)?,
        options: &[],
    };
    Some((record, at + header.record as usize))
}

#[cfg(test)]
mod tests {
    use super::super::trial::{check_beginnings, read};
    use crate::support::{records, snoop};

    #[test]
    fn records_are_read_whatever_their_padding() {
        let built = records(1_000_007_000, [vec![1; 60], vec![2; 61], vec![3; 62], Vec::new()]);
        let file = snoop::write(4, &built);
        let trial = read(&file);
        let seen: Vec<_> =
            trial.frames.iter().map(|frame| (frame.at.unwrap(), &frame.data, frame.linktype)).collect();
        let expected: Vec<_> = built.iter().map(|record| (record.at, &record.data, 1)).collect();
        assert_eq!(seen, expected);
        assert_eq!(trial.info.bytes, file.len() as u64);
        check_beginnings(&file);
    }

    #[test]
    fn datalink_types_become_link_types() {
        for (datalink, linktype) in
            [(0, 1), (4, 1), (2, 6), (8, 10), (18, 123), (5, u16::MAX), (99, u16::MAX)]
        {
            let trial = read(&snoop::write(datalink, &records(1, [vec![0; 14]])));
            assert_eq!(trial.frames[0].linktype, linktype, "{datalink}");
        }
    }

    #[test]
    fn drops_count_from_the_start_of_the_capture() {
        let mut file = snoop::write(4, &records(1, [vec![0; 16], vec![0; 16]]));
        file[16 + 12..16 + 16].copy_from_slice(&3u32.to_be_bytes());
        file[16 + 40 + 12..16 + 40 + 16].copy_from_slice(&5u32.to_be_bytes());
        assert_eq!(read(&file).info.drops(), Some(5));
    }

    #[test]
    fn a_record_shorter_than_its_packet_is_damage() {
        let built = records(1, [vec![0; 16], vec![0; 16]]);
        for record in [0, 23, 39, u32::MAX] {
            let mut file = snoop::write(4, &built);
            file[56 + 8..56 + 12].copy_from_slice(&record.to_be_bytes());
            let trial = read(&file);
            let beyond = if record == u32::MAX { ", beyond --max-record" } else { "" };
            let error = format!(
                "x: is damaged: a record of {record} bytes claims to hold 16 bytes{beyond} at byte 56"
            );
            assert_eq!(trial.errors, [error]);
            assert_eq!(trial.frames.len(), 1);
        }
    }

    #[test]
    fn versions_that_are_not_known_are_refused() {
        let mut file = snoop::write(4, &[]);
        file[11] = 3;
        assert_eq!(
            read(&file).errors,
            ["x: has version 3 of the snoop format, which is not known at byte 8"]
        );
    }
}
