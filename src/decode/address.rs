//! Network addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// An IPv4 or IPv6 address, compact and cheap to compare.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Address {
    v6: bool,
    bytes: [u8; 16],
}

impl Address {
    /// An IPv4 address.
    #[inline]
    pub const fn v4([a, b, c, d]: [u8; 4]) -> Self {
        Self { v6: false, bytes: [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }
    }

    /// An IPv6 address.
    #[inline]
    pub const fn v6(bytes: [u8; 16]) -> Self {
        Self { v6: true, bytes }
    }

    /// Whether it is an IPv6 address.
    pub const fn is_v6(self) -> bool {
        self.v6
    }

    /// The bytes as on the wire; an IPv4 address is followed by zeros.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// The standard library's form.
    pub fn ip(self) -> IpAddr {
        let [a, b, c, d, ..] = self.bytes;
        if self.v6 { IpAddr::V6(Ipv6Addr::from(self.bytes)) } else { IpAddr::V4(Ipv4Addr::new(a, b, c, d)) }
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
        assert_ne!(four, Address::v6(*four.bytes()));
    }
}
