//! Sequence numbers on the wire, and positions in a direction's stream. RFC 9293 §3.4.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// A sequence number as on the wire: modulo 2^32, and so without a total order.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Seq(pub u32);

impl Add<u32> for Seq {
    type Output = Self;
    fn add(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }
}

/// How far `self` is ahead of the other number: negative if it is behind it, -2^31 at the greatest distance.
impl Sub for Seq {
    type Output = i32;
    fn sub(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }
}

/// A place in what one side sends, counted from its SYN, which is 0: the first byte is 1. Joined midway, 1 is the
/// first byte known, and what turns up from before is 0 or less. Unlike a [`Seq`] it does not wrap.
pub(super) type Position = i64;

/// How the sequence numbers of one direction become positions.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Numbering {
    /// The sequence number that is shown as 0.
    base: Seq,
    /// A recent number, and its position: others are taken to be within 2^31 of it.
    near: (Seq, Position),
    /// What positions lack of relative numbers, since the sequence numbers once jumped.
    skipped: i64,
}

impl Numbering {
    /// Numbers of a stream whose SYN has the number `base`.
    pub(super) fn new(base: Seq) -> Self {
        Self { base, near: (base, 0), skipped: 0 }
    }

    /// The number shown as 0.
    pub(super) fn base(&self) -> Seq {
        self.base
    }

    /// Where `seq` is.
    pub(super) fn position(&self, seq: Seq) -> Position {
        let (near, position) = self.near;
        position + i64::from(seq - near)
    }

    /// Lets numbers around `position` be read from now on: the stream has come to it.
    pub(super) fn advance(&mut self, position: Position) {
        let (near, from) = self.near;
        self.near = (near + (position - from) as u32, position);
    }

    /// Lets the stream go on at `seq`, wherever that is, as if it stood at `position`.
    pub(super) fn resume(&mut self, seq: Seq, position: Position) {
        let relative = i64::from((seq - self.base) as u32);
        self.near = (seq, position);
        self.skipped = relative - position;
    }

    /// The number shown for `position`. What stands before the stream's begin wraps, as it does on the wire.
    pub(super) fn relative(&self, position: Position) -> u64 {
        let relative = position + self.skipped;
        u64::try_from(relative).unwrap_or(u64::from(relative as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn distance_is_signed_across_the_wrap() {
        assert_eq!(Seq(5) - Seq(u32::MAX), 6);
        assert_eq!(Seq(u32::MAX) - Seq(5), -6);
        assert_eq!(Seq(1 << 31) - Seq(0), i32::MIN);
        assert_eq!(Seq(u32::MAX) + 1, Seq(0));
    }

    #[test]
    fn what_came_before_the_begin_wraps() {
        let numbers = Numbering::new(Seq(100));
        assert_eq!(numbers.position(Seq(98)), -2);
        assert_eq!(numbers.relative(-2), u64::from(u32::MAX) - 1);
    }

    #[test]
    fn a_stream_that_jumps_goes_on_with_its_numbers() {
        let mut numbers = Numbering::new(Seq(0));
        numbers.resume(Seq(3_000_000_000), 1_000);
        assert_eq!(numbers.position(Seq(3_000_000_005)), 1_005);
        assert_eq!(numbers.relative(1_005), 3_000_000_005);
    }

    proptest! {
        #[test]
        fn positions_do_not_wrap(base: u32, steps in prop::collection::vec(0_u32..1 << 30, 1..40)) {
            let (mut numbers, mut at) = (Numbering::new(Seq(base)), 0_i64);
            for step in steps {
                at += i64::from(step);
                let seq = Seq(base) + at as u32;
                prop_assert_eq!(numbers.position(seq), at);
                prop_assert_eq!(numbers.relative(at), at as u64);
                numbers.advance(at);
            }
        }
    }
}
