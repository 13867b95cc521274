//! Quadratic behaviour is looked for on purpose: twice the input takes no more than 2.3 times the work.
//!
//! Work is the number of instructions that the program executes, as valgrind counts them: the same on every run, whatever else the
//! machine does. Three inputs, each twice as long as the one before, take what the program takes by itself out of the account.
//!
//! ```text
//! cargo test --test growth -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use support::conversation::{ACK, Conversation, SYN, Segment, Setup, Side};
use support::ip::Ip;
use support::pcap::ethernet;
use support::pcapng::{Interface, Pcapng};
use support::{Record, link, records};

/// How much more work twice the input may be.
const MOST: f64 = 2.3;

type Shape = fn(u64) -> Vec<u8>;

/// What is asked of which shape, and how long the shortest input is.
const TABLE: [(&str, &[&str], Shape, u64); 12] = [
    ("fragments of eight bytes", &["flows"], tiny_fragments, 3000),
    ("datagrams in two fragments before packets of the same flow", &["flows"], pairs_before_packets, 1000),
    ("fragments of datagrams that never come whole", &["flows"], lone_fragments, 3000),
    ("holes that SACKs report", &["flows"], sack_holes, 1500),
    ("segments in reverse", &["flows"], reversed, 1500),
    ("one byte a segment in reverse, reassembled", &["stream", "0", "--as", "hex"], reversed, 1500),
    ("requests in a pipeline, answered late", &["http", "--max-waiting", "100000"], pipelined, 1000),
    ("a head of one byte a segment", &["http"], slow_head, 3000),
    ("chunks of one byte", &["http"], tiny_chunks, 2000),
    ("stacks of VLAN tags", &["packets"], tags, 500),
    ("a connection begun again and again on the same ports", &["handshakes"], reused_ports, 1000),
    ("interfaces, a packet behind each", &["info"], interfaces, 2000),
];

#[test]
#[ignore = "needs valgrind, and takes minutes; see above"]
fn twice_the_input_is_at_most_little_more_than_twice_the_work() {
    let mut wrong = Vec::new();
    for (name, words, shape, length) in TABLE {
        let [one, two, four] = [1, 2, 4].map(|factor| instructions(words, &shape(length * factor)));
        let growth = (four - two) as f64 / (two - one).max(1) as f64;
        println!("{growth:.2}  {one} {two} {four}  {name}");
        if growth > MOST {
            wrong.push(format!("{name}: {growth:.2}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Instructions that a run executes.
fn instructions(words: &[&str], capture: &[u8]) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join("capture"), folder.path().join("log"));
    fs::write(&path, capture).unwrap();
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(format!("--log-file={}", log.display()))
        .arg(std::env::var_os("FLOWRAY_BINARY").unwrap_or(env!("CARGO_BIN_EXE_flowray").into()))
        .args(words)
        .args(["-j", "1"])
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .expect("valgrind is installed");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    count(&log)
}

fn count(log: &Path) -> u64 {
    let text = fs::read_to_string(log).unwrap();
    let line =
        text.lines().find(|line| line.contains("I refs:") || line.contains("I   refs:")).expect("a count");
    line.rsplit(':').next().unwrap().trim().replace(',', "").parse().unwrap()
}

fn frames(frames: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    ethernet(&records(1000, frames.into_iter().map(|packet| link::ethernet(&packet))))
}

fn tiny_fragments(count: u64) -> Vec<u8> {
    let of = |number: u64| Ip::v4(1, 2).id((number / 1000) as u16).fragments(17, &[7; 8000], 8);
    frames((0..count.div_ceil(1000)).flat_map(|number| of(number * 1000)))
}

/// Records of datagrams that come whole stand before those of the packets behind them.
fn pairs_before_packets(count: u64) -> Vec<u8> {
    let ip = Ip::v4(1, 2);
    let datagram = ip.udp_datagram(1, 2, &[1; 100]);
    let pairs = (0..count).flat_map(|id| ip.id(id as u16).fragments(17, &datagram, 64));
    frames(pairs.chain((0..4 * count).map(|_| ip.udp(1, 2, b""))))
}

fn lone_fragments(count: u64) -> Vec<u8> {
    frames((0..count).map(|number| {
        let ip = Ip::v4((number >> 16) as u8, 2).id(number as u16);
        ip.fragment(17, &[7; 2000], 8 * (number % 64) as usize, 8)
    }))
}

fn talk(setup: Setup, say: impl FnOnce(&mut Conversation)) -> Vec<Record> {
    let mut talk = Conversation::new(setup);
    talk.open();
    say(&mut talk);
    talk.records.clone()
}

/// Every second segment is lost, and every ACK reports what came behind it.
fn sack_holes(count: u64) -> Vec<u8> {
    ethernet(&talk(Setup::default(), |talk| {
        for number in 0..count {
            let at = 1 + number * 200 + 100;
            let segment = Segment { flags: ACK, seq: Some(at), payload: vec![1; 100], ..Segment::default() };
            talk.segment(Side::Client, segment);
            let sack = vec![(at, at + 100)];
            talk.segment(Side::Server, Segment { flags: ACK, ack: Some(1), sack, ..Segment::default() });
        }
    }))
}

fn reversed(count: u64) -> Vec<u8> {
    ethernet(&talk(Setup::default(), |talk| {
        for number in (0..count).rev() {
            let seq = Some(1 + number);
            talk.segment(Side::Client, Segment { flags: ACK, seq, payload: vec![1], ..Segment::default() });
        }
        talk.segment(Side::Server, Segment { flags: ACK, ack: Some(1 + count), ..Segment::default() });
    }))
}

fn pipelined(count: u64) -> Vec<u8> {
    ethernet(&talk(Setup::default(), |talk| {
        let requests = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(count as usize);
        talk.say(Side::Client, &requests);
        let answers = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".repeat(count as usize);
        talk.say(Side::Server, &answers);
    }))
}

fn slow_head(count: u64) -> Vec<u8> {
    ethernet(&talk(Setup::default(), |talk| {
        let head = [b"GET / HTTP/1.1\r\nHost: h\r\nX: ".to_vec(), vec![b'a'; count as usize]].concat();
        for byte in head.chunks(1) {
            talk.say(Side::Client, byte);
        }
    }))
}

fn tiny_chunks(count: u64) -> Vec<u8> {
    ethernet(&talk(Setup::default(), |talk| {
        talk.say(Side::Client, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        talk.say(Side::Server, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        talk.say(Side::Server, &b"1\r\nx\r\n".repeat(count as usize));
    }))
}

fn tags(count: u64) -> Vec<u8> {
    let ids: Vec<u16> = (1..100).collect();
    ethernet(&records(1000, (0..count).map(|_| link::vlan(&ids, &Ip::v4(1, 2).udp(1, 2, b"")))))
}

fn reused_ports(count: u64) -> Vec<u8> {
    ethernet(&talk(Setup::default(), |talk| {
        for number in 0..count {
            let seq = Some(1_000_000 * (number + 1) % (1 << 31));
            talk.segment(Side::Client, Segment { flags: SYN, seq, ..Segment::default() });
        }
    }))
}

fn interfaces(count: u64) -> Vec<u8> {
    let record = &records(1000, [link::ethernet(&Ip::v4(1, 2).udp(1, 2, b""))])[0];
    let mut file = Pcapng::new(false);
    for number in 0..count {
        file = file.interface(Interface::of(1)).packet(number as u32, record);
    }
    file.bytes
}
