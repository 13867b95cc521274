//! `endpoints`: flows added up by host, or by what else they have in common.
//!
//! By host and by DSCP every flow counts at both of its sides; by anything else it counts once. Each row has a near
//! side, which sent and received: the host itself, of a pair the lower address, elsewhere the servers.

use std::collections::BTreeMap;

use crate::decode::Address;
use crate::flow::Direction;
use crate::pipeline::{FlowRow, Reached};
use crate::stats::Quantiles;

/// What flows are added up by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// Each host.
    Host,
    /// Two hosts, whoever is the client.
    Pair,
    /// The transport protocol and the server's port.
    ServerPort,
    /// The application protocol that the bytes showed.
    Service,
    /// The VLAN ids passed.
    Vlan,
    /// The DSCP values that one side sent.
    Dscp,
}

/// What the flows of a row have in common.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Group {
    /// A host.
    Host(Address),
    /// Two hosts, the lower address first.
    Pair(Address, Address),
    /// A protocol and a port.
    ServerPort(u8, u16),
    /// An application protocol, if one was found.
    Service(Option<&'static str>),
    /// VLAN ids, outermost first.
    Vlans(Vec<u16>),
    /// DSCP values: bit N for value N.
    Dscp(u64),
    /// All that came when there were too many.
    Others,
}

/// A row: a group and what its flows come to.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// What they have in common.
    pub group: Group,
    /// What they come to.
    pub sums: Sums,
    /// Times have nine decimal digits.
    pub fine_clock: bool,
}

/// What flows come to.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// Flows, those in which the near side is the client and those in which it is the server.
    pub flows: [u64; 2],
    /// TCP connections that did not come about, with the near side as client and as server.
    pub failed: [u64; 2],
    /// What the near side sent.
    pub sent: Volume,
    /// What it received.
    pub received: Volume,
    /// Round trips from the capture point to the near side and back.
    pub rtt: Quantiles,
    /// Round trips to the other side.
    pub peer_rtt: Quantiles,
    /// How long servers took to begin their answers: the near side alone, where a flow counts at both.
    pub responses: Quantiles,
}

/// What was sent one way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Volume {
    /// Frames.
    pub packets: u64,
    /// Their length on the wire.
    pub wire_bytes: u64,
    /// Transport payload.
    pub payload_bytes: u64,
    /// TCP segments with payload.
    pub data_segments: u64,
    /// TCP segments sent again.
    pub retransmitted_segments: u64,
    /// RSTs.
    pub resets: u64,
}

/// Flows added up by group.
#[derive(Debug)]
pub struct Fold {
    by: By,
    most: usize,
    groups: BTreeMap<Group, Sums>,
    /// How often something was added to the row of all others.
    others: u64,
    fine_clock: bool,
}

impl Fold {
    /// Nothing yet. At most so many rows are kept apart; what comes beyond is added up in one.
    pub fn new(by: By, most: usize) -> Self {
        Self { by, most, groups: BTreeMap::new(), others: 0, fine_clock: false }
    }

    /// The bound on rows, if it was reached.
    pub fn reached(&self) -> Option<Reached> {
        let what = "times that flows were added to the row of all others";
        Reached::if_any(Some("--max-groups"), what, self.others)
    }

    /// Adds a flow.
    pub fn on_flow(&mut self, row: &FlowRow) {
        self.fine_clock |= row.fine_clock;
        let server = row.client.reverse();
        match self.by {
            By::Host => {
                for near in Direction::BOTH {
                    self.add(Group::Host(row.key.sender(near).0), row, near, near == server);
                }
            }
            By::Dscp => {
                for near in Direction::BOTH {
                    self.add(Group::Dscp(row.traffic[near].dscp), row, near, near == server);
                }
            }
            By::Pair => {
                let (first, second) = (row.key.first(), row.key.second());
                self.add(Group::Pair(first.0, second.0), row, Direction::Forward, true);
            }
            By::ServerPort => {
                let port = row.key.sender(server).1;
                self.add(Group::ServerPort(row.key.protocol(), port), row, server, true);
            }
            By::Service => self.add(Group::Service(row.service), row, server, true),
            By::Vlan => self.add(Group::Vlans(row.vlans.clone()), row, server, true),
        }
    }

    fn add(&mut self, group: Group, row: &FlowRow, near: Direction, answers: bool) {
        self.sums(group).on_flow(row, near, answers);
    }

    fn sums(&mut self, group: Group) -> &mut Sums {
        let is_full = self.groups.len() >= self.most && !self.groups.contains_key(&group);
        self.others += u64::from(is_full);
        self.groups.entry(if is_full { Group::Others } else { group }).or_default()
    }

    /// Adds what was folded of later flows.
    pub fn merge(&mut self, other: Self) {
        self.fine_clock |= other.fine_clock;
        self.others += other.others;
        for (group, sums) in other.groups {
            self.sums(group).merge(&sums);
        }
    }

    /// The rows, those with the most bytes first.
    pub fn into_rows(self) -> Vec<Endpoint> {
        let fine_clock = self.fine_clock;
        let row = |(group, sums)| Endpoint { group, sums, fine_clock };
        let mut rows: Vec<Endpoint> = self.groups.into_iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.sums.total().wire_bytes));
        rows
    }
}

impl Sums {
    fn on_flow(&mut self, row: &FlowRow, near: Direction, answers: bool) {
        let (far, server) = (near.reverse(), row.client.reverse());
        let role = usize::from(near == server);
        let count = |counts: &mut [u64; 2]| counts.iter_mut().skip(role).take(1).for_each(|one| *one += 1);
        count(&mut self.flows);
        if row.tcp.as_ref().is_some_and(|tcp| tcp.opening.has_failed()) {
            count(&mut self.failed);
        }
        self.sent.on_flow(row, near);
        self.received.on_flow(row, far);
        if let Some(samples) = &row.samples {
            self.rtt.merge(&samples.rtt[far]);
            self.peer_rtt.merge(&samples.rtt[near]);
            if answers {
                self.responses.merge(&samples.responses[server]);
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        for (mine, its) in [(&mut self.flows, other.flows), (&mut self.failed, other.failed)] {
            mine.iter_mut().zip(its).for_each(|(mine, its)| *mine += its);
        }
        self.sent.merge(&other.sent);
        self.received.merge(&other.received);
        self.rtt.merge(&other.rtt);
        self.peer_rtt.merge(&other.peer_rtt);
        self.responses.merge(&other.responses);
    }

    /// What was sent both ways.
    pub fn total(&self) -> Volume {
        let mut total = self.sent;
        total.merge(&self.received);
        total
    }
}

impl Volume {
    fn on_flow(&mut self, row: &FlowRow, direction: Direction) {
        let traffic = &row.traffic[direction];
        let half = row.tcp.as_ref().map(|tcp| tcp.halves[direction]).unwrap_or_default();
        self.merge(&Self {
            packets: traffic.packets,
            wire_bytes: traffic.wire_bytes,
            payload_bytes: traffic.payload_bytes,
            data_segments: half.data_segments.into(),
            retransmitted_segments: half.loss.retransmitted_segments.into(),
            resets: half.resets.into(),
        });
    }

    fn merge(&mut self, other: &Self) {
        self.packets += other.packets;
        self.wire_bytes = self.wire_bytes.saturating_add(other.wire_bytes);
        self.payload_bytes = self.payload_bytes.saturating_add(other.payload_bytes);
        self.data_segments += other.data_segments;
        self.retransmitted_segments += other.retransmitted_segments;
        self.resets += other.resets;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn rows(by: By) -> Vec<Endpoint> {
        let mut fold = Fold::new(by, 10);
        for flow in 0..3 {
            let mut part = Fold::new(by, 10);
            part.on_flow(&sample::flow(flow, flow + 1));
            fold.merge(part);
        }
        fold.into_rows()
    }

    #[test]
    fn a_flow_counts_at_both_hosts_and_once_elsewhere() {
        for (by, expected) in [
            (By::Host, 6),
            (By::Dscp, 6),
            (By::Pair, 3),
            (By::ServerPort, 3),
            (By::Service, 3),
            (By::Vlan, 3),
        ] {
            let rows = rows(by);
            let flows: u64 = rows.iter().map(|row| row.sums.flows.iter().sum::<u64>()).sum();
            let sent: u64 = rows.iter().map(|row| row.sums.total().retransmitted_segments).sum();
            assert_eq!((flows, sent), (expected, 2 * expected), "{by:?}");
        }
    }

    #[test]
    fn the_near_side_of_a_host_is_the_host_and_of_a_port_the_server() {
        let hosts = rows(By::Host);
        let client = hosts.iter().find(|row| row.group == Group::Host(Address::v4([10, 0, 0, 1])));
        let client = &client.unwrap().sums;
        assert_eq!((client.flows, client.sent.wire_bytes, client.received.packets), ([3, 0], 6000, 180));
        let ports = rows(By::ServerPort);
        assert_eq!(ports[0].group, Group::ServerPort(6, 80));
        assert_eq!((ports[0].sums.flows, ports[0].sums.received.wire_bytes), ([0, 3], 6000));
    }
}
