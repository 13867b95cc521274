//! One file, as blocks.

use std::io;
use std::path::Path;

use super::format::{Damage, HEADER_LEN, Walker};
use super::source::{Source, unpacks_to_too_much};
use super::{Block, FileInfo, Stretch};
use crate::error::{Error, Result};

/// A file being read.
pub(super) struct Reader {
    source: Source,
    walker: Walker,
    /// What was read and not yet handed out: the beginning of the next block.
    rest: Vec<u8>,
    /// Where `rest` stands in the capture.
    offset: u64,
    ended: Option<End>,
    max_record: usize,
    /// What is wrong with the file, but does not keep it from being read. The first is enough.
    fault: Option<(u64, String)>,
    fault_told: bool,
}

/// How far the records of a block were passed.
#[derive(Default)]
struct Cut {
    /// Where the last of them ends.
    end: usize,
    packets: u64,
    /// The length of the next, as far as it is known.
    next_len: usize,
}

/// Why nothing more will be read.
enum End {
    /// The input is at its end.
    File,
    /// The operating system, or the decompressor, said so.
    Failure(io::Error),
    /// Its records cannot be followed any more.
    Damage(u64, String),
}

impl Reader {
    /// Starts reading `source`: its header is read into `info`.
    /// No record may be longer than `max_record`.
    pub fn start(mut source: Source, max_record: usize, info: &mut FileInfo) -> Result<Self> {
        info.size = source.size;
        info.compression = source.compression;
        let mut rest = vec![0; HEADER_LEN];
        let mut filled = 0;
        while let Some(free @ [_, ..]) = rest.get_mut(filled..) {
            match source.read(free) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(cause) => {
                    info.notes.unpacks_to_too_much = unpacks_to_too_much(&cause);
                    return Err(failure(&info.path, filled as u64, source.compression.is_some(), cause));
                }
            }
        }
        rest.truncate(filled);
        let (walker, header_len) = Walker::recognise(&rest, info)
            .map_err(|damage| input(&info.path, damage.at as u64, damage.what, None))?;
        rest.drain(..header_len.min(filled));
        info.bytes = header_len as u64;
        Ok(Self {
            source,
            walker,
            rest,
            offset: header_len as u64,
            ended: None,
            max_record,
            fault: None,
            fault_told: false,
        })
    }

    /// Whether the file can be opened again.
    pub fn is_repeatable(&self) -> bool {
        self.source.repeatable
    }

    /// What is wrong with the file, though it can be read on; told once.
    pub fn fault(&mut self, info: &FileInfo) -> Option<Error> {
        if std::mem::replace(&mut self.fault_told, self.fault.is_some()) {
            return None;
        }
        self.fault.as_ref().map(|(offset, what)| input(&info.path, *offset, what.clone(), None))
    }

    /// The next block of about `size` bytes, in `buffer` if that is large enough. `None` at the end.
    /// The numbers of the block are those of a first block of a first file.
    pub fn next_block(
        &mut self,
        mut buffer: Vec<u8>,
        size: usize,
        info: &mut FileInfo,
    ) -> Result<Option<Block>> {
        let mut filled = self.rest.len();
        if buffer.len() < size.max(filled) {
            buffer = vec![0; size.max(filled)];
        }
        if let Some(start) = buffer.get_mut(..filled) {
            start.copy_from_slice(&self.rest);
        }
        self.rest.clear();
        let mut cut = Cut::default();
        loop {
            let full = filled == buffer.len();
            if !full && self.ended.is_none() {
                match self.source.read(buffer.get_mut(filled..).unwrap_or_default()) {
                    Ok(0) => self.ended = Some(End::File),
                    Ok(read) => filled += read,
                    Err(cause) => self.ended = Some(End::Failure(cause)),
                }
                if self.ended.is_none() && !self.source.live && filled < buffer.len() {
                    continue;
                }
            }
            filled = self.pass(buffer.get(..filled).unwrap_or_default(), &mut cut, info);
            let enough = self.ended.is_some() || filled == buffer.len() || self.source.may_wait();
            if cut.packets > 0 && enough {
                return Ok(Some(self.hand_out(buffer, 0, filled, &cut)));
            }
            if cut.packets == 0 && cut.end > 0 {
                // Nothing but records that are no packets: they need not be kept.
                self.walker.pieces();
                buffer.copy_within(cut.end..filled, 0);
                self.offset += cut.end as u64;
                (filled, cut.end) = (filled - cut.end, 0);
            }
            match self.ended.take() {
                None => {}
                Some(End::File) if filled == 0 => return Ok(None),
                Some(ended) => return Err(self.error(ended, filled, cut.next_len, info)),
            }
            if filled == buffer.len() {
                // The next record is longer than a block. Its length is only a claim: grow as the bytes arrive.
                buffer.resize(cut.next_len.clamp(filled + 1, 2 * filled.max(size)), 0);
            }
        }
    }

    /// The next `len` bytes of the input, if they can be read apart: `input` is its number. They are passed, and have to be
    /// [cut](Self::cut) before anything else is asked.
    pub fn stretch(&mut self, input: usize, buffer: impl FnOnce() -> Vec<u8>, len: usize) -> Option<Stretch> {
        if self.ended.is_some() {
            return None;
        }
        self.source.stretch(input, buffer, len)
    }

    /// Whether the input was read to its end, whatever that is: stretches behind it are void.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// The block of a stretch that was read, if a record ends in it. At the end of the input, [`Self::next_block`] tells what
    /// is left.
    pub fn cut(&mut self, stretch: Stretch, info: &mut FileInfo) -> Option<Block> {
        let Stretch { mut buffer, room, filled, stopped, .. } = stretch;
        self.ended = stopped.map(|stopped| stopped.map_or_else(End::Failure, |()| End::File));
        // What the stretch before left over goes before it; where that is too long, it goes behind that.
        let start = room.checked_sub(self.rest.len());
        let (buffer, start, filled) =
            match start.and_then(|start| Some((start, buffer.get_mut(start..room)?))) {
                Some((start, before)) => {
                    before.copy_from_slice(&self.rest);
                    self.rest.clear();
                    (buffer, start, filled)
                }
                None => {
                    let mut whole = std::mem::take(&mut self.rest);
                    whole.extend_from_slice(buffer.get(room..filled).unwrap_or_default());
                    let filled = whole.len();
                    (whole, 0, filled)
                }
            };
        let mut cut = Cut::default();
        let filled = start + self.pass(buffer.get(start..filled).unwrap_or_default(), &mut cut, info);
        if cut.packets > 0 {
            return Some(self.hand_out(buffer, start, filled, &cut));
        }
        // Records that are no packets need not be kept, but what may be the beginning of another has to be.
        if cut.end > 0 {
            self.walker.pieces();
        }
        self.offset += cut.end as u64;
        let left = start + cut.end..filled;
        if left.start == 0 {
            self.rest = buffer;
            self.rest.truncate(left.end);
        } else {
            self.rest.extend_from_slice(buffer.get(left).unwrap_or_default());
        }
        None
    }

    /// Passes whole records of `bytes` behind those that were passed. How many bytes of it count.
    fn pass(&mut self, bytes: &[u8], cut: &mut Cut, info: &mut FileInfo) -> usize {
        let walked = self.walker.walk(bytes, cut.end, self.max_record, info);
        info.bytes += (walked.end - cut.end) as u64;
        *cut = Cut { end: walked.end, packets: cut.packets + walked.packets, next_len: walked.next_len };
        if let Some(Damage { at, what }) = walked.fault {
            self.fault.get_or_insert((self.offset + at as u64, what));
        }
        match walked.damage {
            Some(Damage { at, what }) => {
                self.ended = Some(End::Damage(self.offset + at as u64, what));
                cut.end
            }
            None => bytes.len(),
        }
    }

    /// A block of what was passed of `buffer` from `start` on. What is behind it begins the next one.
    fn hand_out(&mut self, buffer: Vec<u8>, start: usize, filled: usize, cut: &Cut) -> Block {
        let end = start + cut.end;
        self.rest.extend_from_slice(buffer.get(end..filled).unwrap_or_default());
        self.offset += cut.end as u64;
        let pieces = self.walker.pieces();
        let live = self.source.live && filled < buffer.len();
        Block { memory: buffer, span: (start, end), pieces, packets: cut.packets, live, ..Block::default() }
    }

    fn error(&mut self, ended: End, left: usize, wanted: usize, info: &mut FileInfo) -> Error {
        self.ended = Some(End::File);
        match ended {
            End::File => {
                let what = format!("is cut short: a record of at least {wanted} bytes has only {left}");
                input(&info.path, self.offset, what, None)
            }
            End::Failure(cause) => {
                info.notes.unpacks_to_too_much = unpacks_to_too_much(&cause);
                failure(&info.path, self.offset + left as u64, self.source.compression.is_some(), cause)
            }
            End::Damage(offset, what) => input(&info.path, offset, what, None),
        }
    }
}

fn failure(path: &Path, offset: u64, compressed: bool, cause: io::Error) -> Error {
    let what = if compressed { "cannot be decompressed" } else { "cannot be read" };
    input(path, offset, what.into(), Some(cause))
}

fn input(path: &Path, offset: u64, what: String, cause: Option<io::Error>) -> Error {
    Error::Input { path: path.into(), offset: Some(offset), what, cause }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use proptest::prelude::*;

    use super::super::trial::{Trial, read, read_from, trickle};
    use super::*;
    use crate::support::pcap::{Pcap, ethernet};
    use crate::support::pcapng::{Interface, Pcapng};
    use crate::support::random::Random;
    use crate::support::{records, snoop};

    /// A capture of every format, with `packets` packets of up to `longest` bytes.
    fn files(seed: u64, packets: usize, longest: u64) -> Vec<Vec<u8>> {
        let mut random = Random(seed);
        let frames: Vec<_> = (0..packets)
            .map(|_| {
                let len = random.below(longest) as usize;
                random.bytes(len)
            })
            .collect();
        let built = records(1_000_001_000, frames);
        let mut pcapng = Pcapng::new(seed.is_multiple_of(2)).interface(Interface::of(1));
        for (record, index) in built.iter().zip(0..) {
            let interface = index % 3;
            match random.below(12) {
                0 => {
                    pcapng =
                        pcapng.section(random.once_in(2), &[(1, b"a section")]).interface(Interface::of(1));
                }
                1 => pcapng = pcapng.block(0xbad, &random.bytes(40)),
                2 => pcapng = pcapng.simple(record),
                3 => pcapng = pcapng.interface(Interface { tsresol: Some(9), ..Interface::of(interface) }),
                4 => pcapng = pcapng.packet_with(0, record, &[(1, b"a packet")]),
                _ => {}
            }
            pcapng = pcapng.packet(0, record);
        }
        vec![
            ethernet(&built),
            Pcap { big_endian: true, nanos: true, ..Pcap::default() }.write(&built),
            snoop::write(4, &built),
            pcapng.bytes,
        ]
    }

    fn facts(trial: &Trial) -> String {
        // Blocks and what is known of the input itself may differ, nothing else.
        let info = FileInfo { size: None, ..trial.info.clone() };
        format!("{:?} {:?} {info:?}", trial.frames, trial.errors)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn blocks_and_short_reads_change_nothing(
            seed in any::<u64>(),
            block_size in 64usize..3000,
            sizes in prop::collection::vec(1usize..600, 1..6),
            damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            for mut file in files(seed, 40, 300) {
                if let Some((at, byte)) = &damage {
                    let at = at.index(file.len());
                    file[at] ^= byte;
                }
                let whole = facts(&read(&file));
                prop_assert_eq!(&facts(&trickle(&file, &sizes, block_size)), &whole);
                let len = file.len() as u64;
                prop_assert_eq!(&facts(&read_from(Cursor::new(file), Some(len), block_size)), &whole);
            }
        }

        #[test]
        fn garbage_is_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), seed in any::<u64>()) {
            for file in files(seed, 3, 20) {
                let header = if file[0] == 10 { 48 } else { 24 };
                trickle(&[&file[..header], &bytes[..]].concat(), &[7, 100], 64);
            }
            trickle(&bytes, &[7], 64);
        }
    }

    #[test]
    fn blocks_are_about_as_large_as_asked_for() {
        for file in files(1, 2000, 200) {
            let len = file.len();
            let trial = read_from(Cursor::new(file), Some(len as u64), 4096);
            assert!((len / 4096..len / 3700 + 2).contains(&trial.blocks), "{len} {}", trial.blocks);
        }
    }

    #[test]
    fn a_record_longer_than_a_block_has_one_of_its_own() {
        let built = records(1000, [vec![1; 10], vec![2; 100_000], vec![3; 10], vec![4; 100]]);
        for file in [ethernet(&built), Pcapng::new(true).interface(Interface::of(1)).packets(0, &built).bytes]
        {
            for trial in [trickle(&file, &[1000], 64), read_from(Cursor::new(file.clone()), Some(1), 64)] {
                assert_eq!(trial.errors, Vec::<String>::new());
                let lengths: Vec<_> = trial.frames.iter().map(|frame| frame.data.len()).collect();
                assert_eq!(lengths, [10, 100_000, 10, 100]);
            }
        }
    }

    /// A claim alone reserves nothing.
    #[test]
    fn memory_follows_the_bytes_that_are_there() {
        struct Watched(Cursor<Vec<u8>>);
        impl Read for Watched {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                assert!(buffer.len() < 5000, "room for {} bytes", buffer.len());
                self.0.read(buffer)
            }
        }
        let mut file = ethernet(&records(1, [vec![0; 1000]]));
        file[32..36].copy_from_slice(&(60u32 << 20).to_le_bytes());
        assert_eq!(read_from(Watched(Cursor::new(file)), Some(1), 100).errors.len(), 1);
    }

    /// What a live capture has sent is seen before it sends more.
    #[test]
    fn a_pipe_hands_on_what_it_has() {
        struct Live(Cursor<Vec<u8>>);
        impl Read for Live {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                match self.0.read(buffer)? {
                    0 => panic!("read on though a packet was there"),
                    read => Ok(read),
                }
            }
        }
        for file in files(3, 1, 100) {
            let mut info = FileInfo::default();
            let source = Source::new(Box::new(Live(Cursor::new(file))), None, None).unwrap();
            let mut reader = Reader::start(source, crate::capture::MAX_RECORD, &mut info).unwrap();
            assert_eq!(reader.next_block(Vec::new(), 1 << 16, &mut info).unwrap().unwrap().len(), 1);
        }
    }

    /// pcap-parser 0.17 tells failures of the operating system as a bare `ReadError`, and refuses a valid pcapng whose
    /// first read is short.
    #[test]
    fn a_failing_read_is_told_after_what_was_read() {
        struct Failing(Cursor<Vec<u8>>);
        impl Read for Failing {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let len = buffer.len().min(5);
                match self.0.read(&mut buffer[..len])? {
                    0 => Err(io::Error::other("the disk is gone")),
                    read => Ok(read),
                }
            }
        }
        for mut file in files(4, 5, 100) {
            let frames = read(&file).frames;
            file.extend([0; 3]);
            for size in [None, Some(1)] {
                let trial = read_from(Failing(Cursor::new(file.clone())), size, 1 << 16);
                assert_eq!(trial.frames, frames);
                assert_eq!(
                    trial.errors,
                    [format!("x: cannot be read at byte {}: the disk is gone", file.len())]
                );
            }
        }
    }

    #[test]
    fn what_is_no_capture_is_said_to_be_none() {
        for (bytes, error) in [
            (&b""[..], "is empty"),
            (b"x", "is not a capture: neither pcap, pcapng nor snoop"),
            (b"hello, world, this is no capture", "is not a capture: neither pcap, pcapng nor snoop"),
            (b"\xa1\xb2\xc3\xd4\0\x02", "is cut short: its header is 24 bytes long, 6 are there"),
            (b"snoop\0\0\0\0\0\0\x02", "is cut short: its header is 16 bytes long, 12 are there"),
            (b"BZh91AY", "is compressed with bzip2: only gzip, zstd and lz4 are read as they are"),
            (b"\xfd7zXZ\0\0\0", "is compressed with xz: only gzip, zstd and lz4 are read as they are"),
            (
                b"GMBU\0\0\0\0",
                "is a capture of Microsoft Network Monitor: only pcap, pcapng and snoop are read",
            ),
        ] {
            assert_eq!(read(bytes).errors, [format!("x: {error} at byte 0")]);
        }
    }
}
