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
use crate::tcp::line::{bits, when};
use crate::tcp::{Flags, Line, Segment, Seq};
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
    /// What there is to say of nearly every packet.
    line: Line,
    payload_len: u32,
    /// Where its captured payload begins, and how long it is.
    offset: u32,
    captured: u32,
    /// What few segments have, by its number in [`Beside::extras`]; 0 for nothing.
    extra: u32,
    /// The datagram that its payload stands in: see [`Payload`].
    datagram: u16,
    /// VLANs and tunnels, by their number in [`Beside::paths`]; 0 for none.
    pub path: u16,
    /// Order among the records of one frame.
    pub order: u8,
    /// What the shard is to do with it.
    pub kind: Kind,
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
    fn of_plain(plain: &Plain<'_>, start: u32) -> Self {
        let offset = start + plain.payload_offset();
        Self { offset, len: plain.payload.len() as u32, ..Self::default() }
    }
}

/// When a frame was captured, and how long it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The frame's number.
    pub number: u64,
    /// When it was captured; `None` where the record has no time.
    pub at: Option<Timestamp>,
    /// Its clock ticks finer than a microsecond.
    pub fine_clock: bool,
    /// Its length on the wire.
    pub len: u32,
}

impl Origin {
    /// That of a frame.
    #[inline]
    pub fn of(frame: &Frame<'_>) -> Self {
        let Frame { number, at, fine_clock, orig_len: len, .. } = *frame;
        Self { number, at, fine_clock, len }
    }
}

/// What few packets have, in tables beside the records of a block. The first entry of each is that of all others.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    /// VLANs and tunnels.
    pub paths: Vec<Path>,
    extras: Vec<Extra>,
}

/// VLAN ids and tunnels that a packet passed, outermost first.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Path {
    pub vlans: ArrayVec<u16, 4>,
    pub tunnels: ArrayVec<Layer, MAX_TUNNELS>,
}

/// TCP options other than timestamps, and the urgent pointer.
#[derive(Clone, Copy, Debug, Default)]
struct Extra {
    mss: Option<u16>,
    window_scale: Option<u8>,
    sack_permitted: bool,
    fast_open: Option<u8>,
    sack: SackBlocks,
    urgent: u16,
}

/// What the options of a segment say: its timestamps, and where what few have stands among the [extras](Beside::extras).
#[derive(Clone, Copy, Debug, Default)]
struct Offered {
    timestamps: Option<(u32, u32)>,
    extra: u32,
}

impl Default for Beside {
    fn default() -> Self {
        Self { paths: vec![Path::default()], extras: vec![Extra::default()] }
    }
}

impl Beside {
    /// Forgets the packets of a block.
    pub fn clear(&mut self) {
        self.paths.truncate(1);
        self.extras.truncate(1);
    }

    /// What the options of a segment say.
    #[inline(always)]
    fn offered(&mut self, tcp: &Tcp<'_>) -> Offered {
        // Nearly all segments of a connection with timestamps have these twelve bytes and no others.
        const NOPS_AND_TIMESTAMPS: u32 = u32::from_be_bytes([1, 1, 8, 10]);
        match (<[u8; 12]>::try_from(tcp.options), tcp.urgent) {
            (Ok([n, o, t, l, a, b, c, d, e, f, g, h]), 0)
                if u32::from_be_bytes([n, o, t, l]) == NOPS_AND_TIMESTAMPS =>
            {
                let timestamps = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
                Offered { timestamps: Some(timestamps), extra: 0 }
            }
            (Err(_), 0) if tcp.options.is_empty() => Offered::default(),
            _ => self.options_of(tcp.options(), tcp.urgent),
        }
    }

    /// The same of any options.
    #[inline(never)]
    fn options_of(&mut self, options: TcpOptions<'_>, urgent: u16) -> Offered {
        let mut timestamps = None;
        // What there is to say is written where it goes; if it is nothing, that is taken back.
        let (mut is_extra, place) = (urgent != 0, self.extras.len() as u32);
        self.extras.push(Extra { urgent, ..Extra::default() });
        let Some(extra) = self.extras.last_mut() else { return Offered::default() };
        options.for_each(|option| {
            match option {
                TcpOption::Sack(blocks) => extra.sack = blocks,
                TcpOption::Mss(mss) => extra.mss = Some(mss),
                TcpOption::WindowScale(shift) => extra.window_scale = Some(shift),
                TcpOption::SackPermitted => extra.sack_permitted = true,
                TcpOption::FastOpen(cookie) | TcpOption::FastOpenExperimental(cookie) => {
                    extra.fast_open = Some(cookie.len() as u8);
                }
                TcpOption::Timestamps(tsval, tsecr) => return timestamps = Some((tsval, tsecr)),
                _ => return,
            }
            is_extra = true;
        });
        if is_extra {
            return Offered { timestamps, extra: place };
        }
        self.extras.pop();
        Offered { timestamps, extra: 0 }
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
    let frame = &Origin::of(frame);
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
    /// Puts the one record of a plain frame, which begins at `start` of its block, behind those of a bucket.
    #[inline(always)]
    pub fn push_plain(
        bucket: &mut Vec<Self>,
        frame: &Origin,
        key: (Key, Direction),
        plain: &Plain<'_>,
        start: u32,
        beside: &mut Beside,
        state: &impl BuildHasher,
    ) {
        let mut record = Self::new(frame, key, Kind::Segment, 0, state);
        record.on_payload(plain.payload_len, Payload::of_plain(plain, start));
        bucket.push(record);
        // The headers are read once it is there, one after the other, so that what is read goes where it belongs, and
        // nowhere else before.
        let Some(record) = bucket.last_mut() else { return };
        record.on_network(&plain.network(), plain.tcp_header_len());
        record.on_tcp(&plain.tcp(), beside);
    }

    #[inline]
    fn new(
        frame: &Origin,
        (key, direction): (Key, Direction),
        kind: Kind,
        order: u8,
        state: &impl BuildHasher,
    ) -> Self {
        Self {
            number: frame.number,
            hash: key.hash(state),
            key,
            line: Line::new(frame.at, direction, frame.fine_clock, frame.len),
            payload_len: 0,
            offset: 0,
            captured: 0,
            extra: 0,
            datagram: 0,
            path: 0,
            order,
            kind,
        }
    }

    fn of_header(frame: &Origin, header: &Header, order: u8, state: &impl BuildHasher) -> Self {
        let source = (header.source, header.source_port);
        let ends = Key::new(header.protocol, source, (header.destination, header.destination_port));
        Self::new(frame, ends, Kind::Sight, order, state)
    }

    fn of_packet(
        frame: &Origin,
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
        record.on_payload(packet.payload_len, payload);
        record.on_network(network, transport_len);
        record.path = beside.path(packet);
        if let Transport::Tcp(tcp) = &packet.transport {
            record.kind = Kind::Segment;
            record.on_tcp(tcp, beside);
        }
        record
    }

    #[inline]
    fn on_payload(&mut self, len: u32, payload: Payload) {
        let Payload { offset, len: captured, checksums, datagram } = payload;
        (self.payload_len, self.line.payload_len) = (len, len as u16);
        (self.offset, self.captured, self.datagram) = (offset, captured, datagram);
        self.line.verified(checksums);
    }

    #[inline]
    fn on_network(&mut self, network: &Network, transport_len: u32) {
        self.line.header_len = (network.header_len + transport_len) as u16;
        self.line.ttl = network.ttl;
        self.line.tos = network.tos;
        self.line.ip_id = network.id.unwrap_or(0);
        self.line.bits |= when(network.id.is_some(), bits::IP_ID);
    }

    #[inline(always)]
    fn on_tcp(&mut self, tcp: &Tcp<'_>, beside: &mut Beside) {
        let line = &mut self.line;
        line.seq = tcp.seq;
        line.ack = tcp.ack;
        line.bits |= tcp.flags & bits::FLAGS;
        line.window = tcp.window;
        line.checksum = tcp.checksum;
        // Last, since it may take long.
        let Offered { timestamps, extra } = beside.offered(tcp);
        if let Some(timestamps) = timestamps {
            line.timestamps = timestamps;
            line.bits |= bits::TIMESTAMPS;
        }
        self.extra = extra;
    }

    /// Who sent it.
    #[inline]
    pub fn direction(&self) -> Direction {
        self.line.direction()
    }

    /// When it was captured; `None` where the record has no time.
    #[inline]
    pub fn at(&self) -> Option<Timestamp> {
        self.line.at()
    }

    /// Its clock ticks finer than a microsecond.
    #[inline]
    pub fn fine_clock(&self) -> bool {
        self.line.has_fine_clock()
    }

    /// Length of the frame on the wire.
    pub fn frame_len(&self) -> u32 {
        self.line.frame_len
    }

    /// It is a TCP segment with SYN.
    pub fn is_syn(&self) -> bool {
        self.kind == Kind::Segment && self.line.flags().contains(Flags::SYN)
    }

    /// The sequence number of a TCP segment.
    pub fn seq(&self) -> Seq {
        Seq(self.line.seq)
    }

    /// It is a TCP segment with ACK.
    pub fn has_ack(&self) -> bool {
        self.kind == Kind::Segment && self.line.flags().contains(Flags::ACK)
    }

    /// Transport payload on the wire.
    #[inline]
    pub fn payload_len(&self) -> u32 {
        self.payload_len
    }

    /// Where its captured payload stands.
    pub fn payload(&self) -> Payload {
        let Self { offset, captured: len, datagram, .. } = *self;
        Payload { offset, len, checksums: self.sent().checksums, datagram }
    }

    /// What the flow's counters need.
    #[inline]
    pub fn sent(&self) -> Sent {
        self.line.sent(self.payload_len)
    }

    /// What there is to say of nearly every packet. `clock` is the time to use where the record has none.
    #[inline]
    pub fn line(&self, clock: Timestamp) -> Line {
        self.line.or_at(clock)
    }

    /// The same, if the record has a time: where it stands.
    // What is copied in small pieces and read in large ones has to be waited for.
    #[inline]
    pub fn timed_line(&self) -> Option<&Line> {
        self.at().map(|_| &self.line)
    }

    /// Its [line](Self::line) if that says all of a segment without SYN, which passed neither VLANs nor tunnels, and has a time.
    #[inline(always)]
    pub fn usual_line(&self) -> Option<&Line> {
        let bits = self.line.bits & (bits::TIMELESS | Flags::SYN.0);
        (self.kind == Kind::Segment && bits == 0 && self.path == 0 && self.is_line()).then_some(&self.line)
    }

    /// Whether its [line](Self::line) says all of a segment.
    #[inline]
    pub fn is_line(&self) -> bool {
        self.extra == 0 && self.payload_len <= u32::from(u16::MAX)
    }

    /// The TCP segment. `clock` is the time to use where the record has none.
    #[inline]
    pub fn segment(&self, clock: Timestamp, beside: &Beside) -> Segment {
        let extra = beside.extras.get(self.extra as usize).copied().unwrap_or_default();
        let Extra { mss, window_scale, sack_permitted, fast_open, sack, urgent } = extra;
        let segment = Segment { payload_len: self.payload_len, ..self.line(clock).segment(self.number) };
        Segment { mss, window_scale, sack_permitted, fast_open, sack, urgent, ..segment }
    }
}

#[cfg(test)]
mod tests;
