//! Addresses of networks and hosts.

use super::{Base, Condition, Link, Lowering, Refused, all, any};
use crate::filter::syntax::{Protocol, Way};

impl Lowering {
    /// An IPv4 address in IPv4, ARP or RARP; the latter two only where no MPLS label hides them.
    pub(super) fn ipv4(
        &mut self,
        protocol: Option<Protocol>,
        way: Way,
        address: u32,
        mask: u32,
    ) -> Result<Condition, Refused> {
        let mut found = Vec::new();
        let carriers = [
            (Protocol::Ip, 0x0800, 12, 16),
            (Protocol::Arp, 0x0806, 14, 24),
            (Protocol::Rarp, 0x8035, 14, 24),
        ];
        for (carrier, linktype, source, destination) in carriers {
            let asked = match protocol {
                Some(protocol) => protocol == carrier,
                None => carrier == Protocol::Ip || self.labels == 0,
            };
            if asked {
                let is = self.linktype(linktype)?;
                let address = self.ends(way, |lowering, destined| {
                    let at = if destined { destination } else { source };
                    lowering.masked(Base::Network, at, 4, mask, address)
                });
                found.push(all([is, address]));
            }
        }
        Ok(any(found))
    }

    pub(super) fn ipv6(&mut self, way: Way, address: u128, mask: u128) -> Result<Condition, Refused> {
        let is = self.linktype(0x86dd)?;
        let address = self.ends(way, |lowering, destined| {
            let at = if destined { 24 } else { 8 };
            let words = [(96, 0), (64, 4), (32, 8), (0, 12)].map(|(shift, word)| {
                lowering.masked(
                    Base::Network,
                    at + word,
                    4,
                    (mask >> shift) as u32,
                    (address >> shift) as u32,
                )
            });
            all(words)
        });
        Ok(all([is, address]))
    }

    pub(super) fn mac(&mut self, way: Way, address: [u8; 6]) -> Result<Condition, Refused> {
        if self.link == Link::Wlan {
            return Ok(self.wlan_address(way, address));
        }
        let found = match self.link {
            Link::Ethernet | Link::Fddi | Link::TokenRing | Link::FibreChannel => {
                if matches!(way, Way::Address(_) | Way::Receiver | Way::Transmitter) {
                    return Err("this address is only in IEEE 802.11 frames".into());
                }
                self.ends(way, |lowering, destined| lowering.hardware(destined, address))
            }
            _ => return Err("this link type has no Ethernet addresses".into()),
        };
        Ok(match (self.link, self.emulated()) {
            (Link::Ethernet, Some(check)) => all([check, found]),
            _ => found,
        })
    }

    fn hardware(&mut self, destined: bool, address: [u8; 6]) -> Condition {
        let (destination, source) = match self.link {
            Link::Fddi => (1, 7),
            Link::TokenRing => (2, 8),
            Link::FibreChannel => (2, 10),
            _ => (0, 6),
        };
        self.six_bytes(if destined { destination } else { source }, address)
    }

    /// Six bytes of the link header.
    pub(super) fn six_bytes(&mut self, at: u32, [a, b, c, d, e, f]: [u8; 6]) -> Condition {
        let last = self.test(Base::Link, at + 2, 4, u32::from_be_bytes([c, d, e, f]));
        all([last, self.test(Base::Link, at, 2, u16::from_be_bytes([a, b]).into())])
    }

    pub(super) fn arcnet(&mut self, way: Way, address: u8) -> Result<Condition, Refused> {
        match (self.link, way) {
            (Link::Arcnet, Way::Source | Way::Destination | Way::Either | Way::Both) => Ok(self
                .ends(way, |lowering, destined| {
                    lowering.test(Base::Link, destined.into(), 1, address.into())
                })),
            (Link::Arcnet, _) => Err("this address is only in IEEE 802.11 frames".into()),
            _ => Err("`$` addresses are only on ARCnet".into()),
        }
    }

    /// DECnet phase IV: data packets with the long or the short routing header, each padded or not.
    pub(super) fn decnet(&mut self, way: Way, address: u16) -> Result<Condition, Refused> {
        if matches!(way, Way::Address(_) | Way::Receiver | Way::Transmitter) {
            return Err("this address is only in IEEE 802.11 frames".into());
        }
        let wire = u32::from(address.swap_bytes());
        let is = self.linktype(0x6003)?;
        let found = self.ends(way, |lowering, destined| {
            let (short, long) = if destined { (1, 7) } else { (3, 15) };
            // A padding byte of 0x81, then the flags: 0x06 a long header, 0x02 a short one.
            any([
                all([
                    lowering.masked(Base::Network, 2, 2, 0xff07, 0x8102),
                    lowering.test(Base::Network, 3 + short, 2, wire),
                ]),
                all([
                    lowering.masked(Base::Network, 2, 1, 0x07, 0x02),
                    lowering.test(Base::Network, 2 + short, 2, wire),
                ]),
                all([
                    lowering.masked(Base::Network, 2, 2, 0xff07, 0x8106),
                    lowering.test(Base::Network, 3 + long, 2, wire),
                ]),
                all([
                    lowering.masked(Base::Network, 2, 1, 0x07, 0x06),
                    lowering.test(Base::Network, 2 + long, 2, wire),
                ]),
            ])
        });
        Ok(all([is, found]))
    }

    /// The source (`false`), the destination (`true`), either or both.
    pub(super) fn ends(&mut self, way: Way, mut end: impl FnMut(&mut Self, bool) -> Condition) -> Condition {
        match way {
            Way::Source => end(self, false),
            Way::Destination => end(self, true),
            Way::Both => all([end(self, false), end(self, true)]),
            _ => any([end(self, false), end(self, true)]),
        }
    }
}
