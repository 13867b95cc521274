//! Which payload a frame carries, as each link type says it.
//!
//! A protocol is an EtherType, or an LLC service access point where it is below 1501.

use super::{Base, Condition, How, Link, Lowering, Refused, all, any, not};

/// The greatest length of an Ethernet payload; a greater number in its place is a type (IEEE 802.3 §3.2.6).
const LONGEST: u32 = 1500;

const SAP_IP: u32 = 0x06;
const SAP_BRIDGE: u32 = 0x42;
const SAP_IPX: u32 = 0xe0;
const SAP_NETBEUI: u32 = 0xf0;
const SAP_ISO: u32 = 0xfe;
const TYPE_IP: u32 = 0x0800;
const TYPE_ARP: u32 = 0x0806;
const TYPE_DECNET: u32 = 0x6003;
const TYPE_RARP: u32 = 0x8035;
const TYPE_ATALK: u32 = 0x809b;
const TYPE_AARP: u32 = 0x80f3;
const TYPE_IPX: u32 = 0x8137;
const TYPE_IP6: u32 = 0x86dd;

impl Lowering {
    /// The frame carries `protocol`.
    pub(super) fn linktype(&mut self, protocol: u32) -> Result<Condition, Refused> {
        if self.labels > 0 {
            return self.label_payload(protocol);
        }
        let word = |lowering: &mut Self, value| Ok(lowering.test(Base::LinkType, 0, 2, value));
        match self.link {
            Link::Ethernet => {
                let inner = self.ethernet(protocol);
                Ok(match (self.geneve, self.emulated()) {
                    (false, Some(check)) => all([check, inner]),
                    _ => inner,
                })
            }
            Link::Cooked => Ok(self.cooked(protocol)),
            Link::EtherType => word(self, protocol),
            Link::Hdlc => word(self, if protocol == SAP_ISO { 0xfefe } else { protocol }),
            Link::Wlan => {
                let data = self.wlan_data();
                Ok(all([data, self.llc_payload(protocol)]))
            }
            Link::Fddi | Link::TokenRing | Link::Llc | Link::FibreChannel => Ok(self.llc_payload(protocol)),
            Link::SunAtm => {
                let llc = self.masked(Base::Link, 0, 1, 0x0f, 2);
                Ok(all([llc, self.llc_payload(protocol)]))
            }
            Link::RawIp | Link::Slip => Ok(match protocol {
                TYPE_IP => self.masked(Base::Link, 0, 1, 0xf0, 0x40),
                TYPE_IP6 => self.masked(Base::Link, 0, 1, 0xf0, 0x60),
                _ => Condition::Always(false),
            }),
            Link::Ipv4 => Ok(Condition::Always(protocol == TYPE_IP)),
            Link::Ipv6 => Ok(Condition::Always(protocol == TYPE_IP6)),
            Link::Ppp => word(self, ppp_protocol(protocol)),
            Link::PppDirected => word(self, ppp_protocol(protocol)),
            Link::PppBsd if protocol == TYPE_IP => {
                // IP, and TCP/IP compressed by Van Jacobson's method (RFC 1332 §3.2) or not.
                Ok(any([0x21, 0x2d, 0x2f].map(|value| self.test(Base::LinkType, 0, 2, value))))
            }
            Link::PppBsd => word(self, ppp_protocol(protocol)),
            Link::Null | Link::Loop => Ok(self.loopback(protocol)),
            Link::Pflog => Ok(match protocol {
                TYPE_IP => self.test(Base::Link, 1, 1, 2),
                TYPE_IP6 => self.test(Base::Link, 1, 1, 10),
                _ => Condition::Always(false),
            }),
            Link::Arcnet => Ok(self.arcnet_type(protocol)),
            Link::LocalTalk => Ok(Condition::Always(protocol == TYPE_ATALK)),
            Link::FrameRelay => Ok(self.frame_relay(protocol)),
            Link::Juniper => Ok(self.masked(Base::Link, 0, 4, 0xffff_ff00, 0x4d47_4300)),
            Link::Bacnet => Ok(self.masked(Base::Link, 0, 4, 0xffff_0000, 0x55ff_0000)),
            Link::Ipnet => Ok(match protocol {
                TYPE_IP => self.test(Base::LinkType, 0, 1, 2),
                TYPE_IP6 => self.test(Base::LinkType, 0, 1, 26),
                _ => Condition::Always(false),
            }),
            Link::Opaque => Err(
                "this link type has no payload that a filter knows; only `link[...]` and `len` can be asked"
                    .into(),
            ),
        }
    }

    /// Ethernet II, and IEEE 802.3 with LLC, with SNAP, or with neither (raw IPX).
    fn ethernet(&mut self, protocol: u32) -> Condition {
        let is_type = self.compare(Base::LinkType, 0, 2, u32::MAX, How::Greater, LONGEST);
        let is_length = not(is_type);
        match protocol {
            SAP_ISO | SAP_IP | SAP_NETBEUI => {
                all([is_length, self.test(Base::Payload, 0, 2, protocol << 8 | protocol)])
            }
            SAP_IPX => {
                let ethernet = self.test(Base::LinkType, 0, 2, TYPE_IPX);
                let (snap, sap) = (self.snap(0, TYPE_IPX), self.test(Base::Payload, 0, 1, SAP_IPX));
                let raw = self.test(Base::Payload, 0, 2, 0xffff);
                any([ethernet, all([is_length, any([snap, sap, raw])])])
            }
            TYPE_ATALK | TYPE_AARP => {
                let organization = if protocol == TYPE_ATALK { 0x08_0007 } else { 0 };
                any([
                    self.test(Base::LinkType, 0, 2, protocol),
                    all([is_length, self.snap(organization, protocol)]),
                ])
            }
            0..=LONGEST => all([is_length, self.test(Base::LinkType, 2, 1, protocol)]),
            _ => self.test(Base::LinkType, 0, 2, protocol),
        }
    }

    fn cooked(&mut self, protocol: u32) -> Condition {
        // LINUX_SLL_P_802_2 and LINUX_SLL_P_802_3.
        let llc = self.test(Base::LinkType, 0, 2, 4);
        match protocol {
            SAP_ISO | SAP_IP | SAP_NETBEUI => {
                all([llc, self.test(Base::Payload, 0, 2, protocol << 8 | protocol)])
            }
            SAP_IPX => {
                let ethernet = self.test(Base::LinkType, 0, 2, TYPE_IPX);
                let raw = self.test(Base::LinkType, 0, 2, 1);
                let inner = any([self.test(Base::Payload, 0, 1, SAP_IPX), self.snap(0, TYPE_IPX)]);
                any([ethernet, raw, all([llc, inner])])
            }
            TYPE_ATALK | TYPE_AARP => {
                let organization = if protocol == TYPE_ATALK { 0x08_0007 } else { 0 };
                any([
                    self.test(Base::LinkType, 0, 2, protocol),
                    all([llc, self.snap(organization, protocol)]),
                ])
            }
            0..=LONGEST => all([llc, self.test(Base::Payload, 0, 1, protocol)]),
            _ => self.test(Base::LinkType, 0, 2, protocol),
        }
    }

    /// Link types on which an LLC header always stands first: SNAP is taken on trust, without its organization.
    fn llc_payload(&mut self, protocol: u32) -> Condition {
        match protocol {
            SAP_IP | SAP_ISO | SAP_NETBEUI => self.test(Base::Payload, 0, 2, protocol << 8 | protocol),
            TYPE_ATALK => self.snap(0x08_0007, TYPE_ATALK),
            0..=LONGEST => self.test(Base::Payload, 0, 1, protocol),
            _ => self.test(Base::Payload, 6, 2, protocol),
        }
    }

    /// A SNAP header with this organization and protocol (IEEE 802 §9.2).
    fn snap(&mut self, organization: u32, protocol: u32) -> Condition {
        let second = self.test(Base::Payload, 4, 4, (organization & 0xffff) << 16 | protocol);
        all([second, self.test(Base::Payload, 0, 4, 0xaaaa_0300 | organization >> 16)])
    }

    /// The address family of BSD loopback, whose number for IPv6 differs between systems.
    ///
    /// On [`Link::Null`] it is in the byte order of the capturing host, so both are looked for.
    fn loopback(&mut self, protocol: u32) -> Condition {
        let families: &[u32] = match protocol {
            TYPE_IP => &[2],
            TYPE_IP6 => &[24, 28, 30],
            _ => return Condition::Always(false),
        };
        let mut found = Vec::new();
        for family in families {
            if self.link == Link::Null {
                found.push(self.test(Base::Link, 0, 4, family.swap_bytes()));
            }
            found.push(self.test(Base::Link, 0, 4, *family));
        }
        any(found)
    }

    /// The packet types of ARCnet (RFC 1201, and RFC 1051 before it).
    fn arcnet_type(&mut self, protocol: u32) -> Condition {
        let types: &[u32] = match protocol {
            TYPE_IP => &[212, 240],
            TYPE_ARP => &[213, 241],
            TYPE_RARP => &[214],
            TYPE_ATALK => &[221],
            TYPE_IP6 => &[196],
            _ => return Condition::Always(false),
        };
        any(types.iter().map(|kind| self.test(Base::LinkType, 0, 1, *kind)).collect::<Vec<_>>())
    }

    /// Frame Relay with a two-byte address: UI, and the network layer protocol identifier (RFC 2427 §3).
    fn frame_relay(&mut self, protocol: u32) -> Condition {
        let identifiers: &[u32] = match protocol {
            TYPE_IP => &[0xcc],
            TYPE_IP6 => &[0x8e],
            SAP_ISO => &[0x81, 0x82, 0x83],
            _ => return Condition::Always(false),
        };
        any(identifiers.iter().map(|id| self.test(Base::Link, 2, 2, 0x0300 | id)).collect::<Vec<_>>())
    }

    /// Behind the last MPLS label nothing names the payload; its first four bits must do.
    fn label_payload(&mut self, protocol: u32) -> Result<Condition, Refused> {
        let version = match protocol {
            TYPE_IP => 0x40,
            TYPE_IP6 => 0x60,
            _ => return Err("behind `mpls` only IPv4 and IPv6 can be told apart".into()),
        };
        let bottom = self.masked(Base::PreviousLabel, 2, 1, 0x01, 0x01);
        Ok(all([bottom, self.masked(Base::Network, 0, 1, 0xf0, version)]))
    }
}

/// The PPP protocol number (IANA) of an EtherType or service access point; others stand for themselves.
fn ppp_protocol(protocol: u32) -> u32 {
    match protocol {
        TYPE_IP => 0x0021,
        TYPE_IP6 => 0x0057,
        TYPE_DECNET => 0x0027,
        TYPE_ATALK => 0x0029,
        0x0600 => 0x0025,
        SAP_ISO => 0x0023,
        SAP_BRIDGE => 0x0031,
        SAP_IPX => 0x002b,
        other => other,
    }
}
