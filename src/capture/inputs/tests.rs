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
            assert_eq!(stretched, (seen.clone(), self.errors(&capture), format!("{:?}", capture.files())));
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
