//! Packet filters select what tcpdump selects: by the committed table, and by tcpdump itself where captures are given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use flowray::capture::{Capture, Options};
use flowray::filter::Filter;

fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)
}

/// How many frames of a capture a filter selects.
fn selected(path: &Path, filter: &Filter) -> u64 {
    let mut capture = Capture::open(&[path.into()], Options::default());
    let mut count = 0;
    while let Some(block) = capture.next_block() {
        count += block.frames().filter(|frame| filter.matches(frame)).count() as u64;
    }
    count
}

/// Captures of link types whose headers vary in length: tcpdump follows no protocol chain there.
const MOVING: [&str; 3] = ["filter-pflog", "filter-radiotap", "filter-wlan"];

/// `testdata/reference/filters.tsv`: an expression, and `CAPTURE=COUNT` wherever tcpdump selects anything.
#[test]
fn filters_select_as_many_packets_as_tcpdump() {
    let text = fs::read_to_string(testdata("reference/filters.tsv")).unwrap();
    let mut expected: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (expression, counts) = line.split_once('\t').unwrap();
        let counts = counts.split_whitespace().map(|one| {
            let (capture, count) = one.split_once('=').unwrap();
            (capture, count.parse().unwrap())
        });
        expected.insert(expression, counts.collect());
    }
    let captures: std::collections::BTreeSet<&str> =
        expected.values().flat_map(|counts| counts.keys().copied()).collect();
    assert!(expected.len() > 400 && captures.len() > 40, "{} {}", expected.len(), captures.len());
    let mut wrong = Vec::new();
    for (expression, counts) in &expected {
        let filter = Filter::parse(expression).unwrap_or_else(|error| panic!("{error}"));
        for capture in &captures {
            let got = selected(&testdata(&format!("captures/{capture}.pcap")), &filter);
            let wanted = counts.get(capture).copied().unwrap_or(0);
            let refused = expression.contains("protochain") && MOVING.contains(capture);
            if got != wanted && !refused {
                wrong.push(format!("{expression}: {capture}: expected {wanted}, got {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Compares with tcpdump, packet by packet, over every capture below the folder `FLOWRAY_CAPTURES`.
#[test]
#[ignore = "needs tcpdump and FLOWRAY_CAPTURES, and takes long"]
fn filters_select_the_packets_that_tcpdump_selects() {
    let folder = std::env::var_os("FLOWRAY_CAPTURES").expect("FLOWRAY_CAPTURES names no folder");
    let every: usize = std::env::var("FLOWRAY_EVERY").map_or(1, |every| every.parse().unwrap());
    let expressions = fs::read_to_string(testdata("reference/filters.txt")).unwrap();
    let mut waiting = vec![PathBuf::from(folder)];
    let (mut compared, mut wrong) = (0, Vec::new());
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        for expression in expressions.lines().step_by(every) {
            let written =
                Command::new("tcpdump").arg("-r").arg(&path).args(["-w", "-", expression]).output().unwrap();
            if !written.status.success() {
                continue;
            }
            let theirs = records(&written.stdout);
            let ours = chosen(&path, &Filter::parse(expression).unwrap());
            compared += 1;
            if ours != theirs {
                wrong.push(format!("{}: {expression}: {} and {}", path.display(), ours.len(), theirs.len()));
            }
        }
    }
    assert!(wrong.is_empty() && compared > 0, "{compared} compared\n{}", wrong.join("\n"));
}

/// The length on the wire and the bytes of each record of a little-endian pcap file.
fn records(mut file: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut found = Vec::new();
    file = file.get(24..).unwrap_or_default();
    while let Some((head, rest)) = file.split_first_chunk::<16>() {
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let (data, rest) = rest.split_at(word(8) as usize);
        found.push((word(12), data.to_vec()));
        file = rest;
    }
    found
}

fn chosen(path: &Path, filter: &Filter) -> Vec<(u32, Vec<u8>)> {
    let mut capture = Capture::open(&[path.into()], Options::default());
    let mut found = Vec::new();
    while let Some(block) = capture.next_block() {
        let frames = block.frames().filter(|frame| filter.matches(frame));
        found.extend(frames.map(|frame| (frame.orig_len, frame.data.to_vec())));
    }
    found
}
