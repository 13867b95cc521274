//! What `timeline` and `endpoints` count is what `flows` counts, and no capture makes rows without end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::collections::BTreeMap;
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

/// What counts besides `flows`, the field that counts flows in it, and how often it counts each.
const OTHERS: [(&[&str], &str, u64); 8] = [
    (&["timeline"], "opened_flows", 1),
    (&["timeline", "--by", "host"], "opened_flows", 2),
    (&["timeline", "--by", "server_port"], "opened_flows", 1),
    (&["timeline", "--by", "service"], "opened_flows", 1),
    (&["endpoints"], "flows", 2),
    (&["endpoints", "--by", "pair"], "flows", 1),
    (&["endpoints", "--by", "server_port"], "flows", 1),
    (&["endpoints", "--by", "dscp"], "flows", 2),
];

/// What does not add up in a capture, a line each.
fn wrong(capture: &Path, others: &[(&[&str], &str, u64)]) -> Vec<String> {
    let flows = rows(&["flows"], capture);
    let mut wanted = sums(&flows);
    wanted[3] = sum(&flows, "client_retransmitted_segments") + sum(&flows, "server_retransmitted_segments");
    let mut wrong = Vec::new();
    for &(arguments, opened, times) in others {
        let rows = rows(arguments, capture);
        let mut differs = |what: &str, got: &[u64], wanted: &[u64]| {
            if got != wanted {
                let path = capture.display();
                wrong.push(format!("{arguments:?} of {path}: {what}: expected {wanted:?}, got {got:?}"));
            }
        };
        differs("counts", &sums(&rows), &wanted.map(|wanted| wanted * times));
        differs("flows", &[sum(&rows, opened)], &[flows.len() as u64 * times]);
        if arguments == ["timeline"] {
            let info = self::rows(&["info"], capture);
            differs("packets", &[sum(&rows, "packets")], &[sum(&info, "packets")]);
            differs("rows", &[rows.len().min(77) as u64], &[rows.len() as u64]);
        }
    }
    wrong
}

#[test]
fn timeline_and_endpoints_add_up_to_flows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures");
    let mut captures: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    captures.sort();
    assert!(captures.len() > 50);
    for (place, capture) in captures.into_iter().enumerate() {
        // Every capture by interval, some by all else: a process takes longer to start than to count.
        let many = if place % 5 > 0 { 1 } else { OTHERS.len() };
        assert_eq!(wrong(&capture, &OTHERS[..many]), [""; 0]);
    }
}

/// The same by all there is, of every capture below the folder `FLOWRAY_CAPTURES`.
#[test]
#[ignore = "needs FLOWRAY_CAPTURES, and takes long"]
fn every_capture_of_a_folder_adds_up() {
    let folder = std::env::var_os("FLOWRAY_CAPTURES").expect("FLOWRAY_CAPTURES names no folder");
    let mut waiting = vec![PathBuf::from(folder)];
    let (mut captures, mut found) = (0, Vec::new());
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        captures += 1;
        found.extend(wrong(&path, &OTHERS));
    }
    assert!(found.is_empty() && captures > 0, "{captures} captures\n{}", found.join("\n"));
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

/// Captures with awkward times, and the rows of a timeline that each may give.
const AWKWARD: [(&str, &[i64], std::ops::RangeInclusive<usize>); 6] = [
    ("none", &[], 0..=0),
    ("one", &[0], 1..=1),
    ("instant", &[0, 0, 0], 1..=1),
    ("backwards", &[5_000_000_000, 0, 7_000_000_000], 30..=75),
    ("ten-years", &[0, 1_000_000, 300 * DAY, 3650 * DAY], 30..=75),
    ("two", &[0, 1_000_000], 1..=75),
];

#[test]
fn rows_stay_few_and_rates_sane_whatever_the_times() {
    for (name, instants, many) in AWKWARD {
        let path = packets_at(name, instants);
        let rows = rows(&["timeline"], &path);
        assert!(many.contains(&rows.len()), "{name}: {} rows", rows.len());
        assert_eq!(sum(&rows, "packets"), instants.len() as u64, "{name}");
        let summary: Value = serde_json::from_slice(&flowray(&["summary"], &path).stdout).unwrap();
        let lasts = instants.iter().max() > instants.iter().min();
        let capture = &summary["capture"];
        let rates = [&capture["wire_bps"], &capture["packets_per_second"]];
        assert!(rates.iter().all(|rate| rate.is_null() != lasts), "{name}: {capture}");
        if let [row] = rows.as_slice() {
            assert_eq!(row["wire_bps"].is_null(), !lasts, "{name}: {row}");
        }
        assert_eq!(capture["packets"], instants.len(), "{name}");
        assert!(summary["rate"].as_array().unwrap().len() <= 60, "{name}: {summary}");
        let starts: Vec<f64> = rows.iter().map(|row| row["start_s"].as_f64().unwrap()).collect();
        assert!(starts.is_sorted(), "{name}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_rate_below_a_bit_a_second_is_drawn() {
    let path = packets_at("slow", &[0, 3650 * DAY]);
    let page = Command::new(env!("CARGO_BIN_EXE_flowray")).arg(&path).output().unwrap().stdout;
    let page = String::from_utf8(page).unwrap();
    let rate = page.lines().find(|line| line.starts_with("rate  ")).unwrap();
    assert!(rate.contains("  at most 43B, ") && rate.contains("█"), "{rate}");
    fs::remove_file(path).unwrap();
}

#[test]
fn no_format_divides_by_nothing_whatever_the_times() {
    for (name, instants, _) in AWKWARD {
        let path = packets_at(&format!("format-{name}"), instants);
        for command in ["summary", "timeline", "endpoints"] {
            for format in ["table", "json", "jsonl", "csv", "tsv"] {
                if command == "summary" && matches!(format, "csv" | "tsv") {
                    continue;
                }
                let output = Command::new(env!("CARGO_BIN_EXE_flowray"))
                    .args([command, "-o", format])
                    .arg(&path)
                    .output()
                    .unwrap();
                let text = String::from_utf8(output.stdout).unwrap();
                let what = format!("{command} -o {format} of {name}: {text}");
                assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{what}");
                let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
                assert!(!words.any(|word| matches!(word, "NaN" | "inf" | "Infinity")), "{what}");
            }
        }
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

/// Where intervals are split, the packets of no flow have a row only where there are such.
#[test]
fn nothing_has_no_row_of_its_own() {
    let path = packets_at("split", &[0, 1_000_000_000, 5_000_000_000]);
    for by in ["host", "server_port", "service"] {
        let rows = rows(&["timeline", "--every", "1s", "--by", by], &path);
        let packets: Vec<u64> = rows.iter().map(|row| row["packets"].as_u64().unwrap()).collect();
        assert!(!packets.is_empty() && packets.iter().all(|&packets| packets > 0), "{by}: {packets:?}");
    }
    fs::remove_file(path).unwrap();
}

/// A flow opens under the protocol that `flows` says it speaks.
#[test]
fn flows_open_under_the_service_that_they_speak() {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures");
    let mut services = 0;
    for entry in fs::read_dir(captures).unwrap() {
        let path = entry.unwrap().path();
        let mut opened = BTreeMap::<String, u64>::new();
        for row in rows(&["timeline", "--by", "service", "--fields", "service,opened_flows"], &path) {
            *opened.entry(row["service"].to_string()).or_default() += row["opened_flows"].as_u64().unwrap();
        }
        opened.retain(|_, flows| *flows > 0);
        let mut spoken = BTreeMap::<String, u64>::new();
        for row in rows(&["flows", "--fields", "service"], &path) {
            *spoken.entry(row["service"].to_string()).or_default() += 1;
        }
        services += spoken.len();
        assert_eq!(opened, spoken, "{}", path.display());
    }
    assert!(services > 100, "{services}");
}
