//! The segments of a young connection, written down in [some bytes](Line) each, to be analysed later in one go.
//!
//! Most connections have some tens of segments. What the analysis remembers of one takes kilobytes, spread over many
//! cache lines; what it was told takes hundreds of bytes, one after the other. Nothing is lost by asking later.
//!
//! Nearly every segment is a [`Line`]. What a SYN offers, and what few segments have, stands beside the lines.

mod outgrown;

use arrayvec::ArrayVec;
use serde::{Deserialize, Serialize};

use super::{Flags, Line, Moment, Segment, Seq};
use crate::decode::SackBlocks;
use crate::flow::{Direction, Sent};

pub use outgrown::Outgrown;

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
    /// What its packet was, whatever it held.
    pub sent: Sent,
}

/// A packet of a journal.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    journal: &'a Journal,
    /// What there is to say of nearly every one.
    pub line: &'a Line,
}

impl Told<'_> {
    /// Its frame.
    #[inline]
    pub fn number(&self) -> u64 {
        self.journal.first.wrapping_add(u64::from(self.line.number))
    }

    /// The same, and when it was seen.
    #[inline]
    pub fn moment(&self) -> Moment {
        Moment { at: self.line.at, number: self.number() }
    }

    /// The whole segment.
    #[inline]
    pub fn segment(&self) -> Segment {
        let mut segment = self.line.segment(self.number());
        if !self.line.is_whole() {
            self.journal.complete(self.line.more, &mut segment);
        }
        segment
    }
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

    /// Looks at every part of it, so that it is fetched from memory. What is seen comes to nothing.
    pub fn fetch(&self) -> u32 {
        self.lines.iter().fold(0, |sum, line| sum ^ line.seq)
    }

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
        first.flags().opens().then(|| (first.direction(), Seq(first.seq)))
    }

    /// Whether `segment`, sent in `direction`, begins with the first byte of who opened the connection.
    pub fn expects(&self, direction: Direction, segment: &Segment) -> bool {
        let resets = segment.flags.intersects(Flags(Flags::SYN.0 | Flags::RST.0));
        !resets && self.opened_by() == Some((direction, segment.seq + u32::MAX))
    }

    /// Writes the segment of the frame `number` down that `line` says, if there is room behind others. Whether it was.
    #[inline(always)]
    pub fn push_at_once(&mut self, number: u64, line: &Line) -> bool {
        let number = number.wrapping_sub(self.first);
        let (len, room) = (self.lines.len(), self.lines.capacity());
        if len == 0 || len == room || number > u64::from(u32::MAX) {
            return false;
        }
        // As it is, and then its number: so it is copied in large pieces.
        self.lines.push(*line);
        if let Some(line) = self.lines.last_mut() {
            line.number = number as u32;
        }
        true
    }

    /// Writes the segment of the frame `number` down that `line` says, if not `more` has to be said of it. Memory is taken from
    /// what others have `outgrown`, if there is any.
    #[inline(always)]
    pub fn push(&mut self, number: u64, line: &Line, more: Option<&Segment>, outgrown: &mut Outgrown) {
        if self.lines.is_empty() {
            self.first = number;
        }
        let number = number.wrapping_sub(self.first);
        let mut line = Line { number: number as u32, ..*line };
        if number > u64::from(u32::MAX) || more.is_some() {
            line.more = self.note(self.first.wrapping_add(number), &line, more);
        }
        if self.lines.len() == self.lines.capacity() {
            outgrown.make_room(&mut self.lines);
        }
        self.lines.push(line);
    }

    /// Notes what a line has no room for. Where it stands, as the line says it.
    #[cold]
    fn note(&mut self, number: u64, line: &Line, more: Option<&Segment>) -> u8 {
        let segment = more.copied().unwrap_or_else(|| line.segment(number));
        let Segment { payload_len, urgent, sack, .. } = segment;
        let offer = Offer::of(&segment);
        let far = number.wrapping_sub(self.first) > u64::from(u32::MAX);
        let long = payload_len > u32::from(u16::MAX);
        if far || long || urgent != 0 || !sack.is_empty() || self.offers.try_push(offer).is_err() {
            self.others.reserve_exact(1);
            self.others.push(Other { number, payload_len, urgent, offer, sack });
            return (OFFERS + self.others.len()) as u8;
        }
        self.offers.len() as u8
    }

    /// The segments, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.told().map(|told| {
            let segment = told.segment();
            Entry { direction: told.line.direction(), segment, sent: told.line.sent(segment.payload_len) }
        })
    }

    /// The packets, in order, each to be asked for its segment.
    #[inline]
    pub fn told(&self) -> impl Iterator<Item = Told<'_>> {
        self.lines.iter().map(|line| Told { journal: self, line })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

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
                .map(|(forward, timed, segment)| {
                    let direction = if forward { Direction::Forward } else { Direction::Reverse };
                    let line = Line { frame_len: segment.seq.0, ..Line::of(direction, &segment, timed) };
                    let entry = Entry { direction, segment, sent: line.sent(segment.payload_len) };
                    (line, entry)
                })
                .collect();
            let mut journal = Journal::default();
            for (line, entry) in &entries {
                journal.push(entry.segment.number, line, Some(&entry.segment), &mut Outgrown::default());
            }
            let entries: Vec<_> = entries.iter().map(|(_, entry)| entry).collect();
            let read: Vec<_> = journal.entries().collect();
            prop_assert_eq!(format!("{read:?}"), format!("{entries:?}"));
        }
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
            let line = Line::of(Direction::Reverse, &segment, false);
            journal.push(number, &line, Some(&Segment { number, ..segment }), &mut Outgrown::default());
        }
        assert_eq!(journal.opened_by(), None);
        let read: Vec<_> = journal.entries().map(|entry| format!("{:?}", entry.segment)).collect();
        let pushed = [1, u64::MAX, 2].map(|number| format!("{:?}", Segment { number, ..segment }));
        assert_eq!(read, pushed);
    }
}
