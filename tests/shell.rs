//! The program as a shell meets it: pipes that close, disks that are full, terminals of any width, languages, and text that
//! would do harm.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(unix)]

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use unicode_width::UnicodeWidthStr;

fn capture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures").join(name);
    path.to_str().unwrap().to_owned()
}

fn flowray(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowray"));
    command.args(arguments).env_remove("COLUMNS").env_remove("NO_COLOR").env("TZ", "UTC");
    command
}

/// Standard output, standard error, exit status.
fn run(command: &mut Command) -> (String, String, i32) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// What a terminal of so many columns is shown, and the exit status.
fn on_terminal(columns: u16, command: &mut Command) -> (String, i32) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let size = rustix::termios::Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&slave, size).unwrap();
    let mut child =
        command.stdin(Stdio::null()).stdout(slave).stderr(Stdio::null()).spawn().expect("it starts");
    // The slave that the command holds would keep the terminal open.
    command.stdout(Stdio::null());
    let mut shown = Vec::new();
    // When the last slave is closed, Linux says EIO.
    let _ = File::from(master).read_to_end(&mut shown);
    let status = child.wait().unwrap().code().unwrap();
    (String::from_utf8(shown).unwrap().replace("\r\n", "\n"), status)
}

fn without_colour(text: &str) -> String {
    let mut plain = String::new();
    let mut parts = text.split("\x1b[");
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    plain
}

#[test]
fn a_closed_pipe_is_success() {
    let bulk = capture("bulk.pcap");
    for arguments in [
        &["packets", "-o", "jsonl"][..],
        &["packets", "--layers"],
        &["flows", "-o", "csv"],
        &["flows"],
        &["fields"],
        &["stream", "0", "--as", "hex"],
    ] {
        let mut command = flowray(arguments);
        if arguments[0] != "fields" {
            command.args(std::iter::repeat_n(&bulk, 40));
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{arguments:?}");
        let ending = child.wait_with_output().unwrap();
        assert_eq!(ending.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8(ending.stderr).unwrap(), "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let get = capture("http-get.pcap");
    for arguments in [
        &["summary"][..],
        &["packets"],
        &["packets", "-o", "json"],
        &["packets", "-w", "-"],
        &["flows", "-o", "csv"],
        &["flow", "0"],
        &["handshakes"],
        &["http"],
        &["stream", "0"],
        &["info"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = flowray(arguments).arg(&get).stdout(full).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.starts_with("flowray: ") && told.contains("No space left"), "{arguments:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{arguments:?}: {told}");
    }
}

#[test]
fn a_table_is_as_wide_as_the_terminal() {
    let drops = capture("linux-drop-tail-sender.pcap");
    for command in ["summary", "flows", "packets", "handshakes", "http"] {
        let file = if command == "http" { capture("http-get.pcap") } else { drops.clone() };
        let (narrow, status) = on_terminal(40, &mut flowray(&[command, &file]));
        assert_eq!(status, 0);
        let (wide, status) = on_terminal(300, &mut flowray(&[command, &file]));
        assert_eq!(status, 0);
        assert!(without_colour(&wide).len() > without_colour(&narrow).len(), "{command}");
        for line in without_colour(&wide).lines() {
            assert!(line.width() <= 300, "{command}: {line}");
        }
        if command == "flows" || command == "packets" || command == "handshakes" {
            for line in without_colour(&narrow).lines() {
                assert!(line.width() <= 40, "{command}: {line}");
            }
            let told = without_colour(&narrow);
            assert!(told.contains("--fields"), "{command}: it is told what is cut off: {told}");
        }
    }
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let drops = capture("linux-drop-tail-sender.pcap");
    let coloured = |command: &mut Command| on_terminal(200, command).0.contains('\x1b');
    assert!(coloured(&mut flowray(&["flows", &drops])));
    assert!(!coloured(flowray(&["flows", &drops]).env("NO_COLOR", "1")));
    assert!(!coloured(&mut flowray(&["flows", "--color", "never", &drops])));
    assert!(!run(&mut flowray(&["flows", &drops])).0.contains('\x1b'));
    assert!(run(&mut flowray(&["flows", "--color", "always", &drops])).0.contains('\x1b'));
}

#[test]
fn without_a_terminal_nothing_is_cut_and_every_row_has_every_column() {
    let drops = capture("linux-drop-tail-sender.pcap");
    let (table, told, status) = run(flowray(&["packets", &drops]).env("COLUMNS", "40"));
    assert_eq!((told.as_str(), status), ("", 0));
    let columns = |line: &str| line.split("  ").filter(|cell| !cell.trim().is_empty()).count();
    let header = columns(table.lines().next().unwrap());
    assert!(header > 8, "{table}");
    for line in table.lines() {
        assert_eq!(columns(line), header, "{line}");
        assert!(!line.contains('…'), "{line}");
    }
}

#[test]
fn the_language_changes_nothing() {
    let get = capture("http-get.pcap");
    for command in ["summary", "packets", "flows", "http"] {
        let c = run(flowray(&[command, &get]).env("LC_ALL", "C"));
        let utf8 = run(flowray(&[command, &get]).env("LC_ALL", "C.UTF-8"));
        assert_eq!(c, utf8);
        assert_eq!(c.2, 0);
    }
}

#[test]
fn nothing_raw_of_a_capture_reaches_the_reader() {
    let harmful = |c: char| {
        c.is_control() && c != '\n'
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    for name in ["hostile-http.pcap", "hostile-dns.pcap", "hostile-metadata.pcapng"] {
        let file = capture(name);
        for arguments in [
            &["summary"][..],
            &["packets"],
            &["packets", "--fields", "*"],
            &["packets", "--layers", "--hex"],
            &["flows", "--fields", "*"],
            &["flow", "0"],
            &["handshakes"],
            &["http", "--fields", "*"],
            &["http", "--headers"],
            &["stream", "0", "--as", "text"],
            &["stream", "0", "--as", "hex"],
            &["info"],
        ] {
            if arguments[0] == "stream" && name == "hostile-dns.pcap" {
                continue;
            }
            let (table, told, status) = run(flowray(arguments).arg(&file));
            assert_eq!(status, 0, "{name} {arguments:?}: {told}");
            assert!(!told.contains(harmful), "{name} {arguments:?}: {told}");
            assert!(!table.contains(harmful), "{name} {arguments:?}: {table:?}");
            let shown = on_terminal(120, flowray(arguments).arg("--color=never").arg(&file)).0;
            assert!(!shown.contains(harmful), "{name} {arguments:?}: {shown:?}");
            if arguments.contains(&"--as") || arguments.contains(&"--layers") {
                continue;
            }
            if arguments[0] != "summary" {
                let (csv, _, _) = run(flowray(arguments).args(["-o", "csv"]).arg(&file));
                let mut reader = csv::ReaderBuilder::new().from_reader(csv.as_bytes());
                assert!(reader.records().all(|record| record.is_ok()), "{name} {arguments:?}: {csv}");
                assert!(!csv.replace("\r\n", "\n").contains(harmful), "{name} {arguments:?}: {csv:?}");
                let (tsv, _, _) = run(flowray(arguments).args(["-o", "tsv"]).arg(&file));
                let tabs = |line: &str| line.matches('\t').count();
                let header = tabs(tsv.lines().next().unwrap_or_default());
                assert!(tsv.lines().all(|line| tabs(line) == header), "{name} {arguments:?}: {tsv}");
                assert!(!tsv.replace('\t', "").contains(harmful), "{name} {arguments:?}: {tsv:?}");
            }
            let (jsonl, _, _) = run(flowray(arguments).args(["-o", "jsonl"]).arg(&file));
            assert!(!jsonl.contains(harmful), "{name} {arguments:?}: {jsonl:?}");
            for line in jsonl.lines() {
                serde_json::from_str::<serde_json::Value>(line).expect(line);
            }
        }
    }
}

#[test]
fn what_is_impossible_is_told_before_any_file_is_read() {
    for arguments in [
        &["flows", "--where", "rtt >"][..],
        &["flows", "--where", "client_paket > 1"],
        &["flows", "--flows", "client_paket > 1"],
        &["flows", "--fields", "nothing"],
        &["flows", "--sort", "nothing"],
        &["packets", "-f", "tcp prt 80"],
        &["packets", "--flow", "1", "--stream", "2"],
        &["packets", "-w", "x.pcap", "-o", "json"],
        &["packets", "-w", "x.pcap", "--each"],
        &["packets", "--layers", "-o", "csv"],
        &["packets", "--write-format", "pcap"],
        &["flows", "--after-close", "3s"],
        &["flows", "--from", "soon"],
        &["http", "--raw-bodies"],
        &["http", "--each", "--har", "x.har"],
        &["stream", "--all"],
        &["stream", "0", "--flows", "flow = 1"],
        &["stream", "0", "-o", "csv"],
        &["summary", "-o", "csv"],
        &["flows", "-q", "-v"],
        &["-j1", "flows"],
    ] {
        let (_, told, status) = run(flowray(arguments).arg("/nowhere/to/be/found.pcap"));
        assert_eq!(status, 2, "{arguments:?}: {told}");
        assert!(!told.contains("found.pcap:"), "{arguments:?}: {told}");
    }
    for arguments in
        [&["packets", "--flows", "flow = 1", "-"][..], &["packets", "-w", "-", "--flow", "1", "-"]]
    {
        let (_, told, status) = run(flowray(arguments).stdin(Stdio::null()));
        assert_eq!(status, 2, "{arguments:?}: {told}");
        assert!(told.contains("standard input"), "{told}");
    }
}
