//! The tables that a summary is made of, each with a schema.

use super::fold::{Connections, Totals};
use super::{Soundness, Whole};
use crate::decode::Layer;
use crate::pipeline::{Amount, Reached};
use crate::report::schema::{Family, Kind, Paint, Schema, Spec};
use crate::report::{Decimal, Value};

/// Declares a family and its schema.
macro_rules! part {
    ($family:ident, $row:ty, $schema:ident, $of:literal, $($field:expr,)*) => {
        #[doc = concat!("Rows that are ", $of, ".")]
        pub enum $family {}

        impl Family for $family {
            type Row<'a> = $row;
        }

        #[doc = concat!("The fields of ", $of, ".")]
        pub static $schema: Schema<$family> = Schema { command: "summary", row: $of, groups: &[&[$($field,)*]] };
    };
}

/// A protocol, and the frames that hold it in this place.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The layers down to it.
    pub path: Vec<Layer>,
    /// Frames that hold it.
    pub amount: Amount,
    /// Of how many in all.
    pub of: Amount,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug)]
pub struct Transport {
    /// Its name.
    pub name: &'static str,
    /// What its flows sent.
    pub totals: Totals,
}

/// Packets of which something could not be decoded.
#[derive(Clone, Debug)]
pub struct Undecoded {
    /// The layer at which it ended.
    pub layer: Layer,
    /// Why.
    pub reason: String,
    /// How many.
    pub packets: u64,
}

part! { Wholes, Whole, WHOLE, "the capture as a whole",
    Spec::<Wholes>::one("files", Kind::Count, "Files.", |row| row.files.into()).rank(1),
    Spec::<Wholes>::one("packets", Kind::Count, "Packets that take part.", |row| row.chosen.packets.into()).rank(9),
    Spec::<Wholes>::one("wire_bytes", Kind::Bytes, "Their length on the wire.", |row| row.chosen.bytes.into()).rank(9),
    Spec::<Wholes>::one("captured_bytes", Kind::Bytes, "Bytes captured of them.", |row| row.captured_bytes.into()).rank(9),
    Spec::<Wholes>::one("flows", Kind::Count, "Flows.", |row| row.flows.into()).rank(9),
    Spec::<Wholes>::one("start_s", Kind::Instant, "Least time.", |row| Value::instant(row.span.map(|span| span.0), row.fine_clock)).rank(9),
    Spec::<Wholes>::one("end_s", Kind::Instant, "Greatest time.", |row| Value::instant(row.span.map(|span| span.1), row.fine_clock)).rank(9),
    Spec::<Wholes>::one("duration_s", Kind::Seconds, "From start to end.", |row| {
        Value::span(row.span.map(|(start, end)| end.since(start)), row.fine_clock)
    }).rank(9),
    Spec::<Wholes>::one("packets_per_second", Kind::Rate, "Packets divided by the duration.", |row| {
        row.rate(row.chosen.packets, 1).map(|rate| Decimal { mantissa: rate, digits: 3 }).into()
    }).rank(9),
    Spec::<Wholes>::one("wire_bps", Kind::BitsPerSecond, "Bits on the wire divided by the duration.", |row| {
        row.rate(row.chosen.bytes, 8).map(|rate| rate.unsigned_abs() / 1000).into()
    }).rank(9),
}

part! { Soundnesses, Soundness, SOUNDNESS, "what is accounted for",
    Spec::<Soundnesses>::one("read_packets", Kind::Count, "Packets read.", |row| row.read.into()),
    Spec::<Soundnesses>::one("filtered_packets", Kind::Count, "Packets that a filter left out.", |row| row.filtered.into()),
    Spec::<Soundnesses>::one("decoded_packets", Kind::Count, "Packets decoded down to their innermost payload.", |row| row.decoded.into()),
    Spec::<Soundnesses>::one("cut_packets", Kind::Count, "Packets that the capture cut within their headers.", |row| row.cut.into()),
    Spec::<Soundnesses>::one("malformed_packets", Kind::Count, "Packets whose bytes contradict a protocol.", |row| row.malformed.into()),
    Spec::<Soundnesses>::one("unsupported_packets", Kind::Count, "Packets with a protocol that is not decoded.", |row| row.unsupported.into()),
    Spec::<Soundnesses>::one("too_deep_packets", Kind::Count, "Packets with more layers than are read.", |row| row.too_deep.into()),
    Spec::<Soundnesses>::one("packets_accounted", Kind::Bool, "Read packets are the sum of the others.", |row| (row.unaccounted() == 0).into()),
    Spec::<Soundnesses>::one("stream_sent_bytes", Kind::Bytes, "TCP stream bytes sent: the last less the first sequence number of each side.", |row| row.sent_bytes.into()),
    Spec::<Soundnesses>::one("stream_seen_bytes", Kind::Bytes, "TCP stream bytes seen.", |row| row.seen_bytes.into()),
    Spec::<Soundnesses>::one("stream_missing_bytes", Kind::Bytes, "TCP stream bytes that the capture never showed.", |row| row.missing_bytes.into()),
    Spec::<Soundnesses>::one("stream_missing_share", Kind::Share, "Their share.", |row| {
        Value::share(row.missing_bytes, row.missing_bytes.saturating_add(row.seen_bytes))
    }),
    Spec::<Soundnesses>::one("streams_accounted", Kind::Bool, "Of each side, the bytes sent are the sum of those seen and those missing.", |row| (row.unaccounted_streams == 0).into()),
    Spec::<Soundnesses>::one("dropped_packets", Kind::Count, "Packets that the capturing machine dropped, as the files say.", |row| row.dropped.into()),
    Spec::<Soundnesses>::one("shortened_packets", Kind::Count, "Packets of which less was captured than was on the wire.", |row| row.shortened.into()),
    Spec::<Soundnesses>::one("time_backwards_packets", Kind::Count, "Packets earlier than the one before.", |row| row.time_backwards.into()),
    Spec::<Soundnesses>::one("untimed_packets", Kind::Count, "Packets without a time.", |row| row.untimed.into()),
    Spec::<Soundnesses>::one("overlapping_files", Kind::Count, "Files that begin before the one before ended.", |row| row.overlapping_files.into()),
}

part! { Protocols, Protocol, PROTOCOLS, "a protocol",
    Spec::<Protocols>::one("protocol", Kind::Text, "Its name, indented by the layers around it.", |row| {
        let name = row.path.last().map_or("", |layer| layer.name());
        format!("{}{name}", "  ".repeat(row.path.len().saturating_sub(1))).into()
    }).rank(9),
    Spec::<Protocols>::one("path", Kind::Text, "The layers down to it, with colons between them.", |row| {
        row.path.iter().map(|layer| layer.name()).collect::<Vec<_>>().join(":").into()
    }),
    Spec::<Protocols>::one("osi", Kind::Number, "Its layer of the OSI model.", |row| row.path.last().map(|layer| layer.osi()).into()),
    Spec::<Protocols>::one("packets", Kind::Count, "Frames that hold it in this place.", |row| row.amount.packets.into()).rank(9),
    Spec::<Protocols>::one("packet_share", Kind::Share, "Their share.", |row| Value::share(row.amount.packets, row.of.packets)).rank(9),
    Spec::<Protocols>::one("wire_bytes", Kind::Bytes, "Their length on the wire.", |row| row.amount.bytes.into()).rank(9),
    Spec::<Protocols>::one("byte_share", Kind::Share, "The share of that.", |row| Value::share(row.amount.bytes, row.of.bytes)).rank(9),
}

part! { Transports, Transport, TRANSPORTS, "a transport protocol",
    Spec::<Transports>::one("transport", Kind::Text, "tcp, udp, icmp, other.", |row| row.name.into()).rank(9),
    Spec::<Transports>::one("flows", Kind::Count, "Flows.", |row| row.totals.flows.into()).rank(9),
    Spec::<Transports>::one("packets", Kind::Count, "Packets.", |row| row.totals.packets.into()).rank(9),
    Spec::<Transports>::one("wire_bytes", Kind::Bytes, "Their length on the wire.", |row| row.totals.wire_bytes.into()).rank(9),
    Spec::<Transports>::one("payload_bytes", Kind::Bytes, "Their payload.", |row| row.totals.payload_bytes.into()).rank(9),
    Spec::<Transports>::one("header_bytes", Kind::Bytes, "Their network and transport headers.", |row| row.totals.header_bytes.into()).rank(9),
    Spec::<Transports>::one("header_share", Kind::Share, "The share of these headers in what was on the wire.", |row| {
        Value::share(row.totals.header_bytes, row.totals.wire_bytes)
    }).rank(9),
}

part! { Tcps, Connections, TCP, "the TCP connections together",
    Spec::<Tcps>::one("connections", Kind::Count, "TCP connections.", |row| row.all.into()),
    Spec::<Tcps>::one("complete", Kind::Count, "Opened by a complete handshake.", |row| row.complete.into()),
    Spec::<Tcps>::one("half_open", Kind::Count, "Answered, never completed.", |row| row.half_open.flows.into()).paint(Paint::Loss),
    Spec::<Tcps>::one("no_answer", Kind::Count, "Not answered.", |row| row.no_answer.flows.into()).paint(Paint::Loss),
    Spec::<Tcps>::one("refused", Kind::Count, "Refused.", |row| row.refused.flows.into()).paint(Paint::Loss),
    Spec::<Tcps>::one("midstream", Kind::Count, "Open before the capture began.", |row| row.midstream.flows.into()),
    Spec::<Tcps>::one("graceful", Kind::Count, "Closed by FINs.", |row| row.graceful.into()),
    Spec::<Tcps>::one("client_reset", Kind::Count, "Reset by the client.", |row| row.client_reset.flows.into()),
    Spec::<Tcps>::one("server_reset", Kind::Count, "Reset by the server.", |row| row.server_reset.flows.into()),
    Spec::<Tcps>::one("half_closed", Kind::Count, "Closed by one side.", |row| row.half_closed.into()),
    Spec::<Tcps>::one("open", Kind::Count, "Open at the end.", |row| row.open.into()),
    Spec::<Tcps>::one("handshake_packets", Kind::Count, "Packets spent on handshakes.", |row| row.handshake_packets.into()),
    Spec::<Tcps>::one("pure_acks", Kind::Count, "Packets spent on ACKs alone.", |row| row.pure_acks.into()),
    Spec::<Tcps>::one("data_segments", Kind::Count, "Segments with payload.", |row| row.data_segments.into()),
    Spec::<Tcps>::one("retransmitted_segments", Kind::Count, "Segments sent again.", |row| row.retransmitted.amount.into()),
    Spec::<Tcps>::one("retransmitted_bytes", Kind::Bytes, "Payload bytes sent again.", |row| row.retransmitted_bytes.into()),
    Spec::<Tcps>::one("retransmitted_share", Kind::Share, "Segments with payload sent again, of those with payload.", |row| {
        Value::share(row.causes.data(), row.data_segments)
    }),
    Spec::<Tcps>::one("spurious_retransmissions", Kind::Count, "Proven needless.", |row| row.spurious.amount.into()),
    Spec::<Tcps>::one("out_of_order_segments", Kind::Count, "Reordered by the network.", |row| row.out_of_order.amount.into()),
    Spec::<Tcps>::one("network_duplicates", Kind::Count, "Made twice by the network.", |row| row.network_duplicates.amount.into()),
    Spec::<Tcps>::one("capture_duplicates", Kind::Count, "Made twice by the capture.", |row| row.capture_duplicates.amount.into()),
    Spec::<Tcps>::one("zero_windows", Kind::Count, "Times that a window closed.", |row| row.zero_windows.amount.into()),
}

part! { Boundaries, Reached, BOUNDS, "a bound that was reached: on what is kept in memory, or on how deep something is read",
    Spec::<Boundaries>::one("option", Kind::Text, "The option that sets it; null where none does.", |row| row.option.into()).rank(9),
    Spec::<Boundaries>::one("times", Kind::Count, "How often it was reached.", |row| row.times.into()).rank(9),
    Spec::<Boundaries>::one("effect", Kind::Text, "What happened so often.", |row| row.what.into()).rank(9),
}

part! { Undecodeds, Undecoded, UNDECODED, "packets that were not decoded to the end, by layer and reason",
    Spec::<Undecodeds>::one("layer", Kind::Text, "The layer that could not be read, or whose payload could not.", |row| row.layer.name().into()).rank(9),
    Spec::<Undecodeds>::one("reason", Kind::Text, "Why.", |row| row.reason.as_str().into()).rank(9),
    Spec::<Undecodeds>::one("packets", Kind::Count, "How many.", |row| row.packets.into()).rank(9),
}
