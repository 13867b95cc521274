//! Link types, by the numbers of the pcap LINKTYPE registry.

/// What the first header of a frame is: a number of <https://www.tcpdump.org/linktypes.html>.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: the address family in the byte order of the host.
    pub const NULL: Self = Self(0);
    /// Ethernet, from the destination address on.
    pub const ETHERNET: Self = Self(1);
    /// A raw IPv4 or IPv6 packet.
    pub const RAW: Self = Self(101);
}
