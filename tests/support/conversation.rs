//! One TCP connection, segment by segment, with a clock.
//!
//! [`Conversation::segment`] writes any segment, right or wrong; [`Conversation::open`], [`Conversation::say`] and
//! [`Conversation::close`] write what two ordinary hosts would. Numbers are relative: the SYN is 0, the first byte 1.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::ip::{Ip, Options, TCP, Tcp};
use super::{EPOCH, Record, link};

pub const MICROSECOND: i64 = 1_000;
pub const MILLISECOND: i64 = 1_000_000;
pub const SECOND: i64 = 1_000_000_000;

pub const FIN: u16 = 0x001;
pub const SYN: u16 = 0x002;
pub const RST: u16 = 0x004;
pub const PSH: u16 = 0x008;
pub const ACK: u16 = 0x010;
pub const URG: u16 = 0x020;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    Client,
    Server,
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Who talks, over what path, with which options.
#[derive(Clone, Debug)]
pub struct Setup {
    pub client: (IpAddr, u16),
    pub server: (IpAddr, u16),
    pub client_isn: u32,
    pub server_isn: u32,
    /// Nanoseconds from [`EPOCH`] at which the conversation begins.
    pub start: i64,
    /// From the capture point to the client and back.
    pub rtt_to_client: i64,
    /// From the capture point to the server and back.
    pub rtt_to_server: i64,
    pub mss: u16,
    pub window_scale: Option<u8>,
    pub sack: bool,
    pub timestamps: bool,
    /// The window field of all segments but SYNs.
    pub window: u16,
    /// The link header around each IP packet.
    pub wrap: fn(Side, &[u8]) -> Vec<u8>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            client: (Ip::v4(1, 2).source, 40000),
            server: (Ip::v4(1, 2).destination, 80),
            client_isn: 1_000_000,
            server_isn: 2_000_000,
            start: 0,
            rtt_to_client: 0,
            rtt_to_server: 20 * MILLISECOND,
            mss: 1460,
            window_scale: Some(7),
            sack: true,
            timestamps: true,
            window: 502,
            wrap: |side, packet| match side {
                Side::Client => link::ethernet(packet),
                Side::Server => link::ethernet_back(packet),
            },
        }
    }
}

/// A segment to be sent. What is `None` is filled in as an ordinary host would.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    pub flags: u16,
    /// `None`: the next one.
    pub seq: Option<u64>,
    /// `None`: no ACK flag.
    pub ack: Option<u64>,
    pub payload: Vec<u8>,
    pub window: Option<u16>,
    pub urgent: u16,
    pub sack: Vec<(u64, u64)>,
    /// TSval and TSecr; `Some(None)`: no such option.
    pub timestamps: Option<Option<(u32, u32)>>,
    /// All options, instead of the usual ones.
    pub options: Option<Vec<u8>>,
    pub id: Option<u16>,
    pub ttl: Option<u8>,
    pub tos: u8,
    /// IP total length 0, as with segmentation offload.
    pub offloaded: bool,
    /// A wrong TCP checksum.
    pub corrupt: bool,
    pub fate: Fate,
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Fate {
    #[default]
    Delivered,
    /// Captured, then lost.
    LostAfterCapture,
    /// Lost before it could be captured.
    LostBeforeCapture,
}

#[derive(Clone, Debug)]
pub struct Conversation {
    pub setup: Setup,
    /// Nanoseconds since the start.
    pub now: i64,
    pub records: Vec<Record>,
    halves: [Half; 2],
}

#[derive(Clone, Debug, Default)]
struct Half {
    next: u64,
    next_id: u16,
    last_ack: u64,
    ts_recent: u32,
    /// Segments on their way to this side: when they arrive, sequence number, TSval.
    arriving: VecDeque<(i64, u64, u32)>,
    last: Option<(Segment, u64)>,
}

impl Conversation {
    pub fn new(setup: Setup) -> Self {
        let half = |next_id| Half { next_id, ..Half::default() };
        Self { setup, now: 0, records: Vec::new(), halves: [half(1000), half(5000)] }
    }

    /// The next sequence number of `side`.
    pub fn next(&self, side: Side) -> u64 {
        self.halves[side as usize].next
    }

    pub fn wait(&mut self, nanos: i64) -> &mut Self {
        self.now += nanos;
        self
    }

    /// Writes a segment, now.
    pub fn segment(&mut self, side: Side, segment: Segment) -> &mut Self {
        let half = &self.halves[side as usize];
        let seq = segment.seq.unwrap_or(half.next);
        let distance = self.rtt(side) / 2;
        let sent_at = self.now - distance;
        let tsval = self.tsval(side, sent_at);
        self.receive(side, sent_at);

        let segment =
            Segment { id: Some(segment.id.unwrap_or(self.halves[side as usize].next_id)), ..segment };
        let frame = self.frame(side, &segment, seq, tsval);
        if segment.fate != Fate::LostBeforeCapture {
            self.records.push(Record::new(EPOCH + self.setup.start + self.now, frame));
        }
        if segment.fate == Fate::Delivered {
            let arrival = self.now + self.rtt(side.other()) / 2;
            self.halves[side.other() as usize].arriving.push_back((arrival, seq, tsval));
        }
        let half = &mut self.halves[side as usize];
        let len = segment.payload.len() as u64 + u64::from((segment.flags & (SYN | FIN)).count_ones());
        half.next = half.next.max(seq + len);
        if let Some(ahead) = segment.id.filter(|id| id.wrapping_sub(half.next_id) < 1 << 15) {
            half.next_id = ahead.wrapping_add(1);
        }
        half.last_ack = half.last_ack.max(segment.ack.unwrap_or(0));
        half.last = Some((segment, seq));
        self
    }

    /// The last segment of `side` once more, the very same packet; `ttl` as a router on the way leaves it.
    pub fn copy(&mut self, side: Side, ttl: Option<u8>) -> &mut Self {
        let record = self.records.last().expect("a frame to copy");
        let mut data = record.data.clone();
        if let Some(ttl) = ttl {
            let (segment, seq) = self.halves[side as usize].last.clone().expect("a segment to copy");
            let tsval = self.tsval(side, record.at - EPOCH - self.setup.start - self.rtt(side) / 2);
            data = self.frame(side, &Segment { ttl: Some(ttl), ..segment }, seq, tsval);
        }
        self.records.push(Record::new(EPOCH + self.setup.start + self.now, data));
        self
    }

    /// SYN, SYN-ACK, ACK.
    pub fn open(&mut self) -> &mut Self {
        self.segment(Side::Client, Segment { flags: SYN, ..Segment::default() });
        self.wait(self.setup.rtt_to_server);
        self.segment(Side::Server, Segment { flags: SYN, ack: Some(1), ..Segment::default() });
        self.wait(self.setup.rtt_to_client);
        self.acknowledge(Side::Client)
    }

    /// `side` sends `bytes` in segments of at most the MSS, 20 us apart, ten in flight; the other side acknowledges
    /// every second one and the last.
    pub fn say(&mut self, side: Side, bytes: &[u8]) -> &mut Self {
        let room = usize::from(self.setup.mss) - if self.setup.timestamps { 12 } else { 0 };
        let chunks: Vec<&[u8]> = bytes.chunks(room).collect();
        for (round, flight) in chunks.chunks(10).enumerate() {
            let begun = self.now;
            for (place, chunk) in flight.iter().enumerate() {
                let last = round * 10 + place + 1 == chunks.len();
                let ack = Some(self.next(side.other()));
                let flags = if last { PSH } else { 0 };
                self.segment(side, Segment { flags, ack, payload: chunk.to_vec(), ..Segment::default() });
                self.wait(20 * MICROSECOND);
            }
            let end = self.next(side);
            self.now = begun + self.rtt(side.other());
            for place in 0..flight.len() {
                self.wait(20 * MICROSECOND);
                if place % 2 == 1 || place + 1 == flight.len() {
                    let left: usize = flight[place + 1..].iter().map(|chunk| chunk.len()).sum();
                    let ack = Some(end - left as u64);
                    self.segment(side.other(), Segment { ack, ..Segment::default() });
                }
            }
            self.wait(self.rtt(side));
        }
        self
    }

    /// Both FINs, `side`'s first, and the last ACK.
    pub fn close(&mut self, side: Side) -> &mut Self {
        let (peer, distance) = (side.other(), self.rtt(side.other()));
        self.segment(side, Segment { flags: FIN, ack: Some(self.next(peer)), ..Segment::default() });
        self.wait(distance);
        self.segment(peer, Segment { flags: FIN, ack: Some(self.next(side)), ..Segment::default() });
        self.wait(self.rtt(side));
        self.acknowledge(side)
    }

    /// An ACK of all that the other side sent.
    pub fn acknowledge(&mut self, side: Side) -> &mut Self {
        self.segment(side, Segment { ack: Some(self.next(side.other())), ..Segment::default() })
    }

    fn rtt(&self, side: Side) -> i64 {
        match side {
            Side::Client => self.setup.rtt_to_client,
            Side::Server => self.setup.rtt_to_server,
        }
    }

    /// A clock of milliseconds, another one on each side.
    fn tsval(&self, side: Side, at: i64) -> u32 {
        let base: i64 = match side {
            Side::Client => 100_000,
            Side::Server => 900_000,
        };
        (base + at.div_euclid(MILLISECOND)) as u32
    }

    /// RFC 7323 §4.3: TSecr follows the segments that begin at or before the last ACK sent.
    fn receive(&mut self, side: Side, until: i64) {
        let half = &mut self.halves[side as usize];
        while let Some(&(arrival, seq, tsval)) = half.arriving.front() {
            if arrival > until {
                break;
            }
            if seq <= half.last_ack {
                half.ts_recent = half.ts_recent.max(tsval);
            }
            half.arriving.pop_front();
        }
    }

    fn frame(&self, side: Side, segment: &Segment, seq: u64, tsval: u32) -> Vec<u8> {
        let setup = &self.setup;
        let (from, to, isn, peer_isn) = match side {
            Side::Client => (setup.client, setup.server, setup.client_isn, setup.server_isn),
            Side::Server => (setup.server, setup.client, setup.server_isn, setup.client_isn),
        };
        let syn = segment.flags & SYN != 0;
        let wire = |isn: u32, number: u64| isn.wrapping_add(number as u32);
        let timestamps = segment.timestamps.unwrap_or_else(|| {
            let echo = if segment.ack.is_some() { self.halves[side as usize].ts_recent } else { 0 };
            (setup.timestamps && segment.flags & RST == 0).then_some((tsval, echo))
        });
        let mut options = Options::default();
        if syn {
            options = options.mss(setup.mss);
            options = if setup.sack { options.sack_permitted() } else { options };
        }
        if let Some((value, echo)) = timestamps {
            options = options.timestamps(value, echo);
        }
        if let (true, Some(shift)) = (syn, setup.window_scale) {
            options = options.window_scale(shift);
        }
        if !segment.sack.is_empty() {
            let blocks: Vec<_> = segment
                .sack
                .iter()
                .map(|&(left, right)| (wire(peer_isn, left), wire(peer_isn, right)))
                .collect();
            options = options.sack(&blocks);
        }
        let tcp = Tcp {
            source_port: from.1,
            destination_port: to.1,
            seq: wire(isn, seq),
            ack: segment.ack.map_or(0, |ack| wire(peer_isn, ack)),
            flags: segment.flags | if segment.ack.is_some() { ACK } else { 0 },
            window: segment.window.unwrap_or(if syn { 64240 } else { setup.window }),
            urgent: segment.urgent,
            options: segment.options.clone().unwrap_or(options.0),
        };
        let ip =
            Ip::new(from.0, to.0).id(segment.id.unwrap_or(0)).ttl(segment.ttl.unwrap_or(64)).tos(segment.tos);
        let mut bytes = tcp.segment(&ip, &segment.payload);
        if segment.corrupt {
            bytes[16] ^= 0x55;
        }
        let packet = if segment.offloaded { ip.offloaded(TCP, &bytes) } else { ip.packet(TCP, &bytes) };
        (setup.wrap)(side, &packet)
    }
}

/// The byte that stands at `offset` of the stream of `side`, where nothing else was said.
pub fn filler(side: Side, offset: u64) -> u8 {
    let first = if side == Side::Client { b'a' } else { b'A' };
    first + (offset % 26) as u8
}

/// `len` bytes of filler from `seq` on (the first byte of the stream has 1).
pub fn filling(side: Side, seq: u64, len: usize) -> Vec<u8> {
    (0..len as u64).map(|place| filler(side, (seq + place).wrapping_sub(1))).collect()
}
