//! Reassembly: segments in any order, cut anywhere, repeated, some lost: what comes out is what was sent, and bytes
//! delivered and bytes in gaps add up to the distance from the first to the last sequence number.

use arbitrary::{Result, Unstructured};
use flowray::tcp::stream::{Arrival, Chunk, Room, Stream};
use flowray::tcp::{Flags, Seq};
use flowray::time::Timestamp;

pub fn check(bytes: &[u8]) {
    let _ = said(&mut Unstructured::new(bytes));
}

fn said(from: &mut Unstructured<'_>) -> Result<()> {
    let isn = Seq(from.arbitrary()?);
    let lossy: bool = from.arbitrary()?;
    let seed: u64 = from.arbitrary()?;
    let mut cuts: Vec<usize> =
        from.arbitrary::<Vec<u8>>()?.into_iter().map(|cut| usize::from(cut) * 11).collect();
    let content: Vec<u8> =
        (0..from.int_in_range(1..=3000)?).map(|place: u32| (place * 13 + place / 256) as u8).collect();
    cuts.extend([0, content.len()]);
    cuts.retain(|&cut| cut <= content.len());
    cuts.sort_unstable();
    cuts.dedup();
    let mut random = crate::support::random::Random(seed);
    let mut parts: Vec<(usize, usize)> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
    random.shuffle(&mut parts);
    let again: Vec<_> = parts.iter().copied().filter(|_| random.once_in(4)).collect();
    parts.extend(again);
    let last = content.len();
    parts.retain(|&(_, end)| !lossy || end == last || !random.once_in(5));

    let (mut room, mut stream) = (Room::default(), Stream::default());
    let mut heard = Heard { content: &content, next: 0, ended: false };
    let mut segment = |seq: Seq, flags: u16, bytes: &[u8], room: &mut Room, stream: &mut Stream| {
        let arrival = Arrival {
            at: Timestamp::from_nanos(0),
            number: 1,
            seq,
            flags: Flags(flags),
            len: bytes.len() as u32,
            bytes,
        };
        stream.on_segment(&arrival, room, &mut |chunk| heard.hear(chunk));
    };
    segment(isn, 0x02, &[], &mut room, &mut stream);
    for &(start, end) in &parts {
        segment(isn + 1 + start as u32, 0x10, &content[start..end], &mut room, &mut stream);
    }
    segment(isn + 1 + last as u32, 0x11, &[], &mut room, &mut stream);
    stream.finish(&mut room, &mut |chunk| heard.hear(chunk));
    let counts = stream.counts();
    assert_eq!(counts.delivered + counts.missing, last as u64);
    assert_eq!(heard.next, last as u64);
    assert!(heard.ended, "the FIN was not heard");
    if !lossy {
        assert_eq!(counts.missing, 0, "a gap where nothing is missing");
    }
    assert_eq!((counts.overlaps, counts.capped, counts.ignored), (0, 0, 0));
    Ok(())
}

struct Heard<'a> {
    content: &'a [u8],
    next: u64,
    ended: bool,
}

impl Heard<'_> {
    fn hear(&mut self, chunk: Chunk<'_>) {
        match chunk {
            Chunk::Data { offset, bytes, .. } => {
                assert_eq!(offset, self.next, "out of order");
                let start = offset as usize;
                assert_eq!(self.content.get(start..start + bytes.len()), Some(bytes));
                self.next += bytes.len() as u64;
            }
            Chunk::Gap { offset, len } => {
                assert_eq!(offset, self.next);
                self.next += len;
            }
            Chunk::Fin(_) => self.ended = true,
            Chunk::Acked { .. } => panic!("nobody speaks on the other side"),
            Chunk::Reset(_) => panic!("nobody reset"),
        }
    }
}
