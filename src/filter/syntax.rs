//! What a filter expression says, before any link type is known.

/// An expression over primitives.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// All of them, asked in order.
    All(Vec<Expression>),
    /// Any of them, asked in order.
    Any(Vec<Expression>),
    Not(Box<Expression>),
    /// One question, and the byte of the text where it stands.
    Primitive(Primitive, usize),
}

/// One question about a frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Primitive {
    /// The frame is of this protocol.
    Protocol(Protocol),
    Ipv4 {
        protocol: Option<Protocol>,
        way: Way,
        address: u32,
        mask: u32,
    },
    Ipv6 {
        way: Way,
        address: u128,
        mask: u128,
    },
    Mac {
        way: Way,
        address: [u8; 6],
    },
    Arcnet {
        way: Way,
        address: u8,
    },
    Decnet {
        way: Way,
        address: u16,
    },
    /// A port of one transport, or of TCP, UDP or SCTP, from the first to the last of `ports`.
    Port {
        transport: Option<u32>,
        way: Way,
        ports: (u16, u16),
    },
    /// `PROTOCOL proto NUMBER`.
    Carries {
        carrier: Option<Protocol>,
        number: u32,
    },
    /// `ip protochain NUMBER`: somewhere behind the extension headers.
    Chain {
        carrier: Option<Protocol>,
        number: u32,
    },
    Broadcast(Option<Protocol>),
    Multicast(Option<Protocol>),
    Relation {
        left: Arithmetic,
        how: How,
        right: Arithmetic,
        negated: bool,
    },
    /// Sent (`true`) or received by the capturing host.
    Outbound(bool),
    /// The interface number of a cooked capture.
    Interface(u32),
    Vlan(Option<u32>),
    Mpls(Option<u32>),
    PppoeDiscovery,
    PppoeSession(Option<u32>),
    Geneve(Option<u32>),
    /// A field of OpenBSD's packet filter log.
    Pf(PfField),
    /// The first IEEE 802.11 frame control byte, masked.
    WlanType {
        value: u32,
        mask: u32,
    },
    WlanDirection(u32),
    Llc(Option<(u32, u32)>),
    /// ATM over SunATM.
    Atm(Atm),
}

/// The words that name a protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Protocol {
    Link,
    Ip,
    Arp,
    Rarp,
    Sctp,
    Tcp,
    Udp,
    Icmp,
    Igmp,
    Igrp,
    Pim,
    Vrrp,
    Carp,
    Atalk,
    Aarp,
    Decnet,
    Lat,
    Sca,
    Mopdl,
    Moprc,
    Ip6,
    Icmp6,
    Ah,
    Esp,
    Iso,
    Esis,
    Isis,
    L1,
    L2,
    Iih,
    Lsp,
    Snp,
    Csnp,
    Psnp,
    Clnp,
    Stp,
    Ipx,
    Netbeui,
    Radio,
}

impl Protocol {
    /// The protocol that a keyword names.
    pub fn of(word: &str) -> Option<Self> {
        PROTOCOLS.iter().find(|(name, _)| *name == word).map(|(_, protocol)| *protocol)
    }

    /// Its keyword.
    pub fn name(self) -> &'static str {
        PROTOCOLS.iter().find(|(_, protocol)| *protocol == self).map_or("", |(name, _)| name)
    }
}

/// All protocol keywords; of several for one protocol the usual one first.
pub(super) const PROTOCOLS: &[(&str, Protocol)] = &[
    ("ether", Protocol::Link),
    ("link", Protocol::Link),
    ("ppp", Protocol::Link),
    ("slip", Protocol::Link),
    ("fddi", Protocol::Link),
    ("tr", Protocol::Link),
    ("wlan", Protocol::Link),
    ("ip", Protocol::Ip),
    ("arp", Protocol::Arp),
    ("rarp", Protocol::Rarp),
    ("sctp", Protocol::Sctp),
    ("tcp", Protocol::Tcp),
    ("udp", Protocol::Udp),
    ("icmp", Protocol::Icmp),
    ("igmp", Protocol::Igmp),
    ("igrp", Protocol::Igrp),
    ("pim", Protocol::Pim),
    ("vrrp", Protocol::Vrrp),
    ("carp", Protocol::Carp),
    ("atalk", Protocol::Atalk),
    ("aarp", Protocol::Aarp),
    ("decnet", Protocol::Decnet),
    ("lat", Protocol::Lat),
    ("sca", Protocol::Sca),
    ("mopdl", Protocol::Mopdl),
    ("moprc", Protocol::Moprc),
    ("ip6", Protocol::Ip6),
    ("icmp6", Protocol::Icmp6),
    ("ah", Protocol::Ah),
    ("esp", Protocol::Esp),
    ("iso", Protocol::Iso),
    ("esis", Protocol::Esis),
    ("es-is", Protocol::Esis),
    ("isis", Protocol::Isis),
    ("is-is", Protocol::Isis),
    ("l1", Protocol::L1),
    ("l2", Protocol::L2),
    ("iih", Protocol::Iih),
    ("lsp", Protocol::Lsp),
    ("snp", Protocol::Snp),
    ("csnp", Protocol::Csnp),
    ("psnp", Protocol::Psnp),
    ("clnp", Protocol::Clnp),
    ("stp", Protocol::Stp),
    ("ipx", Protocol::Ipx),
    ("netbeui", Protocol::Netbeui),
    ("radio", Protocol::Radio),
];

/// Which of a frame's addresses or ports is meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    Source,
    Destination,
    Either,
    Both,
    /// One of the four addresses of an IEEE 802.11 frame.
    Address(u8),
    /// The station that is to receive the frame over the air.
    Receiver,
    /// The station that sent it over the air.
    Transmitter,
}

/// A comparison of unsigned 32-bit numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum How {
    Equal,
    Greater,
    AtLeast,
    /// Some bit is set in both.
    AnyBit,
}

/// A number computed from the frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Arithmetic {
    Number(u32),
    /// The frame's length on the wire.
    Length,
    /// 1, 2 or 4 bytes of a header, at an offset from its start.
    Load {
        header: Protocol,
        index: Box<Arithmetic>,
        size: u8,
    },
    Negative(Box<Arithmetic>),
    Binary(Operator, Box<Arithmetic>, Box<Arithmetic>),
}

/// An operator on unsigned 32-bit numbers, wrapping.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    ExclusiveOr,
    Left,
    Right,
}

/// A field of the header that OpenBSD's packet filter puts before what it logs.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PfField {
    Interface(String),
    Ruleset(String),
    Rule(u32),
    Subrule(u32),
    Reason(u32),
    Action(u32),
}

/// What can be asked of an ATM pseudo-header.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Atm {
    Vpi(How, u32, bool),
    Vci(How, u32, bool),
    Lane,
    /// VPI 0 and one of these VCIs.
    Circuit(&'static [u32]),
    /// On VPI 0 and this VCI, a Q.2931 message of one of these types.
    Messages(u32, &'static [u32]),
}
