//! Is it the same packet seen twice? A switch that mirrors, a path tapped twice, or a network that copies.

use serde::{Deserialize, Serialize};

use super::{Flags, Segment};
use crate::time::{Span, Timestamp};

/// How many segments of one direction are remembered.
const MEMORY: usize = 64;

/// How long a copy with the same IP ID may take. Measured are 76 µs; the tap at the other end of a path needs its
/// delay, and a sender that uses an ID again needs 65,536 packets.
const SAME_ID: Span = Span::from_secs(1);

/// How far apart two packets without an IP ID may be to be the same.
const SAME_FIELDS: Span = Span::from_micros(100);

/// What is left out of 64 mixed bits, so that a quiet flow takes less memory: of 64 segments compared, one in 2^34 is
/// taken for another.
const UNUSED_BITS: u32 = 24;

/// The last segments that one side sent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Repeats {
    /// What each was, in 40 bits, and when; a ring once it is full.
    seen: Vec<(u64, Timestamp)>,
    next: u8,
    /// Segments in a row that were different but had the same IP ID: then the ID identifies nothing.
    same_ids: u8,
    last_id: u16,
}

impl Repeats {
    /// Forgets all, but keeps the memory that it took.
    pub(super) fn clear(&mut self) {
        let Self { seen, next, same_ids, last_id } = self;
        seen.clear();
        (*next, *same_ids, *last_id) = (0, 0, 0);
    }

    /// Whether `segment` is one that was seen a moment ago. Remembers it if it is not. What is `new` was not.
    pub(super) fn is_copy(&mut self, segment: &Segment, new: bool) -> bool {
        let (what, within) = self.look(segment);
        if !new
            && let Some(within) = within
            && self.seen.iter().any(|&(other, at)| {
                other == what && segment.at.since(at) <= within && at.since(segment.at) <= within
            })
        {
            return true;
        }
        self.pass(segment, what);
        false
    }

    /// Remembers a segment that was not seen before.
    pub(super) fn on_new(&mut self, segment: &Segment) {
        let (what, _) = self.look(segment);
        self.pass(segment, what);
    }

    /// What tells it apart from others, and how soon it has to come again to be the same; `None` where nothing tells.
    #[inline]
    fn look(&self, segment: &Segment) -> (u64, Option<Span>) {
        let id = segment.ip_id.unwrap_or(0);
        let (what, within) = if id != 0 && self.same_ids < 3 {
            (identity(segment), Some(SAME_ID))
        } else {
            let pure = segment.payload_len == 0 && !segment.flags.intersects(SYN_FIN);
            let unclear = pure || segment.flags.contains(Flags::RST);
            (all_fields(segment), (!unclear).then_some(SAME_FIELDS))
        };
        (what >> UNUSED_BITS, within)
    }

    #[inline]
    fn pass(&mut self, segment: &Segment, what: u64) {
        let id = segment.ip_id.unwrap_or(0);
        self.same_ids = if id == self.last_id && id != 0 { self.same_ids.saturating_add(1) } else { 0 };
        self.last_id = id;
        self.remember(what, segment.at);
    }

    fn remember(&mut self, what: u64, at: Timestamp) {
        if self.seen.len() < MEMORY {
            self.seen.push((what, at));
        } else if let Some(oldest) = self.seen.get_mut(usize::from(self.next)) {
            *oldest = (what, at);
            self.next = (self.next + 1) % MEMORY as u8;
        }
    }
}

const SYN_FIN: Flags = Flags(Flags::SYN.0 | Flags::FIN.0);

/// IP ID, sequence, length, flags, ACK and timestamps, mixed.
fn identity(segment: &Segment) -> u64 {
    let (tsval, tsecr) = segment.timestamps.unwrap_or((0, 0));
    let id = segment.ip_id.unwrap_or(0);
    let mut mixed = mix(0, pair(segment.seq.0, segment.ack.0));
    mixed = mix(mixed, pair(segment.payload_len, u32::from(segment.flags.0) << 16 | u32::from(id)));
    mix(mixed, pair(tsval, tsecr))
}

/// The same, and window, urgent pointer and checksum, which covers the options.
fn all_fields(segment: &Segment) -> u64 {
    let rest = pair(u32::from(segment.window) << 16 | u32::from(segment.urgent), u32::from(segment.checksum));
    mix(identity(segment), rest)
}

fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// Multiplies by an odd number near 2^64 / φ and folds the halves, so that every bit reaches every other.
fn mix(mixed: u64, value: u64) -> u64 {
    let product = u128::from(mixed ^ value ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93_u128;
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::established_plain;

    #[test]
    fn the_same_ip_id_within_a_second_is_the_same_packet() {
        let copies = |second: &str| {
            let script = format!(
                "0.000 > 1:101(100) ack 1 id 7 sum 1
                 0.001 > 101:201(100) ack 1 id 8 sum 2
                 {second} > 1:101(100) ack 1 id 7 sum 1"
            );
            established_plain(&script).client().loss.capture_duplicates
        };
        assert_eq!((copies("0.900"), copies("1.100")), (1, 0));
    }

    #[test]
    fn another_ip_id_is_another_packet() {
        let trace = established_plain(
            "0.000 > 1:101(100) ack 1 id 7 sum 1
             0.001 > 1:101(100) ack 1 id 8 sum 1",
        );
        let loss = trace.client().loss;
        assert_eq!((loss.capture_duplicates, loss.retransmitted_segments), (0, 1));
    }

    /// Without an ID every field has to be equal, at once; and hosts send equal pure ACKs back to back.
    #[test]
    fn without_an_ip_id_every_field_counts_and_pure_acks_do_not() {
        let copies = |when: &str| {
            let script = format!("0.000000 > 1:101(100) ack 1 sum 1\n {when} > 1:101(100) ack 1 sum 1");
            established_plain(&script).client().loss.capture_duplicates
        };
        assert_eq!((copies("0.000050"), copies("0.000150")), (1, 0));
        let acks = established_plain(
            "0.0 > 1:101(100) ack 1\n 0.1 < 1:1(0) ack 101 sum 2\n 0.1 < 1:1(0) ack 101 sum 2",
        );
        assert_eq!(acks.server().loss.capture_duplicates, 0);
    }
}
