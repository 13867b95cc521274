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
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::support::pcap::{Pcap, ethernet};
    use crate::support::pcapng::{Interface, Pcapng};
    use crate::support::{EPOCH, Record};
    use crate::time::Span;

    const SECOND: i64 = 1_000_000_000;

    /// Packets of one byte each, seconds after the epoch.
    fn packets(seconds: &[i64]) -> Vec<Record> {
        seconds.iter().map(|second| Record::new(EPOCH + second * SECOND, vec![*second as u8])).collect()
    }

    /// Number, number in the file, file, first byte.
    type Numbers = (u64, u64, u32, u8);

    struct Folder(TempDir);

    impl Folder {
        fn with(files: &[(&str, Vec<u8>)]) -> Self {
            let folder = TempDir::new().unwrap();
            for (name, bytes) in files {
                fs::write(folder.path().join(name), bytes).unwrap();
            }
            Self(folder)
        }

        fn open(&self, names: &[&str]) -> Capture {
            let inputs: Vec<_> = names.iter().map(|name| self.0.path().join(name)).collect();
            Capture::open(&inputs, Options { block_size: 64, ..Options::default() })
        }

        /// The frames, what the errors say without the folder, and the capture at its end.
        fn read(&self, names: &[&str]) -> (Vec<Numbers>, Vec<String>, Capture) {
            let mut capture = self.open(names);
            let mut seen = Vec::new();
            while let Some(block) = capture.next_block() {
                numbers(&block, &mut seen);
                capture.recycle(block);
            }
            assert!(capture.next_block().is_none());
            for ahead in 1..4 {
                let stretched = self.read_in_stretches(names, ahead);
                assert_eq!(
                    stretched,
                    (seen.clone(), self.errors(&capture), format!("{:?}", capture.files()))
                );
            }
            (seen, self.errors(&capture), capture)
        }

        /// The same, with as many stretches at a time as are `ahead`, and what is known of the files.
        fn read_in_stretches(&self, names: &[&str], ahead: usize) -> (Vec<Numbers>, Vec<String>, String) {
            let mut capture = self.open(names);
            let mut seen = Vec::new();
            let mut taken = VecDeque::new();
            loop {
                while taken.len() < ahead
                    && let Some(stretch) = capture.stretch()
                {
                    taken.push_back(stretch);
                }
                // Those that come last may be read first.
                taken.iter_mut().rev().for_each(Stretch::read);
                let block = match taken.pop_front() {
                    Some(stretch) => capture.cut(stretch),
                    None => match capture.next_block() {
                        Some(block) => Some(block),
                        None => break,
                    },
                };
                let Some(block) = block else { continue };
                numbers(&block, &mut seen);
                capture.recycle(block);
            }
            (seen, self.errors(&capture), format!("{:?}", capture.files()))
        }

        fn errors(&self, capture: &Capture) -> Vec<String> {
            let folder = format!("{}/", self.0.path().display());
            capture.errors().iter().map(|error| error.to_string().replace(&folder, "")).collect()
        }
    }

    fn numbers(block: &Block, seen: &mut Vec<Numbers>) {
        assert_eq!(block.first_number(), block.frames().next().unwrap().number);
        seen.extend(block.frames().map(|frame| (frame.number, frame.file_number, frame.file, frame.data[0])));
    }

    #[test]
    fn stretches_of_any_file_come_to_the_same_as_its_blocks() {
        let long = |len: usize| Record::new(EPOCH, vec![len as u8; len]);
        let mut many = packets(&(0..40).collect::<Vec<_>>());
        many.splice(9..9, [5, 63, 64, 65, 700, 1000, 1].map(long));
        let sound = ethernet(&many);
        let mut damaged = sound.clone();
        let at = 24 + 5 * 17;
        damaged[at + 8..at + 12].fill(0xff);
        let mut pcapng = Pcapng::new(false).interface(Interface::of(1));
        for record in &many {
            pcapng = pcapng.block(0xbad, &[7; 100]).packet(0, record);
        }
        let folder = Folder::with(&[
            ("sound", sound.clone()),
            ("cut", sound[..sound.len() - 3].to_vec()),
            ("damaged", damaged),
            ("sections", pcapng.bytes.clone()),
            ("head", pcapng.bytes[..30].to_vec()),
            ("other", pcapng.block(0xbad, &[7; 3000]).bytes),
        ]);
        let counts = ["sound", "cut", "damaged", "sections", "head", "other"].map(|name| {
            let (seen, errors, _) = folder.read(&[name]);
            (seen.len(), errors.len())
        });
        assert_eq!(counts, [(47, 0), (46, 1), (5, 1), (47, 0), (0, 1), (47, 0)]);
        let (seen, errors, _) = folder.read(&["sound", "cut", "damaged", "sections", "other"]);
        assert_eq!((seen.len(), errors.len()), (47 + 46 + 5 + 47 + 47, 2));
    }

    #[test]
    fn files_follow_one_another_by_the_time_of_their_first_packet() {
        let untimed = Pcapng::new(false).interface(Interface::of(1)).simple(&packets(&[99])[0]).bytes;
        let folder = Folder::with(&[
            ("late", ethernet(&packets(&[20, 21]))),
            ("early", Pcap { big_endian: true, ..Pcap::default() }.write(&packets(&[10, 12, 22]))),
            ("same", ethernet(&packets(&[20]))),
            ("untimed", untimed),
            ("none", ethernet(&[])),
        ]);
        let (seen, errors, capture) = folder.read(&["untimed", "none", "late", "same", "early"]);
        let expected = [
            (1, 1, 0, 10),
            (2, 2, 0, 12),
            (3, 3, 0, 22),
            (4, 1, 1, 20),
            (5, 2, 1, 21),
            (6, 1, 2, 20),
            (7, 1, 3, 99),
        ];
        assert_eq!(seen, expected);
        assert_eq!(errors, Vec::<String>::new());
        let overlaps: Vec<_> = capture.files().iter().map(|file| file.overlap.map(Span::as_nanos)).collect();
        assert_eq!(overlaps, [None, Some(2 * SECOND), Some(SECOND), None, None]);
        let names: Vec<_> =
            capture.files().iter().map(|file| file.path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["early", "late", "same", "untimed", "none"]);
    }

    #[test]
    fn what_goes_wrong_with_one_file_does_not_keep_the_next_from_being_read() {
        let mut cut = ethernet(&packets(&[5, 6, 7]));
        cut.pop();
        let folder = Folder::with(&[
            ("cut", cut),
            ("text", b"no capture".to_vec()),
            ("empty", Vec::new()),
            ("good", ethernet(&packets(&[8]))),
        ]);
        let (seen, errors, capture) = folder.read(&["good", "missing", "cut", "text", "empty"]);
        assert_eq!(seen, [(1, 1, 0, 5), (2, 2, 0, 6), (3, 1, 1, 8)]);
        assert_eq!(
            errors,
            [
                "missing: cannot be opened: No such file or directory (os error 2)",
                "text: is not a capture: neither pcap, pcapng nor snoop at byte 0",
                "empty: is empty at byte 0",
                "cut: is cut short: a record of at least 17 bytes has only 16 at byte 58",
            ]
        );
        assert_eq!(capture.files().iter().map(|file| file.packets).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn one_file_alone_is_read_the_same() {
        let folder = Folder::with(&[("one", ethernet(&packets(&[1, 2, 3])))]);
        let (seen, errors, capture) = folder.read(&["one"]);
        assert_eq!((seen.len(), errors.len(), capture.files()[0].packets), (3, 0, 3));
    }

    #[test]
    fn a_file_that_vanishes_meanwhile_is_told() {
        let folder = Folder::with(&[("one", ethernet(&packets(&[1]))), ("two", ethernet(&packets(&[2])))]);
        let mut capture = folder.open(&["one", "two"]);
        fs::remove_file(folder.0.path().join("two")).unwrap();
        assert!(capture.next_block().is_some());
        assert!(capture.next_block().is_none());
        assert_eq!(capture.errors().len(), 1);
    }

    /// A pipe cannot be opened twice: what was read to find its first time is handed out.
    #[test]
    fn pipes_are_read_once() {
        let folder = Folder::with(&[("file", ethernet(&packets(&[7, 8])))]);
        let (mut waiting, mut cut) = (Vec::new(), ethernet(&packets(&[5, 6])));
        cut.pop();
        for bytes in [cut, ethernet(&packets(&[9]))] {
            let mut info = FileInfo { path: "-".into(), ..FileInfo::default() };
            let source = Source::new(Box::new(std::io::Cursor::new(bytes)), None, None).unwrap();
            let reader = Reader::start(source, MAX_RECORD, &mut info).unwrap();
            let open = Open { reader, read_already: VecDeque::new(), failed: None, packets: 0 };
            waiting.push(Waiting::peek(open, info));
        }
        waiting.push(Waiting::open(&folder.0.path().join("file"), true, Options::default()).unwrap());
        waiting.sort_by_key(|one| (one.first.is_none(), one.first));
        let mut capture = Capture { waiting: waiting.into(), ..Capture::open(&[], Options::default()) };
        let mut seen = Vec::new();
        while let Some(block) = capture.next_block() {
            seen.extend(block.frames().map(|frame| (frame.number, frame.data[0])));
        }
        assert_eq!(seen, [(1, 5), (2, 7), (3, 8), (4, 9)]);
        assert_eq!(capture.errors().len(), 1);
    }

    #[test]
    fn buffers_are_used_again() {
        let folder = Folder::with(&[("one", ethernet(&packets(&[1; 500])))]);
        let mut capture = folder.open(&["one"]);
        let mut places = std::collections::HashSet::new();
        while let Some(block) = capture.next_block() {
            places.insert(block.bytes().as_ptr().addr());
            capture.recycle(block);
        }
        assert_eq!(places.len(), 1);
    }

    #[test]
    fn a_block_goes_to_any_thread() {
        fn goes<T: Send + Sync>() {}
        fn moves<T: Send>() {}
        goes::<Block>();
        moves::<Capture>();
    }
}
