//! What the analysis says of the captures in `testdata/captures`, beside how they were built.
//!
//! Each case names the frames that carry tags, with all their tags but `sack` and `dsack` (a text of its own checks those), and
//! fields of the first flow. Everything here follows from the script of the capture, not from what the program printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A capture, the tags of its frames, fields of its first flow.
type Case = (&'static str, &'static str, &'static str);

const CASES: &[Case] = &[
    (
        "handshake",
        "",
        "opening=complete closing=graceful closed_first=client handshake_to_server_s=0.03 handshake_to_client_s=0.01 initial_rtt_s=0.04 client_payload_bytes=4 server_payload_bytes=4",
    ),
    (
        "bulk",
        "",
        "client_unique_bytes=200 server_unique_bytes=60000 server_retransmitted_segments=0 server_missing_bytes=0",
    ),
    ("snaplen-96", "", "client_unique_bytes=200 server_unique_bytes=60000 server_missing_bytes=0"),
    // How it opens.
    (
        "syn-lost",
        "2 retransmission syn",
        "opening=complete client_syn_retransmissions=1 client_retransmitted_segments=1 initial_rtt_s=null",
    ),
    (
        "syn-ack-lost",
        "3 retransmission syn spurious; 4 retransmission syn",
        "opening=complete client_syn_retransmissions=1 server_syn_ack_retransmissions=1 handshake_to_server_s=0.00004 handshake_to_client_s=null initial_rtt_s=null",
    ),
    (
        "last-ack-lost",
        "3 retransmission syn",
        "opening=complete server_syn_ack_retransmissions=1 handshake_to_client_s=null initial_rtt_s=null",
    ),
    (
        "simultaneous-open",
        "",
        "opening=simultaneous client_retransmitted_segments=0 server_retransmitted_segments=0",
    ),
    ("refused", "", "opening=refused closing=null"),
    (
        "no-answer",
        "2 retransmission syn; 3 retransmission syn; 4 retransmission syn; 5 retransmission syn",
        "opening=no_answer client_syn_retransmissions=4 closing=null",
    ),
    (
        "half-open",
        "3 retransmission syn; 4 retransmission syn",
        "opening=half_open server_syn_ack_retransmissions=2",
    ),
    (
        "syn-data-fast-open",
        "",
        "opening=complete fast_open=true client_unique_bytes=18 server_unique_bytes=40",
    ),
    (
        "midstream-start",
        "",
        "opening=midstream client_inferred=true client_port=40000 client_window_max_bytes=null",
    ),
    ("one-sided", "", "opening=complete client_unique_bytes=1000 server_packets=0"),
    // How it closes.
    (
        "fin-with-data",
        "",
        "closing=graceful closed_first=client client_unique_bytes=1000 server_unique_bytes=500",
    ),
    ("simultaneous-close", "", "closing=graceful closed_first=client"),
    ("half-close", "", "closing=graceful closed_first=client server_unique_bytes=4000"),
    ("half-closed", "", "closing=half_closed closed_first=client"),
    ("client-reset", "", "closing=client_reset closed_first=client client_resets=2"),
    ("reset-with-data", "", "closing=server_reset closed_first=server server_unique_bytes=0"),
    ("reset-after-close", "", "closing=reset_after_close closed_first=client"),
    ("challenge-ack", "7 challenge_ack", "client_resets=1"),
    // What was lost, captured at the sender.
    (
        "fast-retransmit",
        "11 duplicate_ack; 12 duplicate_ack; 13 duplicate_ack; 14 retransmission fast; 15 duplicate_ack",
        "client_fast_retransmissions=1 client_retransmitted_bytes=1000 client_lost_after_capture_segments=1 client_unique_bytes=6000",
    ),
    (
        "seq-wrap",
        "10 duplicate_ack; 11 duplicate_ack; 12 duplicate_ack; 13 retransmission fast",
        "client_fast_retransmissions=1 client_unique_bytes=5000 client_missing_bytes=0",
    ),
    ("last-segment-rto", "8 retransmission rto", "client_rto_retransmissions=1"),
    (
        "tlp-tail-loss",
        "8 retransmission tlp; 9 duplicate_ack; 10 retransmission fast",
        "client_tlp_retransmissions=1 client_fast_retransmissions=1",
    ),
    (
        "lost-retransmission",
        "8 duplicate_ack; 9 duplicate_ack; 10 duplicate_ack; 11 retransmission fast; 12 retransmission rto",
        "client_retransmitted_segments=2",
    ),
    (
        "spurious-tlp-dsack",
        "7 retransmission tlp spurious",
        "client_spurious_retransmissions=1 client_lost_after_capture_segments=0",
    ),
    (
        "spurious-fast-dsack",
        "10 duplicate_ack; 11 duplicate_ack; 12 duplicate_ack; 13 retransmission fast spurious",
        "client_spurious_retransmissions=1",
    ),
    (
        "fin-with-data-lost",
        "7 retransmission tlp",
        "client_retransmitted_segments=1 client_retransmitted_bytes=500",
    ),
    (
        "rto-recovery",
        "9 retransmission rto; 11 retransmission rto; 12 retransmission rto; 14 retransmission rto; 16 retransmission rto",
        "client_rto_retransmissions=5 client_out_of_order_segments=0",
    ),
    ("spurious-rto-eifel", "5 retransmission rto spurious", "client_spurious_retransmissions=1"),
    (
        "seq-wrap-twice",
        "6 gap; 7 acked_unseen; 8 gap; 9 acked_unseen; 10 gap; 11 acked_unseen; 12 gap; 13 acked_unseen; 14 gap; 15 acked_unseen; 16 gap; 17 acked_unseen; 18 gap; 19 acked_unseen; 20 gap; 21 acked_unseen; 22 gap; 23 acked_unseen; 24 gap; 25 acked_unseen; 26 gap; 27 acked_unseen; 28 gap; 29 acked_unseen; 30 gap; 31 acked_unseen; 32 gap; 33 acked_unseen; 34 gap; 35 acked_unseen; 36 gap; 37 acked_unseen; 38 gap; 39 acked_unseen; 40 gap; 41 acked_unseen; 42 gap; 43 acked_unseen",
        "client_unique_bytes=20000 client_missing_bytes=9499981000",
    ),
    // Away from the sender.
    (
        "lost-before-capture",
        "6 gap; 7 duplicate_ack; 9 duplicate_ack; 11 duplicate_ack; 13 duplicate_ack; 15 duplicate_ack; 17 duplicate_ack; 18 retransmission fast lost_before_capture",
        "client_lost_before_capture_segments=1 client_out_of_order_segments=0 client_missing_bytes=0",
    ),
    (
        "lost-before-capture-midstream",
        "3 gap; 4 duplicate_ack; 6 duplicate_ack; 8 duplicate_ack; 9 retransmission fast lost_before_capture",
        "client_lost_before_capture_segments=1",
    ),
    (
        "tail-lost-before-capture",
        "6 gap; 7 duplicate_ack; 8 retransmission fast lost_before_capture",
        "client_missing_bytes=0",
    ),
    ("swapped", "5 gap; 7 out_of_order", "client_out_of_order_segments=1 client_retransmitted_segments=0"),
    ("gap", "5 gap; 7 acked_unseen", "client_missing_bytes=1000 client_retransmitted_segments=0"),
    ("acked-unseen", "5 acked_unseen", "client_missing_bytes=1000"),
    // Twice.
    (
        "network-duplicates",
        "6 network_duplicate",
        "client_network_duplicates=1 client_retransmitted_segments=0",
    ),
    (
        "network-duplicates-no-sack",
        "6 network_duplicate",
        "client_network_duplicates=1 client_retransmitted_segments=0",
    ),
    (
        "syn-duplicates",
        "2 capture_duplicate; 4 capture_duplicate",
        "client_capture_duplicates=1 server_capture_duplicates=1 initial_rtt_s=0.02001",
    ),
    // Windows.
    (
        "zero-window-probe",
        "5 zero_window; 6 window_probe; 7 zero_window window_probe_ack; 8 window_probe; 9 window_update",
        "server_zero_windows=1 server_zero_window_s=0.69 client_window_probes=2 client_keep_alives=0 client_retransmitted_segments=0",
    ),
    (
        "zero-window-probe-byte",
        "5 zero_window; 6 window_probe; 7 zero_window window_probe_ack; 8 window_probe",
        "server_zero_windows=1 client_window_probes=2 client_retransmitted_segments=0 client_unique_bytes=2001",
    ),
    ("zero-window", "5 zero_window; 6 window_update", "server_zero_windows=1 server_zero_window_s=0.1"),
    (
        "window-full",
        "4 window_update; 6 window_full; 7 window_full; 10 window_full; 11 window_full",
        "client_window_full_segments=4",
    ),
    (
        "keep-alive",
        "7 keep_alive; 8 keep_alive_ack; 9 keep_alive; 10 keep_alive_ack",
        "client_keep_alives=1 server_keep_alives=1 client_retransmitted_segments=0 server_retransmitted_segments=0",
    ),
    ("duplicate-acks", "8 duplicate_ack; 9 window_update", "server_duplicate_acks=1"),
    // Shapes of data.
    (
        "offload",
        "",
        "client_segment_max_bytes=5792 client_unique_bytes=10236 client_retransmitted_segments=0",
    ),
    ("offload-length-0", "", "client_segment_max_bytes=4344 client_unique_bytes=4344"),
    ("ethernet-padding", "", "client_unique_bytes=2 server_unique_bytes=2 client_data_segments=1"),
    (
        "ecn",
        "",
        "ecn_negotiated=ecn client_ce_packets=2 client_ect0_packets=2 server_ece_segments=1 client_cwr_segments=1",
    ),
    ("vlan-asymmetric", "", "opening=complete closing=graceful client_packets=6"),
    ("tunnels-nested", "", "opening=complete client_address=10.0.0.1 vlans=100 tunnels=vxlan,gre"),
];

#[test]
fn segments_are_what_they_were_built_to_be() {
    let mut wrong = String::new();
    for &(name, tags, fields) in CASES {
        let mut expected: Vec<(u64, &str)> = tags
            .split("; ")
            .filter_map(|one| one.split_once(' '))
            .map(|(n, tags)| (n.parse().unwrap(), tags))
            .collect();
        expected.sort_unstable();
        let packets = rows(name, "packets");
        let found: Vec<(u64, String)> = packets
            .iter()
            .map(|row| (row["number"].as_u64().unwrap(), tags_of(row, |tag| tag != "sack" && tag != "dsack")))
            .filter(|(_, tags)| !tags.is_empty())
            .collect();
        for number in 1..=packets.len() as u64 {
            let of = |place: Option<&str>| place.unwrap_or("nothing").to_owned();
            let wanted = of(expected.iter().find(|(n, _)| *n == number).map(|(_, tags)| *tags));
            let got = of(found.iter().find(|(n, _)| *n == number).map(|(_, tags)| tags.as_str()));
            if wanted != got {
                wrong += &format!("{name}: frame {number} is {got}, and was built as {wanted}\n");
            }
        }
        let flows = rows(name, "flows");
        for (field, value) in fields.split(' ').filter_map(|one| one.split_once('=')) {
            let got = plain(&flows[0][field]);
            if got != value {
                wrong += &format!("{name}: {field} is {got}, and was built as {value}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Recorded captures, of which the sending kernel's own counters are known.
#[test]
fn retransmissions_are_those_that_the_kernel_counted() {
    let mut wrong = String::new();
    for (name, fields) in [
        (
            "linux-drop-tail-sender",
            "client_retransmitted_segments=3 client_retransmitted_bytes=3160 client_tlp_retransmissions=1 client_fast_retransmissions=2 client_spurious_retransmissions=0",
        ),
        (
            "linux-drop-retransmission-sender",
            "client_retransmitted_segments=2 client_retransmitted_bytes=2896 client_fast_retransmissions=2",
        ),
        (
            "linux-spurious-tlp-sender",
            "client_retransmitted_segments=1 client_retransmitted_bytes=368 client_tlp_retransmissions=1 client_spurious_retransmissions=1",
        ),
        (
            "linux-spurious-rto-sender",
            "client_retransmitted_segments=1 client_retransmitted_bytes=1448 client_rto_retransmissions=1 client_spurious_retransmissions=1",
        ),
        (
            "linux-zero-window-probe-lost-sender",
            "client_retransmitted_segments=1 client_retransmitted_bytes=1448 client_tlp_retransmissions=1",
        ),
        ("linux-synack-slow-sender", "client_syn_retransmissions=1"),
        ("linux-duplicate-data-receiver", "client_retransmitted_segments=0 server_retransmitted_segments=0"),
        ("linux-request-response-sender", "client_retransmitted_segments=0 server_retransmitted_segments=0"),
    ] {
        let flow = &rows(name, "flows")[0];
        for (field, value) in fields.split(' ').filter_map(|one| one.split_once('=')) {
            if plain(&flow[field]) != value {
                wrong += &format!("{name}: {field} is {}, and the kernel's {value}\n", plain(&flow[field]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn copies_by_a_mirror_port_are_no_retransmissions() {
    for name in ["span-duplicates", "routed-duplicates"] {
        let packets = rows(name, "packets");
        for (place, row) in packets.iter().enumerate() {
            let copy = place > 3 && place % 2 == 0;
            assert_eq!(
                tags_of(row, |_| true),
                if copy { "capture_duplicate" } else { "" },
                "{name}, {}",
                place + 1
            );
        }
        let flow = &rows(name, "flows")[0];
        assert_eq!(
            (plain(&flow["client_capture_duplicates"]), plain(&flow["server_capture_duplicates"])),
            ("10".into(), "10".into())
        );
        assert_eq!(
            (plain(&flow["client_unique_bytes"]), plain(&flow["server_duplicate_acks"])),
            ("10000".into(), "0".into())
        );
    }
}

#[test]
fn reordering_is_told_from_loss_with_and_without_timestamps() {
    for name in ["reordering", "reordering-no-timestamps"] {
        let late: Vec<u64> = rows(name, "packets")
            .iter()
            .filter(|row| tags_of(row, |tag| tag == "out_of_order") == "out_of_order")
            .map(|row| row["seq_relative"].as_u64().unwrap())
            .collect();
        assert_eq!(late, [1001, 9001, 17001, 25001], "{name}");
        let flow = &rows(name, "flows")[0];
        assert_eq!(
            (plain(&flow["client_out_of_order_segments"]), plain(&flow["client_retransmitted_segments"])),
            ("4".into(), "0".into())
        );
    }
}

#[test]
fn a_dsack_is_told_from_a_sack() {
    let of = |name, number: usize| {
        tags_of(&rows(name, "packets")[number - 1], |tag| tag == "sack" || tag == "dsack")
    };
    assert_eq!(of("fast-retransmit", 11), "sack");
    assert!(of("spurious-fast-dsack", 15).ends_with("dsack"));
}

#[test]
fn a_new_use_of_the_same_ports_is_a_new_flow() {
    let flows = rows("port-reuse", "flows");
    let identity = |row: &Value| {
        (plain(&row["flow"]), plain(&row["stream"]), plain(&row["client_packets"]), plain(&row["closing"]))
    };
    let graceful = String::from("graceful");
    assert_eq!(identity(&flows[0]), ("0".into(), "0".into(), "5".into(), graceful.clone()));
    assert_eq!(identity(&flows[1]), ("1".into(), "1".into(), "5".into(), graceful));
    assert_eq!(flows.len(), 2);
    assert_eq!(tags_of(&rows("port-reuse", "packets")[8], |_| true), "port_reuse");
}

fn tags_of(row: &Value, chosen: impl Fn(&str) -> bool) -> String {
    let Some(tags) = row["analysis"].as_array() else { return String::new() };
    let tags: Vec<&str> = tags.iter().map(|tag| tag.as_str().unwrap()).filter(|tag| chosen(tag)).collect();
    tags.join(" ")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn rows(name: &str, command: &str) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_flowray"))
        .args([command, "-o", "jsonl", &format!("{name}.pcap")])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
