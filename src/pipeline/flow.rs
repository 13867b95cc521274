//! What is kept of one flow while it is open, and the row it becomes.

use serde::{Deserialize, Serialize};

use super::ended::Identity;
use super::listener::{Heard, Listener, Speaker};
use super::opened::Opened;
use super::record::{Path, Record, TCP, UDP};
use super::responses::Responses;
use super::rows::{FlowRow, Samples};
use super::settings::Lifetime;
use super::young::Young;
use crate::app::Service;
use crate::decode::IcmpError;
use crate::flow::{Direction, Key, Pair, Traffic, guess_client};
use crate::stats::Quantiles;
use crate::tcp::stream::Room;
use crate::tcp::{self, Verdict};
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

/// What is kept of a flow's TCP.
#[derive(Deserialize, Serialize)]
enum Tcp {
    /// Its segments, to be analysed later.
    Young(Young),
    /// What the analysis remembers.
    Analysed(Box<tcp::Connection>),
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
    tcp: Option<Tcp>,
    service: Option<Service>,
    has_listener: bool,
    #[serde(skip)]
    listener: Option<Box<dyn Listener<Row>>>,
    /// Whether it is among those of its shard that are awake and may be put aside.
    #[serde(skip)]
    pub listed: bool,
}

impl<Row> Open<Row> {
    /// A flow that begins with the packet `number`, sent in `direction`. With `notes`, it says of every packet what it is.
    pub fn new(
        key: &Key,
        number: u64,
        direction: Direction,
        notes: bool,
        listener: Option<Box<dyn Listener<Row>>>,
    ) -> Self {
        let at_once = notes || listener.as_ref().is_some_and(|listener| listener.needs_verdicts());
        let mut open = Self {
            head: Head { first_packet: number, last_packet: number, closed: None, end: None },
            fins: Pair::default(),
            first_sender: direction,
            start: None,
            fine_clock: false,
            path: None,
            icmp: None,
            traffic: Pair::default(),
            responses: Responses::default(),
            tcp: (key.protocol == TCP).then(|| Tcp::Young(Young::default())),
            service: None,
            has_listener: listener.is_some(),
            listener,
            listed: false,
        };
        if at_once {
            open.analyse(&mut Room::default());
        }
        open
    }

    /// Whether a segment begins a new connection on the same addresses and ports.
    pub fn is_reused_by(&mut self, direction: Direction, segment: &tcp::Segment, room: &mut Room) -> bool {
        if let Some(Tcp::Young(young)) = &self.tcp {
            if let Some(reused) = young.is_reused_by(direction, segment) {
                return reused;
            }
            self.analyse(room);
        }
        match &self.tcp {
            Some(Tcp::Analysed(tcp)) => tcp.is_reused_by(direction, segment),
            _ => false,
        }
    }

    /// What was written down of it is analysed, and from now on every segment at once.
    fn analyse(&mut self, room: &mut Room) {
        let Some(Tcp::Young(young)) = &self.tcp else { return };
        if let Some(listener) = &mut self.listener {
            listener.catch_up(young.journal(), room);
        }
        let (connection, responses) = young.replay();
        self.responses = responses;
        self.tcp = Some(Tcp::Analysed(Box::new(connection)));
    }

    /// Whether little is kept of it, so that it need not be put aside.
    pub fn is_light(&self) -> bool {
        self.listener.is_none() && !matches!(self.tcp, Some(Tcp::Analysed(_)))
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
        if let (Some(Tcp::Young(young)), Some(segment)) = (&self.tcp, segment)
            && young.is_over(direction, segment)
        {
            self.analyse(room);
        }
        let verdict = match (&mut self.tcp, segment) {
            (Some(Tcp::Analysed(tcp)), Some(segment)) => {
                Some(tcp.on_segment(direction, segment, resolutions))
            }
            _ => None,
        };
        if let Some(listener) = &mut self.listener {
            let before = match &self.tcp {
                Some(Tcp::Young(young)) => Some(young.journal()),
                _ => None,
            };
            let heard = Heard {
                number: record.number,
                at,
                direction,
                segment,
                verdict: verdict.as_ref(),
                before,
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
        match (&mut self.tcp, segment, &verdict) {
            (Some(Tcp::Young(young)), Some(&segment), _) => {
                young.push(&tcp::Entry { direction, segment, timed: at.is_some() });
            }
            (_, _, Some(verdict)) => {
                if let Some(at) = at {
                    self.responses.on_segment(direction, at, record.payload_len(), verdict);
                }
            }
            _ => {
                if let Some(at) = at.filter(|_| record.payload_len() > 0) {
                    self.responses.on_payload(direction, at);
                }
            }
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
        match &self.tcp {
            Some(Tcp::Analysed(tcp)) => tcp.is_settled(),
            _ => true,
        }
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
        match &mut self.tcp {
            Some(Tcp::Young(young)) => *young = Young::reusing_ports(),
            Some(Tcp::Analysed(tcp)) => **tcp = tcp::Connection::reusing_ports(),
            None => {}
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
        if let Some(Tcp::Analysed(tcp)) = &mut self.tcp {
            tcp.finish(resolutions);
        }
        if let Some(listener) = &mut self.listener {
            listener.end(room, say);
        }
    }

    /// The flow behind a row that its listener says now.
    pub fn speaker(&self, key: &Key) -> Speaker {
        let (known, connect) = match &self.tcp {
            Some(Tcp::Analysed(tcp)) => (tcp.client(), tcp.initial_rtt()),
            Some(Tcp::Young(young)) => {
                let (tcp, _) = young.replay();
                (tcp.client(), tcp.initial_rtt())
            }
            None => (None, None),
        };
        let (client, client_inferred) = self.roles(key, known);
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
        let replayed;
        let (tcp, responses) = match &self.tcp {
            Some(Tcp::Young(young)) => {
                let (mut tcp, responses) = young.replay();
                tcp.finish(&mut Vec::new());
                replayed = (tcp, responses);
                (Some(&replayed.0), &replayed.1)
            }
            Some(Tcp::Analysed(tcp)) => (Some(&**tcp), &self.responses),
            None => (None, &self.responses),
        };
        let (client, client_inferred) = self.roles(key, tcp.and_then(|tcp| tcp.client()));
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
            responses: responses.stats(),
            tcp: tcp.map(|tcp| Box::new(tcp.summary(client))),
            samples: samples.then(|| Box::new(sampled(tcp, responses))),
        }
    }

    fn service(&self) -> Option<Service> {
        self.listener.as_ref().map_or(self.service, |listener| listener.service())
    }
}

/// What was measured of a flow.
fn sampled(tcp: Option<&tcp::Connection>, responses: &Responses) -> Samples {
    let rtt = |direction| tcp.map(|tcp| tcp.round_trips(direction).clone());
    let responses = |direction| responses.samples(direction).cloned();
    let both = |of: &dyn Fn(Direction) -> Option<Quantiles>| {
        let [forward, reverse] = Direction::BOTH.map(|direction| of(direction).unwrap_or_default());
        Pair { forward, reverse }
    };
    Samples { rtt: both(&rtt), responses: both(&responses) }
}
