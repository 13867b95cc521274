//! How connections open, or fail to.

use crate::support::conversation::{Conversation, SECOND, Setup, Side};
use crate::support::{merged, script};
use crate::{Case, at_client, at_server, in_between, pcap};

pub fn cases() -> Vec<Case> {
    vec![
        pcap(
            "handshake",
            "a whole connection, captured 10 ms from the client and 30 ms from the server (round trips)",
            Conversation::new(in_between())
                .open()
                .say(Side::Client, b"ping")
                .say(Side::Server, b"pong")
                .close(Side::Client)
                .records
                .clone(),
        ),
        pcap(
            "handshake-reorder",
            "the last ACK of the handshake recorded before the SYN-ACK that it answers",
            script::capture(
                r#"
                0.000000 > S 0
                0.020010 > 1 ack 1 id 1001
                0.020030 < S 0 ack 1
                0.021    > "ping" ack 1 id 1002
                0.041    < "pong" ack 5
                0.041    > ack 5
            "#,
            ),
        ),
        pcap(
            "syn-lost",
            "a SYN lost after the capture point, sent again after a second",
            script::capture(
                "
                0.000 >x S 0
                1.010 >  S 0
                1.030 <  S 0 ack 1
                1.030 >  ack 1
                1.031 >  1:101(100) ack 1
                1.051 <  ack 101
            ",
            ),
        ),
        pcap(
            "syn-ack-lost",
            "a SYN-ACK lost behind the capture point; RTT 30 ms, no sample of it: which SYN was answered is not known",
            script::run(
                at_server(30),
                "
                0.000000 >  S 0
                0.000040 <x S 0 ack 1
                1.010000 >  S 0
                1.010040 <  S 0 ack 1
                1.040040 >  1 ack 1
                1.041    >  1:101(100) ack 1
                1.041040 <  ack 101
            ",
            ),
        ),
        pcap(
            "last-ack-lost",
            "the last ACK of the handshake lost before the capture point, so the SYN-ACK comes twice; RTT 30 ms",
            script::run(
                at_server(30),
                "
                0.000000 >  S 0
                0.000040 <  S 0 ack 1
                0.030040 >! 1 ack 1
                1.015    <  S 0 ack 1
                1.045    >  1 ack 1
                1.046    >  1:101(100) ack 1
                1.046040 <  ack 101
            ",
            ),
        ),
        pcap(
            "simultaneous-open",
            "SYNs that cross, each answered by a SYN-ACK (RFC 9293 §3.5)",
            script::run(
                in_between(),
                "
                0.000 > S 0
                0.002 < S 0
                0.012 > S 0 ack 1
                0.030 < S 0 ack 1
                0.040 > 1:101(100) ack 1
                0.070 < ack 101
            ",
            ),
        ),
        pcap(
            "refused",
            "a SYN answered by a RST",
            script::capture(
                "
                0.000 > S 0
                0.020 < R 0 ack 1 wnd 0
            ",
            ),
        ),
        pcap(
            "no-answer",
            "a SYN and its four retransmissions, one, two, four and eight seconds apart, without any answer",
            script::capture(
                "
                0.000  >x S 0
                1.008  >x S 0
                3.024  >x S 0
                7.056  >x S 0
                15.120 >x S 0
            ",
            ),
        ),
        pcap(
            "rst-after-syn",
            "a SYN scan of two ports: SYN, SYN-ACK, RST; and SYN, RST of the client before any answer",
            merged([
                script::capture(
                    "
                    0.000 > S 0
                    0.020 < S 0 ack 1
                    0.020 > R 1 wnd 0
                ",
                ),
                script::run(
                    Setup { server: (at_client().server.0, 81), start: SECOND, ..at_client() },
                    "
                    0.000 >x S 0
                    0.500 >  R 1 wnd 0
                ",
                ),
            ]),
        ),
        pcap(
            "half-open",
            "a SYN-ACK, and again, that nobody acknowledges",
            script::run(
                at_server(30),
                "
                0.000000 >  S 0
                0.000040 <x S 0 ack 1
                1.010    <x S 0 ack 1
                3.030    <x S 0 ack 1
            ",
            ),
        ),
        pcap(
            "syn-data-fast-open",
            "TCP Fast Open: the SYN carries a request of 18 bytes, and the SYN-ACK acknowledges it (RFC 7413)",
            script::run(
                fast_open(),
                r#"
                0.000 > S 0 "GET / HTTP/1.0\r\n\r\n" mss 1460 sackok tfo 0123456789abcdef
                0.020 < S 0 ack 19
                0.020 > ack 1
                0.021 < P "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok" ack 19
                0.021 > ack .
                0.022 < F ack 19
                0.022 > F ack .
                0.042 < ack 20
            "#,
            ),
        ),
        pcap(
            "fast-open-not-accepted",
            "the SYN carries 18 bytes, the SYN-ACK acknowledges the SYN alone, the bytes are sent again",
            script::run(
                fast_open(),
                r#"
                0.000    > S 0 "GET / HTTP/1.0\r\n\r\n" mss 1460 sackok tfo 0123456789abcdef
                0.020    < S 0 ack 1
                0.020010 > 1 "GET / HTTP/1.0\r\n\r\n" ack 1
                0.040    < ack 19
            "#,
            ),
        ),
        pcap(
            "midstream-start",
            "a capture that begins in the middle of a connection: no SYN, no scale",
            script::capture(
                "
                0.000 > 500001:501001(1000) ack 70001
                0.020 < 70001 ack 501001
                0.030 < 70001:71001(1000) ack 501001
                0.030 > ack 71001
                0.040 > 501001:502001(1000) ack 71001
                0.060 < ack 502001
            ",
            ),
        ),
        pcap(
            "one-sided",
            "only what the client sent was captured",
            script::capture(
                "
                0.000 >  S 0
                0.020 <! S 0 ack 1
                0.020 >  ack 1
                0.030 >  1:1001(1000) ack 1
                0.050 <! ack 1001
                0.060 <! 1:501(500) ack 1001
                0.060 >  ack 501
                0.070 >  F ack 501
                0.090 <! F 501 ack 1002
                0.090 >  ack 502
            ",
            ),
        ),
        pcap(
            "port-reuse",
            "the same addresses and ports used again 5 s after the close, with another initial sequence number",
            reuse("\n"),
        ),
        pcap(
            "port-reuse-straggler",
            "the same, and a late segment of the first connection arrives during the second",
            reuse("5.030 > 1:101(100) ack 1 id 1002 ts 100030 900020\n"),
        ),
        pcap(
            "not-negotiated",
            "the client offers scale, SACK and timestamps; the server answers with its MSS alone",
            script::run(
                Setup { timestamps: false, ..at_client() },
                "
                0.000 > S 0 mss 1460 sackok wscale 7
                0.020 < S 0 ack 1 mss 536
                0.020 > ack 1 wnd 64240
                0.021 > 1:537(536) ack 1 wnd 64240
                0.041 < ack 537 wnd 8192
            ",
            ),
        ),
    ]
}

/// Without scale and timestamps, to leave room for the cookie.
fn fast_open() -> Setup {
    Setup { timestamps: false, window_scale: None, window: 64240, ..at_client() }
}

fn reuse(late: &str) -> Vec<crate::support::Record> {
    let text = "
        0.000 > S 0
        0.020 < S 0 ack 1
        0.020 > ack 1
        0.030 > 1:101(100) ack 1
        0.050 < ack 101
        0.060 > F ack 1
        0.080 < F ack 102
        0.080 > ack 2
    ";
    let first = script::run(at_client(), &format!("{text}\n{late}"));
    let again = Setup { client_isn: 700_000_000, server_isn: 900_000_000, start: 5 * SECOND, ..at_client() };
    merged([first, script::run(again, text)])
}
