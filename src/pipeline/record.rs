//! What a shard needs of one packet, copied out of its headers.

use std::hash::BuildHasher;

use arrayvec::ArrayVec;

use crate::capture::Frame;
use crate::decode::{Header, IcmpError, Layer, Network, Packet, SackBlocks, Tcp, TcpOption, Transport};
use crate::flow::{Direction, Key, Sent, icmp_ports};
use crate::tcp::{Flags, Segment, Seq};
use crate::time::Timestamp;

/// TCP's protocol number.
pub(super) const TCP: u8 = 6;
/// UDP's protocol number.
pub(super) const UDP: u8 = 17;

/// One packet, or one header in it, on its way to a shard.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// The frame's number.
    pub number: u64,
    /// Order among the records of one frame.
    pub order: u8,
    /// The hash of `key`.
    pub hash: u64,
    /// The flow, or for a header beside the innermost one the stream.
    pub key: Key,
    /// Who sent it.
    pub direction: Direction,
    /// What the shard is to do with it.
    pub kind: Kind,
}

/// What a record stands for.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A packet of the flow.
    Packet(Detail),
    /// A header around a tunnel or quoted: it takes part in the numbering of streams alone.
    Sight,
    /// An ICMP error that quotes the flow.
    Quoted(IcmpError),
}

/// A packet of a flow.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    /// What the flow's counters need.
    pub sent: Sent,
    /// Its clock ticks finer than a microsecond.
    pub fine_clock: bool,
    /// VLANs and tunnels, by their number in the block's paths; 0 for none.
    pub path: u16,
    /// Where the payload stands.
    pub payload: Payload,
    /// The TCP segment.
    pub segment: Option<Segment>,
}

/// Where captured payload bytes stand: in the block's bytes, or in a reassembled datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payload {
    /// The datagram, by its place among those of the block.
    pub datagram: Option<u32>,
    /// First byte.
    pub offset: u32,
    /// Bytes captured.
    pub len: u32,
}

/// VLAN ids and tunnels that a packet passed, outermost first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Path {
    pub vlans: ArrayVec<u16, 4>,
    pub tunnels: ArrayVec<Layer, 8>,
}

/// The records of one frame: at most one packet, the headers beside it, and what an ICMP error quotes.
pub(super) fn records(
    frame: &Frame<'_>,
    packet: &Packet<'_>,
    path: u16,
    payload: Payload,
    state: &impl BuildHasher,
    mut give: impl FnMut(Record),
) {
    let mut order = 0;
    let mut next = |key: Key, direction, kind| {
        give(Record { number: frame.number, order, hash: key.hash(state), key, direction, kind });
        order += 1;
    };
    for header in packet.headers.iter().filter(|header| !header.quoted) {
        let (key, direction) = of_header(header);
        next(key, direction, Kind::Sight);
    }
    if let (Some(network), None) = (&packet.network, &packet.fragment) {
        let (key, direction) = of_packet(network, packet);
        next(key, direction, Kind::Packet(detail(frame, network, packet, path, payload)));
    }
    for header in packet.headers.iter().filter(|header| header.quoted) {
        let (key, direction) = of_header(header);
        next(key, direction, Kind::Sight);
    }
    if let Some(quoted) = &packet.quoted {
        let (source_port, destination_port) = quoted.ports;
        let (key, direction) =
            Key::new(quoted.protocol, (quoted.source, source_port), (quoted.destination, destination_port));
        next(key, direction, Kind::Quoted(quoted.error));
    }
}

fn of_header(header: &Header) -> (Key, Direction) {
    let source = (header.source, header.source_port);
    Key::new(header.protocol, source, (header.destination, header.destination_port))
}

/// The flow of a packet whose innermost IP header is `network`.
fn of_packet(network: &Network, packet: &Packet<'_>) -> (Key, Direction) {
    let (source_port, destination_port) = match packet.transport {
        Transport::Icmp { kind, code } => icmp_ports(network.source.is_v6(), kind, code),
        _ => packet.ports().unwrap_or((0, 0)),
    };
    Key::new(network.protocol, (network.source, source_port), (network.destination, destination_port))
}

fn detail(frame: &Frame<'_>, network: &Network, packet: &Packet<'_>, path: u16, payload: Payload) -> Detail {
    let (transport_len, segment) = match &packet.transport {
        Transport::Tcp(tcp) => (20 + tcp.options.len() as u32, Some(segment(frame, network, packet, tcp))),
        Transport::Udp { .. } => (8, None),
        Transport::Ports { .. } => (12, None),
        Transport::Icmp { .. } => (8, None),
        Transport::None => (0, None),
    };
    Detail {
        sent: Sent {
            at: frame.at,
            frame_len: frame.orig_len,
            payload_len: packet.payload_len,
            header_len: network.header_len + transport_len,
            ttl: network.ttl,
            tos: network.tos,
        },
        fine_clock: frame.fine_clock,
        path,
        payload,
        segment,
    }
}

fn segment(frame: &Frame<'_>, network: &Network, packet: &Packet<'_>, tcp: &Tcp<'_>) -> Segment {
    let mut segment = Segment {
        number: frame.number,
        at: frame.at.unwrap_or(Timestamp::from_nanos(0)),
        seq: Seq(tcp.seq),
        ack: Seq(tcp.ack),
        window: tcp.window,
        flags: Flags(tcp.flags),
        payload_len: packet.payload_len,
        urgent: tcp.urgent,
        checksum: tcp.checksum,
        ip_id: network.id,
        tos: network.tos,
        timestamps: None,
        mss: None,
        window_scale: None,
        sack_permitted: false,
        fast_open: None,
        sack: SackBlocks::new(),
    };
    for option in tcp.options() {
        match option {
            TcpOption::Timestamps(tsval, tsecr) => segment.timestamps = Some((tsval, tsecr)),
            TcpOption::Sack(blocks) => segment.sack = blocks,
            TcpOption::Mss(mss) => segment.mss = Some(mss),
            TcpOption::WindowScale(shift) => segment.window_scale = Some(shift),
            TcpOption::SackPermitted => segment.sack_permitted = true,
            TcpOption::FastOpen(cookie) => segment.fast_open = Some(cookie.len() as u8),
            _ => {}
        }
    }
    segment
}
