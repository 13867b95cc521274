//! The segments of a young connection, written down in some twenty bytes each, to be analysed later in one go.
//!
//! Most connections have some tens of segments. What the analysis remembers of one takes kilobytes, spread over many
//! cache lines; what it was told takes hundreds of bytes. Nothing is lost by asking later.
//!
//! A segment is written as its difference to what its side sent before: two bytes that say what follows ([`bits`]), then
//! what was not to be expected.

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

use super::{Flags, Segment, Seq};
use crate::decode::SackBlocks;
use crate::flow::{Direction, Pair};
use crate::time::Timestamp;

/// Bytes of a journal that is likely to become longer still: from here on, room is made for as many at a time.
const LONG: usize = 128;

/// Segments of both directions, in order.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Journal {
    bytes: Vec<u8>,
    course: Course,
}

/// A segment of a journal.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Who sent it.
    pub direction: Direction,
    /// The segment.
    pub segment: Segment,
    /// Its record has a time of its own.
    pub timed: bool,
}

/// What the next segment is written as the difference to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Course {
    number: u64,
    at: Timestamp,
    sides: Pair<Side>,
}

/// The latest segment of a side.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Side {
    /// Where it ended.
    next: Seq,
    ack: Seq,
    timestamps: (u32, u32),
    window: u16,
    ip_id: u16,
    tos: u8,
}

/// What an entry has.
mod bits {
    /// It was sent in the reverse direction.
    pub const REVERSE: u16 = 1;
    /// Its record has no time of its own.
    pub const TIMELESS: u16 = 1 << 1;
    /// It does not begin where its side's latest segment ended.
    pub const SEQ: u16 = 1 << 2;
    /// Its ACK is neither its side's latest one nor ...
    pub const ACK: u16 = 1 << 3;
    /// ... where the other side's latest segment ended, which it is here.
    pub const ACKS_ALL: u16 = 1 << 4;
    /// Its window is not its side's latest one.
    pub const WINDOW: u16 = 1 << 5;
    /// It has payload.
    pub const PAYLOAD: u16 = 1 << 6;
    /// Its flags are others than ACK alone.
    pub const FLAGS: u16 = 1 << 7;
    /// It has an IP identification; which one, follows, unless ...
    pub const IP_ID: u16 = 1 << 8;
    /// ... it is one more than its side's latest one.
    pub const NEXT_IP_ID: u16 = 1 << 9;
    /// It has timestamps.
    pub const TIMESTAMPS: u16 = 1 << 10;
    /// DSCP and ECN are not its side's latest ones.
    pub const TOS: u16 = 1 << 11;
    /// It has an urgent pointer.
    pub const URGENT: u16 = 1 << 12;
    /// It has an MSS option.
    pub const MSS: u16 = 1 << 13;
    /// It has other options of a SYN.
    pub const SYN_OPTIONS: u16 = 1 << 14;
    /// It has SACK blocks.
    pub const SACK: u16 = 1 << 15;
}

impl Journal {
    /// The most bytes that one entry takes.
    pub const MAX_ENTRY: usize = 96;

    /// How many bytes its entries take.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written down.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The direction and sequence number of the first segment, if it is a SYN without ACK.
    pub fn opened_by(&self) -> Option<(Direction, Seq)> {
        let Entry { direction, segment, .. } = self.entries().next()?;
        segment.flags.opens().then_some((direction, segment.seq))
    }

    /// Writes a segment down.
    pub fn push(&mut self, entry: &Entry) {
        let mut written = Writer::default();
        self.course.write(entry, &mut written);
        if self.bytes.capacity() - self.bytes.len() < written.0.len() {
            let room = if self.bytes.len() < LONG { LONG / 2 } else { LONG };
            self.bytes.reserve_exact(room.max(written.0.len()));
        }
        self.bytes.extend_from_slice(&written.0);
        self.course.pass(entry.direction, &entry.segment);
    }

    /// The segments, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let (mut course, mut reader) = (Course::default(), Reader(&self.bytes));
        std::iter::from_fn(move || {
            let entry = course.read(&mut reader)?;
            course.pass(entry.direction, &entry.segment);
            Some(entry)
        })
    }
}

impl Course {
    fn pass(&mut self, direction: Direction, segment: &Segment) {
        (self.number, self.at) = (segment.number, segment.at);
        let ends = |flag| u32::from(segment.flags.contains(flag));
        self.sides[direction] = Side {
            next: segment.seq + segment.payload_len + ends(Flags::SYN) + ends(Flags::FIN),
            ack: segment.ack,
            timestamps: segment.timestamps.unwrap_or(self.sides[direction].timestamps),
            window: segment.window,
            ip_id: segment.ip_id.unwrap_or(0),
            tos: segment.tos,
        };
    }

    fn bits(&self, entry: &Entry) -> u16 {
        let Entry { direction, segment, timed } = entry;
        let (side, peer) = (&self.sides[*direction], &self.sides[direction.reverse()]);
        let when = |is: bool, bits: u16| if is { bits } else { 0 };
        let ack = match segment.ack {
            ack if ack == side.ack => 0,
            ack if ack == peer.next => bits::ACKS_ALL,
            _ => bits::ACK,
        };
        let ip_id = match segment.ip_id {
            None => 0,
            Some(id) if id == side.ip_id.wrapping_add(1) => bits::IP_ID | bits::NEXT_IP_ID,
            Some(_) => bits::IP_ID,
        };
        let of_syn = segment.sack_permitted || segment.window_scale.is_some() || segment.fast_open.is_some();
        when(*direction == Direction::Reverse, bits::REVERSE)
            | when(!timed, bits::TIMELESS)
            | when(segment.seq != side.next, bits::SEQ)
            | ack
            | when(segment.window != side.window, bits::WINDOW)
            | when(segment.payload_len > 0, bits::PAYLOAD)
            | when(segment.flags != Flags::ACK, bits::FLAGS)
            | ip_id
            | when(segment.timestamps.is_some(), bits::TIMESTAMPS)
            | when(segment.tos != side.tos, bits::TOS)
            | when(segment.urgent != 0, bits::URGENT)
            | when(segment.mss.is_some(), bits::MSS)
            | when(of_syn, bits::SYN_OPTIONS)
            | when(!segment.sack.is_empty(), bits::SACK)
    }

    fn write(&self, entry: &Entry, out: &mut Writer) {
        let Entry { direction, segment, .. } = entry;
        let side = &self.sides[*direction];
        let has = self.bits(entry);
        out.two(has);
        out.varint(segment.number.wrapping_sub(self.number));
        out.signed(segment.at.as_nanos().wrapping_sub(self.at.as_nanos()));
        out.two(segment.checksum);
        if has & bits::SEQ != 0 {
            out.four(segment.seq.0);
        }
        if has & bits::ACK != 0 {
            out.four(segment.ack.0);
        }
        if has & bits::WINDOW != 0 {
            out.two(segment.window);
        }
        if has & bits::PAYLOAD != 0 {
            out.varint(segment.payload_len.into());
        }
        if has & bits::FLAGS != 0 {
            out.two(segment.flags.0);
        }
        if has & (bits::IP_ID | bits::NEXT_IP_ID) == bits::IP_ID {
            out.two(segment.ip_id.unwrap_or(0));
        }
        if let Some((tsval, tsecr)) = segment.timestamps {
            out.signed(tsval.wrapping_sub(side.timestamps.0).cast_signed().into());
            out.signed(tsecr.wrapping_sub(side.timestamps.1).cast_signed().into());
        }
        if has & bits::TOS != 0 {
            out.one(segment.tos);
        }
        if has & bits::URGENT != 0 {
            out.two(segment.urgent);
        }
        if let Some(mss) = segment.mss {
            out.two(mss);
        }
        if has & bits::SYN_OPTIONS != 0 {
            out.one(segment.sack_permitted.into());
            out.maybe(segment.window_scale);
            out.maybe(segment.fast_open);
        }
        if has & bits::SACK != 0 {
            out.one(segment.sack.len() as u8);
            for &(left, right) in segment.sack.iter() {
                out.four(left);
                out.four(right);
            }
        }
    }

    fn read(&self, from: &mut Reader<'_>) -> Option<Entry> {
        let has = from.two()?;
        let direction = if has & bits::REVERSE == 0 { Direction::Forward } else { Direction::Reverse };
        let (side, peer) = (&self.sides[direction], &self.sides[direction.reverse()]);
        let number = self.number.wrapping_add(from.varint()?);
        let at = Timestamp::from_nanos(self.at.as_nanos().wrapping_add(from.signed()?));
        let checksum = from.two()?;
        let seq = if has & bits::SEQ != 0 { Seq(from.four()?) } else { side.next };
        let ack = match has & (bits::ACK | bits::ACKS_ALL) {
            0 => side.ack,
            bits::ACKS_ALL => peer.next,
            _ => Seq(from.four()?),
        };
        let window = if has & bits::WINDOW != 0 { from.two()? } else { side.window };
        let payload_len = if has & bits::PAYLOAD != 0 { from.varint()? as u32 } else { 0 };
        let flags = if has & bits::FLAGS != 0 { Flags(from.two()?) } else { Flags::ACK };
        let ip_id = match has & (bits::IP_ID | bits::NEXT_IP_ID) {
            0 => None,
            bits::IP_ID => Some(from.two()?),
            _ => Some(side.ip_id.wrapping_add(1)),
        };
        let timestamps = if has & bits::TIMESTAMPS != 0 {
            let tsval = side.timestamps.0.wrapping_add(from.signed()? as u32);
            Some((tsval, side.timestamps.1.wrapping_add(from.signed()? as u32)))
        } else {
            None
        };
        let tos = if has & bits::TOS != 0 { from.one()? } else { side.tos };
        let urgent = if has & bits::URGENT != 0 { from.two()? } else { 0 };
        let mss = if has & bits::MSS != 0 { Some(from.two()?) } else { None };
        let (sack_permitted, window_scale, fast_open) = if has & bits::SYN_OPTIONS != 0 {
            (from.one()? != 0, from.maybe()?, from.maybe()?)
        } else {
            (false, None, None)
        };
        let mut sack = SackBlocks::new();
        if has & bits::SACK != 0 {
            for _ in 0..from.one()? {
                sack.push((from.four()?, from.four()?));
            }
        }
        let segment = Segment {
            number,
            at,
            seq,
            ack,
            window,
            flags,
            payload_len,
            urgent,
            checksum,
            ip_id,
            tos,
            timestamps,
            mss,
            window_scale,
            sack_permitted,
            fast_open,
            sack,
        };
        Some(Entry { direction, segment, timed: has & bits::TIMELESS == 0 })
    }
}

/// An entry, on its way to the journal.
#[derive(Default)]
struct Writer(ArrayVec<u8, { Journal::MAX_ENTRY }>);

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        let room = self.0.try_extend_from_slice(bytes);
        debug_assert!(room.is_ok(), "an entry is longer than any can be");
    }

    fn one(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    fn two(&mut self, number: u16) {
        self.put(&number.to_le_bytes());
    }

    fn four(&mut self, number: u32) {
        self.put(&number.to_le_bytes());
    }

    fn maybe(&mut self, byte: Option<u8>) {
        self.put(&[u8::from(byte.is_some()), byte.unwrap_or(0)]);
    }

    /// Seven bits a byte, the lowest first; the last byte has its highest bit clear.
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.one(number as u8 | 0x80);
            number >>= 7;
        }
        self.one(number as u8);
    }

    /// Small numbers of either sign become small ones.
    fn signed(&mut self, number: i64) {
        self.varint((number << 1 ^ number >> 63).cast_unsigned());
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn one(&mut self) -> Option<u8> {
        self.0.split_off_first().copied()
    }

    fn two(&mut self) -> Option<u16> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_le_bytes(*bytes))
    }

    fn four(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    /// A byte, if there is one; `None` at the end.
    fn maybe(&mut self) -> Option<Option<u8>> {
        let (is, byte) = (self.one()?, self.one()?);
        Some((is != 0).then_some(byte))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.one()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment() -> impl Strategy<Value = Segment> {
        let near = prop_oneof![Just(0_u32), 0..2000_u32, any::<u32>()];
        let numbers = (near.clone(), near.clone(), 0..4_u64, -5..1_000_000_i64);
        let header =
            (prop_oneof![Just(0x10_u16), 0..0x200_u16], prop_oneof![Just(500_u16), any::<u16>()], 0..3_u16);
        let length = prop_oneof![Just(0_u32), 0..1461_u32, any::<u32>()];
        let ip = (proptest::option::of(0..4_u16), 0..3_u8, any::<u16>());
        let options = (
            proptest::option::of((near.clone(), near)),
            proptest::option::of(any::<u16>()),
            proptest::option::of(any::<u8>()),
            any::<bool>(),
            proptest::option::of(any::<u8>()),
            proptest::collection::vec(any::<(u32, u32)>(), 0..5),
        );
        (numbers, header, length, ip, options).prop_map(
            |(
                (seq, ack, number, at),
                (flags, window, urgent),
                payload_len,
                (ip_id, tos, checksum),
                (timestamps, mss, window_scale, sack_permitted, fast_open, sack),
            )| Segment {
                number,
                at: Timestamp::from_nanos(at),
                seq: Seq(seq),
                ack: Seq(ack),
                window,
                flags: Flags(flags),
                payload_len,
                urgent,
                checksum,
                ip_id,
                tos,
                timestamps,
                mss,
                window_scale,
                sack_permitted,
                fast_open,
                sack: sack.into_iter().collect(),
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_down_is_read_again(
            segments in proptest::collection::vec((any::<bool>(), any::<bool>(), segment()), 1..40),
        ) {
            let entries: Vec<_> = segments
                .into_iter()
                .map(|(forward, timed, segment)| Entry {
                    direction: if forward { Direction::Forward } else { Direction::Reverse },
                    segment,
                    timed,
                })
                .collect();
            let mut journal = Journal::default();
            let mut before = 0;
            for entry in &entries {
                journal.push(entry);
                prop_assert!(journal.len() - before <= Journal::MAX_ENTRY);
                before = journal.len();
            }
            let read: Vec<_> = journal.entries().collect();
            prop_assert_eq!(format!("{read:?}"), format!("{entries:?}"));
        }
    }

    #[test]
    fn extremes_fit_an_entry() {
        let segment = Segment {
            number: u64::MAX,
            at: Timestamp::from_nanos(i64::MIN),
            seq: Seq(u32::MAX),
            ack: Seq(u32::MAX),
            window: u16::MAX,
            flags: Flags(0xfff),
            payload_len: u32::MAX,
            urgent: 1,
            checksum: 1,
            ip_id: Some(7),
            tos: 1,
            timestamps: Some((1 << 31, 1 << 31)),
            mss: Some(1),
            window_scale: Some(1),
            sack_permitted: true,
            fast_open: Some(1),
            sack: [(1, 2); 4].into_iter().collect(),
        };
        let mut journal = Journal::default();
        journal.push(&Entry { direction: Direction::Reverse, segment, timed: false });
        assert!(journal.len() <= Journal::MAX_ENTRY, "{}", journal.len());
        assert_eq!(journal.opened_by(), None);
        let read: Vec<_> = journal.entries().map(|entry| (entry.direction, entry.segment.at)).collect();
        assert_eq!(read, [(Direction::Reverse, segment.at)]);
    }
}
