//! Writes the large captures that `compare.sh` measures with: `cargo bench --bench generate -- KIND FILE AMOUNT`.
//!
//! | kind | amount | what |
//! |---|---|---|
//! | `short` | megabytes | HTTP connections of 17 packets and 330 bytes a packet, a thousand at a time |
//! | `headers` | megabytes of packets | the same with a snap length of 96 |
//! | `bulk` | megabytes | four connections, full-size segments, an ACK for every second |
//! | `open` | connections | all of them open at once, their packets in random order |
//! | `flood` | packets | SYNs from as many sources |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::Ipv4Addr;

use support::conversation::{Conversation, MICROSECOND, MILLISECOND, SYN, Setup, Side, filling};
use support::ip::{Ip, Options, Tcp};
use support::pcap::Pcap;
use support::random::Random;
use support::{EPOCH, Record, link};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let [kind, file, amount] = &words[..] else {
        eprintln!("usage: generate short|headers|bulk|open|flood FILE AMOUNT");
        return;
    };
    let amount: u64 = amount.parse().expect("a number");
    let snaplen = if kind == "headers" { 96 } else { 262_144 };
    let mut capture = Capture::create(file, snaplen);
    match kind.as_str() {
        "short" | "headers" => short(&mut capture, amount << 20),
        "bulk" => bulk(&mut capture, amount << 20),
        "open" => open(&mut capture, amount),
        "flood" => flood(&mut capture, amount),
        other => panic!("no kind {other}"),
    }
    capture.file.flush().unwrap();
    eprintln!("{file}: {} packets, {} bytes on the wire", capture.packets, capture.bytes);
}

struct Capture {
    file: BufWriter<File>,
    format: Pcap,
    snaplen: usize,
    packets: u64,
    bytes: u64,
    buffer: Vec<u8>,
}

impl Capture {
    fn create(path: &str, snaplen: usize) -> Self {
        let format = Pcap { snaplen: snaplen as u32, ..Pcap::default() };
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path).expect("a file to write"));
        file.write_all(&format.header()).unwrap();
        Self { file, format, snaplen, packets: 0, bytes: 0, buffer: Vec::new() }
    }

    fn put(&mut self, record: Record) {
        self.packets += 1;
        self.bytes += u64::from(record.orig_len);
        self.buffer.clear();
        self.format.record(&mut self.buffer, &record.cut(self.snaplen));
        self.file.write_all(&self.buffer).unwrap();
    }
}

/// Two requests, of 350 and 300 bytes, two answers, of 3,300 and 330 and their headers.
fn short(capture: &mut Capture, bytes: u64) {
    let mut random = Random(1);
    let mut open: BinaryHeap<Reverse<(i64, u64)>> = BinaryHeap::new();
    let mut records: std::collections::HashMap<u64, std::vec::IntoIter<Record>> = Default::default();
    let mut next = 0u64;
    while capture.bytes < bytes || !open.is_empty() {
        if capture.bytes < bytes && open.len() < 1000 {
            let conversation = exchange(next, &mut random).into_iter();
            open.push(Reverse((conversation.as_slice()[0].at, next)));
            records.insert(next, conversation);
            next += 1;
            continue;
        }
        let Some(Reverse((_, connection))) = open.pop() else { break };
        let left = records.get_mut(&connection).unwrap();
        capture.put(left.next().unwrap());
        match left.as_slice().first() {
            Some(record) => open.push(Reverse((record.at, connection))),
            None => drop(records.remove(&connection)),
        }
    }
}

fn exchange(number: u64, random: &mut Random) -> Vec<Record> {
    let server = Ipv4Addr::from(0x0a01_0000 + random.below(200) as u32);
    let setup = Setup {
        client: (
            Ipv4Addr::from(0x0a80_0000 + (number / 50_000) as u32 * 64 + random.below(64) as u32).into(),
            10_000 + (number % 50_000) as u16,
        ),
        server: (server.into(), 80),
        client_isn: random.next() as u32,
        server_isn: random.next() as u32,
        start: number as i64 * 120 * MICROSECOND + random.below(100_000) as i64,
        rtt_to_client: (1 + random.below(40)) as i64 * MILLISECOND,
        rtt_to_server: (1 + random.below(5)) as i64 * MILLISECOND,
        ..Setup::default()
    };
    let host = format!("host{}.example", random.below(200));
    let request = |path: &str, len: usize| {
        let head =
            format!("GET /{path}/{number} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench/1.0\r\nCookie: ");
        format!("{head}{:x<1$}\r\n\r\n", "", len - head.len() - 4)
    };
    let answer = |len: usize| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len}\r\n\r\n");
        [head.as_bytes(), &filling(Side::Server, 1, len)].concat()
    };
    let mut conversation = Conversation::new(setup);
    conversation.open().say(Side::Client, request("page", 350).as_bytes());
    conversation.wait(random.below(20) as i64 * MILLISECOND).say(Side::Server, &answer(3300));
    conversation.say(Side::Client, request("style", 300).as_bytes()).say(Side::Server, &answer(330));
    conversation.close(Side::Client);
    conversation.records
}

fn bulk(capture: &mut Capture, bytes: u64) {
    let payload = filling(Side::Server, 1, 1448);
    let mut sent = 0u32;
    let mut at = EPOCH;
    while capture.bytes < bytes {
        for connection in 0..4u16 {
            let there = Ip::v4(1, 2).id((sent / 1448) as u16);
            let options = |value: i64, echo: i64| {
                Options::default().timestamps((value / 1_000_000) as u32, (echo / 1_000_000) as u32).0
            };
            for place in 0..2 {
                let tcp = Tcp {
                    source_port: 40_000 + connection,
                    destination_port: 5001,
                    seq: sent.wrapping_add(place * 1448),
                    ack: 1,
                    flags: 0x10,
                    window: 502,
                    urgent: 0,
                    options: options(at, at - 10 * MILLISECOND),
                };
                at += 12 * MICROSECOND;
                capture.put(Record::new(at, link::ethernet(&tcp.packet(&there, &payload))));
            }
            let tcp = Tcp {
                source_port: 5001,
                destination_port: 40_000 + connection,
                seq: 1,
                ack: sent.wrapping_sub(20 * 1448),
                flags: 0x10,
                window: 8000,
                urgent: 0,
                options: options(at, at - 10 * MILLISECOND),
            };
            capture.put(Record::new(at, link::ethernet_back(&tcp.packet(&there.reverse(), &[]))));
        }
        sent = sent.wrapping_add(2 * 1448);
    }
}

/// SYN, SYN-ACK, ACK, a request, its ACK: each step of all connections before the next, each time in another order.
fn open(capture: &mut Capture, connections: u64) {
    let mut random = Random(2);
    let mut order: Vec<u64> = (0..connections).collect();
    let request = filling(Side::Client, 1, 100);
    let mut at = EPOCH;
    for step in 0..5 {
        random.shuffle(&mut order);
        for &connection in &order {
            let there = Ip::new(
                Ipv4Addr::from(0x0a80_0000 + (connection / 50_000) as u32).into(),
                Ipv4Addr::from(0x0a01_0000 + (connection % 7) as u32).into(),
            );
            let client =
                (10_000 + (connection % 50_000) as u16, (connection as u32).wrapping_mul(0x9e37_79b9));
            let server = (80, (connection as u32).wrapping_mul(0x85eb_ca6b));
            let (from_client, payload, numbers, flags) = match step {
                0 => (true, &[][..], (0, 0), SYN),
                1 => (false, &[][..], (0, 1), SYN | 0x10),
                2 => (true, &[][..], (1, 1), 0x10),
                3 => (true, &request[..], (1, 1), 0x18),
                _ => (false, &[][..], (1, 101), 0x10),
            };
            let (ip, from, to) =
                if from_client { (there, client, server) } else { (there.reverse(), server, client) };
            let options =
                if flags & SYN != 0 { Options::default().mss(1460).window_scale(7).0 } else { Vec::new() };
            let tcp = Tcp {
                source_port: from.0,
                destination_port: to.0,
                seq: from.1.wrapping_add(numbers.0),
                ack: if flags & 0x10 != 0 { to.1.wrapping_add(numbers.1) } else { 0 },
                flags,
                window: 64240,
                urgent: 0,
                options,
            };
            at += MICROSECOND;
            capture.put(Record::new(at, link::ethernet(&tcp.packet(&ip, payload))));
        }
    }
}

fn flood(capture: &mut Capture, packets: u64) {
    let mut random = Random(3);
    for number in 0..packets {
        let source = Ipv4Addr::from(random.next() as u32 | 0x0100_0000);
        let ip = Ip::new(source.into(), Ip::v4(1, 2).destination).id(random.next() as u16);
        let tcp = Tcp {
            source_port: 1024 + random.below(60_000) as u16,
            destination_port: 80,
            seq: random.next() as u32,
            flags: SYN,
            window: 1024,
            options: Options::default().mss(1460).0,
            ..Tcp::default()
        };
        let at = EPOCH + number as i64 * MICROSECOND;
        capture.put(Record::new(at, link::padded(link::ethernet(&tcp.packet(&ip, &[])))));
    }
}
