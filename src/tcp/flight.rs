//! What is outstanding: the segments of one side that no cumulative ACK covers yet, with when and how each was sent.
//!
//! ```text
//!        acked                                    snd_max
//!          |  first transmissions, in order          |
//!          [ 1 ][ 2 ][ 3 ].......[ 5 ][      6      ]       `sent`: one entry a segment that advanced snd_max
//!               [ 2'][    4'    ]                           `again`: sent again, or late into a hole
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Position, Segment};
use crate::time::Timestamp;

/// The most segments kept of one direction, in either structure. Beyond, the oldest is forgotten, and counted.
pub(super) const MAX_OUTSTANDING: usize = 65_536;

/// How many segments are looked at to find one that was not sent again.
const SEARCH: usize = 256;

/// One transmission.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Sent {
    /// Its first position.
    pub(super) start: Position,
    /// The position behind it, SYN and FIN counted.
    pub(super) end: Position,
    /// When it was seen.
    pub(super) at: Timestamp,
    /// The frame.
    pub(super) number: u64,
    /// Its TSval, if it has timestamps.
    pub(super) tsval: Option<u32>,
    /// Its IP ID; 0 where it has none that identifies it.
    pub(super) ip_id: u16,
    /// Transmissions of it so far, this one included.
    pub(super) copies: u8,
}

impl Sent {
    pub(super) fn new(segment: &Segment, range: Range<Position>, copies: u8) -> Self {
        Self {
            start: range.start,
            end: range.end,
            at: segment.at,
            number: segment.number,
            tsval: segment.timestamps.map(|(tsval, _)| tsval),
            ip_id: segment.ip_id.unwrap_or(0),
            copies,
        }
    }

    fn range(&self) -> Range<Position> {
        self.start..self.end
    }
}

/// What an ACK newly covers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Covered {
    /// The segment with the newest byte, as it was last sent.
    pub(super) newest: Option<Sent>,
    /// The TSval of its first transmission, where it was sent again.
    pub(super) original_tsval: Option<u32>,
    /// The latest transmission of the others that were sent again.
    pub(super) latest_again: Option<Sent>,
}

/// The outstanding segments of one side.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Flight {
    sent: VecDeque<Sent>,
    again: BTreeMap<Position, Sent>,
    forgotten: u32,
}

impl Flight {
    /// Forgets all, but keeps the memory that it took.
    pub(super) fn clear(&mut self) {
        let Self { sent, again, forgotten } = self;
        sent.clear();
        again.clear();
        *forgotten = 0;
    }

    /// Segments forgotten because there were too many.
    pub(super) fn forgotten(&self) -> u32 {
        self.forgotten
    }

    /// A segment that advances the stream.
    pub(super) fn on_new(&mut self, sent: Sent) {
        if self.sent.len() >= MAX_OUTSTANDING {
            self.sent.pop_front();
            self.forgotten = self.forgotten.saturating_add(1);
        }
        self.sent.push_back(sent);
    }

    /// A segment sent again, or late into a hole. What it covers of others sent again gives way to it.
    pub(super) fn on_again(&mut self, sent: Sent) {
        let again = &mut self.again;
        let before = again.range(..sent.start).next_back().map(|(_, before)| *before);
        if let Some(before) = before.filter(|before| before.end > sent.start) {
            again.insert(before.start, Sent { end: sent.start, ..before });
            if before.end > sent.end {
                again.insert(sent.end, Sent { start: sent.end, ..before });
            }
        }
        while let Some((&start, &other)) = again.range(sent.start..sent.end).next() {
            again.remove(&start);
            if other.end > sent.end {
                again.insert(sent.end, Sent { start: sent.end, ..other });
            }
        }
        again.insert(sent.start, sent);
        if again.len() > MAX_OUTSTANDING {
            again.pop_first();
            self.forgotten = self.forgotten.saturating_add(1);
        }
    }

    /// The cumulative ACK comes to `ack`.
    pub(super) fn on_ack(&mut self, ack: Position) -> Covered {
        let mut covered = Covered::default();
        while let Some(first) = self.sent.front().filter(|first| first.end <= ack) {
            covered.newest = Some(*first);
            self.sent.pop_front();
        }
        if self.sent.is_empty() && self.sent.capacity() > 1024 {
            self.sent.shrink_to(16);
        }
        let again = &mut self.again;
        while let Some(first) = again.first_entry().filter(|first| first.get().end <= ack) {
            let sent = first.remove();
            covered.latest_again = covered.latest_again.filter(|latest| latest.at > sent.at).or(Some(sent));
            covered.original_tsval = covered.newest.and_then(|newest| newest.tsval);
            covered.newest = match covered.newest {
                Some(newest) if newest.start >= sent.end => Some(newest),
                Some(newest) if newest.end > sent.end => Some(Sent { copies: 2, ..newest }),
                _ => Some(sent),
            };
        }
        // A piece that is half acknowledged still says that the segment it is of was sent again.
        let partly = again.first_key_value().filter(|(_, first)| first.start < ack).map(|(_, first)| *first);
        if let (Some(newest), Some(partly)) = (covered.newest, partly)
            && partly.start < newest.end
        {
            covered.newest = Some(Sent { copies: partly.copies.max(2), ..newest });
        }
        covered
    }

    /// The latest transmission of any byte of `range` that is known.
    pub(super) fn latest(&self, range: &Range<Position>) -> Option<Sent> {
        let copy = self.latest_again(range);
        copy.or_else(|| self.original(range))
    }

    /// The latest transmission of `range` that was not its first.
    pub(super) fn latest_again(&self, range: &Range<Position>) -> Option<Sent> {
        let again = &self.again;
        let before = again.range(..range.start).next_back().filter(|(_, before)| before.end > range.start);
        let inside = again.range(range.clone()).take(SEARCH);
        before.into_iter().chain(inside).map(|(_, sent)| *sent).max_by_key(|sent| (sent.at, sent.number))
    }

    /// The segment that first showed the last byte of `range`.
    pub(super) fn original(&self, range: &Range<Position>) -> Option<Sent> {
        let behind = self.sent.partition_point(|sent| sent.end <= range.start);
        let last = self.sent.partition_point(|sent| sent.start < range.end).checked_sub(1)?;
        (last >= behind).then(|| self.sent.get(last).copied()).flatten()
    }

    /// The first segment at or above `position` that was sent once.
    pub(super) fn first_above(&self, position: Position) -> Option<Sent> {
        let from = self.sent.partition_point(|sent| sent.start < position);
        self.sent.range(from..).take(SEARCH).find(|sent| self.latest_again(&sent.range()).is_none()).copied()
    }

    /// The newest transmission among those that lie in `range`, of bytes sent once; and of those sent again.
    pub(super) fn newest_in(&self, range: &Range<Position>) -> (Option<Sent>, Option<Sent>) {
        let behind = self.sent.partition_point(|sent| sent.end <= range.end);
        let once = (0..behind)
            .rev()
            .take(SEARCH)
            .map_while(|at| self.sent.get(at))
            .find(|sent| sent.start < range.start || self.latest_again(&sent.range()).is_none());
        (once.filter(|sent| sent.start >= range.start).copied(), self.latest_again(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(start: Position, end: Position, millis: i64, copies: u8) -> Sent {
        let at = Timestamp::from_nanos(millis * 1_000_000);
        Sent { start, end, at, number: millis as u64, tsval: None, ip_id: 0, copies }
    }

    fn flight() -> Flight {
        let mut flight = Flight::default();
        (0..5).for_each(|n| flight.on_new(sent(n * 100, n * 100 + 100, n, 1)));
        flight
    }

    #[test]
    fn an_ack_covers_whole_segments() {
        let mut flight = flight();
        assert_eq!(flight.on_ack(99).newest.map(|sent| sent.number), None);
        let covered = flight.on_ack(250);
        assert_eq!(covered.newest.unwrap().number, 1);
        assert_eq!(flight.on_ack(500).newest.unwrap().number, 4);
        assert!(flight.sent.is_empty());
    }

    #[test]
    fn what_was_sent_again_replaces_what_it_covers() {
        let mut flight = flight();
        flight.on_again(sent(0, 200, 10, 2));
        flight.on_again(sent(100, 150, 11, 3));
        let numbers =
            [0..100, 100..150, 150..200, 200..300, 0..500].map(|range| flight.latest(&range).unwrap().number);
        assert_eq!(numbers, [10, 11, 10, 2, 11]);
        assert_eq!(flight.first_above(50).unwrap().number, 2);
        let covered = flight.on_ack(200);
        assert_eq!((covered.newest.unwrap().number, covered.newest.unwrap().copies), (10, 2));
        assert!(flight.again.is_empty());
    }

    #[test]
    fn a_segment_sent_again_in_part_is_not_clean() {
        let mut flight = flight();
        flight.on_again(sent(50, 80, 10, 2));
        assert_eq!(flight.on_ack(100).newest.unwrap().copies, 2);
    }

    #[test]
    fn the_newest_of_a_range_is_told_apart_from_copies() {
        let mut flight = flight();
        flight.on_again(sent(300, 400, 9, 2));
        let (once, again) = flight.newest_in(&(200..400));
        assert_eq!((once.unwrap().number, again.unwrap().number), (2, 9));
        assert!(flight.newest_in(&(300..400)).0.is_none());
    }
}
