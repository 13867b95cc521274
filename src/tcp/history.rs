//! The connection's story in Zeek's letters, and Zeek's state of it (`conn.log`).
//!
//! A letter stands for the first of its kind from each side: `s` SYN, `h` SYN-ACK, `a` pure ACK, `d` data, `f` FIN,
//! `r` RST, `q` SYN with FIN or RST, `i` FIN with RST; and for the 1st, 10th, 100th, ...: `g` gap, `t` sent again,
//! `w` zero window. What the client sent is in upper case.

use arrayvec::{ArrayString, ArrayVec};
use serde::{Deserialize, Serialize};

use super::{Flags, Opening, Segment, Tag, Tags};
use crate::flow::{Direction, Pair};

/// The kinds that are noted once.
const ONCE: &[u8; 8] = b"shadfrqi";

/// The kinds that are noted in powers of ten.
const SCALED: [(u8, Tag); 3] = [(b'g', Tag::Gap), (b't', Tag::Retransmission), (b'w', Tag::ZeroWindow)];

/// Letters kept: 16 that come once, and 3 for each side and power of ten below 10^4.
pub(super) const MAX_LETTERS: usize = 40;

/// The letters so far.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct History {
    /// In lower case; the highest bit is set for the reverse direction.
    letters: ArrayVec<u8, MAX_LETTERS>,
    /// A bit for each of `ONCE` that was seen.
    seen: Pair<u8>,
    counts: Pair<[u16; 3]>,
}

impl History {
    /// A segment, and what it is.
    pub(super) fn on_segment(&mut self, direction: Direction, segment: &Segment, tags: Tags) {
        let flags = segment.flags;
        let (syn, fin, reset) =
            (flags.contains(Flags::SYN), flags.contains(Flags::FIN), flags.contains(Flags::RST));
        let what = match (syn, fin, reset) {
            (true, true, _) | (true, _, true) => b'q',
            (_, true, true) => b'i',
            (true, ..) if flags.contains(Flags::ACK) => b'h',
            (true, ..) => b's',
            (_, _, true) => b'r',
            _ if segment.payload_len > 0 => b'd',
            (_, true, _) => b'f',
            _ => b'a',
        };
        self.once(direction, what);
        if what != b'f' && fin && !syn && !reset {
            self.once(direction, b'f');
        }
        if tags.is_empty() {
            return;
        }
        for ((letter, tag), at) in SCALED.into_iter().zip(0..) {
            if tags.contains(tag)
                && let Some(count) = self.counts[direction].get_mut::<usize>(at)
            {
                *count = count.saturating_add(1);
                if matches!(*count, 1 | 10 | 100 | 1000) {
                    self.note(direction, letter);
                }
            }
        }
    }

    /// The first SYN of a side, or SYN-ACK, of which nothing is wrong.
    pub(super) fn on_syn(&mut self, direction: Direction, answer: bool) {
        self.once(direction, if answer { b'h' } else { b's' });
    }

    /// A segment with ACK and no other flag but PSH, of which nothing is wrong.
    pub(super) fn on_ordinary(&mut self, direction: Direction, has_payload: bool) {
        self.once(direction, if has_payload { b'd' } else { b'a' });
    }

    /// The same with FIN.
    pub(super) fn on_fin(&mut self, direction: Direction, has_payload: bool) {
        if has_payload {
            self.once(direction, b'd');
        }
        self.once(direction, b'f');
    }

    #[inline]
    fn once(&mut self, direction: Direction, letter: u8) {
        let bit = 1 << ONCE.iter().position(|&known| known == letter).unwrap_or(0);
        if self.seen[direction] & bit == 0 {
            self.seen[direction] |= bit;
            self.note(direction, letter);
        }
    }

    fn note(&mut self, direction: Direction, letter: u8) {
        let side = if direction == Direction::Reverse { 0x80 } else { 0 };
        let _full = self.letters.try_push(letter | side);
    }

    /// Whether `direction` sent one of the kind `letter`.
    fn saw(&self, direction: Direction, letter: u8) -> bool {
        ONCE.iter().position(|&known| known == letter).is_some_and(|bit| self.seen[direction] >> bit & 1 == 1)
    }

    /// The letters, those of `client` in upper case.
    pub(super) fn text(&self, client: Direction) -> ArrayString<MAX_LETTERS> {
        let of_client = |letter: u8| (letter & 0x80 != 0) == (client == Direction::Reverse);
        let plain = |&letter: &u8| {
            let lower = char::from(letter & 0x7f);
            if of_client(letter) { lower.to_ascii_uppercase() } else { lower }
        };
        let mut text = ArrayString::new();
        self.letters.iter().map(plain).for_each(|letter| text.push(letter));
        text
    }

    /// Zeek's state. Its own words: "S2: established and close attempt by originator seen".
    pub(super) fn state(&self, opening: Opening, client: Direction) -> &'static str {
        let server = client.reverse();
        let resets = (
            self.saw(client, b'r') || self.saw(client, b'i'),
            self.saw(server, b'r') || self.saw(server, b'i'),
        );
        let fins = (self.saw(client, b'f'), self.saw(server, b'f'));
        let (asked, answered) = (self.saw(client, b's'), self.saw(server, b'h'));
        match opening {
            Opening::Midstream => "OTH",
            Opening::Refused => "REJ",
            Opening::NoAnswer if fins.0 => "SH",
            Opening::NoAnswer if resets.0 => "RSTOS0",
            Opening::NoAnswer => "S0",
            _ if !asked && answered && resets.1 => "RSTRH",
            _ if !asked && answered && fins.1 && opening == Opening::HalfOpen => "SHR",
            _ if !asked => "OTH",
            Opening::HalfOpen if resets.0 => "RSTOS0",
            _ if resets.0 => "RSTO",
            _ if resets.1 => "RSTR",
            _ if fins == (true, true) => "SF",
            _ if fins.0 => "S2",
            _ if fins.1 => "S3",
            _ => "S1",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::conversation;

    #[test]
    fn each_kind_has_its_letter_once() {
        let trace = conversation(
            "0.000 > syn 0:1(0)
             0.030 < syn 0:1(0) ack 1
             0.031 > 1:1(0) ack 1
             0.032 > 1:101(100) ack 1
             0.033 > 101:201(100) ack 1
             0.060 < 1:1(0) ack 201
             0.070 < 1:51(50) ack 201
             0.080 > fin 201:201(0) ack 51
             0.100 < fin 51:51(0) ack 202
             0.101 > 202:202(0) ack 52",
        );
        let summary = trace.summary();
        assert_eq!((summary.history.as_str(), summary.conn_state), ("ShADadFf", Some("SF")));
    }

    #[test]
    fn what_is_wrong_is_noted_by_powers_of_ten() {
        let mut script = String::from("0.000 > 1:101(100) ack 1\n");
        for again in 1..=12 {
            script += &format!("{again}.000 > 1:101(100) ack 1\n");
        }
        let trace = conversation(&script);
        assert_eq!(trace.client().loss.retransmitted_segments, 12);
        assert_eq!(trace.summary().history.as_str(), "DTT");
        assert_eq!(trace.summary().conn_state, Some("OTH"));
    }

    #[test]
    fn a_refusal_and_a_silence_differ() {
        let state = |script| conversation(script).summary().conn_state.unwrap_or_default();
        assert_eq!(state("0.000 > syn 0:1(0)"), "S0");
        assert_eq!(state("0.000 > syn 0:1(0)\n 0.010 < rst 0:0(0) ack 1"), "REJ");
    }
}
