//! The segments of a young connection, written down in forty bytes each, to be analysed later in one go.
//!
//! Most connections have some tens of segments. What the analysis remembers of one takes kilobytes, spread over many
//! cache lines; what it was told takes hundreds of bytes, one after the other. Nothing is lost by asking later.
//!
//! Nearly every segment is a [`Line`]. What a SYN offers, and what few segments have, stands beside the lines.

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

use super::{Flags, Segment, Seq};
use crate::decode::SackBlocks;
use crate::flow::Direction;
use crate::time::Timestamp;

/// Lines for which room is made next, by how many there are: journals of a few segments are the most.
const ROOM: [usize; 6] = [2, 5, 10, 18, 32, Journal::MOST];

/// Offers that stand in the journal itself: those of a SYN and a SYN-ACK.
const OFFERS: usize = 2;

/// Segments of both directions, in order.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Journal {
    lines: Vec<Line>,
    /// The number of the first segment's frame.
    first: u64,
    offers: ArrayVec<Offer, OFFERS>,
    others: Vec<Other>,
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

/// What there is to say of nearly every segment.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Line {
    at: Timestamp,
    /// Its frame, counted from the journal's first.
    number: u32,
    seq: Seq,
    ack: Seq,
    timestamps: (u32, u32),
    payload_len: u16,
    window: u16,
    checksum: u16,
    ip_id: u16,
    /// Its flags, and what else is known: see [`bits`].
    bits: u16,
    tos: u8,
    /// What it has besides, counted from 1: first the offers, then the others; 0 for nothing.
    more: u8,
}

/// What a line says besides the twelve flags.
mod bits {
    /// The flags.
    pub const FLAGS: u16 = 0x0fff;
    /// It was sent in the reverse direction.
    pub const REVERSE: u16 = 1 << 12;
    /// Its record has no time of its own.
    pub const TIMELESS: u16 = 1 << 13;
    /// It has timestamps.
    pub const TIMESTAMPS: u16 = 1 << 14;
    /// It has an IP identification.
    pub const IP_ID: u16 = 1 << 15;
}

/// The options of a SYN.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Offer {
    mss: Option<u16>,
    window_scale: Option<u8>,
    sack_permitted: bool,
    fast_open: Option<u8>,
}

/// All that a line has no room for.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Other {
    number: u64,
    payload_len: u32,
    urgent: u16,
    offer: Offer,
    sack: SackBlocks,
}

impl Offer {
    fn of(segment: &Segment) -> Self {
        let Segment { mss, window_scale, sack_permitted, fast_open, .. } = *segment;
        Self { mss, window_scale, sack_permitted, fast_open }
    }

    fn give(self, segment: &mut Segment) {
        segment.mss = self.mss;
        segment.window_scale = self.window_scale;
        segment.sack_permitted = self.sack_permitted;
        segment.fast_open = self.fast_open;
    }
}

impl Journal {
    /// The most segments that are written down.
    pub const MOST: usize = 48;

    /// How many segments were written down.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nothing was written down.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The direction and sequence number of the first segment, if it is a SYN without ACK.
    pub fn opened_by(&self) -> Option<(Direction, Seq)> {
        let first = self.lines.first()?;
        first.flags().opens().then(|| (first.direction(), first.seq))
    }

    /// Whether `segment`, sent in `direction`, begins with the first byte of who opened the connection.
    pub fn expects(&self, direction: Direction, segment: &Segment) -> bool {
        let resets = segment.flags.intersects(Flags(Flags::SYN.0 | Flags::RST.0));
        !resets && self.opened_by() == Some((direction, segment.seq + u32::MAX))
    }

    /// Writes a segment down, sent in `direction`; `timed` where its record has a time of its own.
    #[inline(always)]
    pub fn push(&mut self, direction: Direction, segment: &Segment, timed: bool) {
        if self.lines.is_empty() {
            self.first = segment.number;
        }
        let number = segment.number.wrapping_sub(self.first);
        let when = |is: bool, bits: u16| if is { bits } else { 0 };
        let mut line = Line {
            at: segment.at,
            number: number as u32,
            seq: segment.seq,
            ack: segment.ack,
            timestamps: segment.timestamps.unwrap_or_default(),
            payload_len: segment.payload_len as u16,
            window: segment.window,
            checksum: segment.checksum,
            ip_id: segment.ip_id.unwrap_or_default(),
            bits: segment.flags.0 & bits::FLAGS
                | when(direction == Direction::Reverse, bits::REVERSE)
                | when(!timed, bits::TIMELESS)
                | when(segment.timestamps.is_some(), bits::TIMESTAMPS)
                | when(segment.ip_id.is_some(), bits::IP_ID),
            tos: segment.tos,
            more: 0,
        };
        let long = number > u64::from(u32::MAX) || segment.payload_len > u32::from(u16::MAX);
        let other = long || segment.urgent != 0 || !segment.sack.is_empty();
        if other || segment.has_offer() {
            // By value: the segment itself is never lent, so that it need not stand in memory.
            let Segment { number, payload_len, urgent, sack, .. } = *segment;
            let offer = Offer::of(segment);
            line.more = if other {
                self.note_other(Other { number, payload_len, urgent, offer, sack })
            } else {
                self.note_offer(number, payload_len, offer)
            };
        }
        if self.lines.len() == self.lines.capacity() {
            self.make_room();
        }
        self.lines.push(line);
    }

    fn make_room(&mut self) {
        let len = self.lines.len();
        let room = ROOM.into_iter().find(|&room| room > len).unwrap_or(2 * len);
        self.lines.reserve_exact(room - len);
    }

    /// Notes the offer of a segment that has nothing else for which a line has no room. Where it stands, as the line says it.
    #[cold]
    fn note_offer(&mut self, number: u64, payload_len: u32, offer: Offer) -> u8 {
        if self.offers.try_push(offer).is_ok() {
            return self.offers.len() as u8;
        }
        self.note_other(Other { number, payload_len, urgent: 0, offer, sack: SackBlocks::new() })
    }

    /// Notes what a line has no room for. Where it stands, as the line says it.
    #[cold]
    fn note_other(&mut self, other: Other) -> u8 {
        self.others.reserve_exact(1);
        self.others.push(other);
        (OFFERS + self.others.len()) as u8
    }

    /// The segments, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.lines.iter().map(|line| self.entry(line))
    }

    /// Gives the segments in order to `take`, with who sent them, and whether their records have times of their own.
    #[inline]
    pub fn replay(&self, mut take: impl FnMut(Direction, &Segment, bool)) {
        self.replay_while(|direction, segment, timed| {
            take(direction, segment, timed);
            true
        });
    }

    /// As [`Self::replay`], until `take` does not want to go on. Whether it took all.
    #[inline]
    pub fn replay_while(&self, mut take: impl FnMut(Direction, &Segment, bool) -> bool) -> bool {
        self.lines.iter().all(|line| {
            let mut segment = line.segment(self.first);
            if line.more != 0 {
                self.complete(line.more, &mut segment);
            }
            take(line.direction(), &segment, !line.has(bits::TIMELESS))
        })
    }

    fn entry(&self, line: &Line) -> Entry {
        let mut segment = line.segment(self.first);
        if line.more != 0 {
            self.complete(line.more, &mut segment);
        }
        Entry { direction: line.direction(), segment, timed: !line.has(bits::TIMELESS) }
    }

    /// Adds what a line had no room for.
    #[cold]
    fn complete(&self, more: u8, segment: &mut Segment) {
        let place = usize::from(more) - 1;
        if let Some(offer) = self.offers.get(place) {
            offer.give(segment);
        } else if let Some(other) = self.others.get(place.saturating_sub(OFFERS)) {
            segment.number = other.number;
            segment.payload_len = other.payload_len;
            segment.urgent = other.urgent;
            segment.sack = other.sack;
            other.offer.give(segment);
        }
    }
}

impl Line {
    /// The segment, as far as a line says it. Frames are counted from `first`.
    #[inline]
    fn segment(&self, first: u64) -> Segment {
        Segment {
            number: first.wrapping_add(u64::from(self.number)),
            at: self.at,
            seq: self.seq,
            ack: self.ack,
            window: self.window,
            flags: self.flags(),
            payload_len: u32::from(self.payload_len),
            urgent: 0,
            checksum: self.checksum,
            ip_id: self.has(bits::IP_ID).then_some(self.ip_id),
            tos: self.tos,
            timestamps: self.has(bits::TIMESTAMPS).then_some(self.timestamps),
            mss: None,
            window_scale: None,
            sack_permitted: false,
            fast_open: None,
            sack: SackBlocks::new(),
        }
    }

    fn has(&self, bits: u16) -> bool {
        self.bits & bits != 0
    }

    fn flags(&self) -> Flags {
        Flags(self.bits & bits::FLAGS)
    }

    fn direction(&self) -> Direction {
        if self.has(bits::REVERSE) { Direction::Reverse } else { Direction::Forward }
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
            segments in proptest::collection::vec((any::<bool>(), any::<bool>(), segment()), 1..=Journal::MOST),
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
            for entry in &entries {
                journal.push(entry.direction, &entry.segment, entry.timed);
            }
            let read: Vec<_> = journal.entries().collect();
            prop_assert_eq!(format!("{read:?}"), format!("{entries:?}"));
        }
    }

    #[test]
    fn a_line_is_forty_bytes() {
        assert_eq!(size_of::<Line>(), 40);
    }

    #[test]
    fn extremes_are_read_again() {
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
        for number in [1, u64::MAX, 2] {
            journal.push(Direction::Reverse, &Segment { number, ..segment }, false);
        }
        assert_eq!(journal.opened_by(), None);
        let read: Vec<_> = journal.entries().map(|entry| format!("{:?}", entry.segment)).collect();
        let pushed = [1, u64::MAX, 2].map(|number| format!("{:?}", Segment { number, ..segment }));
        assert_eq!(read, pushed);
    }
}
