//! Several files as one capture: one after the other, by the time of their first packet.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::reader::Reader;
use super::source::Source;
use super::{Block, FileInfo, MAX_RECORD, Stretch};
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// How a capture is read.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// About how many bytes a block has. A longer record has a block of its own.
    pub block_size: usize,
    /// The longest record there may be: a longer one is taken for damage.
    pub max_record: usize,
    /// How many bytes a compressed input may unpack to; without it any number.
    pub max_decompressed: Option<u64>,
}

impl Options {
    /// The block sizes that are offered.
    pub const BLOCK_SIZES: RangeInclusive<usize> = 4 << 10..=4 << 20;
}

impl Default for Options {
    fn default() -> Self {
        Self { block_size: 256 << 10, max_record: MAX_RECORD, max_decompressed: None }
    }
}

/// The inputs, read one after the other. What goes wrong with one of them is kept in [`Capture::errors`], and the next
/// one is read.
pub struct Capture {
    options: Options,
    waiting: VecDeque<Waiting>,
    current: Option<Open>,
    files: Vec<FileInfo>,
    errors: Vec<Error>,
    /// Read to know when the capture begins, and not yet handed out.
    ahead: VecDeque<Block>,
    spare: Vec<Vec<u8>>,
    /// Stretches that are given and not yet cut, and the input that they are of.
    uncut: usize,
    uncut_of: usize,
    next_number: u64,
    last: Option<Timestamp>,
}

/// A file whose turn has not come.
struct Waiting {
    first: Option<Timestamp>,
    info: FileInfo,
    /// Opened, with what was read of it; else it is opened again.
    open: Option<Open>,
}

/// Whether a file begins as a capture does, compressed or not.
pub fn is_capture(path: &Path) -> bool {
    Open::start(path, Options::default()).is_ok()
}

struct Open {
    reader: Reader,
    read_already: VecDeque<Block>,
    /// What stopped it while it was read already.
    failed: Option<Error>,
    packets: u64,
}

/// The least block size, whatever is asked for.
const MIN_BLOCK_SIZE: usize = 64;
/// To find the time of the first packet.
const PEEK_SIZE: usize = 64 << 10;
/// Blocks read to find the time of the first packet.
const MAX_AHEAD: usize = 16;
/// Buffers kept for the next blocks.
const MAX_SPARE: usize = 64;

impl Capture {
    /// Opens the inputs; `-` is standard input. Those that cannot be read are in [`Capture::errors`].
    pub fn open(inputs: &[PathBuf], options: Options) -> Self {
        let options = Options { block_size: options.block_size.max(MIN_BLOCK_SIZE), ..options };
        let mut errors = Vec::new();
        let mut waiting = Vec::new();
        for path in inputs {
            match Waiting::open(path, inputs.len() > 1, options) {
                Ok(one) => waiting.push(one),
                Err(error) => errors.push(error),
            }
        }
        // A file whose packets have no time comes last; equals stay as given.
        waiting.sort_by_key(|one| (one.first.is_none(), one.first));
        Self {
            options,
            waiting: waiting.into(),
            current: None,
            files: Vec::new(),
            errors,
            ahead: VecDeque::new(),
            spare: Vec::new(),
            uncut: 0,
            uncut_of: 0,
            next_number: 1,
            last: None,
        }
    }

    /// How many inputs there are, without those that could not be opened.
    pub fn inputs(&self) -> usize {
        self.waiting.len() + self.files.len()
    }

    /// The time of the first packet that has one. Blocks that are read to find it are handed out later.
    pub fn begin(&mut self) -> Option<Timestamp> {
        let first = |block: &Block| block.frames().find_map(|frame| frame.at);
        if let Some(at) = self.ahead.iter().find_map(first) {
            return Some(at);
        }
        while self.ahead.len() < MAX_AHEAD {
            let block = self.read_block()?;
            let at = first(&block);
            self.ahead.push_back(block);
            if at.is_some() {
                return at;
            }
        }
        None
    }

    /// The next block of whole records; `None` at the end of the last input.
    pub fn next_block(&mut self) -> Option<Block> {
        self.ahead.pop_front().or_else(|| self.read_block())
    }

    /// The next part of the input, where it can be read by any thread while others read theirs. They have to be
    /// [cut](Self::cut) in the order in which they are given. `None` where bytes come one after the other, and at the end of
    /// an input: the [next block](Self::next_block) goes on.
    pub fn stretch(&mut self) -> Option<Stretch> {
        let input = self.files.len();
        let open =
            self.current.as_mut().filter(|open| open.failed.is_none() && open.read_already.is_empty())?;
        // Those of one file are over before those of another begin.
        if !self.ahead.is_empty() || (self.uncut > 0 && self.uncut_of != input) {
            return None;
        }
        let spare = &mut self.spare;
        let buffer = || spare.pop().unwrap_or_default();
        let stretch = open.reader.stretch(input, buffer, self.options.block_size)?;
        (self.uncut, self.uncut_of) = (self.uncut + 1, input);
        Some(stretch)
    }

    /// The block of a stretch that was read, if a record ends in it.
    pub fn cut(&mut self, stretch: Stretch) -> Option<Block> {
        self.uncut -= 1;
        let is_of = stretch.input == self.files.len();
        let (Some(open), Some(info)) = (self.current.as_mut().filter(|_| is_of), self.files.last_mut())
        else {
            return None;
        };
        if open.reader.has_ended() {
            return None;
        }
        let block = open.reader.cut(stretch, info);
        self.errors.extend(open.reader.fault(info));
        let block = block?;
        let mut open = self.current.take()?;
        let block = self.number(&mut open, block);
        self.current = Some(open);
        block
    }

    fn read_block(&mut self) -> Option<Block> {
        loop {
            if let Some(mut open) = self.current.take() {
                let block = self.block_of(&mut open);
                match block {
                    Ok(Some(block)) => {
                        self.current = Some(open);
                        return Some(block);
                    }
                    Ok(None) => {}
                    Err(error) => self.errors.push(error),
                }
                self.last = self.files.last().and_then(|info| info.last).or(self.last);
            }
            let next = self.waiting.pop_front()?;
            match next.start(self.options) {
                Ok((open, info)) => {
                    self.files.push(info);
                    self.current = Some(open);
                }
                Err(error) => self.errors.push(error),
            }
        }
    }

    /// Takes the memory of a spent block back, for one of the next.
    pub fn recycle(&mut self, block: Block) {
        let len = block.memory.len();
        if self.spare.len() < MAX_SPARE && len > 0 && len <= 2 * self.options.block_size {
            self.spare.push(block.memory);
        }
    }

    /// What went wrong so far: one error a file that could not be read, or not to its end.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    /// The same, when reading is done.
    pub fn into_errors(self) -> Vec<Error> {
        self.errors
    }

    /// The files read so far, in the order in which they are read: [`super::Frame::file`] is an index of it. Counts are
    /// those up to the last block handed out.
    pub fn files(&self) -> &[FileInfo] {
        &self.files
    }

    fn block_of(&mut self, open: &mut Open) -> Result<Option<Block>> {
        let Some(info) = self.files.last_mut() else { return Ok(None) };
        let block = match (open.read_already.pop_front(), open.failed.take()) {
            (Some(block), failed) => {
                open.failed = failed;
                Some(block)
            }
            (None, Some(failed)) => return Err(failed),
            (None, None) => {
                let buffer = self.spare.pop().unwrap_or_default();
                let block = open.reader.next_block(buffer, self.options.block_size, info);
                self.errors.extend(open.reader.fault(info));
                block?
            }
        };
        Ok(block.and_then(|block| self.number(open, block)))
    }

    /// Numbers the packets of the next block of the current input.
    fn number(&mut self, open: &mut Open, mut block: Block) -> Option<Block> {
        let info = self.files.last_mut()?;
        if open.packets == 0 {
            info.overlap = match (self.last, info.first) {
                (Some(last), Some(first)) if first < last => Some(last.since(first)),
                _ => None,
            };
        }
        block.first_number = self.next_number;
        block.first_file_number = open.packets + 1;
        block.path = info.path.as_path().into();
        block.file = (self.files.len() - 1) as u32;
        self.next_number += block.packets;
        open.packets += block.packets;
        Some(block)
    }
}

impl Waiting {
    /// Opens `path`; `peek` to find the time of its first packet.
    fn open(path: &Path, peek: bool, options: Options) -> Result<Self> {
        let (open, info) = Open::start(path, options)?;
        Ok(if peek { Self::peek(open, info) } else { Self { first: None, info, open: Some(open) } })
    }

    fn peek(mut open: Open, mut info: FileInfo) -> Self {
        while info.first.is_none() {
            match open.reader.next_block(Vec::new(), PEEK_SIZE, &mut info) {
                Ok(Some(block)) => open.read_already.push_back(block),
                Ok(None) => break,
                Err(error) => {
                    open.failed = Some(error);
                    break;
                }
            }
        }
        let first = info.first;
        // A thousand files need not be open at a time.
        let open = (!open.reader.is_repeatable()).then_some(open);
        Self { first, info, open }
    }

    fn start(self, options: Options) -> Result<(Open, FileInfo)> {
        match self.open {
            Some(open) => Ok((open, self.info)),
            None => Open::start(&self.info.path, options),
        }
    }
}

impl Open {
    fn start(path: &Path, options: Options) -> Result<(Self, FileInfo)> {
        let mut info = FileInfo { path: path.into(), ..FileInfo::default() };
        let source = Source::open(path, options.max_decompressed)?;
        let reader = Reader::start(source, options.max_record, &mut info)?;
        Ok((Self { reader, read_already: VecDeque::new(), failed: None, packets: 0 }, info))
    }
}

#[cfg(test)]
mod tests;
