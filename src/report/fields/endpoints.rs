//! `endpoints`: what flows come to that have a host, a port or something else in common.

use crate::decode::Address;
use crate::report::Value;
use crate::report::endpoints::{Endpoint, Group, Volume};
use crate::report::fields::identity::{has_ports, protocol};
use crate::report::schema::{Family, Kind, Paint, Schema, Spec};
use crate::stats::Quantiles;

type Field = Spec<Endpoints>;

/// Rows that are groups of flows.
pub enum Endpoints {}

impl Family for Endpoints {
    type Row<'a> = Endpoint;
}

/// The fields of `endpoints`.
pub static ENDPOINTS: Schema<Endpoints> = Schema {
    command: "endpoints",
    row: "a host, or what else flows have in common",
    groups: &[GROUP, FLOWS, VOLUME, SENT, RECEIVED, RTT, RESPONSES],
};

static GROUP: &[Field] = &[
    Field::one("host", Kind::Address, "The host; of a pair the lower address.", |row| host(row).0).rank(100),
    Field::one("peer", Kind::Address, "The other host of a pair.", |row| host(row).1).rank(100),
    Field::one("protocol", Kind::Text, "The transport protocol, beside a server's port.", |row| {
        match row.group {
            Group::ServerPort(number, _) => protocol(number),
            _ => Value::Null,
        }
    })
    .rank(100),
    Field::one("server_port", Kind::Number, "The server's port.", |row| match row.group {
        Group::ServerPort(number, port) => Some(port).filter(|_| has_ports(number)).into(),
        _ => Value::Null,
    })
    .rank(100),
    Field::one("service", Kind::Text, "The application protocol that the bytes showed.", |row| {
        match row.group {
            Group::Service(service) => service.into(),
            _ => Value::Null,
        }
    })
    .rank(100),
    Field::one("vlans", Kind::Numbers, "VLAN ids passed, outermost first.", |row| match &row.group {
        Group::Vlans(vlans) => Value::list(vlans.iter().copied()),
        _ => Value::Null,
    })
    .rank(100),
    Field::one("dscp", Kind::Numbers, "The DSCP values that a side of a flow sent.", |row| match row.group {
        Group::Dscp(values) => Value::bits(values),
        _ => Value::Null,
    })
    .rank(100),
];

static FLOWS: &[Field] = &[
    Field::one("flows", Kind::Count, "Flows.", |row| row.sums.flows.iter().sum::<u64>().into()).rank(90),
    Field::one(
        "client_flows",
        Kind::Count,
        "Flows in which the near side is the client. The near side is the host; of a \
        pair the lower address; by DSCP the side that sent the values; elsewhere the server.",
        |row| row.sums.flows[0].into(),
    ),
    Field::one("server_flows", Kind::Count, "Flows in which the near side is the server.", |row| {
        row.sums.flows[1].into()
    }),
    Field::one(
        "failed_openings",
        Kind::Count,
        "TCP connections that got no answer, were refused, or never completed.",
        |row| row.sums.failed.iter().sum::<u64>().into(),
    )
    .paint(Paint::Loss)
    .rank(85),
    Field::one(
        "client_failed_openings",
        Kind::Count,
        "Of these, those in which the near side is the client.",
        |row| row.sums.failed[0].into(),
    ),
];

static VOLUME: &[Field] = &[
    Field::one("packets", Kind::Count, "Frames both ways.", |row| row.sums.total().packets.into()).rank(80),
    Field::one("wire_bytes", Kind::Bytes, "Their length on the wire.", |row| {
        row.sums.total().wire_bytes.into()
    })
    .rank(95),
    Field::one("payload_bytes", Kind::Bytes, "Transport payload both ways.", |row| {
        row.sums.total().payload_bytes.into()
    }),
    Field::one("retransmitted_segments", Kind::Count, "TCP segments sent again both ways.", |row| {
        row.sums.total().retransmitted_segments.into()
    })
    .paint(Paint::Loss),
];

/// Declares what was sent one way.
macro_rules! way {
    ($name:ident, $way:ident, $prefix:literal, $who:literal) => {
        static $name: &[Field] = &[
            Field::one(
                concat!($prefix, "_packets"),
                Kind::Count,
                concat!("Frames that the near side ", $who, "."),
                |row| row.sums.$way.packets.into(),
            ),
            Field::one(concat!($prefix, "_wire_bytes"), Kind::Bytes, "Their length on the wire.", |row| {
                row.sums.$way.wire_bytes.into()
            })
            .rank(70),
            Field::one(concat!($prefix, "_payload_bytes"), Kind::Bytes, "Their transport payload.", |row| {
                row.sums.$way.payload_bytes.into()
            }),
            Field::one(
                concat!($prefix, "_resets"),
                Kind::Count,
                concat!("RSTs that the near side ", $who, "."),
                |row| row.sums.$way.resets.into(),
            )
            .paint(Paint::Loss),
            Field::one(
                concat!($prefix, "_data_segments"),
                Kind::Count,
                concat!("TCP segments with payload that the near side ", $who, "."),
                |row| row.sums.$way.data_segments.into(),
            ),
            Field::one(
                concat!($prefix, "_retransmitted_segments"),
                Kind::Count,
                "TCP segments sent again in that direction.",
                |row| row.sums.$way.retransmitted_segments.into(),
            )
            .paint(Paint::Loss),
            Field::one(
                concat!($prefix, "_retransmitted_share"),
                Kind::Share,
                "Their share in the segments with payload.",
                |row| retransmitted_share(&row.sums.$way),
            )
            .paint(Paint::Loss)
            .rank(60),
        ];
    };
}

way! { SENT, sent, "sent", "sent" }
way! { RECEIVED, received, "received", "received" }

/// Declares the figures of samples.
macro_rules! figures {
    ($samples:ident, $prefix:literal, $what:literal, $rank:literal) => {
        [
            Field::one(
                concat!($prefix, "_samples"),
                Kind::Count,
                concat!("Samples of ", $what, "."),
                |row| row.sums.$samples.count().into(),
            ),
            Field::one(concat!($prefix, "_p50_s"), Kind::Seconds, "Their median.", |row| {
                quantile(row, &row.sums.$samples, 0.5)
            })
            .paint(Paint::Delay)
            .rank($rank),
            Field::one(concat!($prefix, "_p95_s"), Kind::Seconds, "Their 95th percentile.", |row| {
                quantile(row, &row.sums.$samples, 0.95)
            })
            .paint(Paint::Delay)
            .rank($rank),
            Field::one(concat!($prefix, "_p99_s"), Kind::Seconds, "Their 99th percentile.", |row| {
                quantile(row, &row.sums.$samples, 0.99)
            })
            .paint(Paint::Delay),
        ]
    };
}

static RTT: &[Field] = {
    const NEAR: [Field; 4] =
        figures!(rtt, "rtt", "the round trip from the capture point to the near side and back", 50);
    const FAR: [Field; 4] =
        figures!(peer_rtt, "peer_rtt", "the round trip from the capture point to the other side and back", 0);
    let [a, b, c, d] = NEAR;
    let [e, f, g, h] = FAR;
    &[a, b, c, d, e, f, g, h]
};

static RESPONSES: &[Field] = &figures!(
    responses,
    "response",
    "the time that servers took to begin their answers; where a flow counts at both sides, the near side alone",
    40
);

fn host(row: &Endpoint) -> (Value<'static>, Value<'static>) {
    let of = |address: Address| Value::from(address);
    match row.group {
        Group::Host(host) => (of(host), Value::Null),
        Group::Pair(host, peer) => (of(host), of(peer)),
        _ => (Value::Null, Value::Null),
    }
}

fn retransmitted_share(volume: &Volume) -> Value<'static> {
    Value::share(volume.retransmitted_segments, volume.data_segments)
}

fn quantile(row: &Endpoint, samples: &Quantiles, share: f64) -> Value<'static> {
    Value::span(
        Some(samples).filter(|samples| samples.count() > 0).and_then(|samples| samples.quantile(share)),
        row.fine_clock,
    )
}
