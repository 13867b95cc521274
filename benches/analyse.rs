//! What one packet costs in each stage behind decoding: finding its flow, judging its segment, putting its bytes in order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hash::BuildHasher;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use flowray::decode::Address;
use flowray::flow::{Direction, Key, Table};
use flowray::tcp::stream::{Arrival, Room, Stream};
use flowray::tcp::{Connection, Flags, Segment, Seq};
use flowray::time::Timestamp;
use support::random::Random;

fn main() {
    divan::main();
}

/// Packets of so many flows, in random order.
#[divan::bench(args = [1_000, 100_000, 1_000_000])]
fn flow_lookup(bencher: Bencher<'_, '_>, flows: u32) {
    let state = foldhash::fast::RandomState::default();
    let mut random = Random(1);
    let mut keys: Vec<Key> = (0..flows).map(key).collect();
    let mut table = Table::default();
    for (number, key) in keys.iter().enumerate() {
        table.insert(state.hash_one(key), *key, number);
    }
    random.shuffle(&mut keys);
    keys.truncate(100_000);
    bencher
        .counter(ItemsCount::new(keys.len()))
        .bench_local(|| keys.iter().filter(|key| table.find(state.hash_one(key), key).is_some()).count());
}

fn key(number: u32) -> Key {
    let client =
        (Address::v4((0x0a80_0000 + number / 50_000).to_be_bytes()), 10_000 + (number % 50_000) as u16);
    Key::new(6, client, (Address::v4([10, 1, 0, 1]), 80)).0
}

/// A bulk transfer: two data segments, an ACK; one in so many segments is lost and sent again.
#[divan::bench(args = [0, 1000, 50])]
fn tcp_step(bencher: Bencher<'_, '_>, one_lost_in: u64) {
    let script = transfer(one_lost_in);
    bencher.counter(ItemsCount::new(script.len())).bench_local(|| {
        let mut connection = Connection::default();
        let mut resolutions = Vec::new();
        for (direction, segment) in &script {
            black_box(connection.on_segment(*direction, segment, &mut resolutions));
            resolutions.clear();
        }
    });
}

fn transfer(one_lost_in: u64) -> Vec<(Direction, Segment)> {
    let mut random = Random(1);
    let mut script = Vec::new();
    let mut late = Vec::new();
    for round in 0..10_000u32 {
        let at = i64::from(round) * 100_000;
        let first = 1 + round * 2896;
        for seq in [first, first + 1448] {
            if one_lost_in > 0 && random.once_in(one_lost_in) {
                late.push((round + 20, seq));
            } else {
                script.push((Direction::Forward, segment(script.len(), at, seq, 1, 1448)));
            }
        }
        while late.first().is_some_and(|&(due, _)| due <= round) {
            let (_, seq) = late.remove(0);
            script.push((Direction::Forward, segment(script.len(), at + 50_000, seq, 1, 1448)));
        }
        let acked = late.first().map_or(first + 2896, |&(_, seq)| seq);
        script.push((Direction::Reverse, segment(script.len(), at + 60_000, 1, acked, 0)));
    }
    script
}

fn segment(place: usize, at: i64, seq: u32, ack: u32, payload_len: u32) -> Segment {
    Segment {
        number: place as u64 + 1,
        at: Timestamp::from_nanos(at),
        seq: Seq(seq),
        ack: Seq(ack),
        window: 60_000,
        flags: Flags::ACK,
        payload_len,
        urgent: 0,
        checksum: place as u16,
        ip_id: Some(place as u16),
        tos: 0,
        timestamps: Some(((at / 1_000_000) as u32, (at / 1_000_000) as u32)),
        mss: None,
        window_scale: None,
        sack_permitted: false,
        fast_open: None,
        sack: Default::default(),
    }
}

/// Segments of 1,448 bytes in order, and with one in four late by three places.
#[divan::bench(args = [false, true])]
fn reassembly(bencher: Bencher<'_, '_>, reordered: bool) {
    let bytes = vec![b'x'; 1448];
    let mut order: Vec<u32> = (0..10_000).collect();
    if reordered {
        order.chunks_mut(4).for_each(|four| four.rotate_left(1));
    }
    bencher.counter(ItemsCount::new(order.len())).bench_local(|| {
        let (mut room, mut stream, mut heard) = (Room::default(), Stream::default(), 0usize);
        let mut sink = |chunk: flowray::tcp::stream::Chunk<'_>| {
            if let flowray::tcp::stream::Chunk::Data { bytes, .. } = chunk {
                heard += bytes.len();
            }
        };
        let mut arrive = |seq: u32, flags: Flags, bytes: &[u8], room: &mut Room| {
            let at = Timestamp::from_nanos(0);
            let arrival = Arrival { at, number: 1, seq: Seq(seq), flags, len: bytes.len() as u32, bytes };
            stream.on_segment(&arrival, room, &mut sink);
        };
        arrive(0, Flags::SYN, &[], &mut room);
        for place in &order {
            arrive(1 + place * 1448, Flags::ACK, &bytes, &mut room);
        }
        heard
    });
}
