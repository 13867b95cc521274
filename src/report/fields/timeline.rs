//! `timeline`: what happened in an interval.

use crate::report::Value;
use crate::report::fields::identity::{has_ports, protocol};
use crate::report::schema::{Family, Kind, Paint, Schema, Spec};
use crate::report::timeline::{Interval, Split};
use crate::stats::Quantiles;

type Field = Spec<Intervals>;

/// Rows that are intervals.
pub enum Intervals {}

impl Family for Intervals {
    type Row<'a> = Interval;
}

/// The fields of `timeline`.
pub static TIMELINE: Schema<Intervals> =
    Schema { command: "timeline", row: "an interval", groups: &[WHEN, VOLUME, FLOWS, LOSS, RTT, HTTP] };

static WHEN: &[Field] = &[
    Field::one("start_s", Kind::Instant, "When it begins; null for packets without a time.", |row| {
        Value::instant(row.span.map(|(start, _)| start), row.fine_clock)
    })
    .rank(100),
    Field::one("end_s", Kind::Instant, "When the next one begins.", |row| {
        Value::instant(row.span.map(|(_, end)| end), row.fine_clock)
    }),
    Field::one("host", Kind::Address, "The host, with --by host; null for packets of no flow.", |row| {
        match row.split {
            Split::Host(host) => host.into(),
            _ => Value::Null,
        }
    })
    .rank(99),
    Field::one("protocol", Kind::Text, "The transport protocol, with --by server_port.", |row| {
        match row.split {
            Split::ServerPort(number, _) => protocol(number),
            _ => Value::Null,
        }
    })
    .rank(99),
    Field::one("server_port", Kind::Number, "The server's port, with --by server_port.", |row| {
        match row.split {
            Split::ServerPort(number, port) => Some(port).filter(|_| has_ports(number)).into(),
            _ => Value::Null,
        }
    })
    .rank(99),
    Field::one(
        "service",
        Kind::Text,
        "The application protocol, with --by service: what the first 1000 packets of the flow showed.",
        |row| match row.split {
            Split::Service(service) => service.into(),
            _ => Value::Null,
        },
    )
    .rank(99),
];

static VOLUME: &[Field] = &[
    Field::one("packets", Kind::Count, "Frames, those that belong to no flow included.", |row| {
        row.packets().into()
    })
    .rank(90),
    Field::one("wire_bytes", Kind::Bytes, "Their length on the wire.", |row| row.wire_bytes().into()),
    Field::one(
        "wire_bps",
        Kind::BitsPerSecond,
        "Bits on the wire divided by the interval, or by the capture's duration if there is one interval alone.",
        |row| row.bits_per_second().into(),
    )
    .rank(84),
    Field::one("payload_bytes", Kind::Bytes, "Transport payload.", |row| row.sums.tally.payload_bytes.into()),
    Field::one("flowless_packets", Kind::Count, "Frames that belong to no flow.", |row| {
        row.sums.flowless.packets.into()
    }),
    Field::one("flowless_wire_bytes", Kind::Bytes, "Their length on the wire.", |row| {
        row.sums.flowless.bytes.into()
    }),
];

static FLOWS: &[Field] = &[
    Field::one("opened_flows", Kind::Count, "Flows that began.", |row| row.sums.opened.into()).rank(80),
    Field::one(
        "failed_flows",
        Kind::Count,
        "Of these, TCP connections that got no answer, were refused, or never completed.",
        |row| row.sums.failed.into(),
    )
    .paint(Paint::Loss)
    .rank(79),
    Field::one("closed_flows", Kind::Count, "TCP connections that closed.", |row| row.sums.closed.into()),
    Field::one("reset_flows", Kind::Count, "Of these, by a RST.", |row| row.sums.reset.into())
        .paint(Paint::Loss)
        .rank(50),
];

/// Declares retransmissions of a cause.
macro_rules! cause {
    ($name:literal, $place:literal, $meaning:literal) => {
        Field::one($name, Kind::Count, $meaning, |row| row.sums.tally.loss.causes[$place].into())
            .paint(Paint::Loss)
    };
}

static LOSS: &[Field] = &[
    Field::one("data_segments", Kind::Count, "TCP segments with payload.", |row| {
        row.sums.tally.data_segments.into()
    }),
    Field::one("retransmitted_segments", Kind::Count, "TCP segments sent again.", |row| {
        row.sums.tally.loss.retransmitted.into()
    })
    .paint(Paint::Loss)
    .rank(75),
    Field::one("retransmitted_share", Kind::Share, "Their share in the segments with payload.", |row| {
        Value::share(row.sums.tally.loss.retransmitted, row.sums.tally.data_segments)
    })
    .paint(Paint::Loss),
    cause!("syn_retransmissions", 0, "Of these, SYNs and SYN-ACKs."),
    cause!("fast_retransmissions", 1, "Sent again because ACKs reported a loss."),
    cause!("rto_retransmissions", 2, "Sent again because a timer expired."),
    cause!("tlp_retransmissions", 3, "Sent again as tail loss probes."),
    cause!("fin_retransmissions", 4, "FINs sent again."),
    cause!("unclassified_retransmissions", 5, "Sent again, for no reason that shows."),
    Field::one("out_of_order_segments", Kind::Count, "Reordered by the network.", |row| {
        row.sums.tally.loss.out_of_order.into()
    })
    .rank(45),
    Field::one("zero_windows", Kind::Count, "Times that a receiver closed its window.", |row| {
        row.sums.tally.windows.closed.into()
    })
    .paint(Paint::Loss),
    Field::one(
        "zero_window_s",
        Kind::Seconds,
        "For how long windows were closed in it, of all sides together.",
        |row| Value::span(row.span.map(|_| row.closed_for), row.fine_clock),
    )
    .rank(60),
];

/// Declares the figures of samples.
macro_rules! figures {
    ($get:expr, $prefix:literal, $what:literal, $rank:literal) => {
        [
            Field::one(
                concat!($prefix, "_samples"),
                Kind::Count,
                concat!("Samples of ", $what, "."),
                |row| {
                    let get: fn(&Interval) -> &Quantiles = $get;
                    get(row).count().into()
                },
            ),
            Field::one(concat!($prefix, "_p50_s"), Kind::Seconds, "Their median.", |row| {
                quantile(row, $get, 0.5)
            })
            .paint(Paint::Delay)
            .rank($rank),
            Field::one(concat!($prefix, "_p95_s"), Kind::Seconds, "Their 95th percentile.", |row| {
                quantile(row, $get, 0.95)
            })
            .paint(Paint::Delay)
            .rank($rank),
            Field::one(concat!($prefix, "_p99_s"), Kind::Seconds, "Their 99th percentile.", |row| {
                quantile(row, $get, 0.99)
            })
            .paint(Paint::Delay),
        ]
    };
}

static RTT: &[Field] = {
    const TO_SERVER: [Field; 4] = figures!(
        |row| &row.sums.tally.rtt[0],
        "rtt_to_server",
        "the round trip from the capture point to the server and back",
        70
    );
    const TO_CLIENT: [Field; 4] = figures!(
        |row| &row.sums.tally.rtt[1],
        "rtt_to_client",
        "the round trip from the capture point to the client and back",
        65
    );
    let [a, b, c, d] = TO_SERVER;
    let [e, f, g, h] = TO_CLIENT;
    &[a, b, c, d, e, f, g, h]
};

static HTTP: &[Field] = {
    const REQUESTS: Field = Field::one("http_requests", Kind::Count, "HTTP requests that began.", |row| {
        row.sums.tally.requests.into()
    })
    .rank(40);
    const ERRORS: Field = Field::one(
        "http_errors",
        Kind::Count,
        "Of these, those answered with a status of 400 and above, or not at all.",
        |row| row.sums.tally.errors.into(),
    )
    .paint(Paint::Loss)
    .rank(39);
    const FIRST_BYTES: [Field; 4] = figures!(
        |row| &row.sums.tally.first_bytes,
        "http_time_to_first_byte",
        "the time from the last byte of a request to the first of its response",
        0
    );
    let [a, b, c, d] = FIRST_BYTES;
    &[REQUESTS, ERRORS, a, b, c, d]
};

fn quantile(row: &Interval, of: fn(&Interval) -> &Quantiles, share: f64) -> Value<'static> {
    let samples = Some(of(row)).filter(|samples| samples.count() > 0);
    Value::span(samples.and_then(|samples| samples.quantile(share)), row.fine_clock)
}
