//! The fields of a TCP connection, group by group; null for flows that are none.

use crate::pipeline::FlowRow;
use crate::report::Value;
use crate::report::fields::Flows;
use crate::report::fields::identity::Identified;
use crate::report::fields::names::{closing_name, opening_name, state_name};
use crate::report::schema::{Kind, Paint, Role, Spec};
use crate::stats::bits_per_second;
use crate::tcp::{EcnNegotiated, HalfSummary, Offer, RttFigures, Summary};
use crate::time::Span;

type Field = Spec<Flows>;

/// Payload without what was sent twice, and how fast it came.
pub static VOLUME: &[Field] = &[
    Field::side("{side}_unique_bytes",
        Kind::Bytes,
        "Stream bytes of the {side} seen for the first time; data in a SYN counts.",
        |row, role| half(row, role).map(|half| half.unique_bytes).into(),
    )
    .source("tcptrace unique bytes sent"),
    Field::side("{side}_missing_bytes",
        Kind::Bytes,
        "Stream bytes of the {side} that the capture never showed, though the {other} acknowledged them or later \
         bytes were seen.",
        |row, role| half(row, role).map(|half| half.missing_bytes).into(),
    )
    .source("Zeek conn.log missed_bytes"),
    Field::side("{side}_capture_lost_bytes",
        Kind::Bytes,
        "Of these, bytes that the {other} acknowledged: the capture lost them. None of a side of which it has no packet.",
        |row, role| half(row, role).map(|half| half.lost_bytes).into(),
    ),
    Field::side("{side}_goodput_bps",
        Kind::BitsPerSecond,
        "Unique bytes, from the first to the last data segment of the {side}.",
        |row, role| half(row, role).and_then(|half| rate(half, half.unique_bytes)).into(),
    )
    .source("RFC 2647 section 3.17"),
    Field::side("{side}_throughput_bps",
        Kind::BitsPerSecond,
        "All payload bytes, from the first to the last data segment of the {side}.",
        |row, role| {
            let bytes = row.traffic[row.direction(role)].payload_bytes;
            half(row, role).and_then(|half| rate(half, bytes)).into()
        },
    ),
];

/// How it opened.
pub static OPENING: &[Field] = &[
    Field::one(
        "opening",
        Kind::Text,
        "complete, half_open (SYN-ACK seen, never completed), no_answer, refused, midstream (no SYN seen) or \
         simultaneous.",
        |row| tcp(row).map(|tcp| opening_name(tcp.opening)).into(),
    )
    .source("RFC 9293 section 3.5")
    .rank(40)
    .paint(Paint::Loss),
    Field::one("fast_open", Kind::Bool, "The SYN carried data, and the server accepted it.", |row| {
        tcp(row).map(|tcp| tcp.handshake.fast_open).into()
    })
    .source("RFC 7413"),
    Field::one(
        "handshake_to_server_s",
        Kind::Seconds,
        "SYN to SYN-ACK: from the capture point to the server and back. Null when ambiguous.",
        |row| span(row, |tcp| tcp.handshake.to_server),
    )
    .source("Karn; RFC 6298 section 3"),
    Field::one(
        "handshake_to_client_s",
        Kind::Seconds,
        "SYN-ACK to ACK: from the capture point to the client and back. Null when ambiguous.",
        |row| span(row, |tcp| tcp.handshake.to_client),
    )
    .source("Karn; RFC 6298 section 3"),
    Field::one("initial_rtt_s", Kind::Seconds, "The sum of both: the round trip of the path.", |row| {
        span(row, |tcp| Some(tcp.handshake.to_server? + tcp.handshake.to_client?))
    })
    .source("Wireshark tcp.analysis.initial_rtt")
    .rank(45)
    .paint(Paint::Delay),
    Field::one("client_syn_retransmissions", Kind::Count, "SYNs that the client sent again.", |row| {
        half(row, Role::Client).map(|half| half.syn_retransmissions).into()
    }),
    Field::one(
        "server_syn_ack_retransmissions",
        Kind::Count,
        "SYN-ACKs that the server sent again.",
        |row| half(row, Role::Server).map(|half| half.syn_retransmissions).into(),
    ),
];

/// The options of the SYNs.
pub static OFFERS: &[Field] = &[
    Field::side("{side}_mss", Kind::Bytes, "Maximum segment size that the {side} offered.", |row, role| {
        offer(row, role).and_then(|offer| offer.mss).into()
    })
    .source("RFC 9293 section 3.7.1"),
    Field::side(
        "{side}_window_scale",
        Kind::Number,
        "Window scale shift count that the {side} offered.",
        |row, role| offer(row, role).and_then(|offer| offer.window_scale).into(),
    )
    .source("RFC 7323 section 2"),
    Field::side("{side}_sack_permitted", Kind::Bool, "The {side} offered SACK.", |row, role| {
        offer(row, role).map(|offer| offer.sack_permitted).into()
    })
    .source("RFC 2018 section 2"),
    Field::side("{side}_timestamps", Kind::Bool, "The {side} offered TCP timestamps.", |row, role| {
        offer(row, role).map(|offer| offer.timestamps).into()
    })
    .source("RFC 7323 section 3"),
];

/// What the SYNs agreed.
pub static AGREED: &[Field] = &[Field::one(
    "ecn_negotiated",
    Kind::Text,
    "Explicit congestion notification that the SYNs agreed: none, ecn or accecn.",
    |row| {
        let name = |ecn| match ecn {
            EcnNegotiated::None => "none",
            EcnNegotiated::Ecn => "ecn",
            EcnNegotiated::AccEcn => "accecn",
        };
        tcp(row).and_then(|tcp| tcp.ecn_negotiated).map(name).into()
    },
)
.source("RFC 3168 section 6.1.1; RFC 9768")];

/// How it closed.
pub static CLOSING: &[Field] = &[
    Field::one("closing",
        Kind::Text,
        "graceful (FIN both ways, acknowledged), client_reset, server_reset, half_closed, open (nothing closed it in \
         this capture) or reset_after_close; null where it never opened.",
        |row| tcp(row).and_then(|tcp| tcp.close.closing).map(closing_name).into(),
    )
    .source("RFC 9293 section 3.6")
    .rank(40).paint(Paint::Loss),
    Field::one("closed_first", Kind::Text, "client or server: who sent the first FIN, without one the RST.", |row| {
        let first = tcp(row).and_then(|tcp| tcp.close.first);
        first.map(|first| if first == row.client { "client" } else { "server" }).into()
    }),
    Field::one("close_s", Kind::Seconds, "First FIN to the last ACK of the close.", |row| {
        span(row, |tcp| tcp.close.duration)
    }),
];

/// Its states and its story.
pub static STATES: &[Field] = &[
    Field::side("{side}_state", Kind::Text, "State of the {side} at the end, as an observer infers it.", |row, role| {
        half(row, role).map(|half| state_name(half.state)).into()
    })
    .source("RFC 9293 section 3.3.2"),
    Field::one("history",
        Kind::Text,
        "The connection's story in letters, upper case for what the client sent: S SYN, H SYN-ACK, A ACK, D data, F \
         FIN, R RST, C bad checksum, G gap, T retransmission, W zero window, I inconsistent, Q several flags.",
        |row| tcp(row).map(|tcp| tcp.history.as_str()).into(),
    )
    .source("Zeek conn.log history"),
    Field::one("conn_state", Kind::Text, "SF, S0, REJ and so on.", |row| {
        tcp(row).and_then(|tcp| tcp.conn_state).into()
    })
    .source("Zeek conn.log conn_state"),
];

/// Segments by kind.
pub static SEGMENTS: &[Field] = &[
    Field::side("{side}_data_segments", Kind::Count, "Segments of the {side} with payload.", |row, role| {
        count(row, role, |half| half.data_segments)
    })
    .source("tcptrace actual data pkts"),
    Field::side("{side}_ack_segments", Kind::Count, "With the ACK flag.", |row, role| {
        count(row, role, |half| half.acks.ack_segments)
    })
    .source("tcptrace ack pkts sent"),
    Field::side("{side}_pure_acks", Kind::Count, "ACK alone: no payload, SYN, FIN or RST.", |row, role| {
        count(row, role, |half| half.acks.pure_acks)
    })
    .source("tcptrace pure acks sent"),
    Field::side("{side}_pushes", Kind::Count, "With payload and PSH.", |row, role| {
        count(row, role, |half| half.pushes)
    })
    .source("tcptrace pushed data pkts"),
    Field::side("{side}_resets", Kind::Count, "With RST.", |row, role| count(row, role, |half| half.resets))
        .source("Tstat RST sent"),
    Field::side("{side}_urgent_segments", Kind::Count, "With URG.", |row, role| {
        count(row, role, |half| half.urgent_segments)
    })
    .source("tcptrace urgent data pkts"),
];

/// What was sent again, late or twice.
pub static LOSS: &[Field] = &[
    Field::side("{side}_retransmitted_segments",
        Kind::Count,
        "Data, SYN or FIN sequence space that the {side} sent again; not window probes, keep-alives or duplicates.",
        |row, role| count(row, role, |half| half.loss.retransmitted_segments),
    )
    .source("Linux TCP_INFO tcpi_total_retrans")
    .rank(65).paint(Paint::Loss),
    Field::side("{side}_retransmitted_bytes", Kind::Bytes, "Payload bytes of these.", |row, role| {
        half(row, role).map(|half| half.loss.retransmitted_bytes).into()
    })
    .source("Linux TCP_INFO tcpi_bytes_retrans"),
    Field::side("{side}_fast_retransmissions",
        Kind::Count,
        "Sent again because ACKs reported a loss.",
        |row, role| count(row, role, |half| half.loss.fast),
    )
    .source("RFC 5681; RFC 6675; RFC 8985"),
    Field::side("{side}_rto_retransmissions",
        Kind::Count,
        "Sent again because the retransmission timer expired.",
        |row, role| count(row, role, |half| half.loss.rto),
    )
    .source("RFC 6298 section 5"),
    Field::side("{side}_tlp_retransmissions", Kind::Count, "Sent again as a tail loss probe.", |row, role| {
        count(row, role, |half| half.loss.tlp)
    })
    .source("RFC 8985 section 7"),
    Field::side("{side}_fin_retransmissions",
        Kind::Count,
        "A FIN without payload sent again, for a cause that nothing shows.",
        |row, role| count(row, role, |half| half.loss.fin),
    ),
    Field::side("{side}_unclassified_retransmissions",
        Kind::Count,
        "Sent again for a cause that nothing shows. The five and the SYNs add up to the retransmitted segments.",
        |row, role| count(row, role, |half| half.loss.unclassified),
    ),
    Field::side("{side}_spurious_retransmissions",
        Kind::Count,
        "Of the retransmissions, those proven needless: by DSACK, by Eifel, or because they were acknowledged already.",
        |row, role| count(row, role, |half| half.loss.spurious),
    )
    .source("RFC 2883; RFC 3522; RFC 3708"),
    Field::side("{side}_lost_before_capture_segments",
        Kind::Count,
        "Retransmissions whose original was not seen. SYNs do not count.",
        |row, role| count(row, role, |half| half.loss.lost_before_capture),
    ),
    Field::side("{side}_lost_after_capture_segments",
        Kind::Count,
        "Retransmissions whose original was seen, and that are not proven spurious. SYNs do not count.",
        |row, role| count(row, role, |half| half.loss.lost_after_capture),
    ),
    Field::side("{side}_out_of_order_segments",
        Kind::Count,
        "Late, but sent once: reordered by the network.",
        |row, role| count(row, role, |half| half.loss.out_of_order),
    )
    .source("tcptrace outoforder pkts"),
    Field::side("{side}_network_duplicates",
        Kind::Count,
        "The same packet twice, made by the network.",
        |row, role| count(row, role, |half| half.loss.network_duplicates),
    ),
    Field::side("{side}_capture_duplicates",
        Kind::Count,
        "The same packet twice, made by the capture.",
        |row, role| count(row, role, |half| half.loss.capture_duplicates),
    )
    .source("tcptrace hardware duplicates"),
];

/// What its ACKs said.
pub static ACKS: &[Field] = &[
    Field::side("{side}_duplicate_acks", Kind::Count, "Duplicate ACKs that the {side} sent.", |row, role| {
        count(row, role, |half| half.acks.duplicate_acks)
    })
    .source("RFC 5681 section 2"),
    Field::side(
        "{side}_sack_segments",
        Kind::Count,
        "Segments of the {side} with SACK blocks.",
        |row, role| count(row, role, |half| half.acks.sack_segments),
    )
    .source("RFC 2018 section 3"),
    Field::side(
        "{side}_dsack_segments",
        Kind::Count,
        "Segments of the {side} with a DSACK block.",
        |row, role| count(row, role, |half| half.acks.dsack_segments),
    )
    .source("RFC 2883 section 4"),
];

/// The windows it advertised, and what came of them.
pub static WINDOWS: &[Field] = &[
    Field::side("{side}_window_min_bytes",
        Kind::Bytes,
        "Least window that the {side} advertised without SYN and RST, scaled; null while the scale is not known.",
        |row, role| window(row, role, |(least, _, _)| least),
    )
    .source("tcptrace min win adv"),
    Field::side("{side}_window_mean_bytes", Kind::Bytes, "Mean over segments.", |row, role| {
        window(row, role, |(_, mean, _)| mean)
    })
    .source("tcptrace avg win adv"),
    Field::side("{side}_window_max_bytes", Kind::Bytes, "Greatest.", |row, role| {
        window(row, role, |(_, _, greatest)| greatest)
    })
    .source("tcptrace max win adv"),
    Field::side("{side}_zero_windows", Kind::Count, "Times that the {side} closed its window.", |row, role| {
        count(row, role, |half| half.window.zero_windows)
    })
    .rank(30).paint(Paint::Loss),
    Field::side("{side}_zero_window_s", Kind::Seconds, "For how long in all.", |row, role| {
        span_of(row, role, |half| Some(half.window.zero_window_time))
    }),
    Field::side("{side}_window_full_segments",
        Kind::Count,
        "Segments of the {side} that used all of the window that the {other} had advertised.",
        |row, role| count(row, role, |half| half.window.full_segments),
    )
    .source("Wireshark tcp.analysis.window_full"),
    Field::side("{side}_window_probes",
        Kind::Count,
        "Segments of the {side} that asked whether the window of the {other} had opened.",
        |row, role| count(row, role, |half| half.probes.window_probes),
    )
    .source("RFC 9293 section 3.8.6.1"),
    Field::side("{side}_window_updates", Kind::Count, "Segments with the same ACK and another window.", |row, role| {
        count(row, role, |half| half.window.updates)
    })
    .source("RFC 5681 section 2"),
    Field::side("{side}_keep_alives", Kind::Count, "Keep-alives that the {side} sent.", |row, role| {
        count(row, role, |half| half.probes.keep_alives)
    })
    .source("RFC 9293 section 3.8.4"),
];

/// What it had in flight, and how large its segments were.
pub static FLIGHT: &[Field] = &[
    Field::side(
        "{side}_in_flight_max_bytes",
        Kind::Bytes,
        "The most payload that the {side} had sent and the {other} not yet acknowledged.",
        |row, role| half(row, role).and_then(|half| half.in_flight_max).into(),
    )
    .source("RFC 5681 section 2"),
    Field::side("{side}_in_flight_mean_bytes", Kind::Bytes, "The mean, weighted by time.", |row, role| {
        half(row, role).and_then(|half| half.in_flight_mean).into()
    }),
    Field::side(
        "{side}_initial_window_bytes",
        Kind::Bytes,
        "Data sent before the first ACK of data.",
        |row, role| half(row, role).and_then(|half| half.initial_window).map(|initial| initial.bytes).into(),
    )
    .source("RFC 6928; tcptrace initial window"),
    Field::side("{side}_initial_window_segments", Kind::Count, "The segments it took.", |row, role| {
        half(row, role).and_then(|half| half.initial_window).map(|initial| initial.segments).into()
    }),
    Field::side(
        "{side}_segment_min_bytes",
        Kind::Bytes,
        "Payload of the smallest data segment of the {side}.",
        |row, role| half(row, role).and_then(|half| half.sizes).map(|sizes| sizes.min).into(),
    )
    .source("tcptrace min segm size"),
    Field::side(
        "{side}_segment_mean_bytes",
        Kind::Bytes,
        "The mean payload of its data segments.",
        |row, role| half(row, role).and_then(|half| half.sizes).map(|sizes| sizes.mean).into(),
    )
    .source("tcptrace avg segm size"),
    Field::side("{side}_segment_max_bytes", Kind::Bytes, "Payload of the largest.", |row, role| {
        half(row, role).and_then(|half| half.sizes).map(|sizes| sizes.max).into()
    })
    .source("tcptrace max segm size"),
];

/// The distance from the capture point to each side and back.
pub static RTT: &[Field] = &[
    Field::side("rtt_to_{side}_samples",
        Kind::Count,
        "Round-trip samples from segments that the {other} sent, to the ACK of the {side}; none that is ambiguous.",
        |row, role| half(row, role.other()).map(|half| half.rtt.samples).into(),
    )
    .source("Karn; RFC 6298 section 3; RFC 7323 section 4"),
    Field::side("rtt_to_{side}_min_s", Kind::Seconds, "Least: what the path to the {side} costs.", |row, role| {
        rtt(row, role, |figures| figures.min)
    })
    .rank(35).paint(Paint::Delay),
    Field::side("rtt_to_{side}_mean_s", Kind::Seconds, "Mean.", |row, role| rtt(row, role, |figures| figures.mean)),
    Field::side("rtt_to_{side}_stddev_s", Kind::Seconds, "Standard deviation.", |row, role| {
        rtt(row, role, |figures| figures.stddev)
    }),
    Field::side("rtt_to_{side}_p50_s", Kind::Seconds, "Median, within 1 %.", |row, role| {
        rtt(row, role, |figures| figures.p50)
    }),
    Field::side("rtt_to_{side}_p95_s", Kind::Seconds, "95th percentile, within 1 %.", |row, role| {
        rtt(row, role, |figures| figures.p95)
    })
    .rank(38).paint(Paint::Delay),
    Field::side("rtt_to_{side}_p99_s", Kind::Seconds, "99th percentile, within 1 %.", |row, role| {
        rtt(row, role, |figures| figures.p99)
    }),
    Field::side("rtt_to_{side}_max_s", Kind::Seconds, "Greatest.", |row, role| rtt(row, role, |figures| figures.max)),
];

/// ECN echoes.
pub static ECHOES: &[Field] = &[
    Field::side(
        "{side}_ece_segments",
        Kind::Count,
        "Segments of the {side} with ECE: it saw congestion.",
        |row, role| count(row, role, |half| half.ecn.ece_segments),
    )
    .source("RFC 3168 section 6.1"),
    Field::side(
        "{side}_cwr_segments",
        Kind::Count,
        "Segments of the {side} with CWR: it slowed down.",
        |row, role| count(row, role, |half| half.ecn.cwr_segments),
    )
    .source("RFC 3168 section 6.1"),
];

/// The connection of a row.
pub fn tcp(row: &FlowRow) -> Option<&Summary> {
    row.tcp.as_deref()
}

fn half(row: &FlowRow, role: Role) -> Option<&HalfSummary> {
    tcp(row).map(|tcp| &tcp.halves[row.direction(role)])
}

fn count(row: &FlowRow, role: Role, of: fn(&HalfSummary) -> u32) -> Value<'_> {
    half(row, role).map(of).into()
}

fn span(row: &FlowRow, of: fn(&Summary) -> Option<Span>) -> Value<'_> {
    Value::span(tcp(row).and_then(of), row.fine_clock)
}

fn span_of(row: &FlowRow, role: Role, of: fn(&HalfSummary) -> Option<Span>) -> Value<'_> {
    Value::span(half(row, role).and_then(of), row.fine_clock)
}

fn offer(row: &FlowRow, role: Role) -> Option<&Offer> {
    half(row, role).and_then(|half| half.offer.as_ref())
}

fn window(row: &FlowRow, role: Role, of: fn((u32, u32, u32)) -> u32) -> Value<'_> {
    half(row, role).and_then(|half| half.window.min_mean_max).map(of).into()
}

fn rtt(row: &FlowRow, role: Role, of: fn(&RttFigures) -> Span) -> Value<'_> {
    let figures = half(row, role.other()).and_then(|half| half.rtt.figures.as_ref());
    Value::span(figures.map(of), row.fine_clock)
}

/// Bits per second over the data of one side; `None` where it has no duration.
fn rate(half: &HalfSummary, bytes: u64) -> Option<u64> {
    let (first, last) = half.data_span?;
    bits_per_second(bytes, last.since(first))
}
