//! What a frame turned out to hold.

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

use super::walk::{At, Step};
use super::{Address, Layer, Limits, Tcp};

/// The most layers kept of one frame. What lies deeper is not decoded.
pub const MAX_LAYERS: usize = 128;

/// The most TCP and UDP headers kept beside the innermost one.
const MAX_HEADERS: usize = 16;

/// The most tunnel headers kept of one frame.
pub const MAX_TUNNELS: usize = 16;

/// The headers of one frame: every layer that could be read, the innermost addresses that are not quoted,
/// and why the walk stopped where it did.
#[derive(Clone, Debug, Default)]
pub struct Packet<'a> {
    /// The layers, outermost first.
    pub layers: ArrayVec<LayerAt, MAX_LAYERS>,
    /// Source and destination of the innermost link header that has them, 6 or 8 bytes each; the destination is empty where
    /// it was not captured.
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
    pub tunnels: ArrayVec<Layer, MAX_TUNNELS>,
    /// TCP and UDP headers other than `transport`, in their order in the frame: around a tunnel (these stand before
    /// `transport`), or quoted in an ICMP error (behind it). They take part in the numbering of streams.
    pub headers: ArrayVec<Header, MAX_HEADERS>,
    /// What an ICMP error quotes.
    pub quoted: Option<Quoted>,
    /// The IP payload is a fragment: nothing above the IP header was read.
    pub fragment: Option<Fragment<'a>>,
    /// Why the walk ended before the innermost payload, if it did.
    pub stop: Option<Stop>,
    /// What is read now is what an ICMP error quotes.
    quoting: Option<IcmpError>,
    /// What is read now stands in a reassembled datagram.
    in_datagram: bool,
    /// IPv6 extension headers read.
    extensions: usize,
    /// There was one tunnel too many: nothing behind it is read.
    too_many_tunnels: bool,
    /// How deep it is read; stays for the next frame.
    limits: Limits,
}

/// A layer and where it stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LayerAt {
    /// What it is.
    pub layer: Layer,
    /// It stands in the reassembled datagram, not in the frame.
    pub in_datagram: bool,
    /// It stands in the packet that an ICMP error quotes.
    pub quoted: bool,
    /// First byte, counted from the start of the frame (or of the reassembled datagram).
    pub offset: u32,
    /// Bytes of its header, as far as captured; of a layer that is named and not opened, all of it.
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
    /// SCTP or DCCP, of which ports are all that flows need; or what was captured of a TCP or UDP header that the
    /// capture cut behind its ports.
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
    /// Sequence number and flags, of TCP where the header was captured as far as its window.
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
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
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
    /// The protocol of the datagram that it is a piece of.
    pub protocol: u8,
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

/// The ways in which the reading of a frame can end early.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum StopReason {
    /// The capture cut the frame here (snap length).
    Truncated,
    /// The bytes contradict the protocol.
    Malformed,
    /// The next protocol has this number, which is not decoded.
    Unsupported(u32),
    /// More layers than are read: [`Limits::layers`].
    TooDeep,
    /// More tunnels than are read: [`Limits::tunnels`].
    TooManyTunnels,
    /// More IPv6 extension headers than are read: [`Limits::extensions`].
    TooManyExtensions,
}

impl<'a> Packet<'a> {
    /// One that is read no deeper than `limits` allow.
    pub fn within(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

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
        self.quoting = None;
        self.in_datagram = false;
        self.extensions = 0;
        self.too_many_tunnels = false;
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

    /// The short names of its layers, outermost first, as tshark's `frame.protocols` has them: with an `ethertype`
    /// wherever one of Ethernet's types told what follows.
    pub fn protocols(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.layers.iter().enumerate().flat_map(move |(index, at)| {
            let next = self.layers.get(index + 1).map(|next| next.layer);
            let typed = at.layer.is_typed_by_ethertype(next);
            [Some(at.layer.name()), typed.then_some(Layer::EtherType.name())].into_iter().flatten()
        })
    }

    /// Why no further layer is read, if a bound was reached.
    #[inline]
    pub(super) fn bound(&self) -> Option<StopReason> {
        match self.too_many_tunnels {
            true => Some(StopReason::TooManyTunnels),
            false => self.is_full().then_some(StopReason::TooDeep),
        }
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.layers.len() >= self.limits.layers || self.layers.is_full() || self.headers.is_full()
    }

    /// Notes a layer, of which `len` bytes were captured.
    #[inline]
    pub(super) fn push(&mut self, layer: Layer, offset: usize, len: usize) {
        let at = LayerAt {
            layer,
            in_datagram: self.in_datagram,
            quoted: self.quoting.is_some(),
            offset: offset as u32,
            len: len as u32,
        };
        if self.layers.try_push(at).is_err() {
            self.stop(StopReason::TooDeep, layer, offset);
        }
    }

    /// Notes that a layer carries other layers of its kind or below.
    pub(super) fn push_tunnel(&mut self, layer: Layer) {
        if self.quoting.is_none() {
            let one_more = self.tunnels.len() < self.limits.tunnels;
            self.too_many_tunnels |= !one_more || self.tunnels.try_push(layer).is_err();
        }
    }

    /// Notes a VLAN id; beyond the room for them, the outer ones stay.
    pub(super) fn push_vlan(&mut self, id: u16) {
        if self.quoting.is_none() {
            let _full = self.vlans.try_push(id);
        }
    }

    /// Notes source and destination of a link header.
    #[inline]
    pub(super) fn link(&mut self, source: &'a [u8], destination: &'a [u8]) {
        if self.quoting.is_none() {
            self.link = Some((source, destination));
        }
    }

    /// Notes why the walk ended. What an ICMP error quotes is cut by its sender: that is no reason to note.
    #[cold]
    pub(super) fn stop(&mut self, reason: StopReason, layer: Layer, offset: usize) {
        let ours = [StopReason::TooDeep, StopReason::TooManyTunnels, StopReason::TooManyExtensions];
        if self.quoting.is_none() || ours.contains(&reason) {
            self.stop = Some(Stop { reason, layer, offset: offset as u32 });
        }
    }

    /// Notes that what stands at `offset`, behind the last layer, is not what that layer announced.
    #[cold]
    pub(super) fn stop_behind(&mut self, reason: StopReason, offset: usize) -> Step<'a> {
        let layer = self.layers.last().map_or(Layer::Frame, |last| last.layer);
        self.stop(reason, layer, offset);
        None
    }

    /// Notes an IP header. What was known of the transport around it moves to `headers`.
    #[inline]
    pub(super) fn enter_network(&mut self, network: Network) {
        if let Some(error) = self.quoting {
            self.quoted = Some(Quoted {
                source: network.source,
                destination: network.destination,
                ports: (0, 0),
                protocol: network.protocol,
                error,
            });
            return;
        }
        if self.network.is_some() {
            self.leave_outer();
        }
        self.network = Some(network);
    }

    /// A packet was found inside another: the outer transport header is one of the `headers` now.
    fn leave_outer(&mut self) {
        let Some(outer) = self.network.take() else { return };
        let tcp = match self.transport {
            Transport::Tcp(tcp) => Some((tcp.seq, tcp.flags)),
            _ => None,
        };
        if let (Some((source_port, destination_port)), 6 | 17) = (self.ports(), outer.protocol) {
            let header = Header {
                source: outer.source,
                destination: outer.destination,
                source_port,
                destination_port,
                protocol: outer.protocol,
                quoted: false,
                tcp,
            };
            let _full = self.headers.try_push(header);
        }
        self.transport = Transport::None;
        self.payload = &[];
        self.payload_len = 0;
        self.payload_offset = 0;
    }

    /// Whether one more extension header is read.
    pub(super) fn takes_extension(&mut self) -> bool {
        self.extensions += 1;
        self.extensions <= self.limits.extensions
    }

    /// Notes an extension header of `len` bytes behind the IP header, and which protocol comes behind it.
    pub(super) fn extend_network(&mut self, protocol: u8, len: usize) {
        if self.quoting.is_some() {
            if let Some(quoted) = &mut self.quoted {
                quoted.protocol = protocol;
            }
        } else if let Some(network) = &mut self.network {
            network.protocol = protocol;
            network.header_len += len as u32;
        }
    }

    /// Notes that the IP header's payload is a fragment, unless it is quoted.
    pub(super) fn enter_fragment(&mut self, fragment: Fragment<'a>) {
        if self.quoting.is_none() {
            self.fragment = Some(fragment);
        }
    }

    /// Notes a transport header and its payload.
    #[inline]
    pub(super) fn enter_transport(&mut self, transport: Transport<'a>, payload: At<'a>) {
        if self.quoting.is_some() {
            return self.quote_transport(transport);
        }
        self.transport = transport;
        self.payload = payload.bytes;
        self.payload_len = payload.wire;
        self.payload_offset = payload.offset as u32;
    }

    fn quote_transport(&mut self, transport: Transport<'a>) {
        let (ports, tcp) = match transport {
            Transport::Tcp(tcp) => ((tcp.source_port, tcp.destination_port), Some((tcp.seq, tcp.flags))),
            Transport::Udp { source_port, destination_port, .. }
            | Transport::Ports { source_port, destination_port } => ((source_port, destination_port), None),
            Transport::None | Transport::Icmp { .. } => return,
        };
        let Some(quoted) = &mut self.quoted else { return };
        quoted.ports = ports;
        if let 6 | 17 = quoted.protocol {
            let header = Header {
                source: quoted.source,
                destination: quoted.destination,
                source_port: ports.0,
                destination_port: ports.1,
                protocol: quoted.protocol,
                quoted: true,
                tcp,
            };
            let _full = self.headers.try_push(header);
        }
    }

    /// From here on what is read is what an ICMP error quotes. Nothing is quoted in a quotation.
    pub(super) fn quote(&mut self, error: IcmpError) {
        self.quoting.get_or_insert(error);
    }

    /// Whether what is read now is quoted.
    #[inline]
    pub(super) fn is_quoting(&self) -> bool {
        self.quoting.is_some()
    }

    /// Makes this packet ready for the datagram that the fragment in `outer` completed.
    pub(super) fn continue_from(&mut self, outer: &Packet<'a>, protocol: u8) {
        self.clone_from(outer);
        if let Some(network) = &mut self.network {
            network.protocol = protocol;
        }
        self.fragment = None;
        self.in_datagram = true;
    }
}
