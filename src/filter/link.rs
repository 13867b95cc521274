//! Link types: where each keeps the type of its payload, and where the payload begins.

use super::program::Prefix;
use crate::capture::LinkType;

/// An offset that a link type does not have: loads there are always beyond the frame.
pub(super) const NONE: u32 = u32::MAX;

/// The families of link types that are filtered alike.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Link {
    Ethernet,
    Cooked,
    /// A big-endian EtherType and nothing else to know, as in SLL2.
    EtherType,
    RawIp,
    Ipv4,
    Ipv6,
    /// An address family in the byte order of the capturing host.
    Null,
    /// An address family in network byte order.
    Loop,
    Ppp,
    /// PPP with the direction in the first byte.
    PppDirected,
    PppBsd,
    Hdlc,
    Wlan,
    Fddi,
    TokenRing,
    /// 802.2 LLC first.
    Llc,
    FibreChannel,
    SunAtm,
    Pflog,
    Arcnet,
    LocalTalk,
    FrameRelay,
    Juniper,
    Bacnet,
    Ipnet,
    Slip,
    /// Only lengths and `link[...]` can be asked.
    Opaque,
}

/// The layout of one link type, in bytes from the start of the frame unless said otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub link: Link,
    pub prefix: Prefix,
    /// The link header.
    pub header: u32,
    /// The type of the payload, or the LLC header where there is one.
    pub linktype: u32,
    /// The payload.
    pub payload: u32,
    /// From the payload to the network header, behind an LLC and SNAP header if there is one.
    pub network: u32,
    /// The same without SNAP.
    pub network_nosnap: u32,
}

/// The layout of `linktype`; `None` for numbers that nobody has registered.
pub(super) fn shape(linktype: LinkType) -> Option<Shape> {
    use Link::*;
    let plain = |link, linktype, payload| (link, linktype, payload, 0, 0);
    let llc = |link, linktype, payload| (link, linktype, payload, 8, 3);
    let (link, at, payload, network, network_nosnap) = match linktype.0 {
        0 => plain(Null, 0, 4),
        1 => (Ethernet, 12, 14, 0, 3),
        6 => llc(TokenRing, 14, 14),
        7 => plain(Arcnet, 2, 6),
        8 => plain(Slip, NONE, 16),
        9 | 50 => plain(Ppp, 2, 4),
        10 => llc(Fddi, 13, 13),
        12 | 101 => plain(RawIp, NONE, 0),
        51 => plain(Ppp, 6, 8),
        99 => plain(EtherType, 6, 44),
        100 | 106 => llc(Llc, 0, 0),
        102 => plain(Slip, NONE, 24),
        103 => plain(PppBsd, 5, 24),
        104 | 112 => plain(Hdlc, 2, 4),
        105 | 119 | 127 | 163 | 192 => llc(Wlan, 24, 0),
        107 => plain(FrameRelay, NONE, 0),
        108 => plain(Loop, 0, 4),
        109 => plain(Null, 0, 12),
        113 => plain(Cooked, 14, 16),
        114 => plain(LocalTalk, NONE, 0),
        117 => plain(Pflog, 0, 0),
        122 => llc(FibreChannel, 16, 16),
        123 => llc(SunAtm, 4, 4),
        129 => plain(Arcnet, 4, 8),
        130 | 131 | 134 | 179 | 180 | 181 => (Juniper, 4, 4, 0, NONE),
        132 => (Juniper, 6, NONE, NONE, NONE),
        133 => (Juniper, 6, 12, 0, NONE),
        135 => (Juniper, 8, 8, 0, 10),
        136 => (Juniper, 12, NONE, NONE, NONE),
        137 => (Juniper, 4, 4, 0, 10),
        138 => plain(EtherType, 16, 18),
        164 => (Juniper, 12, 12, 0, NONE),
        165 => (Bacnet, NONE, NONE, NONE, NONE),
        166 => plain(PppDirected, 2, 4),
        167 | 178 => (Juniper, 16, 14, 18, 21),
        168 => (Juniper, 4, 6, 0, NONE),
        183 | 200 => (Juniper, 18, NONE, NONE, NONE),
        194 | 232 | 233 | 234 | 238 => (Juniper, 8, NONE, NONE, NONE),
        226 => (Ipnet, 1, 24, 0, NONE),
        228 => plain(Ipv4, NONE, 0),
        229 => plain(Ipv6, NONE, 0),
        240 => (Ethernet, 16, 18, 0, 3),
        241 => (Ethernet, 24, 26, 0, 3),
        276 => plain(EtherType, 0, 20),
        104..=289 => (Opaque, NONE, NONE, NONE, NONE),
        _ => return None,
    };
    let header = match linktype.0 {
        240 => 4,
        241 => 12,
        _ => 0,
    };
    let prefix = match linktype.0 {
        117 => Prefix::Pflog,
        119 => Prefix::Prism,
        127 => Prefix::Radiotap,
        163 => Prefix::Avs,
        192 => Prefix::Ppi,
        _ => Prefix::Nothing,
    };
    Some(Shape { link, prefix, header, linktype: at, payload, network, network_nosnap })
}
