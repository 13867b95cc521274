//! What `timeline` and `endpoints` count is what `flows` counts, and no capture makes rows without end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use support::ip::Ip;
use support::{EPOCH, Record, link, pcap};

fn flowray(arguments: &[&str], capture: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_flowray"))
        .args(arguments)
        .args(["-q", "-o", "jsonl"])
        .arg(capture)
        .output()
        .unwrap()
}

fn rows(arguments: &[&str], capture: &Path) -> Vec<Value> {
    let printed = flowray(arguments, capture).stdout;
    String::from_utf8(printed).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sum(rows: &[Value], field: &str) -> u64 {
    rows.iter().map(|row| row[field].as_u64().unwrap_or(0)).sum()
}

/// Packets, bytes, payload, retransmissions; packets and bytes without those of no flow.
fn sums(rows: &[Value]) -> [u64; 4] {
    [
        sum(rows, "packets") - sum(rows, "flowless_packets"),
        sum(rows, "wire_bytes") - sum(rows, "flowless_wire_bytes"),
        sum(rows, "payload_bytes"),
        sum(rows, "retransmitted_segments"),
    ]
}

#[test]
fn timeline_and_endpoints_add_up_to_flows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures");
    let mut captures: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    captures.sort();
    assert!(captures.len() > 50);
    for (place, capture) in captures.into_iter().enumerate() {
        let flows = rows(&["flows"], &capture);
        let mut wanted = sums(&flows);
        wanted[3] =
            sum(&flows, "client_retransmitted_segments") + sum(&flows, "server_retransmitted_segments");
        let many = flows.len() as u64;
        for (arguments, opened, times) in [
            (&["timeline"][..], "opened_flows", 1),
            (&["timeline", "--by", "host"], "opened_flows", 2),
            (&["timeline", "--by", "service"], "opened_flows", 1),
            (&["endpoints"], "flows", 2),
            (&["endpoints", "--by", "pair"], "flows", 1),
            (&["endpoints", "--by", "server_port"], "flows", 1),
            (&["endpoints", "--by", "dscp"], "flows", 2),
        ] {
            // Every capture by interval, some by all else: a process takes longer to start than to count.
            if place % 5 > 0 && arguments != ["timeline"] {
                continue;
            }
            let rows = rows(arguments, &capture);
            let what = format!("{arguments:?} of {}", capture.display());
            assert_eq!(sums(&rows), wanted.map(|wanted| wanted * times), "{what}");
            assert_eq!(sum(&rows, opened), many * times, "{what}");
            if arguments == ["timeline"] {
                let info = self::rows(&["info"], &capture);
                assert_eq!(sum(&rows, "packets"), sum(&info, "packets"), "{what}");
                assert!(rows.len() <= 77, "{what}: {} rows", rows.len());
            }
        }
    }
}

const DAY: i64 = 86_400 * 1_000_000_000;

/// A capture of one UDP packet at each of these instants.
fn packets_at(name: &str, instants: &[i64]) -> PathBuf {
    let frame = link::ethernet(&Ip::v4(1, 2).udp(4000, 53, b"?"));
    let records: Vec<Record> = instants.iter().map(|at| Record::new(EPOCH + at, frame.clone())).collect();
    let path = std::env::temp_dir().join(format!("flowray-{}-{name}.pcap", std::process::id()));
    fs::write(&path, pcap::ethernet(&records)).unwrap();
    path
}

#[test]
fn rows_stay_few_and_rates_sane_whatever_the_times() {
    for (name, instants, many, rate) in [
        ("none", &[][..], 0..=0, None),
        ("one", &[0], 1..=1, None),
        ("instant", &[0, 0, 0], 1..=1, None),
        ("backwards", &[5_000_000_000, 0, 7_000_000_000], 30..=75, None),
        ("ten-years", &[0, 1_000_000, 300 * DAY, 3650 * DAY], 30..=75, None),
        ("two", &[0, 1_000_000], 1..=75, None),
    ] {
        let path = packets_at(name, instants);
        let rows = rows(&["timeline"], &path);
        assert!(many.contains(&rows.len()), "{name}: {} rows", rows.len());
        assert_eq!(sum(&rows, "packets"), instants.len() as u64, "{name}");
        if instants.len() < 4 && rows.len() == 1 {
            assert_eq!(rows[0]["wire_bps"].as_u64(), rate, "{name}");
        }
        let starts: Vec<f64> = rows.iter().map(|row| row["start_s"].as_f64().unwrap()).collect();
        assert!(starts.is_sorted(), "{name}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn intervals_that_would_be_too_many_are_refused_with_their_number() {
    let path = packets_at("refused", &[0, 365 * DAY]);
    let refused = flowray(&["timeline", "--every", "1ns"], &path);
    assert_eq!(refused.status.code(), Some(2));
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("--every 1ns would give 31536000000000001 rows"), "{text}");
    assert_eq!(rows(&["timeline", "--every", "1d"], &path).len(), 366);
    fs::remove_file(path).unwrap();
}
