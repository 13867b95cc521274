//! The hosts with the most traffic.

use crate::decode::Address;
use crate::flow::Direction;
use crate::pipeline::FlowRow;
use crate::report::schema::{Family, Kind, Schema, Spec};
use crate::stats::Bounded;

/// A host and its traffic, both ways.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Talker {
    host: Address,
    traffic: Traffic,
}

#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
struct Traffic {
    sent: u64,
    received: u64,
    packets: u64,
    flows: u64,
    /// TCP segments with payload, both ways.
    data_segments: u64,
    /// TCP segments sent again, both ways, and flows that have such.
    retransmitted: u64,
    lossy_flows: u64,
}

/// The host to or from which most of what was sent again was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lossy {
    /// The host.
    pub host: Address,
    /// TCP segments sent again to or from it.
    pub retransmitted: u64,
    /// TCP segments with payload to or from it.
    pub data_segments: u64,
    /// Its flows with segments sent again.
    pub flows: u64,
}

impl Traffic {
    fn add(&mut self, more: Self) {
        self.sent = self.sent.saturating_add(more.sent);
        self.received = self.received.saturating_add(more.received);
        self.packets += more.packets;
        self.flows += more.flows;
        self.data_segments += more.data_segments;
        self.retransmitted += more.retransmitted;
        self.lossy_flows += more.lossy_flows;
    }
}

/// Traffic by host.
#[derive(Debug)]
pub struct Talkers(Bounded<Address, Traffic>);

impl Talkers {
    /// Of no hosts yet; at most so many are told apart.
    pub fn new(most: usize) -> Self {
        Self(Bounded::new(most))
    }

    /// Adds a flow at both of its hosts.
    pub fn on_flow(&mut self, row: &FlowRow) {
        let halves = row.tcp.as_ref().map(|tcp| Direction::BOTH.map(|direction| tcp.halves[direction]));
        let halves = halves.unwrap_or_default();
        let data_segments = halves.iter().map(|half| u64::from(half.data_segments)).sum();
        let retransmitted = halves.iter().map(|half| u64::from(half.loss.retransmitted_segments)).sum();
        for near in Direction::BOTH {
            let (out, back) = (&row.traffic[near], &row.traffic[near.reverse()]);
            let packets = out.packets + back.packets;
            let traffic = Traffic {
                sent: out.wire_bytes,
                received: back.wire_bytes,
                packets,
                flows: 1,
                data_segments,
                retransmitted,
                lossy_flows: (retransmitted > 0).into(),
            };
            if let Some(of_host) = self.0.value(row.key.sender(near).0) {
                of_host.add(traffic);
            }
        }
    }

    /// Adds the traffic of later flows.
    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0, Traffic::add);
    }

    /// How often a flow was not counted for a host, since there were too many.
    pub fn left_out(&self) -> u64 {
        self.0.refused()
    }

    /// The host with most of the segments sent again, if those are more than half of `retransmitted` and its segments with
    /// payload less than half of `data_segments`; of equal ones that with less to lose, then the lowest.
    pub fn lossiest(&self, retransmitted: u64, data_segments: u64) -> Option<Lossy> {
        let concentrated = self.0.iter().filter(|(_, of)| {
            of.retransmitted > retransmitted / 2 && of.data_segments < data_segments.div_ceil(2)
        });
        let order =
            |&(host, of): &(Address, &Traffic)| (std::cmp::Reverse(of.retransmitted), of.data_segments, host);
        let (host, of) = concentrated.min_by_key(order)?;
        let (retransmitted, data_segments) = (of.retransmitted, of.data_segments);
        Some(Lossy { host, retransmitted, data_segments, flows: of.lossy_flows })
    }

    /// The `most` hosts with the most bytes, the greatest first.
    pub fn top(&self, most: usize) -> Vec<Talker> {
        let talker = |(host, &traffic): (Address, &Traffic)| Talker { host, traffic };
        let mut all: Vec<Talker> = self.0.iter().map(talker).collect();
        let bytes = |one: &Talker| std::cmp::Reverse(one.traffic.sent.saturating_add(one.traffic.received));
        all.sort_unstable_by_key(|one| (bytes(one), one.host));
        all.truncate(most);
        all
    }
}

/// Rows that are hosts.
pub enum Hosts {}

impl Family for Hosts {
    type Row<'a> = Talker;
}

type Field = Spec<Hosts>;

/// The fields of a host in a summary.
pub static HOSTS: Schema<Hosts> = Schema {
    command: "summary",
    row: "a host",
    groups: &[&[
        Field::one("host", Kind::Address, "The host.", |row| row.host.into()).rank(9),
        Field::one("flows", Kind::Count, "Its flows.", |row| row.traffic.flows.into()).rank(9),
        Field::one("packets", Kind::Count, "Their packets, both ways.", |row| row.traffic.packets.into())
            .rank(9),
        Field::one("sent_wire_bytes", Kind::Bytes, "What it sent.", |row| row.traffic.sent.into()).rank(9),
        Field::one("received_wire_bytes", Kind::Bytes, "What it received.", |row| {
            row.traffic.received.into()
        })
        .rank(9),
    ]],
};
