//! What the flows of a capture add up to, in memory that does not grow with them.

use super::servers::{Servers, slow_answers};
use super::talkers::Talkers;
use super::trust::Evidence;
use crate::decode::IcmpError;
use crate::flow::{Direction, Traffic};
use crate::pipeline::{FlowRow, Reached};
use crate::tcp::{Closing, HalfSummary, LossStats, Opening, Summary};
use crate::time::Span;

/// Sums over flows. Folds of parts of the flows are merged in order.
#[derive(Debug)]
pub struct Fold {
    /// By transport: TCP, UDP, ICMP, all others.
    pub transports: [Totals; 4],
    /// Over TCP connections.
    pub tcp: Connections,
    /// Connections whose server is slow, and how long the median of its answers took, in nanoseconds.
    pub slow_servers: Tally,
    /// Flows with ICMP errors that quote them.
    pub icmp_errors: Tally,
    /// What the last ICMP error of the flow with the most of them said.
    pub icmp_error: Option<IcmpError>,
    /// What speaks against the capture.
    pub evidence: Evidence,
    /// TCP connections by server.
    pub servers: Servers,
    /// Traffic by host.
    pub talkers: Talkers,
    /// The flows with the most bytes, the greatest first.
    pub top: Vec<FlowRow>,
    keep: usize,
}

/// Flows, and what they sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Flows.
    pub flows: u64,
    /// Frames.
    pub packets: u64,
    /// Their length on the wire.
    pub wire_bytes: u64,
    /// Transport payload.
    pub payload_bytes: u64,
    /// Network and transport headers.
    pub header_bytes: u64,
}

/// How many flows something happened to, how much of it, and to which flow most.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Flows.
    pub flows: u64,
    /// How much.
    pub amount: u64,
    /// The most of one flow, and its number.
    pub worst: Option<(u64, u64)>,
}

/// Sums over TCP connections.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connections {
    /// Connections.
    pub all: u64,
    /// Both sides spoke the handshake.
    pub complete: u64,
    /// A SYN-ACK, never completed.
    pub half_open: Tally,
    /// SYNs alone.
    pub no_answer: Tally,
    /// A SYN answered by a RST.
    pub refused: Tally,
    /// Joined midway.
    pub midstream: Tally,
    /// Closed by FINs.
    pub graceful: u64,
    /// Reset by the client.
    pub client_reset: Tally,
    /// Reset by the server.
    pub server_reset: Tally,
    /// One FIN alone.
    pub half_closed: u64,
    /// Still open at the end.
    pub open: u64,
    /// Packets of handshakes: SYNs and SYN-ACKs with those sent again, and the ACK that completes.
    pub handshake_packets: u64,
    /// Segments with payload.
    pub data_segments: u64,
    /// ACKs alone.
    pub pure_acks: u64,
    /// Sequence space sent again.
    pub retransmitted: Tally,
    /// Payload bytes sent again.
    pub retransmitted_bytes: u64,
    /// Of the segments sent again, those by each cause.
    pub causes: Causes,
    /// Retransmissions that were proven needless.
    pub spurious: Tally,
    /// Reordered by the network.
    pub out_of_order: Tally,
    /// Packets that the capture has twice.
    pub capture_duplicates: Tally,
    /// Packets that the network made twice.
    pub network_duplicates: Tally,
    /// Times that a window closed.
    pub zero_windows: Tally,
    /// For how long.
    pub zero_window_time: Span,
    /// Times that something of a connection was forgotten, since there was too much of it.
    pub bounds_reached: u64,
    /// Stream bytes seen.
    pub unique_bytes: u64,
    /// Stream bytes that the capture never showed.
    pub missing_bytes: Tally,
    /// Last less first sequence number of all streams.
    pub sent_bytes: u64,
    /// Sides of connections whose bytes seen and missing are not the last less the first sequence number.
    pub unaccounted: Tally,
    /// The greatest 95th percentile of round trips to a side, in nanoseconds, of flows with [`ENOUGH_SAMPLES`].
    pub slowest: Tally,
}

/// Round-trip samples that a flow must have to be called slow.
const ENOUGH_SAMPLES: u32 = 10;

impl Fold {
    /// An empty fold that keeps the `keep` greatest flows, and tells as many hosts and as many servers apart as `most`.
    pub fn new(keep: usize, most: usize) -> Self {
        Self {
            transports: Default::default(),
            tcp: Connections::default(),
            slow_servers: Tally::default(),
            icmp_errors: Tally::default(),
            icmp_error: None,
            evidence: Evidence::default(),
            servers: Servers::new(most),
            talkers: Talkers::new(most),
            top: Vec::new(),
            keep,
        }
    }

    /// Adds a flow.
    pub fn on_flow(&mut self, row: &FlowRow) {
        let [tcp, udp, icmp, other] = &mut self.transports;
        let totals = match row.key.protocol() {
            6 => tcp,
            17 => udp,
            1 | 58 => icmp,
            _ => other,
        };
        totals.on_flow(row);
        if row.icmp_errors > 0 {
            if self.icmp_errors.worst.is_none_or(|(most, _)| u64::from(row.icmp_errors) > most) {
                self.icmp_error = row.icmp_error;
            }
            self.icmp_errors.add(row.icmp_errors.into(), row.flow);
        }
        if let Some(tcp) = &row.tcp {
            self.tcp.on_connection(tcp, row.flow);
        }
        let median = slow_answers(row).and_then(|median| u64::try_from(median.as_nanos()).ok());
        self.slow_servers.add(median.unwrap_or(0), row.flow);
        self.evidence.on_flow(row);
        self.servers.on_flow(row);
        self.talkers.on_flow(row);
        self.offer(row);
    }

    /// Adds what was folded of later flows.
    pub fn merge(&mut self, other: Self) {
        self.keep = self.keep.max(other.keep);
        for (mine, its) in self.transports.iter_mut().zip(other.transports) {
            mine.merge(its);
        }
        if other.icmp_errors.most() > self.icmp_errors.most() {
            self.icmp_error = other.icmp_error;
        }
        self.icmp_errors.merge(other.icmp_errors);
        self.slow_servers.merge(other.slow_servers);
        self.tcp.merge(&other.tcp);
        self.evidence.merge(other.evidence);
        self.servers.merge(other.servers);
        self.talkers.merge(other.talkers);
        for row in &other.top {
            self.offer(row);
        }
    }

    /// The bound on hosts and servers, if it was reached.
    pub fn reached(&self) -> Option<Reached> {
        let times = self.talkers.left_out() + self.servers.left_out();
        let what = "times that flows were not counted for a host or server";
        Reached::if_any(Some("--max-groups"), what, times)
    }

    /// Keeps a flow if it is among the greatest; of equal ones the earlier.
    fn offer(&mut self, row: &FlowRow) {
        let bytes = wire_bytes(row);
        let place = self.top.partition_point(|other| wire_bytes(other) >= bytes);
        if place < self.keep {
            self.top.insert(place, row.clone());
            self.top.truncate(self.keep);
        }
    }
}

fn wire_bytes(row: &FlowRow) -> u64 {
    row.traffic.forward.wire_bytes.saturating_add(row.traffic.reverse.wire_bytes)
}

impl Totals {
    fn on_flow(&mut self, row: &FlowRow) {
        self.flows += 1;
        for direction in Direction::BOTH {
            let Traffic { packets, wire_bytes, payload_bytes, header_bytes, .. } = row.traffic[direction];
            self.packets += packets;
            self.wire_bytes += wire_bytes;
            self.payload_bytes += payload_bytes;
            self.header_bytes += header_bytes;
        }
    }

    fn merge(&mut self, other: Self) {
        self.flows += other.flows;
        self.packets += other.packets;
        self.wire_bytes += other.wire_bytes;
        self.payload_bytes += other.payload_bytes;
        self.header_bytes += other.header_bytes;
    }
}

impl Tally {
    pub(super) fn add(&mut self, amount: u64, flow: u64) {
        if amount > 0 {
            self.merge(Self { flows: 1, amount, worst: Some((amount, flow)) });
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.flows += other.flows;
        self.amount = self.amount.saturating_add(other.amount);
        if other.most() > self.most() {
            self.worst = other.worst;
        }
    }

    /// The most of one flow.
    pub fn most(&self) -> u64 {
        self.worst.map_or(0, |(most, _)| most)
    }
}

/// Why segments were sent again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Causes {
    /// Duplicate ACKs or SACKs.
    pub fast: u64,
    /// The retransmission timer.
    pub rto: u64,
    /// Tail loss probes.
    pub tlp: u64,
    /// SYNs and SYN-ACKs, by a timer of theirs.
    pub opening: u64,
    /// FINs.
    pub closing: u64,
    /// Nothing that was seen.
    pub unknown: u64,
}

impl Causes {
    fn of(loss: &LossStats) -> Self {
        let known = loss.fast + loss.rto + loss.tlp + loss.fin + loss.unclassified;
        Self {
            fast: loss.fast.into(),
            rto: loss.rto.into(),
            tlp: loss.tlp.into(),
            opening: loss.retransmitted_segments.saturating_sub(known).into(),
            closing: loss.fin.into(),
            unknown: loss.unclassified.into(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.fast += other.fast;
        self.rto += other.rto;
        self.tlp += other.tlp;
        self.opening += other.opening;
        self.closing += other.closing;
        self.unknown += other.unknown;
    }

    /// Segments with payload.
    pub fn data(&self) -> u64 {
        self.fast + self.rto + self.tlp + self.unknown
    }
}

impl Connections {
    fn on_connection(&mut self, tcp: &Summary, flow: u64) {
        self.all += 1;
        match tcp.opening {
            Opening::Complete | Opening::Simultaneous => self.complete += 1,
            Opening::HalfOpen => self.half_open.add(1, flow),
            Opening::NoAnswer => self.no_answer.add(1, flow),
            Opening::Refused => self.refused.add(1, flow),
            Opening::Midstream => self.midstream.add(1, flow),
        }
        match tcp.close.closing {
            Some(Closing::Graceful | Closing::ResetAfterClose) => self.graceful += 1,
            Some(Closing::ClientReset) => self.client_reset.add(1, flow),
            Some(Closing::ServerReset) => self.server_reset.add(1, flow),
            Some(Closing::HalfClosed) => self.half_closed += 1,
            Some(Closing::Open) => self.open += 1,
            None => {}
        }
        let seen =
            [tcp.handshake.syn.is_some(), tcp.handshake.syn_ack.is_some(), tcp.handshake.ack.is_some()];
        self.handshake_packets += seen.into_iter().map(u64::from).sum::<u64>();
        let halves = Direction::BOTH.map(|direction| &tcp.halves[direction]);
        for half in halves {
            self.handshake_packets += u64::from(half.syn_retransmissions);
            self.data_segments += u64::from(half.data_segments);
            self.pure_acks += u64::from(half.acks.pure_acks);
            self.retransmitted_bytes += half.loss.retransmitted_bytes;
            self.causes.add(&Causes::of(&half.loss));
            self.zero_window_time = self.zero_window_time + half.window.zero_window_time;
            self.unique_bytes += half.unique_bytes;
            self.sent_bytes = self.sent_bytes.saturating_add(half.sent_bytes);
            self.bounds_reached += u64::from(half.bounds_reached);
        }
        let sum = |of: fn(&HalfSummary) -> u64| halves.iter().map(|half| of(half)).sum::<u64>();
        self.retransmitted.add(sum(|half| half.loss.retransmitted_segments.into()), flow);
        self.spurious.add(sum(|half| half.loss.spurious.into()), flow);
        self.out_of_order.add(sum(|half| half.loss.out_of_order.into()), flow);
        self.capture_duplicates.add(sum(|half| half.loss.capture_duplicates.into()), flow);
        self.network_duplicates.add(sum(|half| half.loss.network_duplicates.into()), flow);
        self.zero_windows.add(sum(|half| half.window.zero_windows.into()), flow);
        self.missing_bytes.add(sum(|half| half.missing_bytes), flow);
        let unaccounted = |half: &HalfSummary| half.unique_bytes + half.missing_bytes != half.sent_bytes;
        self.unaccounted.add(halves.iter().filter(|half| unaccounted(half)).count() as u64, flow);
        let p95 = halves
            .iter()
            .filter(|half| half.rtt.samples >= ENOUGH_SAMPLES)
            .filter_map(|half| u64::try_from(half.rtt.figures?.p95.as_nanos()).ok())
            .max();
        self.slowest.add(p95.unwrap_or(0), flow);
    }

    fn merge(&mut self, other: &Self) {
        let sums = [
            (&mut self.all, other.all),
            (&mut self.complete, other.complete),
            (&mut self.graceful, other.graceful),
            (&mut self.half_closed, other.half_closed),
            (&mut self.open, other.open),
            (&mut self.handshake_packets, other.handshake_packets),
            (&mut self.data_segments, other.data_segments),
            (&mut self.pure_acks, other.pure_acks),
            (&mut self.retransmitted_bytes, other.retransmitted_bytes),
            (&mut self.unique_bytes, other.unique_bytes),
            (&mut self.sent_bytes, other.sent_bytes),
            (&mut self.bounds_reached, other.bounds_reached),
        ];
        for (sum, more) in sums {
            *sum += more;
        }
        let tallies = [
            (&mut self.half_open, other.half_open),
            (&mut self.no_answer, other.no_answer),
            (&mut self.refused, other.refused),
            (&mut self.midstream, other.midstream),
            (&mut self.client_reset, other.client_reset),
            (&mut self.server_reset, other.server_reset),
            (&mut self.retransmitted, other.retransmitted),
            (&mut self.spurious, other.spurious),
            (&mut self.out_of_order, other.out_of_order),
            (&mut self.capture_duplicates, other.capture_duplicates),
            (&mut self.network_duplicates, other.network_duplicates),
            (&mut self.zero_windows, other.zero_windows),
            (&mut self.missing_bytes, other.missing_bytes),
            (&mut self.unaccounted, other.unaccounted),
            (&mut self.slowest, other.slowest),
        ];
        for (tally, more) in tallies {
            tally.merge(more);
        }
        self.zero_window_time = self.zero_window_time + other.zero_window_time;
        self.causes.add(&other.causes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn parts_fold_to_the_same_as_the_whole() {
        let rows: Vec<FlowRow> = (0..20).map(|flow| sample::flow(flow, flow * 37 % 11)).collect();
        let mut whole = Fold::new(3, 10);
        rows.iter().for_each(|row| whole.on_flow(row));
        let mut merged = Fold::new(0, 10);
        for part in rows.chunks(7) {
            let mut fold = Fold::new(3, 10);
            part.iter().for_each(|row| fold.on_flow(row));
            merged.merge(fold);
        }
        assert_eq!(whole.talkers.top(9), merged.talkers.top(9));
        assert_eq!(whole.talkers.top(9).len(), 2);
        (whole.talkers, merged.talkers) = (Talkers::new(0), Talkers::new(0));
        assert_eq!(format!("{whole:?}"), format!("{merged:?}"));
        let top: Vec<u64> = whole.top.iter().map(|row| row.flow).collect();
        assert_eq!((top, whole.tcp.all), (vec![8, 19, 5], 20));
        assert_eq!(whole.tcp.retransmitted.worst, Some((10, 8)));
    }

    #[test]
    fn a_stream_that_does_not_add_up_is_counted() {
        let mut row = sample::flow(3, 0);
        let tcp = row.tcp.as_mut().unwrap();
        let half = &mut tcp.halves[Direction::Forward];
        (half.unique_bytes, half.missing_bytes, half.sent_bytes) = (90, 10, 100);
        let counted = |row: &FlowRow| {
            let mut fold = Fold::new(3, 10);
            fold.on_flow(row);
            (fold.tcp.sent_bytes, fold.tcp.unaccounted.amount)
        };
        assert_eq!(counted(&row), (100, 0));
        row.tcp.as_mut().unwrap().halves[Direction::Forward].unique_bytes = 91;
        assert_eq!(counted(&row), (100, 1));
    }
}
