//! Network addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// An IPv4 or IPv6 address, compact and cheap to compare.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Address {
    v6: bool,
    // Numbers and no bytes: these would be written one by one and read eight at a time, for which a core waits.
    words: [u64; 2],
}

impl Address {
    /// An IPv4 address.
    #[inline]
    pub const fn v4(bytes: [u8; 4]) -> Self {
        Self { v6: false, words: [(u32::from_be_bytes(bytes) as u64) << 32, 0] }
    }

    /// An IPv6 address.
    #[inline]
    pub const fn v6(bytes: [u8; 16]) -> Self {
        let wide = u128::from_be_bytes(bytes);
        Self { v6: true, words: [(wide >> 64) as u64, wide as u64] }
    }

    /// Whether it is an IPv6 address.
    pub const fn is_v6(self) -> bool {
        self.v6
    }

    /// The bytes as on the wire; an IPv4 address is followed by zeros.
    pub const fn bytes(self) -> [u8; 16] {
        let [high, low] = self.words;
        ((high as u128) << 64 | low as u128).to_be_bytes()
    }

    /// The address of two words, as [`Self::words`] gives them.
    #[inline]
    pub const fn of_words(v6: bool, words: [u64; 2]) -> Self {
        Self { v6, words }
    }

    /// Its bytes as two big-endian numbers, which are in order as the bytes are.
    #[inline]
    pub const fn words(self) -> [u64; 2] {
        self.words
    }

    /// The standard library's form.
    pub fn ip(self) -> IpAddr {
        let bytes = self.bytes();
        let [a, b, c, d, ..] = bytes;
        if self.v6 { IpAddr::V6(Ipv6Addr::from(bytes)) } else { IpAddr::V4(Ipv4Addr::new(a, b, c, d)) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ip().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_differs_from_the_ipv6_address_of_the_same_bytes() {
        let four = Address::v4([10, 0, 0, 1]);
        assert_eq!(four.to_string(), "10.0.0.1");
        assert_ne!(four, Address::v6(four.bytes()));
    }

    #[test]
    fn bytes_and_words_are_the_same() {
        let six = Address::v6([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(six.to_string(), "2001:db8::102:304:506:708");
        assert_eq!(six.words(), [0x2001_0db8_0000_0000, 0x0102_0304_0506_0708]);
        for address in [six, Address::v4([10, 0, 0, 1])] {
            assert_eq!(Address::of_words(address.is_v6(), address.words()), address);
        }
        assert_eq!(Address::v4([10, 0, 0, 1]).bytes()[..5], [10, 0, 0, 1, 0]);
    }
}
