//! Blocks of whole records, and the frames in them.

use super::LinkType;
use crate::time::Timestamp;

/// One capture record.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// 1-based, over all frames of all files, whatever is filtered.
    pub number: u64,
    /// 0-based number of the file.
    pub file: u32,
    /// 1-based number in its file.
    pub file_number: u64,
    /// When it was captured; `None` where the record has no time or one beyond 64-bit nanoseconds.
    pub at: Option<Timestamp>,
    /// The clock of its interface ticks finer than a microsecond.
    pub fine_clock: bool,
    /// What its first header is.
    pub linktype: LinkType,
    /// 0-based number of the interface in its section.
    pub interface: u32,
    /// Length on the wire, as the record says.
    pub orig_len: u32,
    /// The bytes captured.
    pub data: &'a [u8],
}

/// Whole records, one after the other, of one file.
#[derive(Debug)]
pub struct Block {
    pub(super) bytes: Vec<u8>,
    pub(super) first_number: u64,
    pub(super) first_file_number: u64,
    pub(super) file: u32,
    pub(super) records: u64,
    pub(super) big_endian: bool,
    pub(super) nanos: bool,
    pub(super) linktype: LinkType,
}

impl Block {
    /// The number of its first frame.
    pub fn first_number(&self) -> u64 {
        self.first_number
    }

    /// How many frames it holds.
    pub fn len(&self) -> u64 {
        self.records
    }

    /// Whether it holds no frame.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Its frames, in file order.
    pub fn frames(&self) -> Frames<'_> {
        Frames { block: self, rest: &self.bytes, index: 0 }
    }

    /// The bytes of its records.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where a part of its bytes begins, as the data of one of its frames does.
    pub fn offset_of(&self, part: &[u8]) -> usize {
        part.as_ptr().addr().saturating_sub(self.bytes.as_ptr().addr())
    }

    /// How many bytes of the capture it is.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// The frames of a block.
#[derive(Debug)]
pub struct Frames<'a> {
    block: &'a Block,
    rest: &'a [u8],
    index: u64,
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let parse = if self.block.big_endian {
            pcap_parser::parse_pcap_frame_be
        } else {
            pcap_parser::parse_pcap_frame
        };
        let (rest, record) = parse(self.rest).ok()?;
        self.rest = rest;
        let unit = if self.block.nanos { 1 } else { 1000 };
        let at = i64::from(record.ts_sec) * 1_000_000_000 + i64::from(record.ts_usec) * unit;
        let frame = Frame {
            number: self.block.first_number + self.index,
            file: self.block.file,
            file_number: self.block.first_file_number + self.index,
            at: Some(Timestamp::from_nanos(at)),
            fine_clock: self.block.nanos,
            linktype: self.block.linktype,
            interface: 0,
            orig_len: record.origlen,
            data: record.data,
        };
        self.index += 1;
        Some(frame)
    }
}
