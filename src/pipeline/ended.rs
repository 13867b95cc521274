//! Flows on their way to their rows.

use super::asleep::Kept;
use super::counted::Counted;
use super::flow::Open;
use super::noted::Seen;
use super::record::{Path, TCP, UDP};
use super::responses::Responses;
use super::rows::{FlowRow, Samples};
use super::shard::Listen;
use super::young::Replayed;
use crate::app::Service;
use crate::flow::{Direction, Key, Pair, guess_client};
use crate::stats::Quantiles;
use crate::tcp::Connection;
use crate::time::Timestamp;

/// What a flow's entry says of it.
pub(super) struct Identity {
    /// Its number.
    pub flow: u64,
    /// The stream's number.
    pub stream: Option<u64>,
    /// Its endpoints.
    pub key: Key,
    /// It goes on with a flow that was ended before.
    pub continued: bool,
    /// A bound ended it.
    pub evicted: bool,
}

impl Identity {
    /// The row of the flow `open`. One that sleeps has nothing pending, and its listener says no rows.
    pub fn row<Row>(
        &self,
        open: &Kept<Row>,
        listen: &dyn Listen<Row>,
        samples: bool,
        replayed: &mut Replayed,
    ) -> Option<FlowRow> {
        let service = |open: &Open<Row>| open.service(|| listen.listen(&self.key));
        match open {
            Kept::Nothing => None,
            Kept::Noted(noted) => noted.row(self, || listen.listen(&self.key), samples, replayed),
            Kept::Awake(open) => Some(open.row(self, service(open), samples, replayed)),
            Kept::Asleep(asleep) => {
                let open = asleep.wake()?;
                Some(open.row(self, service(&open), samples, replayed))
            }
        }
    }

    /// The row of a flow that showed what was `seen`, as far as all flows have one.
    pub fn row_of(
        &self,
        seen: &Seen,
        path: Option<&Path>,
        service: Option<Service>,
        tcp: Option<&Connection>,
        counted: &Counted,
        samples: bool,
    ) -> FlowRow {
        let Self { key, flow, stream, continued, evicted } = self;
        let Counted { traffic, responses } = counted;
        let guess = || (guess_client(key, seen.first_sender), true);
        let (client, client_inferred) = tcp.and_then(Connection::client).unwrap_or_else(guess);
        FlowRow {
            file: None,
            flow: *flow,
            stream: stream.filter(|_| matches!(key.protocol(), TCP | UDP)),
            key: *key,
            client,
            client_inferred,
            continued: *continued,
            evicted: *evicted,
            service: service.map(Service::name),
            vlans: path.map_or(Vec::new(), |path| path.vlans.to_vec()),
            tunnels: path.map_or(Vec::new(), |path| path.tunnels.to_vec()),
            first_packet: seen.first_packet,
            start: seen.start,
            end: seen.end,
            fine_clock: seen.fine_clock,
            icmp_errors: 0,
            icmp_error: None,
            traffic: *traffic,
            responses: responses.stats(),
            tcp: tcp.map(|tcp| Box::new(tcp.summary(client))),
            samples: samples.then(|| Box::new(sampled(tcp, responses))),
        }
    }
}

/// A flow that ended, on its way to its row.
pub(super) struct Ended<Row> {
    /// When it ended.
    pub at: Timestamp,
    /// What its entry said of it.
    pub identity: Identity,
    /// What was kept of it.
    pub open: Kept<Row>,
}

impl<Row> Ended<Row> {
    /// Its row, with its samples where they are wanted.
    pub fn row(&self, listen: &dyn Listen<Row>, samples: bool, replayed: &mut Replayed) -> Option<FlowRow> {
        self.identity.row(&self.open, listen, samples, replayed)
    }
}

/// What was measured of a flow.
fn sampled(tcp: Option<&Connection>, responses: &Responses) -> Samples {
    let rtt = |direction| tcp.map(|tcp| tcp.round_trips(direction).clone());
    let responses = |direction| responses.samples(direction).cloned();
    let both = |of: &dyn Fn(Direction) -> Option<Quantiles>| {
        let [forward, reverse] = Direction::BOTH.map(|direction| of(direction).unwrap_or_default());
        Pair { forward, reverse }
    };
    Samples { rtt: both(&rtt), responses: both(&responses) }
}
