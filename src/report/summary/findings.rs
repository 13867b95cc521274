//! What went wrong, in sentences: each with its numbers, the flow that shows it best, and the command that shows more.

use super::{Summary, Tally};
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

/// What became of connections.
fn connections(summary: &Summary) -> Vec<Finding> {
    let tcp = &summary.tcp;
    let mut found = Vec::new();
    let opened = [
        (&tcp.refused, "refused", "refused"),
        (&tcp.no_answer, "no_answer", "not answered"),
        (&tcp.half_open, "half_open", "answered but never completed"),
    ];
    for (tally, opening, what) in opened {
        found.extend(of_flows(
            tally,
            300 * share(tally.flows, tcp.all),
            format!("opening = {opening}"),
            || {
                format!(
                    "{} of {} {} {what}",
                    tally.flows,
                    counted(tcp.all, "TCP connection"),
                    was(tally.flows)
                )
            },
        ));
    }
    for (tally, closing, who) in
        [(&tcp.server_reset, "server_reset", "server"), (&tcp.client_reset, "client_reset", "client")]
    {
        found.extend(of_flows(
            tally,
            150 * share(tally.flows, tcp.all),
            format!("closing = {closing}"),
            || {
                let (flows, all) = (tally.flows, counted(tcp.all, "TCP connection"));
                format!("{flows} of {all} {} reset by the {who}", was(flows))
            },
        ));
    }
    found.extend(of_flows(&summary.icmp_errors, 100_000, "icmp_errors > 0".into(), || {
        let said = summary.icmp_error.and_then(icmp_error_name).unwrap_or("an error");
        format!(
            "{} ({said}) came back for {}",
            counted(summary.icmp_errors.amount, "ICMP error"),
            counted(summary.icmp_errors.flows, "flow")
        )
    }));
    found
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
            let share = percent(tcp.retransmitted.amount, tcp.data_segments);
            let Tally { amount, flows, .. } = tcp.retransmitted;
            let (segments, flows, rto) = (counted(amount, "segment"), counted(flows, "flow"), tcp.rto);
            format!(
                "{segments} {} sent again in {flows}, {share} of those with data; {rto} by timeout",
                was(amount)
            )
        },
    ));
    found.extend(of_flows(&tcp.zero_windows, 200_000, either("zero_windows"), || {
        let mut time = String::new();
        let nanos = tcp.zero_window_time.as_nanos();
        human::seconds(crate::report::Decimal { mantissa: nanos, digits: 9 }, &mut time);
        format!(
            "receivers closed their window {} in {}, for {time} in all",
            counted(tcp.zero_windows.amount, "time"),
            counted(tcp.zero_windows.flows, "flow")
        )
    }));
    found.extend(of_flows(
        &tcp.out_of_order,
        500 * share(tcp.out_of_order.amount, tcp.data_segments),
        either("out_of_order_segments"),
        || {
            format!(
                "the network reordered {} in {}",
                counted(tcp.out_of_order.amount, "segment"),
                counted(tcp.out_of_order.flows, "flow")
            )
        },
    ));
    found.extend(of_flows(&tcp.spurious, 50_000, either("spurious_retransmissions"), || {
        let Tally { amount, flows, .. } = tcp.spurious;
        format!(
            "{} in {} {} needless",
            counted(amount, "retransmission"),
            counted(flows, "flow"),
            was(amount)
        )
    }));
    found.extend(of_flows(&tcp.network_duplicates, 40_000, either("network_duplicates"), || {
        format!("the network delivered {} twice", counted(tcp.network_duplicates.amount, "packet"))
    }));
    let slow = tcp.slowest.most();
    if slow >= SLOW {
        let mut time = String::new();
        human::seconds(crate::report::Decimal { mantissa: slow.cast_signed(), digits: 9 }, &mut time);
        let condition = "rtt_to_server_p95_s >= 200ms or rtt_to_client_p95_s >= 200ms".into();
        let worst = Tally { flows: 0, ..tcp.slowest };
        found.extend(of_flows(&worst, 60_000, condition, || {
            format!("round trips are long: the 95th percentile reaches {time}")
        }));
    }
    found
}

/// From here on, in nanoseconds, a 95th percentile of round trips is worth a sentence.
const SLOW: u64 = 200_000_000;

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
        format!("packets that are not accounted for: {wrong}; this is a fault of flowray"),
        None,
    );
    let wrong = tcp.unaccounted.amount;
    say(
        wrong,
        1_000_000,
        format!(
            "the bytes of {wrong} sides of TCP connections are not accounted for: this is a fault of flowray"
        ),
        None,
    );
    let packets = summary.counts.chosen.packets;
    let undecoded = [
        (sound.malformed, "malformed", 2000),
        (sound.unsupported, "of protocols that are not decoded", 100),
        (sound.cut, "cut short by the capture before the end of the headers", 500),
        (sound.too_deep, "of more layers than are read", 100),
    ];
    for (count, what, factor) in undecoded {
        let text = format!("{count} of {} {} {what}", counted(packets, "packet"), was(count));
        say(count, factor * share(count, packets), text, Some("packets --where 'error is not null'"));
    }
    say(
        sound.time_backwards,
        70_000,
        format!("time goes back {}, by the capture's clock", counted(sound.time_backwards, "time")),
        Some("packets --where 'delta_s < 0'"),
    );
    say(
        sound.overlapping_files,
        80_000,
        format!("files that overlap in time with the one before: {}", sound.overlapping_files),
        Some("info"),
    );
    let bytes = tcp.unique_bytes.saturating_add(tcp.missing_bytes.amount);
    let either = |field: &str| format!("client_{field} > 0 or server_{field} > 0");
    found.extend(of_flows(
        &tcp.missing_bytes,
        3000 * share(tcp.missing_bytes.amount, bytes),
        either("missing_bytes"),
        || {
            let share = percent(tcp.missing_bytes.amount, bytes);
            format!(
                "the capture lacks {} of {}, {share} of all",
                counted(tcp.missing_bytes.amount, "stream byte"),
                counted(tcp.missing_bytes.flows, "flow")
            )
        },
    ));
    found.extend(of_flows(&tcp.capture_duplicates, 90_000, either("capture_duplicates"), || {
        format!("the capture has {} twice", counted(tcp.capture_duplicates.amount, "packet"))
    }));
    found.extend(of_flows(
        &tcp.midstream,
        50 * share(tcp.midstream.flows, tcp.all),
        "opening = midstream".into(),
        || {
            format!(
                "{} of {} {} open before the capture began",
                tcp.midstream.flows,
                counted(tcp.all, "TCP connection"),
                was(tcp.midstream.flows)
            )
        },
    ));
    found
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

/// The verb behind a count.
const fn was(count: u64) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// A share in thousandths, at least one.
fn share(part: u64, whole: u64) -> u64 {
    part.saturating_mul(1000).checked_div(whole).unwrap_or(0).max(1)
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "all".into() } else { format!("{:.2}%", part as f64 * 100.0 / whole as f64) }
}
