//! What a shard needs of one packet, copied out of its headers.
//!
//! There is one for every packet on its way from the core that decodes to the core that analyses: so it is small, and
//! what few packets have stands in tables beside the records ([`Beside`]).

use std::hash::BuildHasher;

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

use crate::capture::Frame;
use crate::decode::{
    Header, IcmpError, Layer, MAX_TUNNELS, Network, Packet, Plain, SackBlocks, Tcp, TcpOption, TcpOptions,
    Transport,
};
use crate::flow::{Direction, Key, Sent, icmp_ports};
use crate::tcp::{Flags, Segment, Seq};
use crate::time::Timestamp;

/// TCP's protocol number.
pub(super) const TCP: u8 = 6;
/// UDP's protocol number.
pub(super) const UDP: u8 = 17;

/// One packet, or one header in it, on its way to a shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// The frame's number.
    pub number: u64,
    /// The hash of `key`.
    pub hash: u64,
    /// The flow, or for a header beside the innermost one the stream.
    pub key: Key,
    /// When it was captured, 0 where the record has no time.
    at: Timestamp,
    frame_len: u32,
    payload_len: u32,
    /// Where the captured payload stands.
    pub payload: Payload,
    seq: u32,
    ack: u32,
    timestamps: (u32, u32),
    /// Its options, by their number in [`Beside::options`]; 0 for none of note.
    options: u32,
    header_len: u16,
    flags: u16,
    window: u16,
    urgent: u16,
    checksum: u16,
    ip_id: u16,
    /// VLANs and tunnels, by their number in [`Beside::paths`]; 0 for none.
    pub path: u16,
    ttl: u8,
    tos: u8,
    /// Order among the records of one frame.
    pub order: u8,
    bits: Bits,
    /// What the shard is to do with it.
    pub kind: Kind,
    /// Who sent it.
    pub direction: Direction,
}

/// What a record stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A packet of the flow.
    Packet,
    /// A TCP segment of the flow.
    Segment,
    /// A header around a tunnel or quoted: it takes part in the numbering of streams alone.
    Sight,
    /// An ICMP error that quotes the flow.
    Quoted(IcmpError),
}

/// Where captured payload bytes stand: in the block's bytes, or in a reassembled datagram.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Payload {
    /// First byte.
    pub offset: u32,
    /// Bytes captured.
    pub len: u32,
    /// Whether the checksums of the packet are right, where that was looked at.
    pub checksums: Option<bool>,
    /// The datagram, by its place among those of the block, counted from 1; 0 for the block's bytes.
    pub datagram: u16,
}

impl Payload {
    /// The payload of a plain frame that begins at `start` of its block.
    #[inline]
    pub fn of_plain(plain: &Plain<'_>, start: u32) -> Self {
        let offset = start + plain.payload_offset;
        Self { offset, len: plain.payload.len() as u32, ..Self::default() }
    }
}

/// What is known of a packet besides its numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Bits(u8);

impl Bits {
    const TIME: u8 = 1;
    const FINE_CLOCK: u8 = 2;
    const IP_ID: u8 = 4;
    const TIMESTAMPS: u8 = 8;

    fn set(&mut self, bit: u8, on: bool) {
        self.0 |= if on { bit } else { 0 };
    }

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// What few packets have, in tables beside the records of a block. The first entry of each is that of all others.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    /// VLANs and tunnels.
    pub paths: Vec<Path>,
    options: Vec<Options>,
}

/// VLAN ids and tunnels that a packet passed, outermost first.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Path {
    pub vlans: ArrayVec<u16, 4>,
    pub tunnels: ArrayVec<Layer, MAX_TUNNELS>,
}

/// TCP options other than timestamps.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    mss: Option<u16>,
    window_scale: Option<u8>,
    sack_permitted: bool,
    fast_open: Option<u8>,
    sack: SackBlocks,
}

impl Options {
    const NONE: Self = Self {
        mss: None,
        window_scale: None,
        sack_permitted: false,
        fast_open: None,
        sack: SackBlocks::new(),
    };
}

impl Default for Beside {
    fn default() -> Self {
        Self { paths: vec![Path::default()], options: vec![Options::default()] }
    }
}

impl Beside {
    /// Forgets the packets of a block.
    pub fn clear(&mut self) {
        self.paths.truncate(1);
        self.options.truncate(1);
    }

    /// The timestamps of a segment, and where its other options stand.
    #[inline(never)]
    fn options_of(&mut self, options: TcpOptions<'_>) -> (Option<(u32, u32)>, u32) {
        let mut timestamps = None;
        let mut others = None::<Options>;
        for option in options {
            match option {
                TcpOption::Timestamps(tsval, tsecr) => timestamps = Some((tsval, tsecr)),
                TcpOption::Sack(blocks) => others.get_or_insert_default().sack = blocks,
                TcpOption::Mss(mss) => others.get_or_insert_default().mss = Some(mss),
                TcpOption::WindowScale(shift) => others.get_or_insert_default().window_scale = Some(shift),
                TcpOption::SackPermitted => others.get_or_insert_default().sack_permitted = true,
                TcpOption::FastOpen(cookie) | TcpOption::FastOpenExperimental(cookie) => {
                    others.get_or_insert_default().fast_open = Some(cookie.len() as u8);
                }
                _ => {}
            }
        }
        let Some(others) = others else { return (timestamps, 0) };
        self.options.push(others);
        (timestamps, self.options.len() as u32 - 1)
    }

    fn path(&mut self, packet: &Packet<'_>) -> u16 {
        if packet.vlans.is_empty() && packet.tunnels.is_empty() {
            return 0;
        }
        // Only the latest are compared: many different ones cost memory, not time.
        const COMPARED: usize = 8;
        let is = |(_, path): &(usize, &Path)| path.vlans == packet.vlans && path.tunnels == packet.tunnels;
        let found = self.paths.iter().enumerate().rev().take(COMPARED).find(is).map(|(index, _)| index);
        let index = found.unwrap_or_else(|| {
            let path = Path { vlans: packet.vlans.clone(), tunnels: packet.tunnels.clone() };
            self.paths.push(path);
            self.paths.len() - 1
        });
        u16::try_from(index).unwrap_or(0)
    }
}

/// The records of one frame: at most one packet, the headers beside it, and what an ICMP error quotes.
pub(super) fn records(
    frame: &Frame<'_>,
    packet: &Packet<'_>,
    payload: Payload,
    beside: &mut Beside,
    state: &impl BuildHasher,
    mut give: impl FnMut(Record),
) {
    let mut order = 0;
    if !packet.headers.is_empty() {
        for header in packet.headers.iter().filter(|header| !header.quoted) {
            give(Record::of_header(frame, header, order, state));
            order += 1;
        }
    }
    if let (Some(network), None) = (&packet.network, &packet.fragment) {
        give(Record::of_packet(frame, network, packet, payload, order, beside, state));
        order += 1;
    }
    for header in packet.headers.iter().filter(|header| header.quoted) {
        give(Record::of_header(frame, header, order, state));
        order += 1;
    }
    if let Some(quoted) = &packet.quoted {
        let (source_port, destination_port) = quoted.ports;
        let ends =
            Key::new(quoted.protocol, (quoted.source, source_port), (quoted.destination, destination_port));
        give(Record::new(frame, ends, Kind::Quoted(quoted.error), order, state));
    }
}

impl Record {
    /// The one record of a plain frame.
    #[inline]
    pub fn of_plain(
        frame: &Frame<'_>,
        plain: &Plain<'_>,
        payload: Payload,
        beside: &mut Beside,
        state: &impl BuildHasher,
    ) -> Self {
        let (network, tcp) = (&plain.network, &plain.tcp);
        let source = (network.source, tcp.source_port);
        let ends = Key::new(network.protocol, source, (network.destination, tcp.destination_port));
        let mut record = Self::new(frame, ends, Kind::Segment, 0, state);
        record.payload_len = plain.payload_len;
        record.payload = payload;
        record.on_network(network, 20 + tcp.options.len() as u32);
        record.on_tcp(tcp, beside);
        record
    }

    #[inline]
    fn new(
        frame: &Frame<'_>,
        (key, direction): (Key, Direction),
        kind: Kind,
        order: u8,
        state: &impl BuildHasher,
    ) -> Self {
        let mut bits = Bits::default();
        bits.set(Bits::TIME, frame.at.is_some());
        bits.set(Bits::FINE_CLOCK, frame.fine_clock);
        Self {
            number: frame.number,
            hash: key.hash(state),
            key,
            at: frame.at.unwrap_or_default(),
            frame_len: frame.orig_len,
            payload_len: 0,
            payload: Payload::default(),
            seq: 0,
            ack: 0,
            timestamps: (0, 0),
            options: 0,
            header_len: 0,
            flags: 0,
            window: 0,
            urgent: 0,
            checksum: 0,
            ip_id: 0,
            path: 0,
            ttl: 0,
            tos: 0,
            order,
            bits,
            kind,
            direction,
        }
    }

    fn of_header(frame: &Frame<'_>, header: &Header, order: u8, state: &impl BuildHasher) -> Self {
        let source = (header.source, header.source_port);
        let ends = Key::new(header.protocol, source, (header.destination, header.destination_port));
        Self::new(frame, ends, Kind::Sight, order, state)
    }

    fn of_packet(
        frame: &Frame<'_>,
        network: &Network,
        packet: &Packet<'_>,
        payload: Payload,
        order: u8,
        beside: &mut Beside,
        state: &impl BuildHasher,
    ) -> Self {
        let (ports, transport_len) = match &packet.transport {
            Transport::Tcp(tcp) => ((tcp.source_port, tcp.destination_port), 20 + tcp.options.len() as u32),
            Transport::Icmp { kind, code } => (icmp_ports(network.source.is_v6(), *kind, *code), 8),
            Transport::Udp { source_port, destination_port, .. } => ((*source_port, *destination_port), 8),
            Transport::Ports { source_port, destination_port } => ((*source_port, *destination_port), 12),
            Transport::None => ((0, 0), 0),
        };
        let ends = Key::new(network.protocol, (network.source, ports.0), (network.destination, ports.1));
        let mut record = Self::new(frame, ends, Kind::Packet, order, state);
        record.payload_len = packet.payload_len;
        record.payload = payload;
        record.on_network(network, transport_len);
        record.path = beside.path(packet);
        if let Transport::Tcp(tcp) = &packet.transport {
            record.kind = Kind::Segment;
            record.on_tcp(tcp, beside);
        }
        record
    }

    #[inline]
    fn on_network(&mut self, network: &Network, transport_len: u32) {
        self.header_len = (network.header_len + transport_len) as u16;
        self.ttl = network.ttl;
        self.tos = network.tos;
        self.ip_id = network.id.unwrap_or(0);
        self.bits.set(Bits::IP_ID, network.id.is_some());
    }

    #[inline]
    fn on_tcp(&mut self, tcp: &Tcp<'_>, beside: &mut Beside) {
        self.seq = tcp.seq;
        self.ack = tcp.ack;
        self.flags = tcp.flags;
        self.window = tcp.window;
        self.urgent = tcp.urgent;
        self.checksum = tcp.checksum;
        // Nearly all segments of a connection with timestamps have these twelve bytes and no others.
        if let [1, 1, 8, 10, a, b, c, d, e, f, g, h] = *tcp.options {
            self.timestamps = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
            self.bits.set(Bits::TIMESTAMPS, true);
        } else if !tcp.options.is_empty() {
            // What is found comes back by value: the record is never lent, so that it is built where it goes.
            let (timestamps, options) = beside.options_of(tcp.options());
            self.timestamps = timestamps.unwrap_or_default();
            self.bits.set(Bits::TIMESTAMPS, timestamps.is_some());
            self.options = options;
        }
    }

    /// When it was captured; `None` where the record has no time.
    pub fn at(&self) -> Option<Timestamp> {
        self.bits.has(Bits::TIME).then_some(self.at)
    }

    /// Its clock ticks finer than a microsecond.
    pub fn fine_clock(&self) -> bool {
        self.bits.has(Bits::FINE_CLOCK)
    }

    /// Length of the frame on the wire.
    pub fn frame_len(&self) -> u32 {
        self.frame_len
    }

    /// It is a TCP segment with SYN.
    pub fn is_syn(&self) -> bool {
        self.kind == Kind::Segment && Flags(self.flags).contains(Flags::SYN)
    }

    /// It is a TCP segment that opens, closes or resets.
    pub fn changes_state(&self) -> bool {
        Flags(self.flags).intersects(Flags(Flags::SYN.0 | Flags::CLOSING.0))
    }

    /// Transport payload on the wire.
    pub fn payload_len(&self) -> u32 {
        self.payload_len
    }

    /// What the flow's counters need.
    #[inline]
    pub fn sent(&self) -> Sent {
        Sent {
            at: self.at(),
            frame_len: self.frame_len,
            payload_len: self.payload_len,
            header_len: u32::from(self.header_len),
            ttl: self.ttl,
            tos: self.tos,
            checksums: self.payload.checksums,
        }
    }

    /// The TCP segment. `clock` is the time to use where the record has none.
    #[inline]
    pub fn segment(&self, clock: Timestamp, beside: &Beside) -> Segment {
        let options = beside.options.get(self.options as usize).unwrap_or(&Options::NONE);
        Segment {
            number: self.number,
            at: self.at().unwrap_or(clock),
            seq: Seq(self.seq),
            ack: Seq(self.ack),
            window: self.window,
            flags: Flags(self.flags),
            payload_len: self.payload_len,
            urgent: self.urgent,
            checksum: self.checksum,
            ip_id: self.bits.has(Bits::IP_ID).then_some(self.ip_id),
            tos: self.tos,
            timestamps: self.bits.has(Bits::TIMESTAMPS).then_some(self.timestamps),
            mss: options.mss,
            window_scale: options.window_scale,
            sack_permitted: options.sack_permitted,
            fast_open: options.fast_open,
            sack: options.sack,
        }
    }
}

#[cfg(test)]
mod tests;
