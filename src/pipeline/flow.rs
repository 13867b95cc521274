//! What is kept of one flow while it is open, and the row it becomes.

use serde::{Deserialize, Serialize};

use super::ended::Identity;
use super::listener::{Heard, Listener, Speaker};
use super::opened::Opened;
use super::record::{Path, Record, TCP, UDP};
use super::rows::{FlowRow, ResponseStats, Samples};
use super::settings::Lifetime;
use crate::app::Service;
use crate::decode::IcmpError;
use crate::flow::{Direction, Key, Pair, Traffic, guess_client};
use crate::stats::Quantiles;
use crate::tcp::stream::Room;
use crate::tcp::{self, Tag, Verdict};
use crate::time::Timestamp;

/// What is asked of every flow now and then. It stands first in a flow, so that it can be read alone.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Head {
    /// The number of its first frame.
    pub first_packet: u64,
    /// The number of its latest frame.
    pub last_packet: u64,
    /// When it closed, if it did.
    pub closed: Option<Timestamp>,
    /// The latest time of its packets.
    pub end: Option<Timestamp>,
}

impl Head {
    /// When the flow ends by time.
    pub fn deadline(&self, lifetime: &Lifetime) -> Option<Timestamp> {
        self.end.map(|latest| lifetime.deadline(latest, self.closed))
    }
}

/// An open flow.
#[derive(Deserialize, Serialize)]
#[serde(bound = "")]
pub(super) struct Open<Row> {
    head: Head,
    fins: Pair<bool>,
    first_sender: Direction,
    start: Option<Timestamp>,
    fine_clock: bool,
    path: Option<Box<Path>>,
    icmp: Option<(u32, IcmpError)>,
    traffic: Pair<Traffic>,
    responses: Responses,
    tcp: Option<Box<tcp::Connection>>,
    service: Option<Service>,
    has_listener: bool,
    #[serde(skip)]
    listener: Option<Box<dyn Listener<Row>>>,
}

impl<Row> Open<Row> {
    /// A flow that begins with the packet `number`, sent in `direction`.
    pub fn new(
        key: &Key,
        number: u64,
        direction: Direction,
        listener: Option<Box<dyn Listener<Row>>>,
    ) -> Self {
        Self {
            head: Head { first_packet: number, last_packet: number, closed: None, end: None },
            fins: Pair::default(),
            first_sender: direction,
            start: None,
            fine_clock: false,
            path: None,
            icmp: None,
            traffic: Pair::default(),
            responses: Responses::default(),
            tcp: (key.protocol == TCP).then(Box::default),
            service: None,
            has_listener: listener.is_some(),
            listener,
        }
    }

    /// Whether a segment begins a new connection on the same addresses and ports.
    pub fn is_reused_by(&self, direction: Direction, segment: &tcp::Segment) -> bool {
        self.tcp.as_ref().is_some_and(|tcp| tcp.is_reused_by(direction, segment))
    }

    /// Counts one of its packets, and says what it is if it is a TCP segment. What its listener says goes to `say`; what it
    /// holds is held in `room`.
    pub fn on_packet(
        &mut self,
        record: &Record,
        segment: Option<&tcp::Segment>,
        opened: &Opened,
        room: &mut Room,
        resolutions: &mut Vec<tcp::Resolution>,
        say: &mut dyn FnMut(Row),
    ) -> Option<Verdict> {
        let direction = record.direction;
        let at = record.at();
        self.traffic[direction].on_packet(&record.sent());
        self.fine_clock |= record.fine_clock();
        self.head.last_packet = record.number;
        if self.path.is_none() && record.path != 0 {
            self.path = opened.beside.paths.get(usize::from(record.path)).cloned().map(Box::new);
        }
        if let Some(at) = at {
            self.start = Some(self.start.map_or(at, |start| start.min(at)));
            self.head.end = Some(self.head.end.map_or(at, |end| end.max(at)));
        }
        if let Some(segment) = segment.filter(|segment| segment.flags.intersects(tcp::Flags::CLOSING)) {
            self.on_closing(direction, segment);
        }
        let verdict = match (&mut self.tcp, segment) {
            (Some(tcp), Some(segment)) => Some(tcp.on_segment(direction, segment, resolutions)),
            _ => None,
        };
        if let Some(listener) = &mut self.listener {
            let heard = Heard {
                number: record.number,
                at,
                direction,
                segment: segment.zip(verdict.as_ref()),
                payload: opened.payload(&record.payload),
                frame_len: record.frame_len(),
                payload_len: record.payload_len(),
            };
            listener.hear(&heard, room, say);
            if listener.is_over() {
                self.service = listener.service();
                self.has_listener = false;
                self.listener = None;
            }
        }
        if let Some(at) = at.filter(|_| record.payload_len() > 0 && verdict.as_ref().is_none_or(is_new_data))
        {
            self.responses.on_payload(direction, at);
        }
        verdict
    }

    /// A FIN or RST: the flow closes with a RST, or with the second FIN.
    fn on_closing(&mut self, direction: Direction, segment: &tcp::Segment) {
        self.fins[direction] = true;
        let reset = segment.flags.contains(tcp::Flags::RST);
        if self.head.closed.is_none() && (reset || self.fins[direction.reverse()]) {
            self.head.closed = Some(segment.at);
        }
    }

    /// What is asked of every flow now and then.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether nothing is pending, so that it can be put aside.
    pub fn may_sleep(&self) -> bool {
        self.tcp.as_ref().is_none_or(|tcp| tcp.is_settled())
    }

    /// Whether something listens to it.
    pub fn has_listener(&self) -> bool {
        self.has_listener
    }

    /// What listens to it.
    pub fn listener(&self) -> Option<&dyn Listener<Row>> {
        self.listener.as_deref()
    }

    /// Lets `listener` listen to it.
    pub fn set_listener(&mut self, listener: Box<dyn Listener<Row>>) {
        self.listener = Some(listener);
    }

    /// Nothing listens to it any more.
    pub fn ignore(&mut self, room: &mut Room) {
        if let Some(mut listener) = self.listener.take() {
            // What it holds is let go.
            listener.end(room, &mut |_| ());
        }
    }

    /// It begins on the addresses and ports of an earlier connection.
    pub fn reuse_ports(&mut self) {
        if let Some(tcp) = &mut self.tcp {
            **tcp = tcp::Connection::reusing_ports();
        }
    }

    /// Counts an ICMP error that quotes it.
    pub fn on_icmp_error(&mut self, error: IcmpError) {
        let (errors, _) = self.icmp.unwrap_or((0, error));
        self.icmp = Some((errors.saturating_add(1), error));
    }

    /// Ends it: what was pending is decided, and its listener says its last rows.
    pub fn finish(
        &mut self,
        room: &mut Room,
        resolutions: &mut Vec<tcp::Resolution>,
        say: &mut dyn FnMut(Row),
    ) {
        if let Some(tcp) = &mut self.tcp {
            tcp.finish(resolutions);
        }
        if let Some(listener) = &mut self.listener {
            listener.end(room, say);
        }
    }

    /// The flow behind a row that its listener says now.
    pub fn speaker(&self, key: &Key) -> Speaker {
        let (client, client_inferred) = self.roles(key, self.tcp.as_ref().and_then(|tcp| tcp.client()));
        let connect = self.tcp.as_ref().and_then(|tcp| tcp.initial_rtt());
        let (start, fine_clock) = (self.start, self.fine_clock);
        Speaker { key: *key, client, client_inferred, start, fine_clock, connect }
    }

    /// The client's direction, and whether that is a guess, where `known` is what the segments told.
    fn roles(&self, key: &Key, known: Option<(Direction, bool)>) -> (Direction, bool) {
        known.unwrap_or((guess_client(key, self.first_sender), true))
    }

    /// Its row, with its samples where they are wanted.
    pub fn row(&self, identity: &Identity, samples: bool) -> FlowRow {
        let Identity { key, flow, stream, continued, evicted } = identity;
        let known = self.tcp.as_ref().and_then(|tcp| tcp.client());
        let (client, client_inferred) = self.roles(key, known);
        let tcp = self.tcp.as_ref().map(|tcp| Box::new(tcp.summary(client)));
        FlowRow {
            file: None,
            flow: *flow,
            stream: stream.filter(|_| matches!(key.protocol, TCP | UDP)),
            key: *key,
            client,
            client_inferred,
            continued: *continued,
            evicted: *evicted,
            service: self.service().map(Service::name),
            vlans: self.path.as_ref().map_or(Vec::new(), |path| path.vlans.to_vec()),
            tunnels: self.path.as_ref().map_or(Vec::new(), |path| path.tunnels.to_vec()),
            first_packet: self.head.first_packet,
            start: self.start,
            end: self.head.end,
            fine_clock: self.fine_clock,
            icmp_errors: self.icmp.map_or(0, |(errors, _)| errors),
            icmp_error: self.icmp.map(|(_, error)| error),
            traffic: self.traffic,
            responses: self.responses.stats(),
            tcp,
            samples: samples.then(|| Box::new(self.samples())),
        }
    }

    fn service(&self) -> Option<Service> {
        self.listener.as_ref().map_or(self.service, |listener| listener.service())
    }

    fn samples(&self) -> Samples {
        let rtt = |direction| self.tcp.as_ref().map(|tcp| tcp.round_trips(direction).clone());
        let responses = |direction| self.responses.samples[direction].as_deref().cloned();
        let both = |of: &dyn Fn(Direction) -> Option<Quantiles>| {
            let [forward, reverse] = Direction::BOTH.map(|direction| of(direction).unwrap_or_default());
            Pair { forward, reverse }
        };
        Samples { rtt: both(&rtt), responses: both(&responses) }
    }
}

/// Payload that says something for the first time, and in its turn.
fn is_new_data(verdict: &Verdict) -> bool {
    const OTHERS: [Tag; 6] = [
        Tag::Retransmission,
        Tag::OutOfOrder,
        Tag::CaptureDuplicate,
        Tag::NetworkDuplicate,
        Tag::WindowProbe,
        Tag::KeepAlive,
    ];
    !OTHERS.iter().any(|&tag| verdict.tags.contains(tag))
}

/// How long each side took to begin its answers: from the last payload of what the other side sent to the first
/// of what it sent next.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Responses {
    latest: Option<(Direction, Timestamp)>,
    samples: Pair<Option<Box<Quantiles>>>,
}

impl Responses {
    fn on_payload(&mut self, direction: Direction, at: Timestamp) {
        if let Some((sender, asked)) = self.latest
            && sender != direction
        {
            self.samples[direction].get_or_insert_default().record(at.since(asked));
        }
        self.latest = Some((direction, at));
    }

    fn stats(&self) -> Pair<ResponseStats> {
        self.samples.map(|samples| {
            let Some(samples) = samples else { return ResponseStats::default() };
            let quantile = |share| samples.quantile(share);
            let figures = || Some([samples.min()?, quantile(0.5)?, quantile(0.95)?, samples.max()?]);
            ResponseStats { samples: samples.count(), min_p50_p95_max: figures() }
        })
    }
}
