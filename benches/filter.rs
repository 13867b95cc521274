//! What it costs to make a filter, and to ask it of a frame.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use etherparse::PacketBuilder;
use flowray::capture::LinkType;
use flowray::filter::Filter;

fn main() {
    divan::main();
}

const FRAMES: usize = 100;

/// Filters that select nothing of [`segment`], from the one that is decided first to the one that is decided last.
const FILTERS: &[&str] = &[
    "arp",
    "udp",
    "host 192.0.2.1",
    "tcp port 80",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "net 192.0.2.0/24 or portrange 6000-6063 or vlan 7",
    "ip[2:2] - ((ip[0] & 0xf) << 2) < 20",
];

/// An Ethernet frame with an IPv4 header and a TCP segment.
fn segment() -> Vec<u8> {
    let link = PacketBuilder::ethernet2([2; 6], [4; 6]);
    let mut frame = Vec::new();
    let segment = link.ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(443, 50_000, 1, 2).ack(3);
    segment.write(&mut frame, &[0; 1448]).unwrap();
    frame
}

#[divan::bench(args = FILTERS)]
fn parse(bencher: Bencher<'_, '_>, text: &str) {
    bencher.bench(|| Filter::parse(black_box(text)).unwrap());
}

#[divan::bench(args = FILTERS)]
fn no_match(bencher: Bencher<'_, '_>, text: &str) {
    let (filter, frame) = (Filter::parse(text).unwrap(), segment());
    let accepts = || filter.accepts(LinkType(1), black_box(&frame), frame.len() as u32);
    assert!(!accepts());
    bencher.counter(ItemsCount::new(FRAMES)).bench(|| (0..FRAMES).filter(|_| accepts()).count());
}
