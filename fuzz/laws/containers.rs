//! Capture files: the same frames whatever the block size, numbered without holes, and a prefix of a file gives a
//! prefix of its frames.

use flowray::capture::{Capture, Options};

#[derive(Debug, PartialEq)]
struct Seen {
    number: u64,
    at: Option<i64>,
    linktype: u16,
    interface: u32,
    orig_len: u32,
    data: Vec<u8>,
}

pub fn check(bytes: &[u8]) {
    let (frames, sound) = read(bytes, 1 << 20);
    for (place, frame) in frames.iter().enumerate() {
        assert_eq!(frame.number, place as u64 + 1);
    }
    assert_eq!(read(bytes, 64), (frames, sound), "the frames depend on the block size");
    if bytes.len() < 4096 {
        let whole = read(bytes, 4096).0;
        for len in (0..bytes.len()).step_by(1 + bytes.len() / 64) {
            let part = read(&bytes[..len], 4096).0;
            assert!(whole.starts_with(&part), "{len} bytes give other frames");
        }
    }
}

fn read(bytes: &[u8], block_size: usize) -> (Vec<Seen>, bool) {
    super::file(bytes, |path| {
        let mut capture = Capture::open(&[path.to_path_buf()], Options { block_size, ..Options::default() });
        let mut frames = Vec::new();
        while let Some(block) = capture.next_block() {
            assert_eq!(block.frames().count() as u64, block.len());
            frames.extend(block.frames().map(|frame| Seen {
                number: frame.number,
                at: frame.at.map(|at| at.as_nanos()),
                linktype: frame.linktype.0,
                interface: frame.interface,
                orig_len: frame.orig_len,
                data: frame.data.to_vec(),
            }));
            capture.recycle(block);
        }
        (frames, capture.errors().is_empty())
    })
}
