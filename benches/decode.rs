//! What it costs to read the headers of a frame.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use etherparse::{PacketBuilder, TcpOptionElement};
use flowray::capture::{Capture, Options};
use flowray::decode::{Packet, frame};

fn main() {
    divan::main();
}

const FRAMES: usize = 100;

/// A capture of `FRAMES` equal frames.
fn capture(data: &[u8]) -> tempfile::NamedTempFile {
    let mut bytes = Vec::new();
    for field in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0x0004_0000, 1] {
        bytes.extend(field.to_le_bytes());
    }
    for index in 0..FRAMES as u32 {
        for field in [0, index, data.len() as u32, data.len() as u32] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend(data);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

fn read(bencher: Bencher<'_, '_>, data: &[u8]) {
    let file = capture(data);
    let block = Capture::open(&[file.path().into()], Options::default()).next_block().unwrap();
    let frames: Vec<_> = block.frames().collect();
    assert_eq!(frames.len(), FRAMES);
    bencher.counter(ItemsCount::new(FRAMES)).bench_local(|| {
        let mut packet = Packet::default();
        for record in &frames {
            frame(record, &mut packet);
            black_box(&packet);
        }
    });
}

fn segment(builder: etherparse::PacketBuilderStep<etherparse::IpHeaders>) -> Vec<u8> {
    let segment =
        builder.tcp(443, 50_000, 1, 2).ack(3).options(&[TcpOptionElement::Timestamp(1, 2)]).unwrap();
    let mut frame = Vec::new();
    segment.write(&mut frame, &[0; 1448]).unwrap();
    frame
}

#[divan::bench]
fn ethernet_ipv4_tcp(bencher: Bencher<'_, '_>) {
    let link = PacketBuilder::ethernet2([2; 6], [4; 6]);
    read(bencher, &segment(link.ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)));
}

#[divan::bench]
fn vlan_ipv6_tcp(bencher: Bencher<'_, '_>) {
    let link = PacketBuilder::ethernet2([2; 6], [4; 6]).single_vlan(etherparse::VlanId::try_new(7).unwrap());
    read(bencher, &segment(link.ipv6([1; 16], [2; 16], 64)));
}

#[divan::bench]
fn ethernet_ipv4_udp(bencher: Bencher<'_, '_>) {
    let mut frame = Vec::new();
    let link = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    link.udp(443, 50_000).write(&mut frame, &[0; 1200]).unwrap();
    read(bencher, &frame);
}

#[divan::bench]
fn vxlan_ipv4_tcp(bencher: Bencher<'_, '_>) {
    let inner = segment(PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64));
    let mut frame = Vec::new();
    let outer =
        PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).udp(50_000, 4789);
    outer.write(&mut frame, &[&[8, 0, 0, 0, 0, 0, 42, 0][..], &inner].concat()).unwrap();
    read(bencher, &frame);
}
