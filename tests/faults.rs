//! What goes wrong around a run, on the real program: full disks, closed pipes, interrupts, files that change, folders that lie.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::conversation::{Conversation, Setup, Side};
use support::ip::Ip;
use support::pcap::{Pcap, ethernet};
use support::{EPOCH, Record, link, records};
use tempfile::TempDir;

const FULL: &str = "/dev/full";

fn flowray() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flowray"));
    command.stdin(Stdio::null());
    command
}

fn run(words: &[&str], file: &Path) -> Output {
    flowray().args(words).arg(file).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn frames(count: u32) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| link::ethernet(&Ip::v4(1, 2).udp(number as u16, 53, &number.to_be_bytes())))
        .collect()
}

/// A capture of `count` packets of as many flows, in a folder of its own.
fn capture(count: u32) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("capture.pcap");
    fs::write(&path, ethernet(&records(1000, frames(count)))).unwrap();
    (folder, path)
}

/// An exchange with a body.
fn exchange() -> (TempDir, PathBuf) {
    let talk = Conversation::new(Setup::default())
        .open()
        .say(Side::Client, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .say(
            Side::Server,
            &[b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".to_vec(), vec![b'x'; 5000]].concat(),
        )
        .close(Side::Client)
        .records
        .clone();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("capture.pcap");
    fs::write(&path, ethernet(&talk)).unwrap();
    (folder, path)
}

#[test]
fn a_full_disk_is_told_by_every_command() {
    if !Path::new(FULL).exists() {
        return;
    }
    let (_folder, path) = capture(2000);
    for words in [
        &["summary"][..],
        &["packets"],
        &["packets", "--layers", "-o", "json"],
        &["flows", "-o", "jsonl"],
        &["flows", "-o", "csv", "--as-completed"],
        &["stream", "--udp", "3", "--as", "raw"],
        &["info"],
        &["packets", "-w", FULL],
    ] {
        let full = fs::OpenOptions::new().write(true).open(FULL).unwrap();
        let output = flowray().args(words).arg(&path).stdout(full).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("No space left on device"), "{words:?}: {said}");
        assert!(!said.contains("panicked"), "{words:?}: {said}");
    }
}

#[test]
fn a_body_for_which_there_is_no_space_is_told() {
    let (folder, path) = exchange();
    let out = folder.path().join("bodies");
    // Files may be no longer than a kilobyte: what a full disk does, on any system.
    let script = format!(
        "trap '' XFSZ; ulimit -f 2; exec {} http --save {} {}",
        env!("CARGO_BIN_EXE_flowray"),
        out.display(),
        path.display()
    );
    let output = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("http_0_1_response.bin: cannot be written"), "{said}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (_folder, path) = capture(30_000);
    for words in [&["packets"][..], &["flows", "-o", "jsonl"], &["packets", "--layers"]] {
        let mut child =
            flowray().args(words).arg(&path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 100]).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), said(&output).as_str()), (Some(0), ""), "{words:?}");
    }
}

/// Waits until the program ends; it is to end soon.
fn ended(mut child: Child) -> Output {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("it goes on and on");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupt_reports_what_was_analysed() {
    for words in [&["flows", "-o", "csv", "-"][..], &["summary", "-"], &["packets", "-o", "jsonl", "-"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_flowray"))
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(&ethernet(&records(1000, frames(50)))).unwrap();
        pipe.flush().unwrap();
        std::thread::sleep(Duration::from_millis(500));
        interrupt(&child);
        // A read that waits is not interrupted by it: the next packet is.
        std::thread::sleep(Duration::from_millis(200));
        let mut more = Vec::new();
        Pcap::default().record(&mut more, &Record::new(EPOCH + 1_000_000_000, frames(1)[0].clone()));
        let _ = pipe.write_all(&more);
        drop(pipe);
        let output = ended(child);
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(output.status.code(), Some(130), "{words:?}: {}", said(&output));
        match words[0] {
            "summary" => assert!(text.contains("Findings") || text.contains("packets"), "{text}"),
            _ => assert!(text.lines().count() >= 50, "{words:?}: {text}"),
        }
    }
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_an_error_and_no_crash() {
    let (_folder, path) = capture(40_000);
    let length = fs::metadata(&path).unwrap().len();
    // The first read comes at once, the others as the pipe is emptied: rows are not taken until the file is cut.
    let mut child = flowray()
        .args(["packets", "-o", "csv", "-j", "1", "--block-size", "4096"])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 1]).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 5).unwrap();
    let mut rows = Vec::new();
    out.read_to_end(&mut rows).unwrap();
    let output = ended(child);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("is cut short"), "{}", said(&output));
    assert!(rows.iter().filter(|&&byte| byte == b'\n').count() >= 39_999);
}

#[test]
fn a_read_error_in_the_middle_is_told_with_its_place() {
    let (folder, path) = capture(10);
    // Reading a folder fails; so does a file that is one in a list of inputs.
    let output = flowray().args(["flows", "-o", "csv"]).arg(&path).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("is a directory"), "{}", said(&output));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 11);
    // A decompressor that meets damage is a read error in the middle.
    let mut packed = zstd::encode_all(&fs::read(&path).unwrap()[..], 1).unwrap();
    packed.truncate(packed.len() - 3);
    let damaged = folder.path().join("damaged.zst");
    fs::write(&damaged, packed).unwrap();
    let output = run(&["flows", "-o", "csv"], &damaged);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("cannot be decompressed at byte "), "{}", said(&output));
}

/// Whoever sends the capture resets the connection in the middle of it: the operating system fails the read.
#[test]
fn a_read_that_fails_in_the_middle_is_told_after_what_was_read() {
    let (_folder, path) = capture(10);
    let bytes = fs::read(&path).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut reader, _) = listener.accept().unwrap();
    // A socket that is closed with bytes that nobody read resets its connection.
    reader.write_all(b"never read").unwrap();
    let child = flowray()
        .args(["flows", "-o", "csv", "-"])
        .stdin(OwnedFd::from(reader))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    sender.write_all(&bytes[..bytes.len() - 7]).unwrap();
    sender.peek(&mut [0]).unwrap();
    drop(sender);
    let output = ended(child);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let told = format!("-: cannot be read at byte {}: ", bytes.len() - 7);
    assert!(said(&output).contains(&told), "{}", said(&output));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 10);
}

#[test]
fn nothing_is_written_through_links_or_over_what_is_there() {
    let (folder, path) = exchange();
    let secret = folder.path().join("secret");
    fs::write(&secret, "kept").unwrap();
    let name = "http_0_1_response.bin";
    for (case, prepare) in [
        (
            "a link to a file",
            Box::new(|out: &Path| symlink(&secret, out.join(name)).unwrap()) as Box<dyn Fn(&Path)>,
        ),
        ("a link to nowhere", Box::new(|out| symlink(out.join("../made"), out.join(name)).unwrap())),
        ("a file", Box::new(|out| fs::write(out.join(name), "kept").unwrap())),
        ("a folder", Box::new(|out| fs::create_dir(out.join(name)).unwrap())),
    ] {
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        prepare(&out);
        let output = run(&["http", "--save", out.to_str().unwrap()], &path);
        assert_eq!(output.status.code(), Some(1), "{case}");
        assert!(said(&output).contains(name), "{case}: {}", said(&output));
        assert_eq!(fs::read_to_string(&secret).unwrap(), "kept", "{case}");
        assert!(!folder.path().join("made").exists(), "{case}");
        if case == "a file" {
            assert_eq!(fs::read_to_string(out.join(name)).unwrap(), "kept");
        }
        fs::remove_dir_all(&out).unwrap();
    }
    // Neither is the capture itself written over.
    let before = fs::read(&path).unwrap();
    let same = path.to_str().unwrap();
    for words in [&["packets", "-w", same][..], &["http", "--har", same], &["http", "--save", same]] {
        let output = run(words, &path);
        assert_ne!(output.status.code(), Some(0), "{words:?}");
        assert_eq!(fs::read(&path).unwrap(), before, "{words:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told_before_anything_is_read() {
    let (folder, path) = exchange();
    for out in [folder.path().join("no/such/folder"), path.clone()] {
        for words in [["stream", "--all", "--out"], ["http", "--headers", "--save"]] {
            let output = flowray().args(words).arg(&out).arg(&path).output().unwrap();
            assert_ne!(output.status.code(), Some(0), "{words:?}");
            assert!(said(&output).contains("cannot be made"), "{}", said(&output));
        }
    }
}

#[test]
fn a_file_that_cannot_be_opened_gives_no_page_of_zeros() {
    let output = run(&["summary"], Path::new("no-such-capture.pcap"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(
        said(&output).starts_with("flowray: no-such-capture.pcap: cannot be opened: "),
        "{}",
        said(&output)
    );
}
