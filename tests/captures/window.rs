//! Windows that close, and the probes that ask whether they are open again.

use crate::support::conversation::Setup;
use crate::support::script::established;
use crate::{Case, at_client, pcap};

pub fn cases() -> Vec<Case> {
    let case = |name, shows, text| pcap(name, shows, established(at_client(), text));
    vec![
        case(
            "zero-window-probe",
            "the window closes for 690 ms; Linux probes it twice, without payload, one below the next number",
            "
            0.030 > 1:1001(1000) ack 1
            0.050 < ack 1001 wnd 0
            0.280 > 1000 ack 1
            0.300 < ack 1001 wnd 0
            0.720 > 1000 ack 1
            0.740 < ack 1001
            0.740 > 1001:2001(1000) ack 1
            0.760 < ack 2001
        ",
        ),
        case(
            "zero-window-probe-byte",
            "the window closes; probes of one byte, not accepted twice, then taken (RFC 9293 §3.8.6.1)",
            "
            0.030 > 1:1001(1000) ack 1
            0.050 < ack 1001 wnd 0
            0.280 > 1001:1002(1) ack 1
            0.300 < ack 1001 wnd 0
            0.740 > 1001:1002(1) ack 1
            0.760 < ack 1002
            0.760 > 1002:2002(1000) ack 1
            0.780 < ack 2002
        ",
        ),
        case(
            "zero-window",
            "the window closes and is opened by a window update before any probe",
            "
            0.030 > 1:1001(1000) ack 1
            0.050 < ack 1001 wnd 0
            0.150 < ack 1001
            0.150 > 1001:2001(1000) ack 1
            0.170 < ack 2001
        ",
        ),
        case(
            "window-full",
            "a window of 4,096 bytes is filled to its edge, twice",
            "
            0.021 < ack 1 wnd 32
            0.030000 > 1:1449(1448) ack 1
            0.030012 > 1449:2897(1448) ack 1
            0.030024 > 2897:4097(1200) ack 1
            0.050024 < ack 4097 wnd 32
            0.050030 > 4097:5545(1448) ack 1
            0.050042 > 5545:6993(1448) ack 1
            0.050054 > 6993:8193(1200) ack 1
            0.070054 < ack 8193 wnd 32
        ",
        ),
        case(
            "keep-alive",
            "two hours of silence, a keep-alive without payload, its ACK; later the server's, with one byte",
            "
            0.030     > 1:1001(1000) ack 1
            0.050     < 1:101(100) ack 1001
            0.050     > ack 101
            7200.050  > 1000 ack 101
            7200.070  < ack 1001
            7275.000  < 100:101(1) ack 1001
            7275.000  > ack 101
        ",
        ),
        case(
            "window-shrinks",
            "a receiver takes back window that it had given",
            "
            0.030 > 1:1001(1000) ack 1
            0.050 < ack 1001 wnd 64
            0.060 < ack 1001 wnd 16
            0.061 > 1001:2001(1000) ack 1
            0.081 < ack 2001 wnd 502
        ",
        ),
        pcap(
            "window-scale-14",
            "the largest scale: a window of 1 GiB",
            established(
                Setup { window_scale: Some(14), window: 65535, ..at_client() },
                "
                0.030 > 1:1001(1000) ack 1
                0.050 < ack 1001
            ",
            ),
        ),
        case(
            "duplicate-acks",
            "a duplicate ACK; not one: a window update, an ACK with data, an ACK with nothing outstanding",
            "
            0.030000 > 1:1001(1000) ack 1
            0.030012 > 1001:2001(1000) ack 1
            0.030024 > 2001:3001(1000) ack 1
            0.050000 < ack 1001
            0.050010 < ack 1001
            0.050020 < ack 1001 wnd 600
            0.050030 < 1:101(100) ack 1001 wnd 600
            0.050040 < ack 3001 wnd 600
            0.090    < ack 3001 wnd 600
        ",
        ),
    ]
}
