//! What went wrong, in sentences: each with its numbers, the flow that shows it best, and the command that shows more.

use super::fold::Causes;
use super::servers::{Asked, SLOW};
use super::trust::ONE_SIDED;
use super::{Summary, Tally};
use crate::report::Decimal;
use crate::report::fields::icmp_error_name;
use crate::report::human::{self, counted};
use crate::report::schema::{Family, Kind, Schema, Spec};

/// Rows that are findings.
pub enum Findings {}

impl Family for Findings {
    type Row<'a> = Finding;
}

/// Something that is worth knowing of a capture.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How bad it is: findings are ordered by it.
    weight: u64,
    /// A sentence with its numbers.
    pub text: String,
    /// Flows that it happened to.
    pub flows: Option<u64>,
    /// The flow that it happened to most.
    pub worst_flow: Option<u64>,
    /// The command that shows more.
    pub command: Option<String>,
}

type Field = Spec<Findings>;

/// The fields of a finding.
pub static FINDINGS: Schema<Findings> = Schema {
    command: "summary",
    row: "a finding",
    groups: &[&[
        Field::one("finding", Kind::Text, "What is worth knowing.", |row| row.text.as_str().into()),
        Field::one("flows", Kind::Count, "Flows that it happened to.", |row| row.flows.into()),
        Field::one("worst_flow", Kind::Number, "The flow that it happened to most.", |row| {
            row.worst_flow.into()
        }),
        Field::one("command", Kind::Text, "The command that shows more.", |row| {
            row.command.as_deref().into()
        }),
    ]],
};

/// The `most` most important findings, the worst first.
pub fn findings(summary: &Summary, most: usize) -> Vec<Finding> {
    let mut found = connections(summary);
    found.extend(path(summary));
    found.extend(capture(summary));
    found.sort_by_key(|finding| std::cmp::Reverse(finding.weight));
    found.truncate(most);
    found
}

/// What is counted of the connections to a server.
type Count = fn(&Asked) -> u64;

/// What became of connections.
fn connections(summary: &Summary) -> Vec<Finding> {
    let tcp = &summary.tcp;
    let mut found = Vec::new();
    let opened: [(_, _, _, Count); 3] = [
        (&tcp.refused, "refused", "were refused", |asked| asked.refused),
        (&tcp.no_answer, "no_answer", "got no answer", |asked| asked.no_answer),
        (&tcp.half_open, "half_open", "were answered but never completed", |_| 0),
    ];
    for (tally, opening, what, of) in opened {
        let mut condition = format!("opening = {opening}");
        let mut text = format!("{} of {} TCP connections {what}", tally.flows, tcp.all);
        // Where most of them went to one server, it is that server's matter.
        if let Some(((host, port), asked)) = summary.servers.with_most(tally.flows, of) {
            text = format!("{} of {} TCP connections to {host} port {port} {what}", of(&asked), asked.all);
            if of(&asked) < tally.flows {
                text = format!("{text} ({} to all servers)", tally.flows);
            }
            condition = format!("{condition} and server_address = {host} and server_port = {port}");
        }
        found.extend(of_flows(tally, 300 * share(tally.flows, tcp.all), condition, || text));
    }
    for (tally, closing, who) in
        [(&tcp.server_reset, "server_reset", "server"), (&tcp.client_reset, "client_reset", "client")]
    {
        found.extend(of_flows(
            tally,
            150 * share(tally.flows, tcp.all),
            format!("closing = {closing}"),
            || format!("{} of {} TCP connections were reset by the {who}", tally.flows, tcp.all),
        ));
    }
    found.extend(slow_servers(summary));
    found.extend(of_flows(&summary.icmp_errors, 100_000, "icmp_errors > 0".into(), || {
        let said = summary.icmp_error.and_then(icmp_error_name).unwrap_or("an error");
        let (errors, flows) = amount_in_flows(&summary.icmp_errors, "ICMP error");
        format!("{errors} ({said}) came back for {flows}")
    }));
    found
}

/// Servers that are slow though the path to them is not.
fn slow_servers(summary: &Summary) -> Option<Finding> {
    let slow = &summary.slow_servers;
    let worst = shown(slow.most().cast_signed());
    let what =
        format!("waited for the server: in the worst, half of the answers began after {worst} or more");
    let network = "while round trips to it took less than 50ms";
    let mut condition = SLOW.to_owned();
    let mut text = format!("{} of {} TCP connections {what}, {network}", slow.flows, summary.tcp.all);
    if let Some(((host, port), asked)) = summary.servers.with_most(slow.flows, |asked| asked.slow) {
        let all =
            if asked.slow < slow.flows { format!(" ({} to all servers)", slow.flows) } else { String::new() };
        text = format!(
            "{} of {} TCP connections to {host} port {port}{all} {what}, {network}",
            asked.slow, asked.all
        );
        condition = format!("{condition} and server_address = {host} and server_port = {port}");
    }
    of_flows(slow, 200 * share(slow.flows, summary.tcp.all), condition, || text)
}

/// What the path did to TCP.
fn path(summary: &Summary) -> Vec<Finding> {
    let tcp = &summary.tcp;
    let mut found = Vec::new();
    let either = |field: &str| format!("client_{field} > 0 or server_{field} > 0");
    found.extend(of_flows(
        &tcp.retransmitted,
        2000 * share(tcp.retransmitted.amount, tcp.data_segments),
        either("retransmitted_segments"),
        || {
            let (segments, flows) = amount_in_flows(&tcp.retransmitted, "segment");
            let (were, data) = (were(tcp.retransmitted.amount), tcp.causes.data());
            let share = match data {
                0 => String::new(),
                data => format!(", {} of those with data", percent(data, tcp.data_segments)),
            };
            format!("{segments} {were} sent again in {flows}{share}: {}", causes(&tcp.causes))
        },
    ));
    found.extend(summary.lossiest.filter(|lossy| lossy.retransmitted >= MANY_LOST).map(|lossy| {
        let all = tcp.retransmitted.amount;
        let has = percent(lossy.data_segments, tcp.data_segments);
        let host = lossy.host;
        Finding {
            weight: 1900 * share(all, tcp.data_segments),
            text: format!(
                "loss is concentrated: {} of {all} segments sent again went to or from {host}, which has {has} of the \
                 segments with data",
                lossy.retransmitted
            ),
            flows: Some(lossy.flows),
            worst_flow: None,
            command: Some(format!(
                "flows --where '({}) and (client_address = {host} or server_address = {host})'",
                either("retransmitted_segments")
            )),
        }
    }));
    found.extend(of_flows(&tcp.zero_windows, 200_000, either("zero_windows"), || {
        let time = shown(tcp.zero_window_time.as_nanos());
        let (times, flows) = amount_in_flows(&tcp.zero_windows, "time");
        format!("receivers closed their window {times} in {flows}, for {time} in all")
    }));
    found.extend(of_flows(
        &tcp.out_of_order,
        500 * share(tcp.out_of_order.amount, tcp.data_segments),
        either("out_of_order_segments"),
        || {
            let (segments, flows) = amount_in_flows(&tcp.out_of_order, "segment");
            format!("the network reordered {segments} in {flows}")
        },
    ));
    found.extend(of_flows(&tcp.spurious, 50_000, either("spurious_retransmissions"), || {
        let (retransmissions, flows) = amount_in_flows(&tcp.spurious, "retransmission");
        format!("{retransmissions} in {flows} {} needless", were(tcp.spurious.amount))
    }));
    found.extend(of_flows(&tcp.network_duplicates, 40_000, either("network_duplicates"), || {
        format!("the network delivered {} twice", counted(tcp.network_duplicates.amount, "packet"))
    }));
    let slow = tcp.slowest.most();
    if slow >= LONG {
        let time = shown(slow.cast_signed());
        let condition = "rtt_to_server_p95_s >= 200ms or rtt_to_client_p95_s >= 200ms".into();
        let worst = Tally { flows: 0, ..tcp.slowest };
        found.extend(of_flows(&worst, 60_000, condition, || {
            format!("round trips are long: the 95th percentile reaches {time}")
        }));
    }
    found
}

/// Why segments were sent again: `3 fast, 1 to open`.
fn causes(causes: &Causes) -> String {
    let all = [
        (causes.fast, "fast"),
        (causes.rto, "by timeout"),
        (causes.tlp, "to probe for a lost tail"),
        (causes.opening, "to open"),
        (causes.closing, "to close"),
        (causes.unknown, "for no known cause"),
    ];
    let some = all.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} {why}"));
    some.collect::<Vec<_>>().join(", ")
}

/// From so many on, where segments were sent again is worth a sentence.
const MANY_LOST: u64 = 10;

/// From here on, in nanoseconds, a 95th percentile of round trips is worth a sentence.
const LONG: u64 = 200_000_000;

/// How far the capture itself can be trusted.
fn capture(summary: &Summary) -> Vec<Finding> {
    let tcp = &summary.tcp;
    let mut found = Vec::new();
    let mut say = |count: u64, weight: u64, text: String, command: Option<&str>| {
        if count > 0 {
            let command = command.map(Into::into);
            found.push(Finding { weight, text, flows: None, worst_flow: None, command });
        }
    };
    let sound = &summary.soundness;
    say(
        sound.dropped,
        900_000,
        format!("the capturing machine dropped {}", counted(sound.dropped, "packet")),
        Some("info"),
    );
    let wrong = sound.unaccounted();
    say(
        wrong,
        1_000_000,
        format!("{} not accounted for: this is a fault of flowray", counted(wrong, "packet")),
        None,
    );
    let wrong = tcp.unaccounted.amount;
    say(
        wrong,
        1_000_000,
        format!(
            "the bytes of {} of TCP connections are not accounted for: this is a fault of flowray",
            counted(wrong, "side")
        ),
        None,
    );
    let packets = summary.counts.chosen.packets;
    let undecoded = [
        (sound.malformed, "are malformed", 2000),
        (sound.unsupported, "hold protocols that are not decoded", 100),
        (sound.cut, "were cut short by the capture before their headers ended", 500),
        (sound.too_deep, "nest more layers than are read", 100),
    ];
    for (count, what, factor) in undecoded {
        let text = format!("{count} of {packets} packets {what}");
        say(count, factor * share(count, packets), text, Some("packets --where 'error is not null'"));
    }
    say(
        summary.trust.timeless.into(),
        800_000,
        format!("{packets} packets have no time, or all the same: nothing is known of when they came"),
        None,
    );
    let nanos = sound.time_backwards_most.as_nanos();
    let back = shown(nanos);
    say(
        sound.time_backwards,
        if nanos < 1_000_000 { 1000 } else { 70_000 },
        format!("time goes back {}, by up to {back}", counted(sound.time_backwards, "time")),
        Some("packets --where 'delta_s < 0'"),
    );
    say(
        sound.overlapping_files,
        80_000,
        format!(
            "{} read that began before the end of the one before it",
            counted(sound.overlapping_files, "file")
        ),
        Some("info"),
    );
    found.extend(trust(summary));
    found.extend(of_flows(
        &tcp.midstream,
        50 * share(tcp.midstream.flows, tcp.all),
        "opening = midstream".into(),
        || {
            format!(
                "{} of {} TCP connections were open before the capture began",
                tcp.midstream.flows, tcp.all
            )
        },
    ));
    found
}

/// What connections show of the capture itself.
fn trust(summary: &Summary) -> Vec<Finding> {
    let (tcp, evidence) = (&summary.tcp, &summary.trust.evidence);
    let mut found = Vec::new();
    let either = |field: &str| format!("client_{field} > 0 or server_{field} > 0");
    let lost = &evidence.lost;
    found.extend(of_flows(
        lost,
        3000 * share(lost.amount, summary.trust.stream_bytes()),
        either("capture_lost_bytes"),
        || {
            let (bytes, flows) = amount_in_flows(lost, "stream byte");
            let share = percent(lost.amount, summary.trust.stream_bytes());
            format!(
                "the capture lost packets: {bytes} of {flows}, {share} of all, {} acknowledged but never seen",
                were(lost.amount)
            )
        },
    ));
    let missing = &tcp.missing_bytes;
    let bytes = tcp.unique_bytes.saturating_add(missing.amount);
    if missing.amount > lost.amount {
        found.extend(of_flows(missing, 500 * share(missing.amount, bytes), either("missing_bytes"), || {
            let share = percent(missing.amount, bytes);
            let (bytes, flows) = amount_in_flows(missing, "stream byte");
            format!("the capture lacks {bytes} of {flows}, {share} of all")
        }));
    }
    let alone = &evidence.one_sided;
    found.extend(of_flows(alone, 800 * share(alone.flows, tcp.all), ONE_SIDED.into(), || {
        format!(
            "{} of {} TCP connections were captured in one direction only: loss, round trips and response times of the \
             other are not known",
            alone.flows, tcp.all
        )
    }));
    let jumps = &evidence.jumps;
    let finding = of_flows(jumps, 75_000, String::new(), || {
        format!(
            "the clock of the capture jumped forward by up to {}, as both hosts of {} show by their timestamps: no time across \
             it can be trusted",
            shown(jumps.most().cast_signed()),
            counted(jumps.flows, "TCP connection")
        )
    });
    let command = Some("packets --where 'delta_s >= 1s'".into());
    found.extend(finding.map(|finding| Finding { command, ..finding }));
    let copies = &evidence.copies;
    found.extend(of_flows(copies, 90_000, either("capture_duplicates"), || {
        let share = percent(copies.amount, evidence.packets);
        format!(
            "the capture has {} twice, {share} of those of TCP: none of them counts as a retransmission",
            counted(copies.amount, "packet")
        )
    }));
    let wrong = evidence.checksums.unwrap_or_default();
    let condition = either("checksum_errors");
    let finding = of_flows(&wrong, 85_000, condition.clone(), || {
        let (packets, flows) = amount_in_flows(&wrong, "packet");
        let (has, a) = if wrong.amount == 1 { ("has", "a ") } else { ("have", "") };
        let checksums = if wrong.amount == 1 { "checksum" } else { "checksums" };
        format!(
            "{packets} of {flows} {has} {a}wrong {checksums}: damaged on the way, or before a network card filled them in"
        )
    });
    let command = Some(format!("flows --verify-checksums --where '{condition}'"));
    found.extend(finding.map(|finding| Finding { command, ..finding }));
    found.extend(of_flows(
        &evidence.offloaded,
        30_000,
        "client_segment_max_bytes > server_mss or server_segment_max_bytes > client_mss".into(),
        || offload(summary),
    ));
    if summary.trust.ends_midway() {
        found.extend(of_flows(
            &evidence.open,
            40 * share(evidence.open.flows, tcp.all),
            "closing = open".into(),
            || {
                format!(
                    "{} of {} TCP connections were open when the capture ended",
                    evidence.open.flows, tcp.all
                )
            },
        ));
    }
    found
}

/// What segments larger than the MSS say of where the capture was made.
fn offload(summary: &Summary) -> String {
    let evidence = &summary.trust.evidence;
    let place = match summary.trust.offload_hosts().as_slice() {
        [(Some(host), true, _), ..] => format!("captured on {host}, before they were divided"),
        [(Some(host), false, _), ..] => format!("captured on {host}, which had joined them"),
        _ => "captured on a host that divides or joins them".into(),
    };
    let (flows, most) = (evidence.offloaded.flows, evidence.offloaded.most());
    format!(
        "segments of up to {most} bytes are larger than the MSS of their connection, in {} of connections: {place}, so the wire had more packets than the capture",
        counted(flows, "direction")
    )
}

/// A finding on flows, if there are any.
fn of_flows(tally: &Tally, weight: u64, condition: String, text: impl FnOnce() -> String) -> Option<Finding> {
    let (_, worst) = tally.worst?;
    Some(Finding {
        weight,
        text: text(),
        flows: Some(tally.flows).filter(|&flows| flows > 0),
        worst_flow: Some(worst),
        command: Some(format!("flows --where '{condition}'")),
    })
}

/// What was counted, and in how many flows: `3 segments`, `1 flow`.
fn amount_in_flows(tally: &Tally, one: &str) -> (String, String) {
    (counted(tally.amount, one), counted(tally.flows, "flow"))
}

/// The verb that so many take.
fn were(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// A span of so many nanoseconds.
fn shown(nanos: i64) -> String {
    let mut text = String::new();
    human::seconds(Decimal { mantissa: nanos, digits: 9 }, &mut text);
    text
}

/// A share in thousandths, at least one.
fn share(part: u64, whole: u64) -> u64 {
    part.saturating_mul(1000).checked_div(whole).unwrap_or(0).max(1)
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "all".into() } else { format!("{:.2}%", part as f64 * 100.0 / whole as f64) }
}
