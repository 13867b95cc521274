//! Sequence numbers on the wire. RFC 9293 §3.4.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_signed_across_the_wrap() {
        assert_eq!(Seq(5) - Seq(u32::MAX), 6);
        assert_eq!(Seq(u32::MAX) - Seq(5), -6);
        assert_eq!(Seq(1 << 31) - Seq(0), i32::MIN);
        assert_eq!(Seq(u32::MAX) + 1, Seq(0));
    }
}
