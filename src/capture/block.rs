//! Blocks of whole records, and the frames in them.

use std::path::Path;
use std::sync::Arc;

use super::classic::Layout;
use super::clock::Fraction;
use super::format::Records;
use super::{BlockOptions, Interface, LinkType};
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
    /// 0-based number of the section in its file.
    pub section: u32,
    /// 0-based number of the interface in its section.
    pub interface: u32,
    /// Length on the wire, as the record says.
    pub orig_len: u32,
    /// The bytes captured.
    pub data: &'a [u8],
    /// The time field as the record has it: ticks of its interface's clock, or in a classic file seconds in the upper
    /// 32 bits and the fraction in the lower. `None` where the record has none.
    pub raw_at: Option<u64>,
    /// The options of a pcapng packet block as they stand in the file, with the end of options if it is there.
    pub options: &'a [u8],
    /// The numbers in `options` are big-endian.
    pub big_endian: bool,
    /// What it was captured on.
    pub captured_on: &'a Interface,
}

impl<'a> Frame<'a> {
    /// The options of a pcapng packet block: comments, flags, hashes, drops.
    pub fn block_options(&self) -> BlockOptions<'a> {
        BlockOptions::new(self.options, self.big_endian)
    }

    /// Comments on it.
    pub fn comments(&self) -> impl Iterator<Item = String> + 'a {
        self.block_options().filter(|option| option.code == 1).map(|option| option.text())
    }

    /// Bytes of frame check sequence at its end: what the packet says itself (`epb_flags`), else its interface.
    pub fn fcs_len(&self) -> Option<u8> {
        let flags = self.block_options().find(|option| option.code == 2).and_then(|option| option.word());
        let own = flags.map(|flags| (flags >> 5 & 0xf) as u8).filter(|&len| len != 0);
        own.or(self.captured_on.fcs_len)
    }
}

/// Whole records, one after the other, of one file.
#[derive(Debug)]
pub struct Block {
    pub(super) memory: Vec<u8>,
    /// Where in its memory its records begin and end.
    pub(super) span: (usize, usize),
    pub(super) pieces: Vec<Piece>,
    pub(super) first_number: u64,
    pub(super) first_file_number: u64,
    pub(super) file: u32,
    pub(super) packets: u64,
    pub(super) live: bool,
    pub(super) path: Arc<Path>,
}

/// Records of a block that are laid out alike: those of one section.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub start: usize,
    pub records: Records,
    pub section: u32,
    pub interfaces: Arc<Vec<Interface>>,
    /// The numbers of its records are big-endian.
    pub big_endian: bool,
}

impl Piece {
    /// The records from `start` on.
    pub fn new(start: usize, records: Records, section: u32, interfaces: Arc<Vec<Interface>>) -> Self {
        Self { start, records, section, interfaces, big_endian: records.big_endian() }
    }
}

/// A record as its bytes say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub raw_at: Option<u64>,
    pub interface: u32,
    pub orig_len: u32,
    pub data: &'a [u8],
    pub options: &'a [u8],
}

impl Default for Block {
    fn default() -> Self {
        Self {
            memory: Vec::new(),
            span: (0, 0),
            pieces: Vec::new(),
            first_number: 1,
            first_file_number: 1,
            file: 0,
            packets: 0,
            live: false,
            path: Path::new("").into(),
        }
    }
}

impl Block {
    /// The number of its first frame.
    pub fn first_number(&self) -> u64 {
        self.first_number
    }

    /// How many frames it holds.
    pub fn len(&self) -> u64 {
        self.packets
    }

    /// Whether it holds no frame.
    pub fn is_empty(&self) -> bool {
        self.packets == 0
    }

    /// 0-based number of the file that it is of.
    pub fn file(&self) -> u32 {
        self.file
    }

    /// The file that it is of, `-` for standard input.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its frames, in file order.
    pub fn frames(&self) -> Frames<'_> {
        let (piece, later) = match self.pieces.split_first() {
            Some((first, later)) => (Some(first), later),
            None => (None, &[][..]),
        };
        Frames { block: self, piece, later, at: 0, index: 0 }
    }

    /// Whether it is all that its input had to give just then: more may take long to come.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// The bytes of its records.
    pub fn bytes(&self) -> &[u8] {
        let (start, end) = self.span;
        self.memory.get(start..end).unwrap_or_default()
    }

    /// Where a part of its bytes begins, as the data of one of its frames does.
    pub fn offset_of(&self, part: &[u8]) -> usize {
        part.as_ptr().addr().saturating_sub(self.bytes().as_ptr().addr())
    }

    /// Its memory, as a block of its own that holds no frames. None are left in this one either.
    pub fn take_memory(&mut self) -> Self {
        Self { memory: std::mem::take(&mut self.memory), ..Self::default() }
    }

    /// How many bytes of the capture it is.
    pub fn size(&self) -> usize {
        let (start, end) = self.span;
        end - start
    }
}

/// The frames of a block.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    block: &'a Block,
    piece: Option<&'a Piece>,
    later: &'a [Piece],
    at: usize,
    index: u64,
}

/// Frames of which all records to the end of their block are laid out in the way that is usual for classic files.
#[derive(Debug)]
pub struct Usual<'f, 'a> {
    frames: &'f mut Frames<'a>,
    interface: &'a Interface,
    clock: Fraction,
}

/// What such a record says.
#[derive(Clone, Copy, Debug)]
pub struct Brief<'a> {
    /// The number of its frame.
    pub number: u64,
    /// When it was captured.
    pub at: Timestamp,
    /// Length on the wire, as the record says.
    pub orig_len: u32,
    /// Where its data begins in the block.
    pub offset: usize,
    /// The bytes captured.
    pub data: &'a [u8],
}

/// What the frames that were passed come to.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    /// How many they are.
    pub packets: u64,
    /// Bytes captured of them.
    pub captured: u64,
}

impl<'a> Usual<'_, 'a> {
    /// What all of them were captured on.
    pub fn interface(&self) -> &'a Interface {
        self.interface
    }

    /// Passes them as long as `takes` takes them. The first that it does not is the next of the frames.
    #[inline(always)]
    pub fn pass(self, mut takes: impl FnMut(&Brief<'a>) -> bool) -> Passed {
        let Self { frames, clock, .. } = self;
        let (bytes, first) = (frames.block.bytes(), frames.block.first_number);
        let all = bytes.get(frames.at..).unwrap_or_default();
        let (mut rest, mut number) = (all, first + frames.index);
        // The block ends with the last of them.
        while let Some((record, behind)) = Layout::USUAL.split(rest) {
            let Record { raw_at, orig_len, data, .. } = record;
            let offset = bytes.len() - behind.len() - data.len();
            let at = clock.at(raw_at.unwrap_or_default());
            if !takes(&Brief { number, at, orig_len, offset, data }) {
                break;
            }
            (rest, number) = (behind, number + 1);
        }
        let packets = number - first - frames.index;
        (frames.at, frames.index) = (bytes.len() - rest.len(), number - first);
        Passed { packets, captured: Layout::USUAL.captured(all.len() - rest.len(), packets) }
    }
}

impl<'a> Frames<'a> {
    /// The frames from here on, if their records are laid out in the usual way.
    pub fn usual(&mut self) -> Option<Usual<'_, 'a>> {
        let piece =
            self.piece.filter(|piece| matches!(piece.records, Records::Usual) && self.later.is_empty())?;
        let interface = piece.interfaces.first()?;
        let clock = interface.clock.fraction()?;
        Some(Usual { frames: self, interface, clock })
    }
}

impl Frames<'_> {
    /// Goes on to the piece in which the next record is.
    #[cold]
    fn turn(&mut self) {
        while let Some((next, later)) = self.later.split_first().filter(|(next, _)| next.start <= self.at) {
            (self.piece, self.later) = (Some(next), later);
        }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    // Into the loop it has to go: a frame that is handed over in memory is written in small parts and read in large ones,
    // for which a core waits until all that it wrote before has left its queue.
    #[inline(always)]
    fn next(&mut self) -> Option<Frame<'a>> {
        if self.index == self.block.packets {
            return None;
        }
        let bytes = self.block.bytes();
        let (piece, record) = loop {
            if self.later.first().is_some_and(|next| next.start <= self.at) {
                self.turn();
            }
            let piece = self.piece?;
            let (record, end) = piece.records.open(bytes, self.at, &piece.interfaces)?;
            self.at = end;
            if let Some(record) = record {
                break (piece, record);
            }
        };
        let captured_on = piece.interfaces.get(record.interface as usize)?;
        let frame = Frame {
            number: self.block.first_number + self.index,
            file: self.block.file,
            file_number: self.block.first_file_number + self.index,
            at: record.raw_at.and_then(|raw| captured_on.clock.at(raw)),
            fine_clock: captured_on.clock.is_fine(),
            linktype: captured_on.linktype,
            section: piece.section,
            interface: record.interface,
            orig_len: record.orig_len,
            data: record.data,
            raw_at: record.raw_at,
            options: record.options,
            big_endian: piece.big_endian,
            captured_on,
        };
        self.index += 1;
        Some(frame)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.block.packets - self.index) as usize;
        (left, Some(left))
    }
}
