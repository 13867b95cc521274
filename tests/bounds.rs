//! Every bound keeps what it promises, on the real program: it names its option where it is reached, and memory stays below it.
//!
//! Those that take minutes or gigabytes are left out of ordinary runs:
//!
//! ```text
//! cargo build --release
//! FLOWRAY_BINARY=target/release/flowray cargo test --release --test bounds -- --ignored --nocapture --test-threads 1
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use support::conversation::{ACK, Conversation, SYN, Segment, Setup, Side};
use support::ip::{Ip, Options, Tcp};
use support::pcap::{Pcap, ethernet};
use support::{EPOCH, Record, link, packed, records};
use tempfile::TempDir;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// What a run came to.
struct Ran {
    status: i32,
    out: Vec<u8>,
    said: String,
    /// The most memory that it had, in bytes; not known where the system does not tell.
    peak: Option<u64>,
}

fn flowray(words: &[&str], file: &Path) -> Ran {
    let time = Path::new("/usr/bin/time").exists();
    let mut command = Command::new(if time { "/usr/bin/time" } else { "sh" });
    match time {
        true => command.args(["-q", "-f", "peak %M"]),
        false => command.args(["-c", "exec \"$@\"", "sh"]),
    };
    let output = command.arg(binary()).args(words).arg(file).stdin(Stdio::null()).output().unwrap();
    let mut said = String::from_utf8(output.stderr).unwrap();
    let mut peak = None;
    if let Some((before, kib)) = said.rsplit_once("peak ").filter(|_| time) {
        peak = kib.trim().parse::<u64>().ok().map(|kib| kib * KIB);
        said = before.to_owned();
    }
    Ran { status: output.status.code().unwrap_or(-1), out: output.stdout, said, peak }
}

fn binary() -> PathBuf {
    std::env::var_os("FLOWRAY_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_flowray").into(), PathBuf::from)
}

/// The bounds that the summary of a capture names: option and how often, as JSON has them.
fn reached(words: &[&str], file: &Path) -> Vec<(Option<String>, u64)> {
    let ran = flowray(&[&["summary", "-o", "json"], words].concat(), file);
    let summary: Value = serde_json::from_slice(&ran.out).unwrap();
    for law in ["packets_accounted", "streams_accounted"] {
        assert_eq!(summary["soundness"][law], Value::Bool(true), "{words:?}");
    }
    let rows = summary["bounds"].as_array().unwrap();
    let row = |row: &Value| (row["option"].as_str().map(String::from), row["times"].as_u64().unwrap());
    let rows: Vec<_> = rows.iter().map(row).collect();
    // Every line of what is said of a file names it.
    assert!(ran.said.lines().all(|line| ran.status == 0 || line.contains("capture")), "{}", ran.said);
    for option in rows.iter().filter_map(|(option, _)| option.as_ref()) {
        assert!(ran.said.contains(&format!("{option} was reached")) || ran.status == 1, "{}", ran.said);
    }
    rows
}

fn folder_with(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("capture");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// UDP datagrams of as many flows.
fn flows(count: u16) -> Vec<u8> {
    ethernet(&records(1000, (0..count).map(|port| link::ethernet(&Ip::v4(1, 2).udp(1000 + port, 53, b"?")))))
}

#[test]
fn a_bound_that_is_reached_is_named_with_its_option() {
    let ip = Ip::v4(1, 2);
    let fragments: Vec<Vec<u8>> =
        (0..40).map(|id| link::ethernet(&ip.id(id).fragment(17, &[7; 1200], 0, 800))).collect();
    let mut nested = ip.udp(1, 2, b"deep");
    for _ in 0..6 {
        nested = link::ip_in_ip(&ip, &nested);
    }
    let tags = link::vlan(&[1, 2, 3, 4, 5, 6], &ip.udp(1, 2, b"tagged"));
    let mut options = Vec::new();
    for place in 0..6 {
        options.extend([if place == 5 { 17 } else { 60 }, 0, 1, 4, 0, 0, 0, 0]);
    }
    options.extend(Ip::v6(1, 2).udp_datagram(1, 2, b"deep"));
    let extended = link::ethernet(&Ip::v6(1, 2).packet(60, &options));
    let capture = |frames: Vec<Vec<u8>>| ethernet(&records(1000, frames));
    let hosts = (1..50).map(|host| link::ethernet(&Ip::v4(host, 200).udp(1000, 53, b"?"))).collect();
    let table: [(Vec<u8>, &[&str], u64); 10] = [
        (flows(9000), &["--max-flows", "1000"], 1),
        (capture(hosts), &["--max-groups", "20"], 30),
        (capture(fragments.clone()), &["--max-datagrams", "30"], 10),
        (capture(fragments), &["--max-fragment-bytes", "8000"], 1),
        (capture(vec![link::ethernet(&nested)]), &["--max-tunnels", "5"], 1),
        (capture(vec![tags.clone()]), &["--max-layers", "4"], 1),
        (capture(vec![extended]), &["--max-extensions", "5"], 1),
        (capture(vec![tags.clone(), vec![0; 2000], tags.clone()]), &["--max-record", "1999"], 1),
        (packed::zstd(&flows(500)), &["--max-decompressed", "1000"], 1),
        (packed::gzip(&flows(500)), &["--max-decompressed", "20000"], 1),
    ];
    for (bytes, words, least) in table {
        let (_folder, path) = folder_with(&bytes);
        let found = reached(words, &path);
        let [(option, times)] = &found[..] else { panic!("{words:?}: {found:?}") };
        assert_eq!(option.as_deref(), Some(words[0]));
        assert!(*times >= least, "{words:?}: {times}");
        assert_eq!(reached(&[], &path), [], "without {words:?}");
        // One more is enough.
        let enough = match words[0] {
            "--max-flows" => "9000".to_owned(),
            "--max-groups" => "50".to_owned(),
            "--max-datagrams" => "40".to_owned(),
            "--max-fragment-bytes" => "100000".to_owned(),
            "--max-tunnels" | "--max-extensions" => "6".to_owned(),
            "--max-layers" => "9".to_owned(),
            "--max-record" => "2000".to_owned(),
            _ => "1M".to_owned(),
        };
        assert_eq!(reached(&[words[0], &enough], &path), [], "{words:?}");
    }
}

#[test]
fn what_comes_for_further_groups_is_added_up_in_one() {
    let hosts = (1..50).map(|host| link::ethernet(&Ip::v4(host, 200).udp(1000, 53, b"?")));
    let (_folder, path) = folder_with(&ethernet(&records(1000, hosts)));
    for (most, rows, said) in [("20", 21, true), ("50", 50, false)] {
        let ran = flowray(&["endpoints", "-o", "jsonl", "--fields", "*", "--max-groups", most], &path);
        assert_eq!(ran.said.contains("--max-groups was reached"), said, "{}", ran.said);
        let endpoints: Vec<Value> =
            ran.out.split(|&byte| byte == b'\n').filter_map(|row| serde_json::from_slice(row).ok()).collect();
        let sum: u64 = endpoints.iter().map(|row| row["sent_packets"].as_u64().unwrap()).sum();
        assert_eq!((endpoints.len(), sum), (rows, 49));
    }
}

#[test]
fn what_comes_out_of_order_is_held_up_to_a_bound_of_one_and_of_all() {
    // Each of twenty connections has a hole, and 64 KiB behind it.
    let mut all = Vec::new();
    for number in 0..20u8 {
        let mut talk = with_hole(number, 64 << 10);
        all.append(&mut talk);
    }
    let (_folder, path) = folder_with(&ethernet(&all));
    let flows = |words: &[&str]| flowray(&[&["flows", "-o", "csv"], words].concat(), &path).said;
    assert_eq!(flows(&[]), "");
    let one = flows(&["--max-held", "10K"]);
    assert!(one.contains("--max-held was reached: "), "{one}");
    let all = flows(&["--max-held-all", "1M"]);
    assert!(all.contains("--max-held-all was reached: ") || all.contains("--max-held was reached"), "{all}");
    for threads in ["1", "3"] {
        assert_eq!(flows(&["--max-held-all", "1M", "-j", threads]), all);
    }
}

/// A connection whose first segment is missing, with `len` bytes behind it. Its bytes are no known protocol's.
fn with_hole(number: u8, len: usize) -> Vec<Record> {
    let mut talk = Conversation::new(Setup { client: (Ip::v4(number, 2).source, 4000), ..Setup::default() });
    talk.open();
    let mut at = 1461;
    while at < 1461 + len {
        let segment =
            Segment { flags: ACK, seq: Some(at as u64), payload: vec![1; 1460], ..Segment::default() };
        talk.segment(Side::Client, segment);
        at += 1460;
    }
    talk.records.clone()
}

/// Bodies that unpack to far more than they are.
#[test]
fn a_body_that_unpacks_to_too_much_stops_at_the_limit_and_is_told() {
    let zeros = vec![0; 3 << 20];
    for coding in ["gzip", "zstd", "br"] {
        let body = encoded(coding, &zeros);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let talk = Conversation::new(Setup::default())
            .open()
            .say(Side::Client, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .say(Side::Server, &[head.as_bytes(), &body].concat())
            .close(Side::Client)
            .records
            .clone();
        let (folder, path) = folder_with(&ethernet(&talk));
        let out = folder.path().join("bodies");
        let words = ["http", "--save", out.to_str().unwrap(), "--max-body", "1M"];
        let ran = flowray(&words, &path);
        assert!(
            ran.said.contains("--max-body was reached: 1 bodies unpack to more"),
            "{coding}: {}",
            ran.said
        );
        let saved = fs::read_dir(&out).unwrap().next().unwrap().unwrap();
        assert_eq!(saved.metadata().unwrap().len(), MIB, "{coding}");
    }
}

fn encoded(coding: &str, bytes: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => zstd::encode_all(bytes, 3).unwrap(),
        _ => {
            let mut encoded = Vec::new();
            brotli::CompressorWriter::new(&mut encoded, 4096, 5, 22).write_all(bytes).unwrap();
            encoded
        }
    }
}

/// SYNs from `count` sources, each a packet.
fn flood(path: &Path, count: u32) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let pcap = Pcap::default();
    file.write_all(&pcap.header()).unwrap();
    let options = Options::default().mss(1460).sack_permitted().window_scale(7);
    let mut buffer = Vec::new();
    for number in 0..count {
        let source = Ipv4Addr::from(0x0a00_0000 + number);
        let ip = Ip::new(source.into(), Ipv4Addr::new(192, 0, 2, 1).into());
        let syn = Tcp {
            source_port: 1024 + (number % 60_000) as u16,
            destination_port: 80,
            seq: number.wrapping_mul(2_654_435_761),
            flags: SYN,
            window: 64_240,
            options: options.0.clone(),
            ..Tcp::default()
        };
        buffer.clear();
        let record = Record::new(EPOCH + i64::from(number) * 1000, link::ethernet(&syn.packet(&ip, &[])));
        pcap.record(&mut buffer, &record);
        file.write_all(&buffer).unwrap();
    }
    file.flush().unwrap();
}

#[test]
fn a_flood_of_sources_stays_within_its_memory() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("flood");
    flood(&path, 60_000);
    let ran = flowray(&["flows", "-o", "csv", "--fields", "flow,evicted", "--max-memory", "144M"], &path);
    assert!(ran.said.contains("--max-flows was reached: "), "{}", ran.said);
    let rows = ran.out.split(|&byte| byte == b'\n').filter(|row| !row.is_empty()).count();
    assert_eq!(rows, 60_001, "every flow has its row");
    assert!(ran.out.windows(5).any(|row| row == b",true"));
    assert!(ran.peak.is_none_or(|peak| peak < 144 * MIB), "{:?}", ran.peak);
}

#[test]
#[ignore = "writes 250 MB; see above"]
fn three_million_sources_stay_within_512_mib() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("flood");
    flood(&path, 3_000_000);
    for words in [
        &["flows", "-o", "csv", "--max-memory", "512M"][..],
        &["summary", "--max-memory", "512M"],
        &["handshakes", "-o", "csv", "--max-memory", "512M"],
        &["http", "--max-memory", "512M"],
        &["flows", "-o", "csv", "--as-completed"],
        &["flows", "-o", "csv", "--as-completed", "--max-memory", "512M"],
    ] {
        let ran = flowray(words, &path);
        println!("{words:?}: {} MiB, {}", ran.peak.unwrap() / MIB, ran.said.trim());
        assert!(ran.peak.unwrap() < 512 * MIB, "{words:?}");
        assert!(
            words.contains(&"--as-completed") || ran.said.contains("--max-flows was reached"),
            "{words:?}"
        );
    }
}

#[test]
#[ignore = "writes 1.2 GB; see above"]
fn a_gigabyte_out_of_order_stays_under_its_cap() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("late");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let pcap = Pcap::default();
    file.write_all(&pcap.header()).unwrap();
    let opening = Conversation::new(Setup::default()).open().records.clone();
    let mut buffer = Vec::new();
    opening.iter().for_each(|record| pcap.record(&mut buffer, record));
    file.write_all(&buffer).unwrap();
    let ip = Ip::v4(1, 2);
    let payload = vec![1u8; 1400];
    // Every second segment is missing: nothing that is held ever becomes whole.
    for number in 0..(1u32 << 30) / 1400 {
        let segment = Tcp {
            source_port: 40_000,
            destination_port: 80,
            seq: 1_000_001 + 1400 + number * 2800 % (1 << 29),
            ack: 2_000_001,
            flags: ACK,
            window: 502,
            ..Tcp::default()
        };
        let at = EPOCH + 1_000_000_000 + i64::from(number) * 1000;
        buffer.clear();
        pcap.record(&mut buffer, &Record::new(at, link::ethernet(&segment.packet(&ip, &payload))));
        file.write_all(&buffer).unwrap();
    }
    file.flush().unwrap();
    let out = folder.path().join("streams");
    for words in
        [&["flows", "-o", "csv"][..], &["http"], &["stream", "--all", "--out", out.to_str().unwrap()]]
    {
        let ran = flowray(words, &path);
        println!("{words:?}: {} MiB, {}", ran.peak.unwrap() / MIB, ran.said.trim());
        assert!(ran.peak.unwrap() < 192 * MIB, "{words:?}");
    }
}

#[test]
#[ignore = "unpacks many gigabytes; see above"]
fn a_compressed_capture_that_unpacks_to_gigabytes_costs_no_memory() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bomb.pcap.zst");
    let mut encoder = zstd::Encoder::new(File::create(&path).unwrap(), 19).unwrap();
    let pcap = Pcap::default();
    encoder.write_all(&pcap.header()).unwrap();
    let mut records = Vec::new();
    for number in 0..1000 {
        let frame = link::ethernet(&Ip::v4(1, 2).udp(1, 2, &[0; 1400]));
        pcap.record(&mut records, &Record::new(EPOCH + number * 1000, frame));
    }
    for _ in 0..1500 {
        encoder.write_all(&records).unwrap();
    }
    encoder.finish().unwrap();
    let whole = flowray(&["summary"], &path);
    println!("{} bytes: {} MiB", fs::metadata(&path).unwrap().len(), whole.peak.unwrap() / MIB);
    assert_eq!((whole.status, whole.said.as_str()), (0, ""));
    assert!(whole.peak.unwrap() < 256 * MIB);
    let bounded = flowray(&["summary", "--max-decompressed", "100M"], &path);
    assert_eq!(bounded.status, 1);
    assert!(bounded.said.contains("it unpacks to more than the 104857600 bytes of --max-decompressed"));
}
