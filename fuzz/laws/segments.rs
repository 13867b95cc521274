//! The analysis of a connection: another initial sequence number on either side changes nothing but absolute numbers, and
//! swapping the two ends swaps the directions and nothing else.

use arbitrary::{Result, Unstructured};
use flowray::decode::SackBlocks;
use flowray::flow::Direction;
use flowray::tcp::{Connection, Flags, Segment, Seq, Verdict};
use flowray::time::Timestamp;

pub fn check(bytes: &[u8]) {
    let Ok(script) = script(&mut Unstructured::new(bytes)) else { return };
    let plain = analyse(&script, [0, 0], false);
    let shifted = analyse(&script, [0xffff_fe00, 0x8000_0123], false);
    assert_eq!(plain.verdicts, shifted.verdicts, "another ISN, another verdict");
    assert_eq!(plain.summary, shifted.summary, "another ISN, another summary");
    let swapped = analyse(&script, [0, 0], true);
    assert_eq!(plain.verdicts, swapped.verdicts, "swapped ends, another verdict");
}

#[derive(Debug)]
struct Outcome {
    verdicts: Vec<String>,
    summary: String,
}

/// Segments near to each other in sequence and time, so that they meet.
fn script(from: &mut Unstructured<'_>) -> Result<Vec<(bool, Segment)>> {
    let mut at = 0i64;
    let mut script = Vec::new();
    let timestamps: bool = from.arbitrary()?;
    while !from.is_empty() && script.len() < 400 {
        at += i64::from(from.arbitrary::<u16>()?) * 3000;
        let flags = match from.int_in_range(0..=15)? {
            0 => 0x02,
            1 => 0x12,
            2 => 0x11,
            3 => 0x04,
            4 => from.int_in_range(0..=0x1ff)?,
            _ => 0x10,
        };
        let place =
            |from: &mut Unstructured<'_>| Result::Ok(u32::from(from.int_in_range::<u8>(0..=40)?) * 100);
        let mut sack = SackBlocks::new();
        for _ in 0..from.int_in_range(0..=2)? {
            let left = place(from)?;
            sack.push((left, left + place(from)?));
        }
        let side = from.arbitrary()?;
        script.push((
            side,
            Segment {
                number: script.len() as u64 + 1,
                at: Timestamp::from_nanos(at),
                seq: Seq(place(from)? + u32::from(from.int_in_range::<u8>(0..=2)?)),
                ack: Seq(place(from)? + u32::from(from.int_in_range::<u8>(0..=2)?)),
                window: if from.ratio(1, 8)? { 0 } else { 500 },
                flags: Flags(flags),
                payload_len: if from.arbitrary()? { place(from)? } else { 0 },
                urgent: 0,
                checksum: 0,
                ip_id: from.arbitrary::<Option<u8>>()?.map(u16::from),
                tos: from.int_in_range(0..=3)?,
                timestamps: timestamps.then_some(((at / 1_000_000) as u32, (at / 2_000_000) as u32)),
                mss: (flags & 2 != 0).then_some(1460),
                window_scale: (flags & 2 != 0).then_some(7),
                sack_permitted: flags & 2 != 0,
                fast_open: None,
                sack,
            },
        ));
    }
    Ok(script)
}

fn analyse(script: &[(bool, Segment)], isn: [u32; 2], swap: bool) -> Outcome {
    let mut connection = Connection::default();
    let mut resolutions = Vec::new();
    let mut verdicts = Vec::new();
    for (reverse, segment) in script {
        let side = usize::from(*reverse);
        let direction = if *reverse == swap { Direction::Forward } else { Direction::Reverse };
        let other = isn[1 - side];
        let shifted = Segment {
            seq: segment.seq + isn[side],
            ack: if segment.flags.contains(Flags::ACK) { segment.ack + other } else { segment.ack },
            sack: segment
                .sack
                .into_iter()
                .map(|(left, right)| (left.wrapping_add(other), right.wrapping_add(other)))
                .collect(),
            ..*segment
        };
        let verdict: Verdict = connection.on_segment(direction, &shifted, &mut resolutions);
        verdicts.push(format!("{verdict:?}"));
    }
    connection.finish(&mut resolutions);
    verdicts.extend(resolutions.iter().map(|resolution| format!("{resolution:?}")));
    let client = if swap { Direction::Reverse } else { Direction::Forward };
    Outcome { verdicts, summary: format!("{:?}", connection.summary(client)) }
}
