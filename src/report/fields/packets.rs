//! `packets`: one row a frame.

use crate::decode::{Address, SackBlocks, Stop, StopReason, Tcp, TcpOption, Transport};
use crate::pipeline::PacketRow;
use crate::report::schema::{Family, Kind, Paint, Schema, Spec};
use crate::report::{Value, Written};
use crate::tcp::{Flags, Tag, Verdict};

type Field = Spec<Packets>;

/// Rows that are frames.
pub enum Packets {}

impl Family for Packets {
    type Row<'a> = PacketRow<'a>;
}

/// The fields of `packets`.
pub static PACKETS: Schema<Packets> =
    Schema { command: "packets", row: "a frame", groups: &[FRAME, SEGMENT, OPTIONS, ANALYSIS] };

static FRAME: &[Field] = &[
    Field::one("number", Kind::Number, "1-based number over all frames read, of all files.", |row| {
        row.frame.number.into()
    })
    .source("Wireshark frame.number")
    .rank(100),
    Field::one("file", Kind::Text, "The file it stands in; null where there is one alone.", |row| {
        row.file.into()
    })
    .rank(98),
    Field::one(
        "file_number",
        Kind::Number,
        "1-based number in its file; null where there is one alone.",
        |row| row.file.map(|_| row.frame.file_number).into(),
    ),
    Field::one("time_s", Kind::Instant, "When it was captured; null where the record has no time.", |row| {
        Value::instant(row.frame.at, row.frame.fine_clock)
    })
    .source("Wireshark frame.time_epoch")
    .rank(95),
    Field::one("delta_s", Kind::Seconds, "Since the frame before; may be negative.", |row| {
        Value::span(row.delta, row.frame.fine_clock)
    })
    .source("Wireshark frame.time_delta"),
    Field::one("length", Kind::Bytes, "Length on the wire, as the record says.", |row| {
        row.frame.orig_len.into()
    })
    .source("Wireshark frame.len")
    .rank(60),
    Field::one("captured_length", Kind::Bytes, "How much of it was captured.", |row| {
        (row.frame.data.len() as u64).into()
    })
    .source("Wireshark frame.cap_len"),
    Field::one("protocols", Kind::Text, "The layers read, outermost first, by their short names.", |row| {
        Written::Layers(row.packet).into()
    })
    .source("Wireshark frame.protocols"),
    Field::one(
        "source",
        Kind::Address,
        "Innermost network address, else link address, of the sender.",
        |row| end(row.packet.network.map(|network| network.source), row.packet.link.map(|link| link.0)),
    )
    .rank(90),
    Field::one("source_port", Kind::Number, "Port of the sender.", |row| {
        row.packet.ports().map(|(port, _)| port).into()
    })
    .rank(35),
    Field::one(
        "destination",
        Kind::Address,
        "Innermost network address, else link address, of the receiver.",
        |row| end(row.packet.network.map(|network| network.destination), row.packet.link.map(|link| link.1)),
    )
    .rank(90),
    Field::one("destination_port", Kind::Number, "Port of the receiver.", |row| {
        row.packet.ports().map(|(_, port)| port).into()
    })
    .rank(35),
    Field::one("flow", Kind::Number, "The flow it belongs to.", |row| row.flow.into()).rank(40),
    Field::one("stream", Kind::Number, "The stream it belongs to, as Wireshark numbers them.", |row| {
        row.stream.into()
    })
    .source("Wireshark tcp.stream, udp.stream"),
    Field::one("payload_bytes", Kind::Bytes, "Payload of TCP; of UDP, the length field less 8.", |row| {
        let carries = matches!(row.packet.transport, Transport::Tcp(_) | Transport::Udp { .. });
        carries.then_some(row.packet.payload_len).into()
    })
    .source("Wireshark tcp.len, udp.length - 8"),
    Field::one("info", Kind::Text, "What it is, in a line.", |row| crate::report::info::line(row).into())
        .rank(70),
    Field::one("error", Kind::Text, "What could not be decoded, and why.", |row| {
        row.packet.stop.map(explain).into()
    })
    .rank(30),
];

static SEGMENT: &[Field] = &[
    Field::one("seq", Kind::Number, "TCP sequence number, as on the wire.", |row| {
        tcp(row).map(|tcp| tcp.seq).into()
    })
    .source("RFC 9293 section 3.1"),
    Field::one(
        "ack",
        Kind::Number,
        "TCP acknowledgment number, as on the wire; null without the ACK flag.",
        |row| tcp(row).filter(|tcp| Flags(tcp.flags).contains(Flags::ACK)).map(|tcp| tcp.ack).into(),
    )
    .source("RFC 9293 section 3.1"),
    Field::one("seq_relative", Kind::Number, "Sequence number counted from the SYN, which is 0.", |row| {
        verdict(row).map(|verdict| verdict.seq_relative).into()
    })
    .source("Wireshark tcp.seq"),
    Field::one(
        "ack_relative",
        Kind::Number,
        "Acknowledgment number counted from the other side's SYN.",
        |row| verdict(row).and_then(|verdict| verdict.ack_relative).into(),
    )
    .source("Wireshark tcp.ack"),
    Field::one("flags", Kind::Text, "TCP flags: letters in the order FSRPAUECN; - for none.", |row| {
        tcp(row).map(|tcp| Written::Flags(Flags(tcp.flags))).into()
    })
    .source("RFC 9293 section 3.1; RFC 9768"),
    Field::one("window", Kind::Number, "TCP window, as on the wire.", |row| {
        tcp(row).map(|tcp| tcp.window).into()
    })
    .source("RFC 9293 section 3.1"),
    Field::one(
        "window_scaled_bytes",
        Kind::Bytes,
        "The window, scaled; null unless both SYNs were seen.",
        |row| verdict(row).and_then(|verdict| verdict.window_scaled).into(),
    )
    .source("RFC 7323 section 2"),
];

static OPTIONS: &[Field] = &[
    Field::one("options", Kind::Text, "TCP options, in short; null without any.", |row| {
        tcp(row).filter(|tcp| !tcp.options.is_empty()).map(|tcp| Written::Options(tcp.options())).into()
    }),
    Field::one("mss", Kind::Bytes, "Maximum segment size option.", |row| {
        option(row, |option| if let TcpOption::Mss(mss) = option { Some(mss) } else { None }).into()
    })
    .source("RFC 9293 section 3.7.1"),
    Field::one("window_scale", Kind::Number, "Window scale option: the shift count.", |row| {
        option(row, |option| if let TcpOption::WindowScale(shift) = option { Some(shift) } else { None })
            .into()
    })
    .source("RFC 7323 section 2"),
    Field::one("tsval", Kind::Number, "Timestamp value.", |row| {
        timestamps(row).map(|(value, _)| value).into()
    })
    .source("RFC 7323 section 3"),
    Field::one("tsecr", Kind::Number, "Timestamp echo reply.", |row| {
        timestamps(row).map(|(_, echo)| echo).into()
    })
    .source("RFC 7323 section 3"),
    Field::one("sack_blocks", Kind::Texts, "SACK blocks as left-right, numbers as on the wire.", |row| {
        let blocks =
            option(row, |option| if let TcpOption::Sack(blocks) = option { Some(blocks) } else { None });
        let edges = |blocks: SackBlocks| blocks.into_iter().map(|(left, right)| Written::Edges(left, right));
        tcp(row).map(|_| Value::list(blocks.into_iter().flat_map(edges))).into()
    })
    .source("RFC 2018 section 3"),
];

static ANALYSIS: &[Field] = &[
    Field::one("analysis", Kind::Texts, "What the segment is, as tags.", |row| {
        verdict(row).map(|verdict| Value::list(verdict.tags.iter().map(Tag::name))).into()
    })
    .rank(65)
    .paint(Paint::Loss),
    Field::one("rtt_s", Kind::Seconds, "The round-trip sample that this ACK gave.", |row| {
        Value::span(verdict(row).and_then(|verdict| verdict.rtt), row.frame.fine_clock)
    })
    .source("Karn; RFC 6298 section 3"),
    Field::one("acks_packet", Kind::Number, "The packet that the sample was taken from.", |row| {
        verdict(row).and_then(|verdict| verdict.acks_packet).into()
    })
    .source("Wireshark tcp.analysis.acks_frame"),
    Field::one("in_flight_bytes", Kind::Bytes, "Payload outstanding in its direction, with it.", |row| {
        verdict(row).and_then(|verdict| verdict.in_flight).into()
    })
    .source("Wireshark tcp.analysis.bytes_in_flight"),
];

fn tcp<'r>(row: &'r PacketRow<'r>) -> Option<&'r Tcp<'r>> {
    match &row.packet.transport {
        Transport::Tcp(tcp) => Some(tcp),
        _ => None,
    }
}

fn verdict<'r>(row: &'r PacketRow<'r>) -> Option<&'r Verdict> {
    row.verdict
}

fn option<'r, T>(row: &'r PacketRow<'r>, of: impl Fn(TcpOption<'r>) -> Option<T>) -> Option<T> {
    tcp(row)?.options().find_map(of)
}

fn timestamps(row: &PacketRow<'_>) -> Option<(u32, u32)> {
    option(
        row,
        |option| if let TcpOption::Timestamps(value, echo) = option { Some((value, echo)) } else { None },
    )
}

fn end(network: Option<Address>, link: Option<&[u8]>) -> Value<'_> {
    let link = link.filter(|bytes| !bytes.is_empty());
    network.map(Value::from).or(link.map(|bytes| Written::Link(bytes).into())).into()
}

fn explain(stop: Stop) -> String {
    let (layer, offset) = (stop.layer.name(), stop.offset);
    match stop.reason {
        StopReason::Truncated => format!("{layer} at byte {offset}: cut short by the capture"),
        StopReason::Malformed => format!("{layer} at byte {offset}: malformed"),
        StopReason::Unsupported(number) => {
            format!("{layer} at byte {offset}: next protocol {number} is not decoded")
        }
        StopReason::TooDeep => format!("{layer} at byte {offset}: too many layers"),
        StopReason::TooManyTunnels => format!("{layer} at byte {offset}: too many tunnels"),
        StopReason::TooManyExtensions => format!("{layer} at byte {offset}: too many extension headers"),
    }
}
