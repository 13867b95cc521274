//! Laws that hold for any connection.

use proptest::prelude::*;

use super::conversation::{Setup, Trace, run};
use super::{LossStats, Tag};
use crate::flow::{Direction, Pair};

/// A line of a conversation with arbitrary but plausible numbers.
fn line(step: u32) -> impl Strategy<Value = (u32, String)> {
    let place = 1..12_u32;
    (
        0..step,
        any::<bool>(),
        place.clone(),
        0..4_u32,
        place,
        prop::sample::select(vec!["", "fin", "rst", "syn"]),
        0..3_u8,
    )
        .prop_map(|(wait, client, seq, len, ack, flag, window)| {
            let (seq, len, ack) = (seq * 100 + 1, len * 100, ack * 100 + 1);
            let side = if client { '>' } else { '<' };
            let window = [65_535, 0, 500][usize::from(window)];
            (wait, format!("{side} {flag} {seq}:{}({len}) ack {ack} win {window}", seq + len))
        })
}

pub(super) fn script() -> impl Strategy<Value = String> {
    prop::collection::vec(line(200), 1..60).prop_map(|lines| {
        let mut at = 0;
        let timed = lines.iter().map(|(wait, line)| {
            at += wait;
            format!("{}.{:03} {line}", at / 1000, at % 1000)
        });
        timed.collect::<Vec<_>>().join("\n")
    })
}

fn shown(trace: &Trace) -> String {
    let verdicts: Vec<_> =
        trace.verdicts.iter().map(|(verdict, tags)| format!("{verdict:?} {tags:?}")).collect();
    format!("{}\n{:?} {:?}", verdicts.join("\n"), trace.client(), trace.server())
}

const SYNS: &str = "-0.2 > syn 0:1(0)\n -0.1 < syn 0:1(0) ack 1\n -0.1 > 1:1(0) ack 1";

proptest! {
    #[test]
    fn bytes_seen_and_missing_are_what_the_sequence_numbers_span(script in script()) {
        for before in [SYNS, ""] {
            let trace = run(before, &script, Setup::default());
            for half in [trace.client(), trace.server()] {
                prop_assert_eq!(half.unique_bytes + half.missing_bytes, half.sent_bytes, "{}", trace.events());
            }
        }
    }

    #[test]
    fn another_isn_changes_nothing(script in script(), forward: u32, reverse: u32) {
        let setup = Setup { isn: Pair { forward, reverse }, ..Setup::default() };
        prop_assert_eq!(shown(&run(SYNS, &script, Setup::default())), shown(&run(SYNS, &script, setup)));
    }

    #[test]
    fn swapped_ends_change_nothing(script in script()) {
        let setup = Setup { client: Direction::Reverse, ..Setup::default() };
        prop_assert_eq!(shown(&run(SYNS, &script, Setup::default())), shown(&run(SYNS, &script, setup)));
    }

    #[test]
    fn being_put_aside_between_segments_changes_nothing(script in script()) {
        let setup = Setup { put_aside: true, ..Setup::default() };
        prop_assert_eq!(shown(&run(SYNS, &script, Setup::default())), shown(&run(SYNS, &script, setup)));
    }

    #[test]
    fn copies_of_every_segment_are_copies_and_nothing_else(lens in prop::collection::vec(1..2000_u32, 1..40)) {
        let (mut once, mut twice, mut seq) = (String::new(), String::new(), 1);
        for (number, len) in (1..).zip(&lens) {
            let line = format!("{}.{:03} > {seq}:{}({len}) ack 1 id {number} sum {number}\n", number / 100, number % 100, seq + len);
            once += &line;
            twice += &line;
            twice += &line;
            seq += len;
        }
        let (once, twice) = (run(SYNS, &once, Setup::default()).client(), run(SYNS, &twice, Setup::default()).client());
        prop_assert_eq!(once.unique_bytes, twice.unique_bytes);
        let expected = LossStats { capture_duplicates: lens.len() as u32, ..once.loss };
        prop_assert_eq!(twice.loss, expected);
    }

    #[test]
    fn any_order_shows_the_same_bytes(order in Just((0..30_u32).collect::<Vec<_>>()).prop_shuffle()) {
        let lines: Vec<_> = order.iter().map(|n| format!("0.0 > {}:{}(100) ack 1", n * 100 + 1, n * 100 + 101)).collect();
        let client = run(SYNS, &lines.join("\n"), Setup::default()).client();
        prop_assert_eq!((client.unique_bytes, client.missing_bytes), (3000, 0));
    }

    #[test]
    fn bytes_seen_and_missing_are_the_length_of_the_stream(sent in prop::collection::vec(any::<bool>(), 1..200)) {
        let mut lines = String::new();
        for (n, _) in (0..).zip(&sent).filter(|(_, sent)| **sent) {
            lines += &format!("0.0 > {}:{}(100) ack 1\n", n * 100 + 1, n * 100 + 101);
        }
        let last = sent.iter().rposition(|&sent| sent).map_or(0, |last| last as u64 + 1);
        let client = run(SYNS, &lines, Setup::default()).client();
        prop_assert_eq!(client.unique_bytes + client.missing_bytes, last * 100);
    }
}

#[test]
fn numbers_that_wrap_more_than_once_go_on() {
    let mut lines = String::new();
    let (mut seq, len) = (1_u64, 500_000_000_u64);
    for _ in 0..20 {
        let end = seq + len;
        lines += &format!("0.0 > {seq}:{end}({len}) ack 1 win 65535\n 0.1 < 1:1(0) ack {end}\n");
        seq = end;
    }
    let trace = run(SYNS, &lines, Setup::default());
    assert_eq!(trace.events(), "");
    assert_eq!(trace.client().unique_bytes, 20 * len);
    assert_eq!(trace.verdict(39).seq_relative, 1 + 19 * len);
    assert!(!trace.verdicts.iter().any(|(verdict, _)| verdict.tags.contains(Tag::Gap)));
}
