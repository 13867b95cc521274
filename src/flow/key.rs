//! The canonical key of a flow: protocol, addresses and ports, the lower endpoint first.

use std::hash::{BuildHasher, Hash};

use serde::{Deserialize, Serialize};

use super::Direction;
use crate::decode::Address;

/// What tells flows apart. VLAN, tunnel and interface do not.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Key {
    /// The lower endpoint.
    pub first: (Address, u16),
    /// The higher endpoint.
    pub second: (Address, u16),
    /// IP protocol number.
    pub protocol: u8,
}

impl Key {
    /// The key of a packet, and which of the key's directions it travels in. Ports are 0 where the protocol has none.
    pub fn new(protocol: u8, source: (Address, u16), destination: (Address, u16)) -> (Self, Direction) {
        if source <= destination {
            (Self { first: source, second: destination, protocol }, Direction::Forward)
        } else {
            (Self { first: destination, second: source, protocol }, Direction::Reverse)
        }
    }

    /// The endpoint that sends in `direction`.
    pub fn sender(&self, direction: Direction) -> (Address, u16) {
        match direction {
            Direction::Forward => self.first,
            Direction::Reverse => self.second,
        }
    }

    /// The hash by which it is looked up and by which its shard is chosen; the same for both directions.
    pub fn hash(&self, state: &impl BuildHasher) -> u64 {
        state.hash_one(self)
    }
}

/// The name of an IP protocol, `None` for those that are shown by number.
pub const fn protocol_name(protocol: u8) -> Option<&'static str> {
    Some(match protocol {
        1 => "icmp",
        2 => "igmp",
        4 => "ipip",
        6 => "tcp",
        17 => "udp",
        33 => "dccp",
        41 => "ipv6",
        46 => "rsvp",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "icmpv6",
        88 => "eigrp",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        115 => "l2tp",
        132 => "sctp",
        136 => "udplite",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_have_one_key() {
        let (a, b) = ((Address::v4([10, 0, 0, 2]), 80), (Address::v4([10, 0, 0, 1]), 4000));
        let (there, forth) = Key::new(6, a, b);
        let (back, again) = Key::new(6, b, a);
        assert_eq!(there, back);
        assert_eq!((forth, again), (Direction::Reverse, Direction::Forward));
        assert_eq!(there.sender(forth), a);
    }
}
