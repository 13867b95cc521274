//! What the summary finds is so, is found only where it is so, and its commands show it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::conversation::{ACK, Conversation, Fate, MILLISECOND, PSH, Segment, Setup, Side};
use support::ip::Ip;
use support::{Record, pcap};

/// What `flowray` finds in a capture.
fn findings(path: &Path) -> Vec<Value> {
    let printed = Command::new(env!("CARGO_BIN_EXE_flowray"))
        .args(["summary", "-q", "-o", "json"])
        .arg(path)
        .output()
        .unwrap();
    let summary: Value = serde_json::from_slice(&printed.stdout).unwrap_or_default();
    summary["findings"].as_array().cloned().unwrap_or_default()
}

/// The flows that the command of a finding shows, run as it is printed.
fn shown(finding: &Value, path: &Path) -> Vec<u64> {
    let program = env!("CARGO_BIN_EXE_flowray");
    let command =
        format!("{program} {} -q --fields flow -o csv '{}'", text(finding, "command"), path.display());
    let printed = Command::new("sh").args(["-c", &command]).output().unwrap();
    assert_ne!(printed.status.code(), Some(2), "{command}: {}", String::from_utf8_lossy(&printed.stderr));
    let rows = String::from_utf8(printed.stdout).unwrap();
    rows.lines().skip(1).map(|row| row.parse().unwrap()).collect()
}

fn text<'a>(finding: &'a Value, name: &str) -> &'a str {
    finding[name].as_str().unwrap()
}

fn file(conversations: impl IntoIterator<Item = Vec<Record>>) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), pcap::ethernet(&support::merged(conversations))).unwrap();
    file
}

/// The one finding with these words in it.
fn with(findings: &[Value], words: &str) -> Option<Value> {
    let mut found = findings.iter().filter(|finding| text(finding, "finding").contains(words));
    let one = found.next().cloned();
    assert!(found.next().is_none(), "{words} is said twice");
    one
}

fn setup(client: u8) -> Setup {
    let start = i64::from(client) * MILLISECOND;
    let client = (Ip::v4(client, 200).source, 40_000 + u16::from(client));
    let server = (Ip::v4(1, 200).destination, 80);
    Setup { client, server, start, rtt_to_client: 6 * MILLISECOND, ..Setup::default() }
}

/// A connection in which the server takes so long to begin each of four answers.
fn asked(client: u8, takes: i64) -> Vec<Record> {
    let mut conversation = Conversation::new(setup(client));
    conversation.open();
    for _ in 0..4 {
        conversation
            .say(Side::Client, b"question")
            .wait(takes)
            .say(Side::Server, b"answer")
            .wait(MILLISECOND);
    }
    conversation.close(Side::Client);
    conversation.records
}

/// A connection in which the first copies of so many segments are lost.
fn lossy(client: u8, lost: usize) -> Vec<Record> {
    let mut conversation = Conversation::new(setup(client));
    conversation.open();
    for number in 0..20 {
        let seq = conversation.next(Side::Client);
        let segment = |fate| Segment {
            flags: ACK | PSH,
            seq: Some(seq),
            ack: Some(1),
            payload: vec![7; 100],
            fate,
            ..Segment::default()
        };
        if number < lost {
            conversation.segment(Side::Client, segment(Fate::LostAfterCapture)).wait(400 * MILLISECOND);
        }
        conversation.segment(Side::Client, segment(Fate::Delivered)).wait(20 * MILLISECOND);
        conversation
            .segment(Side::Server, Segment { flags: ACK, ack: Some(seq + 100), ..Segment::default() });
        conversation.wait(30 * MILLISECOND);
    }
    conversation.close(Side::Client);
    conversation.records
}

#[test]
fn a_slow_server_is_told_from_a_slow_network() {
    let slow = file([asked(1, 300 * MILLISECOND), asked(2, 400 * MILLISECOND), asked(3, MILLISECOND)]);
    let found = with(&findings(slow.path()), "waited for the server").unwrap();
    let said = text(&found, "finding");
    assert!(said.starts_with("2 of 3 TCP connections to 10.0.0.200 port 80 waited for the server"), "{said}");
    assert_eq!((found["flows"].as_u64(), found["worst_flow"].as_u64()), (Some(2), Some(1)));
    assert_eq!(shown(&found, slow.path()), [0, 1]);

    let quick = file([asked(1, 10 * MILLISECOND)]);
    assert_eq!(with(&findings(quick.path()), "waited for the server"), None);
}

#[test]
fn loss_of_one_host_is_told_from_loss_of_all() {
    let one = file([lossy(1, 0), lossy(2, 12), lossy(3, 1)]);
    let found = with(&findings(one.path()), "loss is concentrated").unwrap();
    let said = text(&found, "finding");
    assert!(said.contains("12 of 13 segments sent again went to or from 10.0.0.2, "), "{said}");
    assert_eq!(shown(&found, one.path()), [1]);

    for even in [[6, 6, 6], [0, 0, 9]] {
        let file = file((1..).zip(even).map(|(client, lost)| lossy(client, lost)));
        assert_eq!(with(&findings(file.path()), "loss is concentrated"), None, "{even:?}");
    }
}

#[test]
fn every_command_shows_what_was_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures");
    let captures: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (mut compared, mut wrong) = (0, Vec::new());
    for path in captures {
        for finding in findings(&path) {
            let (Some(command), Some(flows)) = (finding["command"].as_str(), finding["flows"].as_u64())
            else {
                continue;
            };
            if !command.starts_with("flows ") {
                continue;
            }
            let shown = shown(&finding, &path);
            let said = text(&finding, "finding");
            // Where it speaks of one server, the number of all flows stands beside it.
            let of_one = said.contains("to all servers");
            let count = shown.len() as u64;
            let worst = finding["worst_flow"].as_u64().is_none_or(|worst| of_one || shown.contains(&worst));
            if !worst || (if of_one { count == 0 || count >= flows } else { count != flows }) {
                wrong.push(format!("{}: {said}: {command}: {shown:?}", path.display()));
            }
            compared += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 50, "{compared}");
}
