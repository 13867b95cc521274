//! How far a capture can be trusted: what it lost, left out, copied, or shows otherwise than the network had it.

use std::collections::BTreeMap;

use super::Soundness;
use super::fold::Tally;
use crate::decode::Address;
use crate::flow::Direction;
use crate::pipeline::FlowRow;
use crate::report::schema::{Family, Kind, Schema, Spec};
use crate::report::{Decimal, Value};
use crate::tcp::{Closing, HalfSummary, Opening, Summary};
use crate::time::Span;

/// Hosts that are told apart where segments are larger than the MSS.
const MOST_HOSTS: usize = 64;

/// From here on time that goes back is a clock that was set, not packets that a host took in at once on several cores.
const CLOCK_STEP: Span = Span::from_millis(1);

/// What speaks against a capture, over its TCP connections.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Connections.
    pub connections: u64,
    /// Their packets.
    pub packets: u64,
    /// Stream bytes seen.
    pub seen_bytes: u64,
    /// Stream bytes acknowledged, but never seen.
    pub lost: Tally,
    /// Connections of which one direction is missing, though the packets of the other answer it.
    pub one_sided: Tally,
    /// Packets that the capture has twice.
    pub copies: Tally,
    /// Connections with segments larger than the MSS: how large the largest is.
    pub offloaded: Tally,
    /// Where those were captured: the host, and whether it sent them; how many connections.
    pub offload: BTreeMap<(Option<Address>, bool), u64>,
    /// Connections whose two hosts agree that the capture's clock jumped forward: by how many nanoseconds.
    pub jumps: Tally,
    /// Connections open before the capture began.
    pub midstream: Tally,
    /// Connections open when it ended.
    pub open: Tally,
    /// Packets of any flow with wrong checksums; `None` where none was verified.
    pub checksums: Option<Tally>,
}

impl Evidence {
    /// Adds a connection.
    pub fn on_flow(&mut self, row: &FlowRow) {
        for direction in Direction::BOTH {
            let Some(wrong) = row.traffic[direction].checksum_errors else { continue };
            self.checksums.get_or_insert_default().add(wrong.into(), row.flow);
        }
        let Some(tcp) = &row.tcp else { return };
        let flow = row.flow;
        self.connections += 1;
        let halves = Direction::BOTH.map(|direction| &tcp.halves[direction]);
        let sum = |of: fn(&HalfSummary) -> u64| halves.iter().map(|half| of(half)).sum::<u64>();
        self.packets += row.traffic.forward.packets + row.traffic.reverse.packets;
        self.seen_bytes = self.seen_bytes.saturating_add(sum(|half| half.unique_bytes));
        self.lost.add(sum(|half| half.lost_bytes), flow);
        self.copies.add(sum(|half| half.loss.capture_duplicates.into()), flow);
        self.one_sided
            .add(Direction::BOTH.into_iter().any(|direction| is_alone(row, tcp, direction)).into(), flow);
        self.jumps.add(tcp.clock_jump.map_or(0, |jump| jump.as_nanos().unsigned_abs()), flow);
        self.midstream.add((tcp.opening == Opening::Midstream).into(), flow);
        self.open.add((tcp.close.closing == Some(Closing::Open)).into(), flow);
        for direction in Direction::BOTH {
            let Some(largest) = beyond_mss(tcp, direction) else { continue };
            self.offloaded.add(largest.into(), flow);
            let at = place(tcp, direction);
            let host = at.map(|at| row.key.sender(at).0);
            self.count((host, at == Some(direction)), 1);
        }
    }

    fn count(&mut self, host: (Option<Address>, bool), by: u64) {
        let is_full = self.offload.len() >= MOST_HOSTS && !self.offload.contains_key(&host);
        *self.offload.entry(if is_full { (None, host.1) } else { host }).or_default() += by;
    }

    /// Adds what is known of later connections.
    pub fn merge(&mut self, other: Self) {
        self.connections += other.connections;
        self.packets += other.packets;
        self.seen_bytes = self.seen_bytes.saturating_add(other.seen_bytes);
        let tallies = [
            (&mut self.lost, other.lost),
            (&mut self.one_sided, other.one_sided),
            (&mut self.copies, other.copies),
            (&mut self.offloaded, other.offloaded),
            (&mut self.jumps, other.jumps),
            (&mut self.midstream, other.midstream),
            (&mut self.open, other.open),
        ];
        for (tally, more) in tallies {
            tally.merge(more);
        }
        if let Some(more) = other.checksums {
            self.checksums.get_or_insert_default().merge(more);
        }
        for (host, by) in other.offload {
            self.count(host, by);
        }
    }
}

/// The flows of which one direction is missing, though the packets of the other answer it: as a condition on rows of `flows`.
pub const ONE_SIDED: &str = "protocol = tcp and \
    (server_packets = 0 and client_ack_segments > 1 or client_packets = 0 and server_ack_segments > 1)";

/// Whether `direction` alone was captured, though its packets show that the other one had answered: [`ONE_SIDED`].
fn is_alone(row: &FlowRow, tcp: &Summary, direction: Direction) -> bool {
    row.traffic[direction.reverse()].packets == 0 && tcp.halves[direction].acks.ack_segments > 1
}

/// The largest segment of `direction`, if the other side never asked for segments that large.
fn beyond_mss(tcp: &Summary, direction: Direction) -> Option<u32> {
    let mss = tcp.halves[direction.reverse()].offer?.mss?;
    let largest = tcp.halves[direction].sizes?.max;
    (mss > 0 && largest > u32::from(mss)).then_some(largest)
}

/// The direction in which the capturing host sends, where one side of the connection is much nearer than the other.
fn place(tcp: &Summary, direction: Direction) -> Option<Direction> {
    let least = |direction: Direction| tcp.halves[direction].rtt.figures.map(|figures| figures.min);
    // Segments that one side sends measure the distance to the other.
    let (to_sender, to_receiver) = (least(direction.reverse())?, least(direction)?);
    let nearer = |one: Span, other: Span| one.times(3) <= other;
    match (nearer(to_sender, to_receiver), nearer(to_receiver, to_sender)) {
        (true, _) => Some(direction),
        (_, true) => Some(direction.reverse()),
        _ => None,
    }
}

/// How far a capture can be trusted.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// What its connections show.
    pub evidence: Evidence,
    /// What its files and packets show.
    pub sound: Soundness,
    /// Its packets have no time, or all the same.
    pub timeless: bool,
}

impl Trust {
    /// Stream bytes acknowledged or seen.
    pub fn stream_bytes(&self) -> u64 {
        self.evidence.seen_bytes.saturating_add(self.evidence.lost.amount)
    }

    /// Whether so many connections are at least `percent` of all.
    fn is_at_least(&self, connections: u64, percent: u64) -> bool {
        connections > 0
            && connections.saturating_mul(100) >= self.evidence.connections.saturating_mul(percent)
    }

    /// Most connections were open before it began.
    pub fn starts_midway(&self) -> bool {
        self.is_at_least(self.evidence.midstream.flows, 50)
    }

    /// Most connections were open when it ended.
    pub fn ends_midway(&self) -> bool {
        self.is_at_least(self.evidence.open.flows, 50)
    }

    /// What speaks against it, by name.
    pub fn artefacts(&self) -> Vec<&'static str> {
        let Self { evidence, sound, timeless } = self;
        let all = [
            ("capture_loss", evidence.lost.amount > 0 || sound.dropped > 0),
            ("one_sided", self.is_at_least(evidence.one_sided.flows, 1)),
            ("copies", evidence.copies.amount > 0),
            ("offload", evidence.offloaded.flows > 0),
            ("headers_cut", sound.cut > 0),
            ("no_times", *timeless),
            ("time_backwards", sound.time_backwards_most >= CLOCK_STEP),
            ("time_forwards", evidence.jumps.flows > 0),
            ("checksums_wrong", evidence.checksums.is_some_and(|wrong| wrong.amount > 0)),
            ("starts_midway", self.starts_midway()),
            ("ends_midway", self.ends_midway()),
        ];
        all.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
    }

    /// The hosts on which segments larger than the MSS were captured, those with the most connections first: the host,
    /// if it is known, and whether it sent them.
    pub fn offload_hosts(&self) -> Vec<(Option<Address>, bool, u64)> {
        let host = |(&(host, sends), &flows): (&(Option<Address>, bool), &u64)| (host, sends, flows);
        let mut hosts: Vec<_> = self.evidence.offload.iter().map(host).collect();
        hosts.sort_by_key(|&(_, _, flows)| std::cmp::Reverse(flows));
        hosts
    }
}

/// Rows that say how far a capture can be trusted.
pub enum Trusts {}

impl Family for Trusts {
    type Row<'a> = Trust;
}

type Field = Spec<Trusts>;

/// The fields of trust.
pub static TRUST: Schema<Trusts> = Schema {
    command: "summary",
    row: "how far the capture can be trusted",
    groups: &[&[
        Field::one(
            "artefacts",
            Kind::Texts,
            "What speaks against it: capture_loss, one_sided (1 % of the TCP connections \
            and more), copies, offload, headers_cut, no_times (ten packets and more, and not two instants), time_backwards (by 1 ms and more), time_forwards, checksums_wrong (only with --verify-checksums), starts_midway, ends_midway (half of the TCP \
            connections and more). Payload that was cut is none: nothing but content rests on it.",
            |row| Value::list(row.artefacts()),
        ),
        Field::one(
            "lost_bytes",
            Kind::Bytes,
            "TCP stream bytes acknowledged, but never seen: the capture lost them.",
            |row| row.evidence.lost.amount.into(),
        )
        .source("Zeek capture_loss"),
        Field::one("lost_share", Kind::Share, "Their share in the stream bytes; six digits.", |row| {
            share(row)
        }),
        Field::one(
            "dropped_packets",
            Kind::Count,
            "Packets that the capturing machine dropped, as the files say.",
            |row| row.sound.dropped.into(),
        ),
        Field::one(
            "one_sided_connections",
            Kind::Count,
            "TCP connections of which one direction is missing, though the \
            other one answers it.",
            |row| row.evidence.one_sided.flows.into(),
        ),
        Field::one(
            "copied_packets",
            Kind::Count,
            "TCP packets that the capture has twice, as mirror ports make them.",
            |row| row.evidence.copies.amount.into(),
        ),
        Field::one("copied_share", Kind::Share, "Their share in the TCP packets.", |row| {
            Value::share(row.evidence.copies.amount, row.evidence.packets)
        }),
        Field::one(
            "offload_connections",
            Kind::Count,
            "TCP connections, each direction by itself, with segments larger than \
            the MSS: offload joined or had not yet divided them, so this was captured on a host.",
            |row| row.evidence.offloaded.flows.into(),
        ),
        Field::one("largest_segment_bytes", Kind::Bytes, "The largest of these segments.", |row| {
            Some(row.evidence.offloaded.most()).filter(|&most| most > 0).into()
        }),
        Field::one(
            "offload_host",
            Kind::Address,
            "The host on which most of these connections were captured; null where \
            neither side is much nearer.",
            |row| row.offload_hosts().first().and_then(|&(host, ..)| host).into(),
        ),
        Field::one(
            "offload_sends",
            Kind::Bool,
            "Whether that host sent them (else it received them).",
            |row| {
                row.offload_hosts()
                    .first()
                    .filter(|(host, ..)| host.is_some())
                    .map(|&(_, sends, _)| sends)
                    .into()
            },
        ),
        Field::one(
            "headers_cut_packets",
            Kind::Count,
            "Packets that the capture cut within their headers.",
            |row| row.sound.cut.into(),
        ),
        Field::one(
            "payload_cut_packets",
            Kind::Count,
            "Packets of which the capture cut the payload alone.",
            |row| row.sound.shortened.saturating_sub(row.sound.cut).into(),
        ),
        Field::one(
            "time_backwards_most_s",
            Kind::Seconds,
            "The most that a packet is earlier than the one before.",
            |row| {
                let most = Some(row.sound.time_backwards_most).filter(|&most| most > Span::ZERO);
                Value::span(most, most.is_some_and(|most| most.as_nanos() % 1000 != 0))
            },
        ),
        Field::one("time_backwards_packets", Kind::Count, "Packets earlier than the one before.", |row| {
            row.sound.time_backwards.into()
        }),
        Field::one(
            "clock_jump_connections",
            Kind::Count,
            "TCP connections whose two hosts agree, by their timestamps, that the capture's clock jumped forward by a second and \
            more, or that both stood still.",
            |row| row.evidence.jumps.flows.into(),
        )
        .source("RFC 7323 §4"),
        Field::one("clock_jump_most_s", Kind::Seconds, "The most that it jumped.", |row| {
            let most = Some(row.evidence.jumps.most()).filter(|&most| most > 0);
            Value::span(most.map(|most| Span::from_nanos(most.cast_signed())), false)
        }),
        Field::one(
            "checksum_errors",
            Kind::Count,
            "Packets of flows with a wrong IP, TCP or UDP checksum, what a network card was left to fill in excepted; null without \
            --verify-checksums, and where no packet was captured whole.",
            |row| row.evidence.checksums.map(|wrong| wrong.amount).into(),
        ),
        Field::one(
            "midstream_connections",
            Kind::Count,
            "TCP connections open before the capture began.",
            |row| row.evidence.midstream.flows.into(),
        ),
        Field::one("unended_connections", Kind::Count, "TCP connections open when it ended.", |row| {
            row.evidence.open.flows.into()
        }),
    ]],
};

/// The share of stream bytes lost, with six digits.
fn share(row: &Trust) -> Value<'static> {
    let (lost, all) = (u128::from(row.evidence.lost.amount), u128::from(row.stream_bytes()));
    match (lost * 1_000_000 + all / 2).checked_div(all) {
        Some(share) => {
            Value::Decimal(Decimal { mantissa: i64::try_from(share).unwrap_or(i64::MAX), digits: 6 })
        }
        None => Value::Null,
    }
}
