//! `summary`: the page an engineer reads first. What is in the capture, whether it is sound, which protocols, the top
//! flows, and what went wrong. In JSON it is one object, of objects and lists of rows that have schemas as any other.

mod findings;
mod fold;
mod page;
mod parts;
mod rate;
mod servers;
mod talkers;
mod trust;

use std::collections::BTreeMap;

use crate::capture::FileInfo;
use crate::decode::{IcmpError, Layer, StopReason};
use crate::pipeline::{Amount, Counts, FlowRow, Outcome, Reached};
use crate::report::fields::{FLOWS, INFO};
use crate::report::machine::JsonRows;
use crate::report::schema::{Family, Field, Schema};
use crate::time::{Span, Timestamp};

pub use findings::Finding;
pub use fold::{Connections, Fold, Tally, Totals};
use parts::{Protocol, Transport, Undecoded};
use rate::Beats;
use servers::Servers;
use talkers::{Lossy, Talker};
use trust::Trust;

/// A capture, summed up.
#[derive(Debug)]
pub struct Summary {
    files: Vec<FileInfo>,
    whole: Whole,
    counts: Counts,
    soundness: Soundness,
    trust: Trust,
    rate: Vec<Beats>,
    talkers: Vec<Talker>,
    servers: Servers,
    slow_servers: Tally,
    lossiest: Option<Lossy>,
    undecoded: Vec<Undecoded>,
    protocols: Vec<Protocol>,
    transports: Vec<Transport>,
    tcp: Connections,
    icmp_errors: Tally,
    icmp_error: Option<IcmpError>,
    top: Vec<FlowRow>,
    findings: Vec<Finding>,
    bounds: Vec<Reached>,
}

/// The capture as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    files: u64,
    chosen: Amount,
    captured_bytes: u64,
    flows: u64,
    span: Option<(Timestamp, Timestamp)>,
    fine_clock: bool,
}

/// Whether everything is accounted for, and how far the capture can be trusted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Soundness {
    read: u64,
    filtered: u64,
    decoded: u64,
    cut: u64,
    malformed: u64,
    unsupported: u64,
    too_deep: u64,
    sent_bytes: u64,
    seen_bytes: u64,
    missing_bytes: u64,
    unaccounted_streams: u64,
    dropped: u64,
    shortened: u64,
    time_backwards: u64,
    time_backwards_most: Span,
    untimed: u64,
    overlapping_files: u64,
}

/// Whether so many packets have no time, or all the same: then nothing is known of when they came.
fn is_timeless(packets: u64, span: Option<(Timestamp, Timestamp)>) -> bool {
    packets >= 10 && span.is_none_or(|(start, end)| start == end)
}

/// Findings that are told at most.
const MOST_FINDINGS: usize = 10;
/// Hosts that are shown at most.
const MOST_HOSTS: usize = 5;

/// The fields of the top flows.
const TOP_FIELDS: [&str; 11] = [
    "flow",
    "protocol",
    "client_address",
    "client_port",
    "server_address",
    "server_port",
    "duration_s",
    "packets",
    "wire_bytes",
    "client_retransmitted_segments",
    "server_retransmitted_segments",
];

impl Summary {
    /// Sums up what was read of `files`; at most `most` findings are told.
    pub fn new(files: &[FileInfo], outcome: Outcome, fold: Fold, most: usize) -> Self {
        let mut bounds = outcome.reached();
        bounds.extend(Reached::by_files(files));
        bounds.extend(fold.reached());
        let forgotten = "times that more holes, segments in flight or doubts of a TCP connection came than are remembered";
        bounds.extend(Reached::if_any(None, forgotten, fold.tcp.bounds_reached));
        let mut counts = outcome.counts;
        let fine_clock = files.iter().any(FileInfo::has_fine_clock);
        let names = ["tcp", "udp", "icmp", "other"];
        let transports =
            names.into_iter().zip(fold.transports).map(|(name, totals)| Transport { name, totals });
        let soundness = Soundness::new(files, &counts, &fold.tcp);
        let mut summary = Self {
            trust: Trust {
                evidence: fold.evidence,
                sound: soundness,
                timeless: is_timeless(counts.chosen.packets, counts.span),
            },
            rate: rate::beats(counts.pulse.take(), counts.span, fine_clock),
            servers: fold.servers,
            slow_servers: fold.slow_servers,
            lossiest: fold.talkers.lossiest(fold.tcp.retransmitted.amount, fold.tcp.data_segments),
            talkers: fold.talkers.top(most.min(MOST_HOSTS)),
            whole: Whole {
                files: files.len() as u64,
                chosen: counts.chosen,
                captured_bytes: counts.captured_bytes,
                flows: outcome.flows,
                span: counts.span,
                fine_clock,
            },
            soundness,
            undecoded: undecoded(&counts),
            protocols: protocols(&counts),
            transports: transports.filter(|transport| transport.totals.flows > 0).collect(),
            tcp: fold.tcp,
            icmp_errors: fold.icmp_errors,
            icmp_error: fold.icmp_error,
            top: fold.top,
            files: files.to_vec(),
            findings: Vec::new(),
            bounds,
            counts,
        };
        summary.findings = findings::findings(&summary, most.min(MOST_FINDINGS));
        summary
    }

    /// The summary as a JSON object.
    pub fn json(&self) -> Vec<u8> {
        let mut out = b"{".to_vec();
        let mut section = |name: &str, body: Vec<u8>| {
            if out.len() > 1 {
                out.push(b',');
            }
            out.extend_from_slice(format!("\n\"{name}\":").as_bytes());
            out.extend_from_slice(&body);
        };
        section("capture", object(&parts::WHOLE, &self.whole));
        section("files", list(INFO.fields(), &self.files));
        section("soundness", object(&parts::SOUNDNESS, &self.soundness));
        section("bounds", list(parts::BOUNDS.fields(), &self.bounds));
        section("trust", object(&trust::TRUST, &self.trust));
        section("rate", list(rate::RATE.fields(), &self.rate));
        section("undecoded", list(parts::UNDECODED.fields(), &self.undecoded));
        section("protocols", list(parts::PROTOCOLS.fields(), &self.protocols));
        section("transports", list(parts::TRANSPORTS.fields(), &self.transports));
        section("tcp", object(&parts::TCP, &self.tcp));
        section("top_hosts", list(talkers::HOSTS.fields(), &self.talkers));
        section("top_flows", list(top_fields(), &self.top));
        section("findings", list(findings::FINDINGS.fields(), &self.findings));
        out.extend_from_slice(b"\n}\n");
        out
    }
}

fn top_fields() -> Vec<Field<crate::report::fields::Flows>> {
    FLOWS.fields().into_iter().filter(|field| TOP_FIELDS.contains(&field.name.as_str())).collect()
}

fn object<'r, F: Family>(schema: &Schema<F>, row: &'r F::Row<'r>) -> Vec<u8> {
    let mut out = Vec::new();
    JsonRows::new(schema.fields()).row(row, &mut out);
    out
}

fn list<'r, F: Family>(fields: Vec<Field<F>>, rows: &'r [F::Row<'r>]) -> Vec<u8> {
    let writer = JsonRows::new(fields);
    let mut out = b"[".to_vec();
    for (index, row) in rows.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
        writer.row(row, &mut out);
    }
    out.push(b']');
    out
}

impl Whole {
    /// `amount` times `by` a second, in thousandths; `None` where there is no duration.
    fn rate(&self, amount: u64, by: u64) -> Option<i64> {
        let (start, end) = self.span?;
        let nanos = u128::try_from(end.since(start).as_nanos()).ok().filter(|&nanos| nanos > 0)?;
        i64::try_from(u128::from(amount) * u128::from(by) * 1_000_000_000_000 / nanos).ok()
    }
}

impl Soundness {
    fn new(files: &[FileInfo], counts: &Counts, tcp: &Connections) -> Self {
        let mut sound = Self {
            read: counts.read.packets,
            filtered: counts.read.packets.saturating_sub(counts.chosen.packets),
            decoded: counts.decoded,
            sent_bytes: tcp.sent_bytes,
            seen_bytes: tcp.unique_bytes,
            missing_bytes: tcp.missing_bytes.amount,
            unaccounted_streams: tcp.unaccounted.amount,
            ..Self::default()
        };
        for ((_, reason), packets) in &counts.stopped {
            *match reason {
                StopReason::Truncated => &mut sound.cut,
                StopReason::Malformed => &mut sound.malformed,
                StopReason::Unsupported(_) => &mut sound.unsupported,
                StopReason::TooDeep | StopReason::TooManyTunnels | StopReason::TooManyExtensions => {
                    &mut sound.too_deep
                }
            } += packets;
        }
        for file in files {
            sound.dropped += file.drops().unwrap_or(0);
            sound.shortened += file.notes.cut;
            sound.time_backwards += file.notes.time_backwards;
            sound.time_backwards_most = sound.time_backwards_most.max(file.notes.time_backwards_most);
            sound.untimed += file.notes.untimed;
            sound.overlapping_files += u64::from(file.overlap.is_some());
        }
        sound
    }

    /// Packets read that are neither decoded nor known not to be: none, unless there is a fault in the program.
    fn unaccounted(&self) -> u64 {
        let known =
            self.filtered + self.decoded + self.cut + self.malformed + self.unsupported + self.too_deep;
        self.read.abs_diff(known)
    }
}

fn undecoded(counts: &Counts) -> Vec<Undecoded> {
    let reason = |reason| match reason {
        StopReason::Truncated => "cut by the capture".into(),
        StopReason::Malformed => "malformed".into(),
        StopReason::Unsupported(number) => format!("number {number} is not decoded"),
        StopReason::TooDeep => "too many layers".into(),
        StopReason::TooManyTunnels => "too many tunnels".into(),
        StopReason::TooManyExtensions => "too many extension headers".into(),
    };
    let row = |(&(layer, why), &packets): (&(Layer, StopReason), &u64)| Undecoded {
        layer,
        reason: reason(why),
        packets,
    };
    let mut rows: Vec<_> = counts.stopped.iter().map(row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.packets));
    rows
}

/// Every place in which a protocol was found, each below the protocol around it.
fn protocols(counts: &Counts) -> Vec<Protocol> {
    let mut places: BTreeMap<&[Layer], Amount> = BTreeMap::new();
    for (stack, amount) in &counts.hierarchy {
        for depth in 1..=stack.len() {
            let place = places.entry(stack.get(..depth).unwrap_or(stack)).or_default();
            place.packets += amount.packets;
            place.bytes += amount.bytes;
        }
    }
    let row =
        |(path, amount): (&[Layer], Amount)| Protocol { path: path.to_vec(), amount, of: counts.chosen };
    places.into_iter().map(row).collect()
}
