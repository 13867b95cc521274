//! Where bytes come from: a file, a pipe or standard input, plain or compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use super::stretch::Stretch;
use crate::error::{Error, Result};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// The LZ4 frame format.
    Lz4,
}

/// An input, opened.
pub(super) struct Source {
    bytes: Bytes,
    /// It may be minutes until it has more: what there is should be handed on.
    pub live: bool,
    /// What tells whether a live input has more.
    waiting: Option<Waiting>,
    /// It can be opened again.
    pub repeatable: bool,
    /// Bytes on the disk.
    pub size: Option<u64>,
    pub compression: Option<Compression>,
}

/// Where the bytes come from.
enum Bytes {
    /// A file on the disk, as it is, and how far it was read: any part of it can be read at any time.
    File(Arc<File>, u64),
    /// What gives them one after the other.
    Stream(Box<dyn Read + Send>),
}

/// The name of standard input among the inputs.
const STANDARD_INPUT: &str = "-";
/// Bytes needed to tell how a file is compressed.
const MAGIC_LEN: usize = 4;
/// How much of a compressed file is read at a time.
const CHUNK: usize = 128 << 10;

impl Source {
    /// Opens `path`, or standard input if it is `-`. A compressed one may unpack to `max_decompressed` bytes.
    pub fn open(path: &Path, max_decompressed: Option<u64>) -> Result<Self> {
        let fail = |cause| Error::Input {
            path: path.into(),
            offset: None,
            what: "cannot be opened".into(),
            cause: Some(cause),
        };
        let (reader, size, other): (Box<dyn Read + Send>, _, _) = if path.as_os_str() == STANDARD_INPUT {
            (Box::new(io::stdin()), None, None)
        } else {
            let file = File::open(path).map_err(fail)?;
            let metadata = file.metadata().map_err(fail)?;
            if metadata.is_dir() {
                return Err(fail(io::ErrorKind::IsADirectory.into()));
            }
            let size = metadata.is_file().then_some(metadata.len());
            let other = file.try_clone().map_err(fail)?;
            (Box::new(file), size, Some(other))
        };
        let source = Self::new(reader, size, max_decompressed).map_err(fail)?;
        // Whether a decompressor can go on is not to be seen from its input, nor can it begin anywhere.
        Ok(match other {
            _ if source.compression.is_some() => source,
            None => Self { waiting: Some(Waiting::StandardInput), ..source },
            Some(pipe) if size.is_none() => Self { waiting: Some(Waiting::Pipe(pipe)), ..source },
            Some(file) if CAN_READ_AT => Self { bytes: Bytes::File(Arc::new(file), 0), ..source },
            Some(_) => source,
        })
    }

    /// The next `len` bytes, to be read by whoever has time for it: they are passed. `None` where bytes only come one after the
    /// other.
    pub fn stretch(&mut self, input: usize, buffer: impl FnOnce() -> Vec<u8>, len: usize) -> Option<Stretch> {
        let Bytes::File(file, at) = &mut self.bytes else { return None };
        let stretch = Stretch::new(Arc::clone(file), input, *at, buffer(), len);
        *at += len as u64;
        Some(stretch)
    }

    /// What `reader` gives, decompressed. `size` is known for a file on the disk, and for nothing else.
    pub fn new(
        mut reader: Box<dyn Read + Send>,
        size: Option<u64>,
        max_decompressed: Option<u64>,
    ) -> io::Result<Self> {
        let mut start = Vec::with_capacity(MAGIC_LEN);
        reader.by_ref().take(MAGIC_LEN as u64).read_to_end(&mut start)?;
        let compression = Compression::recognise(&start);
        let whole = Cursor::new(start).chain(reader);
        let reader: Box<dyn Read + Send> = match compression {
            None => Box::new(whole),
            Some(compression) => {
                let reader = compression.reader(BufReader::with_capacity(CHUNK, whole))?;
                match max_decompressed {
                    None => reader,
                    Some(most) => Box::new(AtMost { inner: reader, left: most, most }),
                }
            }
        };
        Ok(Self {
            bytes: Bytes::Stream(reader),
            live: size.is_none(),
            waiting: None,
            repeatable: size.is_some(),
            size,
            compression,
        })
    }

    /// Whether to hand on what there is: reading on may take long.
    pub fn may_wait(&self) -> bool {
        self.live && !self.waiting.as_ref().is_some_and(Waiting::has_more)
    }

    /// Reads into `buffer` once; 0 at the end. Interruptions are not seen.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match &mut self.bytes {
                Bytes::Stream(reader) => reader.read(buffer),
                Bytes::File(file, at) => read_at(file, buffer, *at).inspect(|&read| *at += read as u64),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

/// Whether files can be read at any place.
const CAN_READ_AT: bool = cfg!(unix);

/// Reads what a file has `at` a place, once; 0 at the end.
#[cfg(unix)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

/// Reads what a file has `at` a place: not to be done here.
#[cfg(not(unix))]
pub(super) fn read_at(_file: &File, _buffer: &mut [u8], _at: u64) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// As many bytes as a compressed input may unpack to.
struct AtMost<R> {
    inner: R,
    left: u64,
    most: u64,
}

/// A compressed input unpacks to more than it may.
#[derive(Debug, thiserror::Error)]
#[error("it unpacks to more than the {0} bytes of --max-decompressed")]
struct TooMuch(u64);

/// Whether that is what was wrong.
pub(super) fn unpacks_to_too_much(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<TooMuch>())
}

impl<R: Read> Read for AtMost<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // One byte more tells an input that ends there from one that goes on.
        let wanted = usize::try_from(self.left.max(1)).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        if read as u64 > self.left {
            return Err(io::Error::other(TooMuch(self.most)));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// A pipe, a terminal, a socket.
enum Waiting {
    StandardInput,
    Pipe(File),
}

impl Waiting {
    /// Whether a read would return at once.
    #[cfg(unix)]
    fn has_more(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let input = io::stdin();
        let asked = match self {
            Self::StandardInput => PollFd::new(&input, PollFlags::IN),
            Self::Pipe(file) => PollFd::new(file, PollFlags::IN),
        };
        poll(&mut [asked], Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    /// Whether a read would return at once: not to be told here.
    #[cfg(not(unix))]
    fn has_more(&self) -> bool {
        false
    }
}

impl Compression {
    /// How the bytes that begin with `start` are compressed, if they are.
    fn recognise(start: &[u8]) -> Option<Self> {
        let magic = u32::from_le_bytes(*start.first_chunk()?);
        match magic {
            _ if start.starts_with(&[0x1f, 0x8b]) => Some(Self::Gzip),
            // Also a skippable frame, which pzstd begins with.
            0xfd2f_b528 | 0x184d_2a50..=0x184d_2a5f => Some(Self::Zstd),
            0x184d_2204 => Some(Self::Lz4),
            _ => None,
        }
    }

    fn reader(self, compressed: impl BufRead + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(Steady::new(flate2::bufread::MultiGzDecoder::new(compressed))),
            Self::Zstd => Box::new(Steady::new(zstd::stream::read::Decoder::with_buffer(compressed)?)),
            Self::Lz4 => {
                let noticing = Noticing { inner: compressed, ended: false };
                Box::new(Steady::new(Lz4Frames(lz4_flex::frame::FrameDecoder::new(noticing))))
            }
        })
    }
}

/// Asks a decompressor for the same number of bytes every time. One that meets damage gives nothing of what it was
/// asked for; so what is lost does not depend on who asks, and is little.
struct Steady<R>(BufReader<R>);

impl<R: Read> Steady<R> {
    const CHUNK: usize = 8 << 10;

    fn new(decompressor: R) -> Self {
        Self(BufReader::with_capacity(Self::CHUNK, decompressor))
    }
}

impl<R: Read> Read for Steady<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.fill_buf()?.read(buffer)?;
        self.0.consume(read);
        Ok(read)
    }
}

/// LZ4 frames one after the other. The decoder stops behind each, and takes a frame that is cut short between two
/// of its blocks for whole.
struct Lz4Frames<R: Read>(lz4_flex::frame::FrameDecoder<Noticing<R>>);

/// Notices that a reader is at its end.
struct Noticing<R> {
    inner: R,
    ended: bool,
}

impl<R: BufRead> Read for Lz4Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // Only in a frame, and before one that is there, is the decoder asked.
            let read = self.0.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let compressed = self.0.get_mut();
            if compressed.ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if compressed.inner.fill_buf()?.is_empty() {
                return Ok(0);
            }
        }
    }
}

impl<R: Read> Read for Noticing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.ended |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::trial::{Seen, read, read_from, trickle};
    use super::*;
    use crate::support::pcap::ethernet;
    use crate::support::random::Random;
    use crate::support::records;

    fn capture() -> Vec<u8> {
        ethernet(&records(1000, (0..30).map(|index| Random(index).bytes(20 * index as usize))))
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    fn lz4(bytes: &[u8]) -> Vec<u8> {
        let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
        let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
        // A flush ends a block.
        for part in bytes.chunks(3000) {
            encoder.write_all(part).unwrap();
            encoder.flush().unwrap();
        }
        encoder.finish().unwrap()
    }

    type Packer = fn(&[u8]) -> Vec<u8>;
    const PACKERS: [(Compression, Packer); 3] =
        [(Compression::Gzip, gzip), (Compression::Zstd, zstandard), (Compression::Lz4, lz4)];

    #[test]
    fn compressed_captures_are_read_like_others() {
        let plain = read(&capture());
        for (compression, pack) in PACKERS {
            for trial in [read(&pack(&capture())), trickle(&pack(&capture()), &[1, 30, 7], 100)] {
                assert_eq!(trial.info.compression, Some(compression));
                assert_eq!((&trial.frames, &trial.errors), (&plain.frames, &plain.errors), "{compression:?}");
                assert_eq!(trial.info.bytes, plain.info.bytes);
            }
        }
    }

    #[test]
    fn members_follow_one_another() {
        let (plain, capture) = (read(&capture()), capture());
        for (compression, pack) in PACKERS {
            for cut in [1, 24, 3000, capture.len() - 1] {
                let (first, second) = capture.split_at(cut);
                let packed = [pack(first), pack(b""), pack(second)].concat();
                for trial in [read(&packed), trickle(&packed, &[1], 100)] {
                    assert_eq!(trial.errors, Vec::<String>::new(), "{compression:?} {cut}");
                    assert_eq!(trial.frames, plain.frames);
                }
            }
        }
    }

    #[test]
    fn skippable_frames_are_skipped() {
        let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        let trial = read(&[skippable.clone(), zstandard(&capture()), skippable].concat());
        assert_eq!((trial.errors.len(), trial.frames.len()), (0, 30));
    }

    #[test]
    fn a_compressed_file_cut_short_is_told_after_what_was_read() {
        let plain = read(&capture());
        for (compression, pack) in PACKERS {
            let packed = pack(&capture());
            let mut most: Vec<Seen> = Vec::new();
            for len in 1..packed.len() {
                let trial = read(&packed[..len]);
                assert_eq!(trial.errors.len(), 1, "{compression:?} {len} of {}", packed.len());
                assert!(plain.frames.starts_with(&trial.frames));
                if trial.frames.len() > most.len() {
                    most = trial.frames;
                }
            }
            assert!(!most.is_empty(), "{compression:?}");
            let error = &read(&packed[..packed.len() - 1]).errors[0];
            assert!(error.starts_with("x: cannot be decompressed at byte "), "{error}");
        }
    }

    #[test]
    fn what_is_lost_by_damage_does_not_depend_on_the_block_size() {
        for (compression, pack) in PACKERS {
            let packed = pack(&[capture(), capture()].concat());
            for at in (0..packed.len()).step_by(packed.len() / 60) {
                let mut damaged = packed.clone();
                damaged[at] ^= 0x55;
                let [small, large] = [100, 1 << 20].map(|size| {
                    let len = damaged.len() as u64;
                    read_from(Cursor::new(damaged.clone()), Some(len), size)
                });
                assert_eq!(
                    (small.frames, small.errors),
                    (large.frames, large.errors),
                    "{compression:?} {at} of {}",
                    packed.len()
                );
            }
        }
    }

    #[test]
    fn damaged_compressed_files_are_told() {
        for (compression, pack) in PACKERS {
            let mut packed = pack(&capture());
            let middle = packed.len() / 2;
            packed[middle] ^= 0xff;
            let trial = read(&packed);
            assert!(!trial.errors.is_empty() || trial.frames != read(&capture()).frames, "{compression:?}");
            packed.extend(b"no member");
            assert!(!read(&packed).errors.is_empty(), "{compression:?}");
        }
    }

    /// So blocks fill up while a writer is fast.
    #[cfg(unix)]
    #[test]
    fn a_pipe_says_whether_it_has_more() {
        let (from, mut to) = io::pipe().unwrap();
        let mut from = Waiting::Pipe(File::from(std::os::fd::OwnedFd::from(from)));
        assert!(!from.has_more());
        to.write_all(b"more").unwrap();
        assert!(from.has_more());
        let Waiting::Pipe(pipe) = &mut from else { panic!() };
        assert_eq!(pipe.read(&mut [0; 9]).unwrap(), 4);
        assert!(!from.has_more());
        drop(to);
        assert!(from.has_more());
    }

    #[test]
    fn what_cannot_be_opened_is_told() {
        let error = |path: &str| Source::open(Path::new(path), None).err().unwrap().to_string();
        assert_eq!(error("/"), "/: cannot be opened: is a directory");
        assert!(error("/no/such/file").starts_with("/no/such/file: cannot be opened: No such file"));
    }
}
