//! Reading bytes as a file, for tests.

use std::io::{self, Read};

use super::reader::Reader;
use super::source::Source;
use super::{FileInfo, Frame};

/// A frame, kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Seen {
    pub at: Option<i64>,
    pub orig_len: u32,
    pub data: Vec<u8>,
    pub linktype: u16,
    pub section: u32,
    pub interface: u32,
}

/// What came of reading.
#[derive(Debug, Default)]
pub(super) struct Trial {
    pub frames: Vec<Seen>,
    pub blocks: usize,
    pub info: FileInfo,
    /// As they are told.
    pub errors: Vec<String>,
}

/// Bytes that arrive as a pipe delivers them: so many at a time, again and again.
pub(super) struct Trickle {
    pub bytes: io::Cursor<Vec<u8>>,
    pub sizes: Vec<usize>,
    pub turn: usize,
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()].clamp(1, buffer.len().max(1));
        self.turn += 1;
        let size = size.min(buffer.len());
        self.bytes.read(&mut buffer[..size])
    }
}

impl Seen {
    pub fn of(frame: &Frame<'_>) -> Self {
        Self {
            at: frame.at.map(|at| at.as_nanos()),
            orig_len: frame.orig_len,
            data: frame.data.to_vec(),
            linktype: frame.linktype.0,
            section: frame.section,
            interface: frame.interface,
        }
    }
}

/// Reads `bytes` as a file on the disk, in blocks of the ordinary size.
pub(super) fn read(bytes: &[u8]) -> Trial {
    read_from(io::Cursor::new(bytes.to_vec()), Some(bytes.len() as u64), 512 << 10)
}

/// Reads `bytes` as a pipe that delivers so many at a time.
pub(super) fn trickle(bytes: &[u8], sizes: &[usize], block_size: usize) -> Trial {
    read_from(
        Trickle { bytes: io::Cursor::new(bytes.to_vec()), sizes: sizes.to_vec(), turn: 0 },
        None,
        block_size,
    )
}

pub(super) fn read_from(reader: impl Read + Send + 'static, size: Option<u64>, block_size: usize) -> Trial {
    let mut trial = Trial { info: FileInfo { path: "x".into(), ..FileInfo::default() }, ..Trial::default() };
    let started =
        Source::new(Box::new(reader), size, None).map_err(|error| error.to_string()).and_then(|source| {
            Reader::start(source, super::MAX_RECORD, &mut trial.info).map_err(|error| error.to_string())
        });
    let mut reader = match started {
        Ok(reader) => reader,
        Err(error) => {
            trial.errors.push(error);
            return trial;
        }
    };
    let mut buffer = Vec::new();
    loop {
        let block = reader.next_block(buffer, block_size, &mut trial.info);
        trial.errors.extend(reader.fault(&trial.info).map(|fault| fault.to_string()));
        let block = match block {
            Ok(Some(block)) => block,
            Ok(None) => return trial,
            Err(error) => {
                trial.errors.push(error.to_string());
                return trial;
            }
        };
        let before = trial.frames.len();
        trial.frames.extend(block.frames().map(|frame| Seen::of(&frame)));
        assert_eq!(block.len() as usize, trial.frames.len() - before, "a walk and an opening differ");
        assert!(!block.is_empty());
        trial.blocks += 1;
        buffer = block.memory;
    }
}

/// Every beginning of `bytes` gives the frames that are whole in it, and an error unless it ends between records: then it
/// is a capture of its own.
pub(super) fn check_beginnings(bytes: &[u8]) {
    let whole = read(bytes);
    assert_eq!(whole.errors, Vec::<String>::new());
    for len in 0..bytes.len() {
        let part = read(&bytes[..len]);
        assert!(whole.frames.starts_with(&part.frames), "{len}");
        assert!(part.errors.len() <= 1, "{len}: {:?}", part.errors);
        assert_eq!(part.info.packets, part.frames.len() as u64, "{len}");
        let ends_between_records = part.info.bytes == len as u64 && len > 0;
        assert_eq!(part.errors.is_empty(), ends_between_records, "{len}: {:?} {:?}", part.errors, part.info);
    }
}
