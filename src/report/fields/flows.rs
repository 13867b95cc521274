//! `flows`: what is known of a flow, whatever its protocol. The TCP fields stand in `tcp`.

use crate::flow::{Traffic, community_id};
use crate::pipeline::{FlowRow, ResponseStats};
use crate::report::Value;
use crate::report::fields::identity::{Identified, endpoints, file, start};
use crate::report::fields::{icmp_error_name, tcp};
use crate::report::schema::{Family, Kind, Role, Schema, Spec};
use crate::time::Span;

type Field = Spec<Flows>;

/// Rows that are finished flows.
pub enum Flows {}

impl Family for Flows {
    type Row<'a> = FlowRow;
}

/// The fields of `flows`.
pub static FLOWS: Schema<Flows> = Schema {
    command: "flows",
    row: "a flow",
    groups: &[
        &endpoints(),
        ORIGIN,
        &start(),
        SPAN,
        SIZE,
        tcp::VOLUME,
        tcp::OPENING,
        tcp::OFFERS,
        tcp::AGREED,
        tcp::CLOSING,
        tcp::STATES,
        ICMP,
        tcp::SEGMENTS,
        tcp::LOSS,
        tcp::ACKS,
        tcp::WINDOWS,
        tcp::FLIGHT,
        tcp::RTT,
        MARKS,
        tcp::ECHOES,
        HOPS,
        RESPONSES,
        REST,
        &file(),
    ],
};

static ORIGIN: &[Field] = &[
    Field::one("client_inferred", Kind::Bool, "The roles are a guess: no SYN was seen.", |row| {
        row.client_inferred.into()
    }),
    Field::one("community_id", Kind::Text, "Community ID flow hash, version 1, seed 0.", |row| {
        community_id(&row.key).into()
    })
    .source("Zeek, Suricata, Arkime"),
    Field::one(
        "service",
        Kind::Text,
        "The application protocol that the bytes showed; never from the port alone.",
        |row| row.service.into(),
    )
    .source("Zeek conn.log service"),
    Field::one("continued", Kind::Bool, "The row goes on with a flow already written.", |row| {
        row.continued.into()
    }),
    Field::one("evicted", Kind::Bool, "A bound on the flows kept finished the row early.", |row| {
        row.evicted.into()
    }),
    Field::one("vlans", Kind::Numbers, "VLAN ids passed, outermost first.", |row| {
        Value::list(row.vlans.iter().copied())
    }),
    Field::one("tunnels", Kind::Texts, "Tunnel headers passed, outermost first.", |row| {
        Value::list(row.tunnels.iter().map(|layer| layer.name()))
    }),
    Field::one("first_packet", Kind::Number, "Number of its first packet.", |row| row.first_packet.into()),
];

static SPAN: &[Field] = &[
    Field::one("end_s", Kind::Instant, "Greatest time of its packets.", |row| {
        Value::instant(row.end, row.fine_clock)
    }),
    Field::one("duration_s", Kind::Seconds, "From start to end.", |row| {
        Value::span(row.end.zip(row.start).map(|(end, start)| end.since(start)), row.fine_clock)
    })
    .rank(50),
];

static SIZE: &[Field] = &[
    Field::one("packets", Kind::Count, "Frames of both sides.", |row| both(row, |sent| sent.packets)),
    Field::one("wire_bytes", Kind::Bytes, "Length of the frames of both sides on the wire.", |row| {
        both(row, |sent| sent.wire_bytes)
    }),
    Field::one("payload_bytes", Kind::Bytes, "Transport payload of both sides.", |row| {
        both(row, |sent| sent.payload_bytes)
    }),
    Field::side("{side}_packets", Kind::Count, "Frames that the {side} sent.", |row, role| {
        sent(row, role).packets.into()
    })
    .source("Wireshark conversations")
    .rank(75),
    Field::side("{side}_wire_bytes", Kind::Bytes, "Their length on the wire.", |row, role| {
        sent(row, role).wire_bytes.into()
    })
    .source("Wireshark conversations")
    .rank(80),
    Field::side(
        "{side}_payload_bytes",
        Kind::Bytes,
        "Transport payload that the {side} sent, retransmissions and duplicates included.",
        |row, role| sent(row, role).payload_bytes.into(),
    )
    .source("tcptrace actual data bytes"),
];

static ICMP: &[Field] = &[
    Field::one("icmp_errors", Kind::Count, "ICMP errors that quote this flow.", |row| row.icmp_errors.into()),
    Field::one("icmp_error", Kind::Text, "What the last of them said.", |row| {
        row.icmp_error.and_then(icmp_error_name).into()
    })
    .source("RFC 792; RFC 4443 section 3"),
];

static MARKS: &[Field] = &[
    Field::side(
        "{side}_ect0_packets",
        Kind::Count,
        "Packets that the {side} sent with the mark ECT(0).",
        |row, role| sent(row, role).ect0_packets.into(),
    )
    .source("RFC 3168 section 5"),
    Field::side(
        "{side}_ect1_packets",
        Kind::Count,
        "Packets that the {side} sent with the mark ECT(1).",
        |row, role| sent(row, role).ect1_packets.into(),
    )
    .source("RFC 9331"),
    Field::side(
        "{side}_ce_packets",
        Kind::Count,
        "Packets of the {side} that arrived with the mark CE: congestion experienced.",
        |row, role| sent(row, role).ce_packets.into(),
    )
    .source("RFC 3168 section 5"),
];

static HOPS: &[Field] = &[
    Field::side(
        "{side}_ttl_min",
        Kind::Number,
        "Least TTL or hop limit of what the {side} sent.",
        |row, role| sent(row, role).ttl.map(|(least, _)| least).into(),
    ),
    Field::side("{side}_ttl_max", Kind::Number, "Greatest TTL or hop limit.", |row, role| {
        sent(row, role).ttl.map(|(_, greatest)| greatest).into()
    }),
    Field::side("{side}_dscp", Kind::Numbers, "The DSCP values seen.", |row, role| {
        Value::bits(sent(row, role).dscp)
    })
    .source("RFC 2474 section 3"),
];

static RESPONSES: &[Field] = &[
    Field::side(
        "{side}_response_samples",
        Kind::Count,
        "Answers of the {side}: from the last payload byte of what the {other} sent to the first of what the \
         {side} sent next.",
        |row, role| responses(row, role).samples.into(),
    ),
    Field::side("{side}_response_min_s", Kind::Seconds, "The fastest of them.", |row, role| {
        response(row, role, |[least, ..]| least)
    }),
    Field::side("{side}_response_p50_s", Kind::Seconds, "Their median.", |row, role| {
        response(row, role, |[_, median, ..]| median)
    }),
    Field::side("{side}_response_p95_s", Kind::Seconds, "Their 95th percentile.", |row, role| {
        response(row, role, |[_, _, p95, _]| p95)
    }),
    Field::side("{side}_response_max_s", Kind::Seconds, "The slowest of them.", |row, role| {
        response(row, role, |[.., greatest]| greatest)
    }),
];

static REST: &[Field] = &[
    Field::side(
        "{side}_idle_max_s",
        Kind::Seconds,
        "The longest silence between two packets of the {side}.",
        |row, role| Value::span(sent(row, role).idle_max, row.fine_clock),
    )
    .source("tcptrace idletime max"),
    Field::side(
        "{side}_checksum_errors",
        Kind::Count,
        "Packets of the {side} with a wrong IP, TCP or UDP checksum, what its network card was left to fill in excepted; \
         null without --verify-checksums, and where no packet was captured whole.",
        |row, role| sent(row, role).checksum_errors.into(),
    )
    .source("RFC 1071"),
    Field::side(
        "{side}_header_bytes",
        Kind::Bytes,
        "Network and transport header bytes of the {side}: the overhead.",
        |row, role| sent(row, role).header_bytes.into(),
    ),
];

fn sent(row: &FlowRow, role: Role) -> &Traffic {
    &row.traffic[row.direction(role)]
}

fn both(row: &FlowRow, of: fn(&Traffic) -> u64) -> Value<'_> {
    of(&row.traffic.forward).saturating_add(of(&row.traffic.reverse)).into()
}

fn responses(row: &FlowRow, role: Role) -> &ResponseStats {
    &row.responses[row.direction(role)]
}

fn response(row: &FlowRow, role: Role, of: fn([Span; 4]) -> Span) -> Value<'_> {
    Value::span(responses(row, role).min_p50_p95_max.map(of), row.fine_clock)
}
