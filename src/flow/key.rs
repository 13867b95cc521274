//! The canonical key of a flow: protocol, addresses and ports, the lower endpoint first.

use std::hash::{BuildHasher, Hash, Hasher};

use super::Direction;
use crate::decode::Address;

/// What tells flows apart. VLAN, tunnel and interface do not. Five words, since every packet's key is compared and hashed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key {
    /// The address of the lower endpoint.
    first: [u64; 2],
    /// The address of the higher endpoint.
    second: [u64; 2],
    /// The ports, the protocol, and whether the addresses are of IPv6: see [`shift`].
    rest: u64,
}

/// Where what stands where in [`Key::rest`].
mod shift {
    pub const FIRST_PORT: u32 = 48;
    pub const SECOND_PORT: u32 = 32;
    pub const PROTOCOL: u32 = 8;
    pub const FIRST_V6: u32 = 1;
    pub const SECOND_V6: u32 = 0;
}

impl Key {
    /// The key of a packet, and which of the key's directions it travels in. Ports are 0 where the protocol has none.
    #[inline]
    pub fn new(protocol: u8, source: (Address, u16), destination: (Address, u16)) -> (Self, Direction) {
        // The order of endpoints, in few wide numbers.
        let rank = |(address, port): (Address, u16)| (address.is_v6(), address.words(), port);
        let (source, destination) = (rank(source), rank(destination));
        let of = |first: (bool, [u64; 2], u16), second: (bool, [u64; 2], u16)| Self {
            first: first.1,
            second: second.1,
            rest: u64::from(first.2) << shift::FIRST_PORT
                | u64::from(second.2) << shift::SECOND_PORT
                | u64::from(protocol) << shift::PROTOCOL
                | u64::from(first.0) << shift::FIRST_V6
                | u64::from(second.0) << shift::SECOND_V6,
        };
        if source <= destination {
            (of(source, destination), Direction::Forward)
        } else {
            (of(destination, source), Direction::Reverse)
        }
    }

    /// The same of a packet of IPv4, where both addresses and both ports are one number each, as they stand in its headers:
    /// those of the source, and behind them those of the destination.
    // Without a branch: packets go to and fro, and which way the next one goes cannot be foretold.
    #[inline]
    pub fn of_v4(protocol: u8, addresses: u64, ports: u32) -> (Self, Direction) {
        let wide = |addresses: u64, ports: u32| u128::from(addresses) << 64 | u128::from(ports);
        let (opposite_addresses, opposite_ports) = (addresses.rotate_left(32), ports.rotate_left(16));
        let is_reverse = wide(opposite_addresses, opposite_ports) < wide(addresses, ports);
        let (addresses, ports) =
            if is_reverse { (opposite_addresses, opposite_ports) } else { (addresses, ports) };
        let key = Self {
            first: [addresses >> 32 << 32, 0],
            second: [addresses << 32, 0],
            rest: u64::from(ports) << shift::SECOND_PORT | u64::from(protocol) << shift::PROTOCOL,
        };
        (key, if is_reverse { Direction::Reverse } else { Direction::Forward })
    }

    /// The lower endpoint.
    pub fn first(&self) -> (Address, u16) {
        (address(self.first, self.rest >> shift::FIRST_V6), (self.rest >> shift::FIRST_PORT) as u16)
    }

    /// The higher endpoint.
    pub fn second(&self) -> (Address, u16) {
        (address(self.second, self.rest >> shift::SECOND_V6), (self.rest >> shift::SECOND_PORT) as u16)
    }

    /// IP protocol number.
    #[inline]
    pub fn protocol(&self) -> u8 {
        (self.rest >> shift::PROTOCOL) as u8
    }

    /// The endpoint that sends in `direction`.
    pub fn sender(&self, direction: Direction) -> (Address, u16) {
        match direction {
            Direction::Forward => self.first(),
            Direction::Reverse => self.second(),
        }
    }

    /// The hash by which it is looked up; the same for both directions.
    #[inline]
    pub fn hash(&self, state: &impl BuildHasher) -> u64 {
        state.hash_one(self)
    }

    /// A number by which flows are divided into groups; the same for both directions. Unlike the hash it is the same in every
    /// run, so that bounds which the flows of a group share are reached at the same packets. Who sends packets can know
    /// it: it may only divide.
    #[inline]
    pub fn group(&self) -> u64 {
        const FACTORS: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];
        // An IPv4 address stands in the upper half of the first word.
        let folded = |[high, low]: [u64; 2]| high.rotate_left(32) ^ low;
        let parts = [folded(self.first), folded(self.second), self.rest.rotate_left(32)];
        parts.into_iter().zip(FACTORS).fold(0, |mixed: u64, (part, factor)| {
            let mixed = (mixed ^ part).wrapping_mul(factor);
            mixed ^ mixed >> 32
        })
    }
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let wide = |[high, low]: [u64; 2]| u128::from(high) << 64 | u128::from(low);
        state.write_u128(wide(self.first));
        state.write_u128(wide(self.second));
        state.write_u64(self.rest);
    }
}

/// The address of two words; of IPv6 where the lowest bit of `v6` is set.
fn address(words: [u64; 2], v6: u64) -> Address {
    Address::of_words(v6 & 1 == 1, words)
}

/// The two numbers that stand in place of ports for an ICMP message: its type and that of the message which answers
/// it, so that both are one flow, or its type and code, where it is answered by none.
/// <https://github.com/corelight/community-id-spec>
pub const fn icmp_ports(v6: bool, kind: u8, code: u8) -> (u16, u16) {
    let answer = match (v6, kind) {
        (false, 0) => 8,
        (false, 8) => 0,
        (false, 9) => 10,
        (false, 10) => 9,
        (false, 13) => 14,
        (false, 14) => 13,
        (false, 15) => 16,
        (false, 16) => 15,
        (false, 17) => 18,
        (false, 18) => 17,
        (true, 128) => 129,
        (true, 129) => 128,
        (true, 130) => 131,
        (true, 131) => 130,
        (true, 133) => 134,
        (true, 134) => 133,
        (true, 135) => 136,
        (true, 136) => 135,
        (true, 139) => 140,
        (true, 140) => 139,
        (true, 144) => 145,
        (true, 145) => 144,
        _ => return (kind as u16, code as u16),
    };
    (kind as u16, answer)
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

    #[test]
    fn the_key_of_ipv4_headers_is_the_same() {
        let ends = [(0, 0), (1, u16::MAX), (1, 80), (0x0a00_0001, 80), (u32::MAX, 0), (u32::MAX, u16::MAX)];
        for (source, source_port) in ends {
            for (destination, destination_port) in ends {
                let end = |host: u32, port| (Address::v4(host.to_be_bytes()), port);
                let addresses = u64::from(source) << 32 | u64::from(destination);
                let ports = u32::from(source_port) << 16 | u32::from(destination_port);
                let expected = Key::new(6, end(source, source_port), end(destination, destination_port));
                assert_eq!(Key::of_v4(6, addresses, ports), expected);
            }
        }
    }

    #[test]
    fn endpoints_are_kept_as_they_are() {
        let four = (Address::v4([255, 254, 253, 252]), u16::MAX);
        let six = (Address::v6(std::array::from_fn(|byte| 255 - byte as u8)), 1);
        for (source, destination) in [(four, six), (six, four)] {
            let (key, direction) = Key::new(255, source, destination);
            assert_eq!((key.sender(direction), key.sender(direction.reverse())), (source, destination));
            assert_eq!((key.first(), key.second(), key.protocol()), (four, six, 255));
        }
    }

    /// Neither ports nor addresses that count up put more than a few flows too many into one group.
    #[test]
    fn flows_are_divided_evenly() {
        let host = |number: u32| Address::v4(number.to_be_bytes());
        let of_ports = |n: u32| Key::new(6, (host(7), n as u16 + 1024), (host(8), 80)).0;
        let of_hosts = |n: u32| Key::new(17, (host(0x0a00_0000 + n), 53), (host(0xc0a8_0001), 53)).0;
        let of_pairs = |n: u32| Key::new(6, (host(n), 1000), (host(n + 1), 2000)).0;
        for key in [&of_ports as &dyn Fn(u32) -> Key, &of_hosts, &of_pairs] {
            let mut groups = [0_u32; 64];
            (0..64_000).for_each(|n| groups[(key(n).group() % 64) as usize] += 1);
            assert!(groups.iter().all(|flows| (850..1150).contains(flows)), "{groups:?}");
        }
    }
}
