//! The captures in `testdata/captures`, each of which shows one phenomenon: how they were made.
//!
//! The test fails when a file or the table in `testdata/README.md` is not what stands here;
//! `FLOWRAY_BLESS=1 cargo test --test captures` writes them anew.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "../support/mod.rs"]
mod support;

mod closing;
mod damaged;
mod datagrams;
mod duplicates;
mod filters;
mod formats;
mod hostile;
mod http;
mod links;
mod loss;
mod metadata;
mod opening;
mod transfer;
mod window;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use support::Record;
use support::conversation::{MICROSECOND, MILLISECOND, Setup};

/// A capture: its file name, what it shows, and its bytes.
struct Case {
    file: String,
    shows: &'static str,
    bytes: Vec<u8>,
}

/// A classic pcap file of Ethernet frames.
fn pcap(name: &str, shows: &'static str, records: Vec<Record>) -> Case {
    file(&format!("{name}.pcap"), shows, support::pcap::ethernet(&records))
}

fn file(name: &str, shows: &'static str, bytes: Vec<u8>) -> Case {
    Case { file: name.into(), shows, bytes }
}

/// Captured at the client, 20 ms from the server.
fn at_client() -> Setup {
    Setup::default()
}

/// Captured at the server, `rtt_ms` from the client.
fn at_server(rtt_ms: i64) -> Setup {
    Setup { rtt_to_client: rtt_ms * MILLISECOND, rtt_to_server: 4 * MICROSECOND, ..Setup::default() }
}

/// Captured between them: 10 ms to the client and back, 30 ms to the server and back.
fn in_between() -> Setup {
    Setup { rtt_to_client: 10 * MILLISECOND, rtt_to_server: 30 * MILLISECOND, ..Setup::default() }
}

fn all() -> Vec<Case> {
    let groups = [
        opening::cases(),
        closing::cases(),
        loss::cases(),
        duplicates::cases(),
        window::cases(),
        transfer::cases(),
        http::cases(),
        datagrams::cases(),
        links::cases(),
        filters::cases(),
        formats::cases(),
        metadata::cases(),
        damaged::cases(),
        hostile::cases(),
    ];
    groups.into_iter().flatten().collect()
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

const BEGIN: &str = "<!-- built: begin -->\n";
const END: &str = "<!-- built: end -->\n";

#[test]
fn captures_are_what_their_builder_makes() {
    let cases = all();
    let names: BTreeSet<&str> = cases.iter().map(|case| case.file.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "two captures of one name");
    let table: String = cases.iter().map(|case| format!("| `{}` | {} |\n", case.file, case.shows)).collect();
    let table = format!("| file | shows |\n|---|---|\n{table}");
    let readme = testdata().join("README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let wanted = format!("{before}{BEGIN}{table}{END}{after}");

    if std::env::var_os("FLOWRAY_BLESS").is_some() {
        for case in &cases {
            let path = testdata().join("captures").join(&case.file);
            if fs::read(&path).ok().as_ref() != Some(&case.bytes) {
                fs::write(path, &case.bytes).unwrap();
            }
        }
        return fs::write(readme, wanted).unwrap();
    }
    let old: Vec<&str> = cases
        .iter()
        .filter(|case| {
            fs::read(testdata().join("captures").join(&case.file)).ok().as_ref() != Some(&case.bytes)
        })
        .map(|case| case.file.as_str())
        .collect();
    assert!(old.is_empty(), "out of date, run with FLOWRAY_BLESS=1: {old:?}");
    assert!(text == wanted, "the table of testdata/README.md is out of date, run with FLOWRAY_BLESS=1");
}

#[test]
fn every_capture_has_a_line_in_the_readme() {
    let text = fs::read_to_string(testdata().join("README.md")).unwrap();
    for entry in fs::read_dir(testdata().join("captures")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(text.contains(&format!("| `{name}` |")), "{name} is not in testdata/README.md");
        assert!(entry.metadata().unwrap().len() < 300_000, "{name} is too large");
    }
}
