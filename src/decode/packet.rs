//! What a frame turned out to hold.

use arrayvec::ArrayVec;

use super::{Address, Layer, Tcp};

/// The most layers kept of one frame. What lies deeper is not decoded.
pub const MAX_LAYERS: usize = 32;

/// The headers of one frame: every layer that could be read, the innermost addresses that are not quoted,
/// and why the walk stopped where it did.
#[derive(Clone, Debug, Default)]
pub struct Packet<'a> {
    /// The layers, outermost first.
    pub layers: ArrayVec<LayerAt, MAX_LAYERS>,
    /// Source and destination of the innermost link header that has them, 6 or 8 bytes each.
    pub link: Option<(&'a [u8], &'a [u8])>,
    /// The innermost IP header that is not quoted.
    pub network: Option<Network>,
    /// The transport header behind it.
    pub transport: Transport<'a>,
    /// The bytes of the transport's payload that were captured; never padding.
    pub payload: &'a [u8],
    /// The length of the transport's payload on the wire. Of UDP, the length field less 8.
    pub payload_len: u32,
    /// Where `payload` begins in the frame (or in the reassembled datagram).
    pub payload_offset: u32,
    /// VLAN ids passed, outermost first.
    pub vlans: ArrayVec<u16, 4>,
    /// Tunnel headers passed, outermost first.
    pub tunnels: ArrayVec<Layer, 8>,
    /// TCP and UDP headers other than `transport`: around a tunnel, or quoted in an ICMP error. They take
    /// part in the numbering of streams, in this order; `true` in `before` means that it stands before `transport`.
    pub headers: ArrayVec<Header, 8>,
    /// What an ICMP error quotes.
    pub quoted: Option<Quoted>,
    /// The IP payload is a fragment: nothing above the IP header was read.
    pub fragment: Option<Fragment<'a>>,
    /// Why the walk ended before the innermost payload, if it did.
    pub stop: Option<Stop>,
}

/// A layer and where it stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LayerAt {
    /// What it is.
    pub layer: Layer,
    /// It stands in the reassembled datagram, not in the frame.
    pub in_datagram: bool,
    /// First byte, counted from the start of the frame (or of the reassembled datagram).
    pub offset: u32,
    /// Bytes of its header.
    pub len: u32,
}

/// An IP header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network {
    /// Who sent it.
    pub source: Address,
    /// For whom it is.
    pub destination: Address,
    /// The protocol behind it and its extension headers: an IP protocol number.
    pub protocol: u8,
    /// TTL or hop limit.
    pub ttl: u8,
    /// DSCP (upper six bits) and ECN (lower two): IPv4's TOS or IPv6's traffic class.
    pub tos: u8,
    /// IPv4's identification; `None` for IPv6.
    pub id: Option<u16>,
    /// Bytes of the header with options or extension headers.
    pub header_len: u32,
}

/// The transport header of a packet.
#[derive(Clone, Copy, Debug, Default)]
pub enum Transport<'a> {
    /// None was read.
    #[default]
    None,
    /// TCP.
    Tcp(Tcp<'a>),
    /// UDP, and UDP-Lite where `lite`.
    Udp {
        /// Source port.
        source_port: u16,
        /// Destination port.
        destination_port: u16,
        /// It is UDP-Lite.
        lite: bool,
    },
    /// SCTP or DCCP, of which ports are all that flows need.
    Ports {
        /// Source port.
        source_port: u16,
        /// Destination port.
        destination_port: u16,
    },
    /// ICMP or ICMPv6.
    Icmp {
        /// Type.
        kind: u8,
        /// Code.
        code: u8,
    },
}

/// A TCP or UDP header beside the innermost one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Source address of the IP header before it.
    pub source: Address,
    /// Destination address of the IP header before it.
    pub destination: Address,
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// 6 or 17.
    pub protocol: u8,
    /// Quoted in an ICMP error, not around a tunnel.
    pub quoted: bool,
    /// Sequence number and flags, of TCP where they were captured.
    pub tcp: Option<(u32, u16)>,
}

/// What an ICMP error says of the packet it quotes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quoted {
    /// Source of the quoted packet.
    pub source: Address,
    /// Destination of the quoted packet.
    pub destination: Address,
    /// Its ports, 0 where the protocol has none or they were cut.
    pub ports: (u16, u16),
    /// Its IP protocol.
    pub protocol: u8,
    /// What went wrong.
    pub error: IcmpError,
}

/// An ICMP or ICMPv6 error, by type and code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IcmpError {
    /// ICMPv6, whose types are others.
    pub v6: bool,
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
}

/// A fragment of an IP datagram.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fragment<'a> {
    /// Identification, of 16 bits in IPv4 and 32 in IPv6.
    pub id: u32,
    /// Where it belongs in the datagram's payload, in bytes.
    pub offset: u32,
    /// More fragments follow.
    pub more: bool,
    /// The bytes captured.
    pub bytes: &'a [u8],
    /// Its length on the wire.
    pub len: u32,
}

/// Why nothing more could be read of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stop {
    /// What it was.
    pub reason: StopReason,
    /// The layer that could not be read, or whose payload could not.
    pub layer: Layer,
    /// The byte of the frame (or reassembled datagram) where it was.
    pub offset: u32,
}

/// The three ways in which the reading of a frame can end early.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum StopReason {
    /// The capture cut the frame here (snap length).
    Truncated,
    /// The bytes contradict the protocol.
    Malformed,
    /// The next protocol has this number, which is not decoded.
    Unsupported(u32),
    /// A bound of ours was reached: layers or tunnels nested too deep.
    TooDeep,
}

impl<'a> Packet<'a> {
    /// Empties it for the next frame.
    pub fn clear(&mut self) {
        self.layers.clear();
        self.link = None;
        self.network = None;
        self.transport = Transport::None;
        self.payload = &[];
        self.payload_len = 0;
        self.payload_offset = 0;
        self.vlans.clear();
        self.tunnels.clear();
        self.headers.clear();
        self.quoted = None;
        self.fragment = None;
        self.stop = None;
    }

    /// Notes a layer; past the bound, that there were too many.
    pub(super) fn push(&mut self, layer: Layer, offset: usize, len: usize) {
        let at = LayerAt { layer, in_datagram: false, offset: offset as u32, len: len as u32 };
        if self.layers.try_push(at).is_err() {
            self.stop(StopReason::TooDeep, layer, offset);
        }
    }

    /// Notes why the walk ended.
    pub(super) fn stop(&mut self, reason: StopReason, layer: Layer, offset: usize) {
        self.stop = Some(Stop { reason, layer, offset: offset as u32 });
    }

    /// Source and destination port, where the transport has them.
    pub fn ports(&self) -> Option<(u16, u16)> {
        match self.transport {
            Transport::Tcp(tcp) => Some((tcp.source_port, tcp.destination_port)),
            Transport::Udp { source_port, destination_port, .. }
            | Transport::Ports { source_port, destination_port } => Some((source_port, destination_port)),
            Transport::None | Transport::Icmp { .. } => None,
        }
    }
}
