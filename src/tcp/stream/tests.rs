//! Streams by example, and the laws that hold for any segments.

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

/// `SEQ TEXT` a segment; `S`, `F`, `R` before the number set flags, `a SEQ` is an ACK of the other side, `t N` N segments
/// of the connection that say nothing, `cut SEQ N TEXT` a segment of which the capture has no more than N bytes.
fn play(script: &str, room: &mut Room) -> (String, Counts) {
    let mut stream = Stream::default();
    let mut out = String::new();
    let mut sink = |chunk: Chunk<'_>| match chunk {
        Chunk::Data { bytes, .. } => out.push_str(std::str::from_utf8(bytes).unwrap()),
        Chunk::Gap { len, .. } => out.push_str(&format!("[{len}]")),
        Chunk::Fin(_) => out.push_str("|fin"),
        Chunk::Reset(_) => out.push_str("|rst"),
        Chunk::Acked { .. } => panic!("a stream alone knows nothing of the other"),
    };
    for (number, line) in script.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let words: Vec<_> = line.split(' ').collect();
        match words.as_slice() {
            ["a", ack] => stream.on_ack(Seq(ack.parse().unwrap()), room, &mut sink),
            ["t", n] => (0..n.parse().unwrap()).for_each(|_| stream.on_tick(room, &mut sink)),
            ["cut", seq, present, text] => {
                let bytes = &text.as_bytes()[..present.parse().unwrap()];
                stream.on_segment(&segment(number, seq, text.len(), bytes), room, &mut sink);
            }
            [seq, text @ ..] => {
                let text = text.join(" ");
                stream.on_segment(&segment(number, seq, text.len(), text.as_bytes()), room, &mut sink);
            }
            [] => {}
        }
    }
    stream.finish(room, &mut sink);
    (out, stream.counts())
}

fn segment<'a>(number: usize, seq: &str, len: usize, bytes: &'a [u8]) -> Arrival<'a> {
    let digits = seq.trim_start_matches(char::is_alphabetic);
    let flag = |letter, flag: Flags| if seq.contains(letter) { flag.0 } else { 0 };
    Arrival {
        at: Timestamp::from_nanos(number as i64),
        number: number as u64,
        seq: Seq(digits.parse().unwrap()),
        flags: Flags(flag('S', Flags::SYN) | flag('F', Flags::FIN) | flag('R', Flags::RST)),
        len: len as u32,
        bytes,
    }
}

#[test]
fn streams_by_example() {
    let table = [
        ("in order", "S9\n10 abc\n13 def\nF16", "abcdef|fin"),
        ("late", "S9\n13 def\n10 abc", "abcdef"),
        ("sent twice", "S9\n10 abc\n10 abc\n10 abcd", "abcd"),
        ("across the wrap", "S4294967293\n0 cd\n4294967294 ab\n2 ef", "abcdef"),
        ("a hole that was acknowledged", "S9\n10 abc\n16 ghi\na 19\nt 40\n19 jkl", "abc[3]ghijkl"),
        ("acknowledged before it was seen", "S9\na 16\n10 abc\n13 def", "abcdef"),
        ("a hole until the end", "S9\n13 def\nF16", "[3]def|fin"),
        ("a FIN before its data", "S9\nF13 def\n10 abc", "abcdef|fin"),
        ("beyond the FIN", "S9\nF10 abc\n13 def", "abc|fin"),
        ("a FIN with a hole before it", "S9\nF13\na 14", "[3]|fin"),
        ("a RST with text", "S9\n10 abc\nR13 why", "abc|rstwhy"),
        ("a RST with text elsewhere", "S9\n10 abc\nR99 why", "abc|rst"),
        ("a RST alone", "R13 why", "|rstwhy"),
        ("two SYNs, the second answered", "S9\nS800000\na 800001\n800001 abc", "abc"),
        ("two SYNs, the first answered", "S9\nS800000\na 10\n10 abc", "abc"),
        ("two SYNs, no answer seen", "S9\nS800000\n10 abc", "abc"),
        ("after a RST", "S9\nR10\n10 abc", "|rstabc"),
        ("before the beginning", "S9\n5 older\n10 abc", "abc"),
        ("a SYN with data that was taken", "S9 abc\na 13\n13 def", "abcdef"),
        ("a SYN with data that was not taken", "S9 abc\na 10\n10 xyz", "xyz"),
        ("a SYN with data, sent again without", "S9 abc\nS9\n10 abc\n13 def", "abcdef"),
        ("joined midway, the first segment late", "13 def\n10 abc\na 16\n16 ghi", "abcdefghi"),
        ("joined midway behind an ACK", "a 10\n13 def\n10 abc", "abcdef"),
        ("joined midway, the beginning missing", "a 10\n13 def\na 16\nt 40\n16 ghi", "[3]defghi"),
        ("joined midway, one side alone", "13 def\nt 50\n16 ghi\n10 abc", "defghi"),
        ("joined midway at a keep-alive", "a 10\n9 x\n10 abc", "abc"),
        ("a SYN behind its data", "13 def\nS9\n10 abc", "abcdef"),
        ("cut by the capture", "S9\ncut 10 2 abcdef\n16 ghi", "ab[4]ghi"),
        ("cut and late", "S9\ncut 13 1 def\n10 abc", "abcd[2]"),
        ("outside any window", "S9\n10 abc\n2000000000 far\n13 def", "abcdef"),
        ("acknowledged, never sent", "S9\n10 abc\na 20", "abc[7]"),
        ("nothing", "", ""),
    ];
    for (name, script, expected) in table {
        let mut room = Room::default();
        assert_eq!(play(script, &mut room).0, expected, "{name}");
        assert_eq!(room.used, 0, "{name}");
    }
}

#[test]
fn copies_with_other_content_are_counted_and_one_wins() {
    let script = "S9\n10 abc\n10 aXc\n16 ghi\n13 deYgZi\na 19";
    assert_eq!(
        play(script, &mut Room::default()),
        ("abcdeYghi".into(), Counts { delivered: 9, overlaps: 2, ..Counts::default() })
    );
    let mut last = Room { overlap: Overlap::Last, ..Room::default() };
    assert_eq!(play(script, &mut last).0, "aXcdeYgZi");
    assert_eq!(play("S9\n10 abc\na 13\n10 aXc\nt 50\n13 def\na 15\nt 50\n16 g", &mut last).0, "abcdefg");
}

#[test]
fn the_last_copy_before_its_ack_wins_where_that_is_wanted() {
    // What comes out, and the copies counted: of the last ones, of the first ones. What was handed out is compared only
    // with segments that begin and end where it did.
    let table = [
        ("both before the ACK", "S9\n10 abc\n10 aXc\na 13", ("aXc", 1), ("abc", 1)),
        ("one behind the ACK", "S9\n10 abc\na 13\n10 aXc", ("abc", 1), ("abc", 1)),
        ("three copies", "S9\n10 abc\n10 aXc\n10 aYc\na 13", ("aYc", 2), ("abc", 2)),
        ("the same content", "S9\n10 abc\n10 abc\na 13", ("abc", 0), ("abc", 0)),
        ("the second begins earlier", "S9\n12 cd\n10 abXY\na 14", ("abXY", 1), ("abcd", 1)),
        ("the second is within the first", "S9\n10 abcd\n11 XY\na 14", ("aXYd", 1), ("abcd", 0)),
        ("the second goes on", "S9\n10 abc\n12 XYZ\na 15", ("abXYZ", 1), ("abcYZ", 0)),
        ("over two with a hole", "S9\n10 ab\n14 ef\n11 XYZW\na 16", ("aXYZWf", 1), ("abYZef", 1)),
        ("half of it acknowledged", "S9\n10 abcd\na 12\n10 WXYZ\na 14", ("abYZ", 1), ("abcd", 1)),
        ("the half that was acknowledged", "S9\n10 abcd\na 12\n10 WX\na 14", ("abcd", 1), ("abcd", 0)),
        ("never acknowledged", "S9\n10 abc\n10 aXc", ("aXc", 1), ("abc", 1)),
        ("with a FIN", "S9\n10 abc\nF10 aXc\na 14", ("aXc|fin", 1), ("abc|fin", 1)),
    ];
    for (name, script, last, first) in table {
        for (overlap, (text, overlaps)) in [(Overlap::Last, last), (Overlap::First, first)] {
            let mut room = Room { overlap, ..Room::default() };
            let (got, counts) = play(script, &mut room);
            assert_eq!(
                (got.as_str(), counts.overlaps, room.used),
                (text, overlaps, 0),
                "{name}: {overlap:?}"
            );
        }
    }
}

#[test]
fn a_full_room_declares_the_gap() {
    let mut room = Room { per_stream: 250, ..Room::default() };
    let (text, counts) = play("S9\n11 b\n13 d\n15 f\n10 a", &mut room);
    assert_eq!((text.as_str(), counts.capped), ("[1]b[1]d[1]f", 1));
    let mut room = Room { shared: 100, ..Room::default() };
    assert_eq!(play("S9\n11 b\n13 d\n14 e", &mut room).0, "[1]b[1]de");
}

/// Segments of `text`: cut at `cuts`, each sent `copies` times, shuffled by `order`.
fn segments(cuts: &[usize], len: usize, order: &[u32]) -> Vec<(usize, usize)> {
    let mut edges: Vec<_> = cuts.iter().map(|cut| cut % len).chain([0, len]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut all: Vec<_> = edges.windows(2).map(|pair| (pair[0], pair[1])).collect();
    all.extend(all.clone());
    all.extend(edges.windows(3).map(|pair| (pair[0], pair[2])));
    let key = |&(from, to): &(usize, usize)| order[(from * 7 + to) % order.len()];
    all.sort_by_key(key);
    all
}

proptest! {
    #[test]
    fn any_order_and_duplication_gives_the_same_bytes(
        text in proptest::collection::vec(any::<u8>(), 1..400),
        cuts in proptest::collection::vec(any::<usize>(), 0..60),
        order in proptest::collection::vec(any::<u32>(), 64),
        isn in any::<u32>(),
        (syn, last) in any::<(bool, bool)>(),
    ) {
        let overlap = if last { Overlap::Last } else { Overlap::First };
        let mut room = Room { overlap, ..Room::default() };
        let mut stream = Stream::default();
        let mut out = Vec::new();
        let mut gaps = 0;
        let mut sink = |chunk: Chunk<'_>| match chunk {
            Chunk::Data { bytes, offset, .. } => {
                assert_eq!(offset, out.len() as u64);
                out.extend_from_slice(bytes);
            }
            Chunk::Gap { len, .. } => gaps += len,
            Chunk::Acked { .. } | Chunk::Fin(_) | Chunk::Reset(_) => {}
        };
        let arrival = |seq, flags, bytes| Arrival {
            at: Timestamp::default(), number: 1, seq, flags, len: 0, bytes,
        };
        if syn {
            stream.on_segment(&arrival(Seq(isn), Flags::SYN, &[]), &mut room, &mut sink);
        }
        for (from, to) in segments(&cuts, text.len(), &order) {
            let bytes = &text[from..to];
            let seq = Seq(isn) + 1 + from as u32;
            let arrival = Arrival { len: bytes.len() as u32, ..arrival(seq, Flags(0), bytes) };
            stream.on_segment(&arrival, &mut room, &mut sink);
        }
        stream.on_ack(Seq(isn) + 1 + text.len() as u32, &mut room, &mut sink);
        stream.finish(&mut room, &mut sink);
        prop_assert_eq!(gaps, 0);
        prop_assert_eq!(out, text);
        prop_assert_eq!((stream.counts().overlaps, room.used), (0, 0));
    }

    #[test]
    fn delivered_and_missing_bytes_add_up_and_nothing_stays_in_the_room(
        script in proptest::collection::vec((0u32..3000, 0u32..200, 0u8..40, any::<bool>()), 1..200),
        per_stream in 0usize..4000,
        overlap in prop_oneof![Just(Overlap::First), Just(Overlap::Last)],
    ) {
        let mut room = Room { per_stream, overlap, ..Room::default() };
        let mut stream = Stream::default();
        let mut end = 0;
        let mut sink = |chunk: Chunk<'_>| match chunk {
            Chunk::Data { offset, bytes, .. } => { assert_eq!(offset, end); end += bytes.len() as u64; }
            Chunk::Gap { offset, len } => { assert_eq!(offset, end); end += len; }
            Chunk::Acked { .. } | Chunk::Fin(_) | Chunk::Reset(_) => {}
        };
        let zeros = [0; 200];
        for (number, (seq, len, kind, cut)) in script.into_iter().enumerate() {
            let bytes = &zeros[..if cut { len / 2 } else { len } as usize];
            let flags = match kind { 0 => Flags::SYN, 1 => Flags::FIN, 2 => Flags::RST, _ => Flags(0) };
            let seq = Seq(seq) + 4_294_966_000;
            let arrival = Arrival { at: Timestamp::default(), number: number as u64, seq, flags, len, bytes };
            match kind {
                3..8 => stream.on_ack(seq, &mut room, &mut sink),
                _ => stream.on_segment(&arrival, &mut room, &mut sink),
            }
            stream.on_tick(&mut room, &mut sink);
            prop_assert!(room.used <= per_stream);
        }
        stream.finish(&mut room, &mut sink);
        let counts = stream.counts();
        prop_assert_eq!(counts.delivered + counts.missing, end);
        prop_assert_eq!(room.used, 0);
        if let Start::Known(start) = stream.start {
            prop_assert_eq!(counts.delivered + counts.missing, stream.next - start);
        }
    }
}

#[test]
fn one_byte_segments_in_reverse_take_linear_time() {
    let mut room = Room { per_stream: usize::MAX, shared: usize::MAX, ..Room::default() };
    let mut stream = Stream::default();
    let mut delivered = 0;
    let mut sink = |chunk: Chunk<'_>| {
        if let Chunk::Data { bytes, .. } = chunk {
            delivered += bytes.len();
        }
    };
    let arrival = |seq: u32, flags, len: u32| Arrival {
        at: Timestamp::default(),
        number: 1,
        seq: Seq(seq),
        flags,
        len,
        bytes: b"x".get(..len as usize).unwrap(),
    };
    stream.on_segment(&arrival(0, Flags::SYN, 0), &mut room, &mut sink);
    for seq in (1..=300_000).rev() {
        stream.on_segment(&arrival(seq, Flags(0), 1), &mut room, &mut sink);
    }
    assert_eq!(delivered, 300_000);
}
