//! What is wrong with a capture is told from what was wrong in the network: each artefact is found where it was made, and
//! none is claimed where there is none.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::process::Command;

use serde_json::Value;
use support::conversation::{Conversation, MICROSECOND, MILLISECOND, Setup, Side};
use support::random::Random;
use support::{Record, pcap};

/// How far `flowray summary` trusts a capture of these records.
fn trust(name: &str, records: &[Record]) -> Value {
    summary(name, &[], records)["trust"].clone()
}

/// What `flowray` with these words says of a capture of these records.
fn summary(name: &str, words: &[&str], records: &[Record]) -> Value {
    let path = std::env::temp_dir().join(format!("flowray-trust-{}-{name}.pcap", std::process::id()));
    fs::write(&path, pcap::ethernet(records)).unwrap();
    let words = [words, &["-q", "-o", "json"]].concat();
    let printed = Command::new(env!("CARGO_BIN_EXE_flowray")).args(words).arg(&path).output().unwrap();
    fs::remove_file(path).unwrap();
    serde_json::from_slice(&printed.stdout).unwrap()
}

fn artefacts(trust: &Value) -> Vec<&str> {
    trust["artefacts"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// Ten connections, each of which transfers so many bytes each way.
fn transfers(bytes: usize, setup: &Setup) -> Vec<Record> {
    let conversation = |port: u16| {
        let client = (setup.client.0, port);
        let start = i64::from(port - 40_000) * MILLISECOND;
        let mut conversation = Conversation::new(Setup { client, start, ..setup.clone() });
        conversation.open().say(Side::Client, &vec![7; bytes]).say(Side::Server, &vec![8; bytes]);
        conversation.close(Side::Client);
        conversation.records
    };
    support::merged((40_000..40_010).map(conversation))
}

fn in_between() -> Setup {
    Setup { rtt_to_client: 10 * MILLISECOND, ..Setup::default() }
}

/// Where the parts of a built TCP packet stand, and what it has: whether the client sent it, its connection, its sequence
/// and acknowledgment numbers, its payload.
struct Packet {
    from_client: bool,
    port: u16,
    seq: u32,
    ack: u32,
    payload: u32,
}

fn packet(record: &Record) -> Packet {
    let tcp = &record.data[34..];
    let short = |at: usize| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
    let long = |at: usize| u32::from_be_bytes([tcp[at], tcp[at + 1], tcp[at + 2], tcp[at + 3]]);
    let from_client = short(2) == 80;
    let total = u16::from_be_bytes([record.data[16], record.data[17]]);
    let payload = u32::from(total) - 20 - u32::from(tcp[12] >> 4) * 4;
    Packet { from_client, port: short(if from_client { 0 } else { 2 }), seq: long(4), ack: long(8), payload }
}

#[test]
fn a_clean_capture_is_trusted() {
    for (name, setup) in [
        ("between", in_between()),
        ("client", Setup { rtt_to_client: 4 * MICROSECOND, ..Setup::default() }),
        ("plain", Setup { timestamps: false, sack: false, window_scale: None, ..in_between() }),
    ] {
        let trust = trust(&format!("clean-{name}"), &transfers(30_000, &setup));
        assert_eq!(artefacts(&trust), [""; 0], "{name}");
        assert_eq!(trust["lost_share"].as_f64(), Some(0.0), "{name}");
    }
}

#[test]
fn wrong_checksums_are_told_where_they_are_verified() {
    let sound = transfers(3000, &in_between());
    let mut damaged = sound.clone();
    let with_payload = |record: &&mut Record| packet(record).payload > 0;
    for record in damaged.iter_mut().filter(with_payload).step_by(7).take(3) {
        *record.data.last_mut().unwrap() ^= 1;
    }
    let verify = ["summary", "--verify-checksums"];
    for (name, words, records, expected, artefact) in [
        ("sound", &verify[..], &sound, Value::from(0), false),
        ("damaged", &verify, &damaged, Value::from(3), true),
        ("unasked", &[], &damaged, Value::Null, false),
    ] {
        let summary = summary(&format!("checksums-{name}"), words, records);
        assert_eq!(summary["trust"]["checksum_errors"], expected, "{name}");
        assert_eq!(artefacts(&summary["trust"]).contains(&"checksums_wrong"), artefact, "{name}");
        let findings = summary["findings"].to_string();
        assert_eq!(findings.contains("flows --verify-checksums --where"), artefact, "{name}: {findings}");
    }
}

#[test]
fn packets_without_different_times_tell_nothing_of_time() {
    let sound = transfers(1000, &in_between());
    for (name, records, timeless) in [("some", &sound[..9], false), ("all", &sound[..], true)] {
        let mut records = records.to_vec();
        records.iter_mut().for_each(|record| record.at = 0);
        let summary = summary(&format!("times-{name}"), &[], &records);
        assert_eq!(artefacts(&summary["trust"]).contains(&"no_times"), timeless, "{name}");
        assert_eq!(summary["findings"].to_string().contains("have no time"), timeless, "{name}");
    }
    assert!(!artefacts(&trust("times", &sound)).contains(&"no_times"));
}

/// A clock that was set forward in the middle of connections is told from silence, by the hosts' own clocks.
#[test]
fn a_clock_that_jumps_forward_is_told_from_silence() {
    let talk = |silence: i64| {
        let mut conversation = Conversation::new(in_between());
        conversation.open();
        for turn in 0..20 {
            let pause = if turn == 10 { silence } else { 50 * MILLISECOND };
            conversation.say(Side::Client, &[7; 100]).wait(pause).say(Side::Server, &[8; 100]);
        }
        conversation.close(Side::Client);
        conversation.records
    };
    let hour = 3_600_000 * MILLISECOND;
    let even = talk(50 * MILLISECOND);
    let set = |by: i64| {
        let mut records = even.clone();
        records.iter_mut().skip(even.len() / 2).for_each(|record| record.at += by);
        records
    };
    for (name, records, jumped) in [
        ("even", even.clone(), None),
        ("silent", talk(hour), None),
        ("little", set(900 * MILLISECOND), None),
        ("set", set(hour), Some(3600.0)),
    ] {
        let summary = summary(&format!("clock-{name}"), &[], &records);
        let most = summary["trust"]["clock_jump_most_s"].as_f64();
        assert_eq!(most.map(f64::round), jumped, "{name}");
        assert_eq!(artefacts(&summary["trust"]).contains(&"time_forwards"), jumped.is_some(), "{name}");
        let findings = summary["findings"].to_string();
        assert_eq!(findings.contains("jumped forward"), jumped.is_some(), "{name}: {findings}");
    }
}

#[test]
fn bytes_that_the_capture_lost_are_told_within_one_percent() {
    let all = transfers(3_000_000, &in_between());
    for (once_in, seed) in [(1000, 1), (100, 2), (20, 3)] {
        let mut random = Random(seed);
        let (deleted, kept): (Vec<Record>, Vec<Record>) =
            all.iter().cloned().partition(|_| random.once_in(once_in));
        // What the other side acknowledged, in what is left.
        let acked = |one: &Packet| {
            let acks = kept
                .iter()
                .map(packet)
                .filter(|ack| ack.port == one.port && ack.from_client != one.from_client);
            acks.map(|ack| ack.ack).max().is_some_and(|ack| ack >= one.seq + one.payload)
        };
        let lost: u64 = deleted
            .iter()
            .map(packet)
            .filter(|one| one.payload > 0 && acked(one))
            .map(|one| u64::from(one.payload))
            .sum();
        assert!(lost > 0);
        let trust = trust(&format!("lost-{once_in}"), &kept);
        assert_eq!(artefacts(&trust), ["capture_loss"], "1 in {once_in}");
        let told = trust["lost_bytes"].as_u64().unwrap();
        assert!(told.abs_diff(lost) * 100 <= lost, "1 in {once_in}: {told} told, {lost} lost");
        let share = lost as f64 / (10.0 * 6_000_000.0);
        assert!((trust["lost_share"].as_f64().unwrap() - share).abs() <= share / 100.0 + 1e-6);
    }
}

#[test]
fn a_mirror_port_is_recognised_by_its_copies() {
    let all = transfers(30_000, &in_between());
    let twice =
        |record: &Record| [record.clone(), Record { at: record.at + 3 * MICROSECOND, ..record.clone() }];
    let trust = trust("mirrored", &all.iter().flat_map(twice).collect::<Vec<_>>());
    assert_eq!(artefacts(&trust), ["copies"]);
    let share = trust["copied_share"].as_f64().unwrap();
    assert!((0.45..=0.5).contains(&share), "{share}");
}

#[test]
fn a_missing_direction_is_no_loss() {
    let all = transfers(30_000, &in_between());
    for side in [true, false] {
        let half: Vec<Record> = all.iter().filter(|one| packet(one).from_client == side).cloned().collect();
        let trust = trust(&format!("one-sided-{side}"), &half);
        assert!(artefacts(&trust).contains(&"one_sided"), "{trust}");
        assert!(!artefacts(&trust).contains(&"capture_loss"), "{trust}");
        assert_eq!(trust["one_sided_connections"], 10);
    }
}

#[test]
fn headers_that_were_cut_are_told_from_payload() {
    let cut =
        |to: usize| transfers(30_000, &in_between()).into_iter().map(|one| one.cut(to)).collect::<Vec<_>>();
    let payload = trust("cut-payload", &cut(96));
    assert_eq!(artefacts(&payload), [""; 0]);
    assert!(payload["payload_cut_packets"].as_u64().unwrap() > 400);
    let headers = trust("cut-headers", &cut(50));
    assert!(artefacts(&headers).contains(&"headers_cut"), "{headers}");
}

#[test]
fn a_capture_of_the_middle_says_so() {
    let all = transfers(300_000, &in_between());
    let middle = trust("middle", &all[all.len() / 4..all.len() * 3 / 4]);
    assert_eq!(artefacts(&middle), ["starts_midway", "ends_midway"]);
    assert_eq!(middle["lost_bytes"], 0);
}

#[test]
fn segments_beyond_the_mss_tell_the_host_of_the_capture() {
    // The path takes 1460 bytes at a time, the host hands over ten times as many.
    let on_host = |to_client, to_server, from: Side| {
        let setup = Setup {
            rtt_to_client: to_client,
            rtt_to_server: to_server,
            timestamps: false,
            ..Setup::default()
        };
        let mut conversation = Conversation::new(setup);
        conversation.open();
        for _ in 0..20 {
            let ack = Some(conversation.next(from.other()));
            conversation.segment(
                from,
                support::conversation::Segment { ack, payload: vec![7; 14_600], ..Default::default() },
            );
            conversation.wait(if from == Side::Client { to_server } else { to_client });
            conversation.acknowledge(from.other());
            conversation.wait(MILLISECOND);
        }
        conversation.close(Side::Client);
        conversation.records
    };
    let (near, far) = (5 * MICROSECOND, 20 * MILLISECOND);
    for (name, records, host, sends) in [
        ("sender", on_host(near, far, Side::Client), "10.0.0.1", true),
        ("receiver", on_host(far, near, Side::Client), "10.0.0.2", false),
        ("download", on_host(near, far, Side::Server), "10.0.0.1", false),
    ] {
        let trust = trust(&format!("offload-{name}"), &records);
        assert_eq!(artefacts(&trust), ["offload"], "{name}: {trust}");
        assert_eq!(
            (trust["offload_host"].as_str(), trust["offload_sends"].as_bool()),
            (Some(host), Some(sends)),
            "{name}"
        );
        assert_eq!(trust["largest_segment_bytes"], 14_600);
    }
}

#[test]
fn time_that_goes_back_is_said() {
    let mut all = transfers(30_000, &in_between());
    let half = all.len() / 2;
    all[half..].iter_mut().for_each(|record| record.at -= 5 * MILLISECOND);
    let trust = trust("backwards", &all);
    assert_eq!(
        (artefacts(&trust), &trust["time_backwards_packets"]),
        (vec!["time_backwards"], &Value::from(1))
    );
}
