//! How connections close.

use crate::support::script::established;
use crate::{Case, at_client, in_between, pcap};

pub fn cases() -> Vec<Case> {
    let case = |name, shows, text| pcap(name, shows, established(at_client(), text));
    vec![
        case(
            "fin-retransmit",
            "the client's FIN is lost after the capture point and sent again 222 ms later",
            "
            0.030 >  1:1001(1000) ack 1
            0.050 <  ack 1001
            0.060 >x F ack 1
            0.282 >  F 1001 ack 1
            0.302 <  F ack 1002
            0.302 >  ack 2
        ",
        ),
        case(
            "fin-with-data",
            "both FINs carry the last bytes",
            "
            0.030 > F 1:1001(1000) ack 1
            0.050 < F 1:501(500) ack 1002
            0.050 > ack 502
        ",
        ),
        pcap(
            "simultaneous-close",
            "FINs that cross",
            established(
                in_between(),
                "
                0.050 > 1:101(100) ack 1
                0.080 < ack 101
                0.100 > F ack 1
                0.101 < F ack 101
                0.111 > 102 ack 2
                0.130 < ack 102
            ",
            ),
        ),
        case(
            "half-close",
            "the client closes its side, the server sends 4,000 bytes more before it closes its own",
            "
            0.030 > F 1:101(100) ack 1
            0.050 < ack 102
            1.050 < 1:1001(1000) ack 102
            1.051 < 1001:2001(1000) ack 102
            1.051 > ack 2001
            1.071 < 2001:3001(1000) ack 102
            1.072 < F 3001:4001(1000) ack 102
            1.072 > ack 4002
        ",
        ),
        case(
            "half-closed",
            "one FIN, acknowledged; the other side never closes",
            "
            0.030 > F 1:101(100) ack 1
            0.050 < ack 102
        ",
        ),
        case(
            "client-reset",
            "the client resets in the middle of an answer, which goes on for a while",
            "
            0.030    > 1:101(100) ack 1
            0.050    < 1:1001(1000) ack 101
            0.050    > ack 1001
            0.060    < 1001:2001(1000) ack 101
            0.060010 > R 101 ack 1001 wnd 0
            0.061    < 2001:3001(1000) ack 101
            0.061010 > R 101 wnd 0
        ",
        ),
        case(
            "reset-with-data",
            "the server's RST carries a reason in 12 bytes, which are no stream data (RFC 9293 §3.10.7.4)",
            r#"
            0.030 > 1:101(100) ack 1
            0.050 < R 1 "go elsewhere" ack 101 wnd 0
        "#,
        ),
        case(
            "reset-after-close",
            "both FINs acknowledged, then a RST",
            "
            0.030 > F 1:101(100) ack 1
            0.050 < F 1:101(100) ack 102
            0.050 > ack 102
            0.070 < R 102 wnd 0
        ",
        ),
        case(
            "data-beyond-fin",
            "a host that sends on behind its own FIN: shown, and no part of the stream",
            "
            0.030 > F 1:101(100) ack 1
            0.031 > 102:202(100) ack 1
            0.050 < ack 102
            0.051 < F ack 102
            0.051 > 102 ack 2
        ",
        ),
        case(
            "challenge-ack",
            "a RST whose number is in the window but not the next one, answered by a challenge ACK (RFC 5961 §3.2)",
            "
            0.030 > 1:101(100) ack 1
            0.050 < ack 101
            0.100 > R 5001
            0.120 < ack 101
            0.130 > 101:201(100) ack 1
            0.150 < ack 201
        ",
        ),
    ]
}
