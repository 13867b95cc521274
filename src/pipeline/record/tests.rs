use std::path::Path;

use foldhash::fast::FixedState;
use proptest::prelude::*;

use super::super::counts::Counts;
use super::*;
use crate::capture::{self, Capture, Clock, Interface, LinkType};
use crate::decode::{self, Limits};
use crate::support::ip::{self, Ip, Tcp};

#[test]
fn a_record_is_two_cache_lines() {
    assert!(size_of::<Record>() <= 128, "{}", size_of::<Record>());
}

/// Of many options and of none beside the timestamps.
#[test]
fn what_few_segments_have_stands_beside_the_records() {
    let ip = Ip::v4(1, 2);
    let syn = ip::Options::default().mss(1460).sack_permitted().timestamps(1, 2).window_scale(7).0;
    let padded = ip::Options::default().timestamps(3, 4).raw(&[1, 1]).0;
    let (mut made, mut beside) = (Vec::new(), Beside::default());
    for (options, urgent) in [(syn, 0), (padded.clone(), 0), (padded, 9), (Vec::new(), 0)] {
        let mut packet = Tcp { options, ..Tcp::default() }.packet(&ip, b"");
        packet[38..40].copy_from_slice(&u16::to_be_bytes(urgent));
        let frame = [&[2; 12][..], &[8, 0], &packet].concat();
        let plain = decode::plain(&frame, frame.len() as u32).unwrap();
        let key = Key::of_v4(TCP, plain.addresses(), plain.ports());
        let origin = Origin { number: 1, at: None, fine_clock: false, len: frame.len() as u32 };
        Record::push_plain(&mut made, &origin, key, &plain, 0, &mut beside, &FixedState::default());
    }
    assert_eq!(beside.extras.len(), 3);
    let said: Vec<_> = made
        .iter()
        .map(|record| record.segment(Timestamp::default(), &beside))
        .map(|one| (one.mss, one.sack_permitted, one.window_scale, one.timestamps, one.urgent))
        .collect();
    let timestamps = Some((3, 4));
    assert_eq!(
        said,
        [
            (Some(1460), true, Some(7), Some((1, 2)), 0),
            (None, false, None, timestamps, 0),
            (None, false, None, timestamps, 9),
            (None, false, None, None, 0),
        ]
    );
}

/// The records and counts of a frame as text, and whether a TCP segment is among them: the short way, if the frame is plain, or
/// by the walk.
fn made(frame: &Frame<'_>, short: bool) -> Option<(String, bool)> {
    let state = FixedState::default();
    let (mut beside, mut made, mut counts) = (Beside::default(), Vec::new(), Counts::default());
    if short {
        let sought = Plain::may_be(frame.linktype, &Limits::default());
        let plain = decode::plain(frame.data, frame.orig_len).filter(|_| sought)?;
        let key = Key::of_v4(TCP, plain.addresses(), plain.ports());
        Record::push_plain(&mut made, &Origin::of(frame), key, &plain, 1000, &mut beside, &state);
        counts.on_plain(frame, true);
    } else {
        let mut packet = Packet::default();
        decode::frame(frame, &mut packet);
        let (offset, len) = (1000 + packet.payload_offset, packet.payload.len() as u32);
        let payload = Payload { offset, len, ..Payload::default() };
        records(frame, &packet, payload, &mut beside, &state, |record| made.push(record));
        counts.on_packet(frame, &packet, true);
    }
    let is_tcp = made.iter().any(|record| record.kind == Kind::Segment);
    let mut all = Counts::default();
    all.merge(counts);
    Some((format!("{made:?} {beside:?} {all:?}"), is_tcp))
}

/// Whether the frame goes the short way. It must come to the same as the walk.
fn is_plain(frame: &Frame<'_>) -> bool {
    let Some((short, _)) = made(frame, true) else { return false };
    assert_eq!(Some(short), made(frame, false).map(|(made, _)| made), "{frame:?}");
    true
}

#[test]
fn the_short_way_comes_to_the_same_as_the_walk_in_every_capture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut capture = Capture::open(&files.collect::<Vec<_>>(), capture::Options::default());
    let (mut plain, mut segments) = (0, 0);
    while let Some(block) = capture.next_block() {
        for frame in block.frames() {
            plain += u32::from(is_plain(&frame));
            segments += u32::from(made(&frame, false).unwrap().1);
        }
    }
    assert!(plain > segments / 2, "{plain} of {segments}");
}

/// With every length, cut anywhere, longer and shorter on the wire, and any byte changed.
#[test]
fn the_short_way_comes_to_the_same_as_the_walk_of_a_changed_frame() {
    let ip = Ip::v4(1, 2);
    let options = ip::Options::default().mss(1460).window_scale(7).sack_permitted().timestamps(1, 2);
    let tcp = Tcp { source_port: 40_000, destination_port: 80, flags: 0x18, ..Tcp::default() };
    let timestamps = ip::Options::default().raw(&[1, 1]).timestamps(1, 2).0;
    let mut plain = 0;
    for options in [Vec::new(), timestamps, options.0] {
        let packet = Tcp { options, ..tcp.clone() }.packet(&ip, b"GET / HTTP/1.1");
        let whole = [&[2; 12][..], &[8, 0], &packet, &[0; 6]].concat();
        let mut check = |data: &[u8], wire: usize| {
            plain += u32::from(is_plain(&frame_of(data, wire as u32)));
        };
        for len in 0..=whole.len() {
            for wire in [0, 20, len.saturating_sub(1), len, len + 1, whole.len(), 100_000] {
                check(&whole[..len], wire);
            }
        }
        for at in 0..whole.len() {
            for byte in 0..=255 {
                let mut changed = whole.clone();
                changed[at] = byte;
                for len in [54, whole.len() - 8, whole.len()] {
                    check(&changed[..len], whole.len());
                }
            }
        }
    }
    assert!(plain > 10_000, "{plain}");
}

proptest! {
    #[test]
    fn the_short_way_comes_to_the_same_as_the_walk_of_any_headers(
        changes in prop::collection::vec((12_usize..60, any::<u8>()), 0..6),
        (len, wire) in (0_usize..90, 0_u32..120),
        total in prop::option::of(0_u16..100),
    ) {
        let tcp = Tcp { source_port: 40_000, destination_port: 80, flags: 0x18, ..Tcp::default() };
        let packet = tcp.packet(&Ip::v4(1, 2), &[7; 20]);
        let mut frame = [&[2; 12][..], &[8, 0], &packet, &[0; 16]].concat();
        if let Some(total) = total {
            frame[16..18].copy_from_slice(&total.to_be_bytes());
        }
        for (at, byte) in changes {
            frame[at] = byte;
        }
        is_plain(&frame_of(&frame[..len.min(frame.len())], wire));
    }
}

fn frame_of(data: &[u8], orig_len: u32) -> Frame<'_> {
    static INTERFACE: Interface =
        Interface { linktype: LinkType::ETHERNET, snaplen: 0, clock: Clock::MICROS, fcs_len: None };
    Frame {
        number: 7,
        file: 0,
        file_number: 7,
        at: Some(Timestamp::from_nanos(5)),
        fine_clock: true,
        linktype: LinkType::ETHERNET,
        section: 0,
        interface: 0,
        orig_len,
        data,
        raw_at: None,
        options: &[],
        big_endian: false,
        captured_on: &INTERFACE,
    }
}
