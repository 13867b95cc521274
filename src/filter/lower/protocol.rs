//! Protocols above the link: by name, by number, by ports, and behind extension headers.

use super::{Base, Condition, How, Link, Lowering, Refused, all, any, not};
use crate::filter::syntax::{Protocol, Way};

const IP: u32 = 0x0800;
const IP6: u32 = 0x86dd;
const TCP: u32 = 6;
const UDP: u32 = 17;
const SCTP: u32 = 132;
const FRAGMENT: u32 = 44;
/// ISO/IEC 10589 §9: the PDU types of IS-IS.
const L1_HELLO: u32 = 15;
const L2_HELLO: u32 = 16;
const POINT_TO_POINT_HELLO: u32 = 17;
const L1_LINK_STATE: u32 = 18;
const L2_LINK_STATE: u32 = 20;
const L1_COMPLETE: u32 = 24;
const L2_COMPLETE: u32 = 25;
const L1_PARTIAL: u32 = 26;
const L2_PARTIAL: u32 = 27;

impl Lowering {
    /// A protocol's keyword standing alone.
    pub(super) fn protocol(&mut self, protocol: Protocol) -> Result<Condition, Refused> {
        use Protocol::*;
        match protocol {
            Ip => self.linktype(IP),
            Ip6 => self.linktype(IP6),
            Arp => self.linktype(0x0806),
            Rarp => self.linktype(0x8035),
            Atalk => self.linktype(0x809b),
            Aarp => self.linktype(0x80f3),
            Decnet => self.linktype(0x6003),
            Sca => self.linktype(0x6007),
            Lat => self.linktype(0x6004),
            Mopdl => self.linktype(0x6001),
            Moprc => self.linktype(0x6002),
            Iso => self.linktype(0xfe),
            Stp => self.linktype(0x42),
            Ipx => self.linktype(0xe0),
            Netbeui => self.linktype(0xf0),
            Tcp => self.carries(None, TCP),
            Udp => self.carries(None, UDP),
            Sctp => self.carries(None, SCTP),
            Pim => self.carries(None, 103),
            Ah => self.carries(None, 51),
            Esp => self.carries(None, 50),
            Icmp => self.carries(Some(Ip), 1),
            Igmp => self.carries(Some(Ip), 2),
            Igrp => self.carries(Some(Ip), 9),
            Vrrp | Carp => self.carries(Some(Ip), 112),
            Icmp6 => self.carries(Some(Ip6), 58),
            Clnp => self.carries(Some(Iso), 0x81),
            Esis => self.carries(Some(Iso), 0x82),
            Isis => self.carries(Some(Iso), 0x83),
            L1 => self.isis(&[L1_PARTIAL, L1_COMPLETE, L1_LINK_STATE, POINT_TO_POINT_HELLO, L1_HELLO]),
            L2 => self.isis(&[L2_PARTIAL, L2_COMPLETE, L2_LINK_STATE, POINT_TO_POINT_HELLO, L2_HELLO]),
            Iih => self.isis(&[L1_HELLO, L2_HELLO, POINT_TO_POINT_HELLO]),
            Lsp => self.isis(&[L1_LINK_STATE, L2_LINK_STATE]),
            Snp => self.isis(&[L1_COMPLETE, L2_COMPLETE, L1_PARTIAL, L2_PARTIAL]),
            Csnp => self.isis(&[L1_COMPLETE, L2_COMPLETE]),
            Psnp => self.isis(&[L1_PARTIAL, L2_PARTIAL]),
            Link | Radio => Err("`link` and `radio` are no protocols by themselves".into()),
        }
    }

    fn isis(&mut self, types: &[u32]) -> Result<Condition, Refused> {
        let found: Result<Vec<_>, _> =
            types.iter().map(|kind| self.carries(Some(Protocol::Isis), *kind)).collect();
        found.map(any)
    }

    /// The number in the field that says what a header carries; extension headers are not followed.
    pub(super) fn carries(&mut self, carrier: Option<Protocol>, number: u32) -> Result<Condition, Refused> {
        match carrier {
            None => {
                let ip = self.carries(Some(Protocol::Ip), number)?;
                Ok(any([ip, self.carries(Some(Protocol::Ip6), number)?]))
            }
            Some(Protocol::Link) => self.linktype(number),
            Some(Protocol::Ip) => Ok(all([self.linktype(IP)?, self.test(Base::Network, 9, 1, number)])),
            Some(Protocol::Ip6) => {
                let next = self.test(Base::Network, 6, 1, number);
                let fragment =
                    all([self.test(Base::Network, 6, 1, FRAGMENT), self.test(Base::Network, 40, 1, number)]);
                Ok(all([self.linktype(IP6)?, any([next, fragment])]))
            }
            Some(Protocol::Isis) => {
                let isis = self.carries(Some(Protocol::Iso), 0x83)?;
                Ok(all([isis, self.test(Base::NetworkNoSnap, 4, 1, number)]))
            }
            Some(_) if self.link == Link::FrameRelay => Ok(self.test(Base::Link, 2, 2, 0x0300 | number)),
            Some(_) => {
                // Cisco HDLC has a padding byte before the OSI header.
                let at = u32::from(self.link == Link::Hdlc);
                let iso = self.linktype(if self.link == Link::Hdlc { 0xfefe } else { 0xfe })?;
                Ok(all([iso, self.test(Base::NetworkNoSnap, at, 1, number)]))
            }
        }
    }

    pub(super) fn protocol_chain(
        &mut self,
        carrier: Option<Protocol>,
        number: u32,
    ) -> Result<Condition, Refused> {
        let mut versions = Vec::new();
        for (protocol, version, linktype) in [(Protocol::Ip, 4, IP), (Protocol::Ip6, 6, IP6)] {
            if carrier.is_none_or(|carrier| carrier == protocol) {
                let network = self.at(Base::Network, 0);
                versions.push(all([self.linktype(linktype)?, Condition::Chain { network, version, number }]));
            }
        }
        Ok(any(versions))
    }

    /// Ports from the first to the last, over IPv6 without extension headers and over IPv4 in first fragments.
    pub(super) fn ports(
        &mut self,
        transport: Option<u32>,
        way: Way,
        ports: (u16, u16),
    ) -> Result<Condition, Refused> {
        let known = [SCTP, TCP, UDP];
        let transports = match &transport {
            Some(transport) => std::slice::from_ref(transport),
            None => &known,
        };
        let six =
            any(transports.iter().map(|number| self.test(Base::Network, 6, 1, *number)).collect::<Vec<_>>());
        let six = all([self.linktype(IP6)?, six, self.port_fields(Base::Ipv6Payload, way, ports)]);
        let four =
            any(transports.iter().map(|number| self.test(Base::Network, 9, 1, *number)).collect::<Vec<_>>());
        let first = self.first_fragment();
        let four = all([self.linktype(IP)?, four, first, self.port_fields(Base::Ipv4Payload, way, ports)]);
        Ok(any([six, four]))
    }

    /// The fragment offset is 0.
    pub(super) fn first_fragment(&mut self) -> Condition {
        not(self.compare(Base::Network, 6, 2, u32::MAX, How::AnyBit, 0x1fff))
    }

    fn port_fields(&mut self, base: Base, way: Way, ports: (u16, u16)) -> Condition {
        let mut field = |offset| {
            let (first, last) = (u32::from(ports.0), u32::from(ports.1));
            if first == last {
                return self.test(base, offset, 2, first);
            }
            let low = self.compare(base, offset, 2, u32::MAX, How::AtLeast, first);
            all([low, not(self.compare(base, offset, 2, u32::MAX, How::Greater, last))])
        };
        match way {
            Way::Source => field(0),
            Way::Destination => field(2),
            Way::Both => all([field(0), field(2)]),
            _ => any([field(0), field(2)]),
        }
    }
}
