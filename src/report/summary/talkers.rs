//! The hosts with the most traffic.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::decode::Address;
use crate::flow::Direction;
use crate::pipeline::FlowRow;
use crate::report::schema::{Family, Kind, Schema, Spec};

/// Hosts that are told apart; flows of others are not counted.
const MOST_HOSTS: usize = 1_000_000;

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
}

/// Traffic by host.
#[derive(Debug, Default)]
pub struct Talkers(HashMap<Address, Traffic, RandomState>);

impl Talkers {
    /// Adds a flow at both of its hosts.
    pub fn on_flow(&mut self, row: &FlowRow) {
        for near in Direction::BOTH {
            let (out, back) = (&row.traffic[near], &row.traffic[near.reverse()]);
            let packets = out.packets + back.packets;
            let traffic = Traffic { sent: out.wire_bytes, received: back.wire_bytes, packets, flows: 1 };
            self.add(row.key.sender(near).0, traffic);
        }
    }

    fn add(&mut self, host: Address, more: Traffic) {
        if self.0.len() >= MOST_HOSTS && !self.0.contains_key(&host) {
            return;
        }
        let traffic = self.0.entry(host).or_default();
        traffic.sent = traffic.sent.saturating_add(more.sent);
        traffic.received = traffic.received.saturating_add(more.received);
        traffic.packets += more.packets;
        traffic.flows += more.flows;
    }

    /// Adds the traffic of later flows.
    pub fn merge(&mut self, other: Self) {
        let mut others: Vec<_> = other.0.into_iter().collect();
        if self.0.len() + others.len() > MOST_HOSTS {
            others.sort_unstable_by_key(|(host, _)| *host);
        }
        for (host, traffic) in others {
            self.add(host, traffic);
        }
    }

    /// The `most` hosts with the most bytes, the greatest first.
    pub fn top(&self, most: usize) -> Vec<Talker> {
        let talker = |(&host, &traffic): (&Address, &Traffic)| Talker { host, traffic };
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
