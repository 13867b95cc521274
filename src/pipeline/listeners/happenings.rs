//! What happens in a flow, interval by interval.

use super::{Said, Services, Transactions};
use crate::app::Service;
use crate::app::http::{Exchange, Limits};
use crate::flow::{Direction, Key, Pair, guess_client};
use crate::pipeline::record::UDP;
use crate::pipeline::{Heard, Listener};
use crate::stats::{Grid, Quantiles, Sum};
use crate::tcp::stream::Room;
use crate::tcp::{Flags, Segment, Tag, Tags};
use crate::time::{Span, Timestamp};

/// Packets for which the application protocol is waited for, where it is wanted.
const PATIENCE: u32 = 1000;

/// What happened to a flow in an interval.
#[derive(Clone, Debug)]
pub struct Happened {
    /// An instant in the interval, as wide as it was then; `None` for packets without a time.
    pub at: Option<Timestamp>,
    /// The direction in which the client sends, as its first packet shows.
    pub client: Direction,
    /// The application protocol, where it was waited for.
    pub service: Option<&'static str>,
    /// What happened.
    pub tally: Box<Tally>,
}

/// What happened in an interval.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Frames.
    pub packets: u64,
    /// Their length on the wire.
    pub wire_bytes: u64,
    /// Transport payload.
    pub payload_bytes: u64,
    /// TCP segments with payload.
    pub data_segments: u64,
    /// TCP segments, by what they are.
    pub loss: Loss,
    /// Windows that closed and opened.
    pub windows: WindowSteps,
    /// Round trips to the server, and to the client.
    pub rtt: [Quantiles; 2],
    /// Requests of HTTP.
    pub requests: u64,
    /// Answers with status 400 and above, and requests without an answer.
    pub errors: u64,
    /// Time to first byte.
    pub first_bytes: Quantiles,
}

/// Counts of TCP segments by what they are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Loss {
    /// Sent again.
    pub retransmitted: u64,
    /// Of these: SYN, fast, by timeout, as a probe, FIN, for no reason that shows.
    pub causes: [u64; 6],
    /// Reordered by the network.
    pub out_of_order: u64,
}

/// The causes of retransmissions, in their order in [`Loss::causes`].
const CAUSES: [Tag; 6] = [Tag::Syn, Tag::Fast, Tag::Rto, Tag::Tlp, Tag::Fin, Tag::Unclassified];

/// Windows that closed or opened, so that how long any were closed can be told for every interval: between two instants
/// each one that is closed adds the time between them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WindowSteps {
    /// Times that a window closed.
    pub closed: u64,
    /// Windows that closed less those that opened.
    pub open: i64,
    /// When they closed less when they opened, in nanoseconds since 1970.
    pub moments: i128,
}

impl Sum for WindowSteps {
    fn add(&mut self, other: &Self) {
        self.closed += other.closed;
        self.open += other.open;
        self.moments += other.moments;
    }
}

impl WindowSteps {
    /// For how long windows were closed until `until`, all those that closed before it together.
    pub fn until(&self, until: Timestamp) -> i128 {
        i128::from(self.open) * i128::from(until.as_nanos()) - self.moments
    }

    fn on_close(&mut self, at: Timestamp) {
        self.closed += 1;
        self.open += 1;
        self.moments += i128::from(at.as_nanos());
    }

    fn on_open(&mut self, at: Timestamp) {
        self.open -= 1;
        self.moments -= i128::from(at.as_nanos());
    }
}

impl Sum for Loss {
    fn add(&mut self, other: &Self) {
        self.retransmitted += other.retransmitted;
        self.causes.iter_mut().zip(other.causes).for_each(|(mine, its)| *mine += its);
        self.out_of_order += other.out_of_order;
    }
}

impl Loss {
    fn on_tags(&mut self, tags: Tags) {
        self.out_of_order += u64::from(tags.contains(Tag::OutOfOrder));
        if tags.contains(Tag::Retransmission) {
            self.retransmitted += 1;
            for (count, cause) in self.causes.iter_mut().zip(CAUSES) {
                *count += u64::from(tags.contains(cause));
            }
        }
    }
}

impl Sum for Tally {
    fn add(&mut self, other: &Self) {
        self.packets += other.packets;
        self.wire_bytes = self.wire_bytes.saturating_add(other.wire_bytes);
        self.payload_bytes = self.payload_bytes.saturating_add(other.payload_bytes);
        self.data_segments += other.data_segments;
        self.loss.add(&other.loss);
        self.windows.add(&other.windows);
        self.rtt.iter_mut().zip(&other.rtt).for_each(|(mine, its)| mine.merge(its));
        self.requests += other.requests;
        self.errors += other.errors;
        self.first_bytes.merge(&other.first_bytes);
    }
}

/// Listens to a flow, and says what happens in each interval.
#[derive(Debug)]
pub struct Happenings {
    grid: Grid,
    key: Key,
    client: Option<Direction>,
    /// The interval that it is in, and where it ends.
    now: Option<(Option<Timestamp>, Timestamp)>,
    tally: Box<Tally>,
    closed_at: Pair<Option<Timestamp>>,
    latest: Timestamp,
    /// Reads what is spoken.
    transactions: Option<Transactions>,
    datagrams: Option<Services>,
    /// What is spoken, once that is settled.
    service: Option<&'static str>,
    /// What happened so far, while it is not known what is spoken, and packets to wait for that.
    waiting: Option<(Vec<Happened>, u32)>,
}

impl Happenings {
    /// A listener for the flow `key`. `service`: what is spoken is wanted with what happens.
    pub fn of(key: &Key, grid: &Grid, service: bool) -> Self {
        Self {
            grid: grid.clone(),
            key: *key,
            client: None,
            now: None,
            tally: Box::default(),
            closed_at: Pair::default(),
            latest: Timestamp::default(),
            transactions: Transactions::of(key, Limits::default(), false),
            datagrams: if key.protocol() == UDP && service { Services::of(key) } else { None },
            service: None,
            waiting: service.then(|| (Vec::new(), PATIENCE)),
        }
    }

    fn found(&self) -> Option<Service> {
        let of_stream = self.transactions.as_ref().and_then(Listener::<Said>::service);
        of_stream.or_else(|| self.datagrams.as_ref().and_then(Listener::<()>::service))
    }

    /// Comes to `at`: what happened in the interval before is said.
    fn move_to(&mut self, at: Option<Timestamp>, say: &mut dyn FnMut(Happened)) {
        let stays = match (self.now, at) {
            (Some((Some(from), until)), Some(at)) => from <= at && at < until,
            (Some((None, _)), None) => true,
            _ => false,
        };
        if stays {
            return;
        }
        self.say_so_far(say);
        let width = self.grid.width();
        self.now = Some(match at {
            None => (None, Timestamp::default()),
            Some(at) => {
                let place = self.grid.place(at, width);
                (Some(self.grid.start(place, width)), self.grid.start(place.saturating_add(1), width))
            }
        });
    }

    fn say_so_far(&mut self, say: &mut dyn FnMut(Happened)) {
        let Some((at, _)) = self.now.take() else { return };
        let tally = std::mem::take(&mut self.tally);
        self.say(at, tally, say);
    }

    fn say(&mut self, at: Option<Timestamp>, tally: Box<Tally>, say: &mut dyn FnMut(Happened)) {
        let client = self.client.unwrap_or(Direction::Forward);
        let happened = Happened { at, client, service: self.service, tally };
        match &mut self.waiting {
            Some((waiting, _)) => waiting.push(happened),
            None => say(happened),
        }
    }

    /// Says what waits if it is known what is spoken, or will not be.
    fn release(&mut self, say: &mut dyn FnMut(Happened)) {
        if self.waiting.is_none() {
            return;
        }
        let service = self.found().map(Service::name);
        let Some((waiting, patience)) = &mut self.waiting else { return };
        if service.is_some() || *patience == 0 {
            waiting.drain(..).for_each(|happened| say(Happened { service, ..happened }));
            (self.waiting, self.service) = (None, service);
        } else {
            *patience -= 1;
        }
    }

    fn on_segment(&mut self, direction: Direction, at: Timestamp, segment: &Segment, tags: Tags) {
        self.latest = self.latest.max(at);
        self.tally.data_segments += u64::from(segment.payload_len > 0 && !segment.flags.contains(Flags::RST));
        self.tally.loss.on_tags(tags);
        let is_copy = tags.contains(Tag::CaptureDuplicate);
        if is_copy || segment.flags.intersects(Flags(Flags::SYN.0 | Flags::RST.0)) {
            return;
        }
        let closed_at = &mut self.closed_at[direction];
        match (*closed_at, segment.window) {
            (None, 0) if segment.flags.contains(Flags::ACK) => {
                *closed_at = Some(at);
                self.tally.windows.on_close(at);
            }
            (Some(before), 1..) => {
                *closed_at = None;
                self.tally.windows.on_open(at.max(before));
            }
            _ => {}
        }
    }

    fn on_exchange(&mut self, exchange: &Exchange, say: &mut dyn FnMut(Happened)) {
        let mut tally = Box::<Tally>::default();
        let status = exchange.response.as_ref().and_then(|response| response.head.status());
        tally.requests = u64::from(exchange.request.is_some());
        tally.errors = u64::from(status.is_none_or(|status| status >= 400));
        if let Some(span) = exchange.time_to_first_byte() {
            tally.first_bytes.record(span);
        }
        let message = exchange.request.as_ref().or(exchange.response.as_ref());
        self.say(message.map(|message| message.extent.first.at), tally, say);
    }
}

impl Listener<Happened> for Happenings {
    fn hear(&mut self, heard: &Heard<'_>, room: &mut Room, say: &mut dyn FnMut(Happened)) {
        if self.client.is_none() {
            self.client = Some(client(&self.key, heard));
        }
        self.move_to(heard.at, say);
        self.tally.packets += 1;
        self.tally.wire_bytes += u64::from(heard.frame_len);
        self.tally.payload_bytes += u64::from(heard.payload_len);
        if let Some((segment, verdict)) = heard.segment.zip(heard.verdict) {
            self.on_segment(heard.direction, segment.at, segment, verdict.tags);
            if let Some(rtt) = verdict.rtt {
                let [to_server, to_client] = &mut self.tally.rtt;
                // An ACK tells the distance to who sent it.
                let distance = if Some(heard.direction) == self.client { to_client } else { to_server };
                distance.record(rtt.max(Span::ZERO));
            }
        }
        let mut exchanges = Vec::new();
        if let Some(transactions) = &mut self.transactions {
            transactions.hear(heard, room, &mut |said| exchanges.push(said));
        }
        if let Some(datagrams) = &mut self.datagrams {
            datagrams.hear(heard, room, &mut |(): ()| ());
        }
        self.on_said(&exchanges, say);
        self.release(say);
    }

    fn end(&mut self, room: &mut Room, say: &mut dyn FnMut(Happened)) {
        let latest = self.latest;
        for direction in Direction::BOTH {
            if let Some(before) = self.closed_at[direction].take() {
                self.move_to(Some(latest.max(before)), say);
                self.tally.windows.on_open(latest.max(before));
            }
        }
        self.say_so_far(say);
        let mut exchanges = Vec::new();
        if let Some(transactions) = &mut self.transactions {
            transactions.end(room, &mut |said| exchanges.push(said));
        }
        self.on_said(&exchanges, say);
        if let Some((_, patience)) = &mut self.waiting {
            *patience = 0;
        }
        self.release(say);
    }

    fn service(&self) -> Option<Service> {
        self.found()
    }
}

impl Happenings {
    fn on_said(&mut self, said: &[Said], say: &mut dyn FnMut(Happened)) {
        for said in said {
            if let Said::Exchange(exchange) = said {
                self.on_exchange(exchange, say);
            }
        }
    }
}

/// Who is the client, as the first packet of a flow shows.
fn client(key: &Key, heard: &Heard<'_>) -> Direction {
    let flags = heard.segment.map(|segment| segment.flags).unwrap_or_default();
    match (flags.contains(Flags::SYN), flags.contains(Flags::ACK)) {
        (true, false) => heard.direction,
        (true, true) => heard.direction.reverse(),
        _ => guess_client(key, heard.direction),
    }
}
