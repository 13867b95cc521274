//! Link types, by the numbers of the pcap LINKTYPE registry.

/// What the first header of a frame is: a number of <https://www.tcpdump.org/linktypes.html>.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: the address family in the byte order of the host.
    pub const NULL: Self = Self(0);
    /// Ethernet, from the destination address on.
    pub const ETHERNET: Self = Self(1);
    /// Token ring.
    pub const IEEE802_5: Self = Self(6);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// A raw IPv4 or IPv6 packet.
    pub const RAW: Self = Self(101);
    /// IP over Fibre Channel, RFC 2625.
    pub const IP_OVER_FC: Self = Self(122);
    /// ATM as SunATM captures it.
    pub const SUNATM: Self = Self(123);
    /// Some link that the registry has no number for.
    pub const UNKNOWN: Self = Self(u16::MAX);
}
