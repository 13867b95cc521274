//! Sets of ranges of positions: which stream bytes were seen, which the receiver reported.
//!
//! Almost always there is one range that grows at its end: it is kept in place, and only holes cost memory.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Position;

/// The most holes that are kept. Beyond, the oldest is closed as if it had been filled, and counted.
pub(super) const MAX_HOLES: usize = 1024;

/// A set of positions as disjoint ranges that do not touch.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Intervals {
    /// The highest range, empty only while the set is.
    top: Range<Position>,
    /// Those below it, in order.
    lower: Vec<Range<Position>>,
    /// Positions in the set, those of closed holes included.
    total: u64,
    /// Positions of closed holes.
    patched: u64,
    /// Holes closed because there were too many.
    closed: u32,
}

impl Intervals {
    /// Forgets all, but keeps the memory that it took.
    pub(super) fn clear(&mut self) {
        let Self { top, lower, total, patched, closed } = self;
        lower.clear();
        *top = Range::default();
        (*total, *patched, *closed) = (0, 0, 0);
    }

    /// Becomes one range, in the memory that it took.
    pub(super) fn become_one(&mut self, range: Range<Position>) {
        self.clear();
        self.total = len(&range);
        self.top = range;
    }

    /// How many positions were added to it.
    pub(super) fn total(&self) -> u64 {
        self.total.saturating_sub(self.patched)
    }

    /// Holes closed because there were more than [`MAX_HOLES`].
    pub(super) fn closed(&self) -> u32 {
        self.closed
    }

    /// The end of its highest range; `None` while it is empty.
    pub(super) fn end(&self) -> Option<Position> {
        (!self.top.is_empty()).then_some(self.top.end)
    }

    /// The start of its lowest range.
    pub(super) fn start(&self) -> Option<Position> {
        self.lower.first().or(Some(&self.top)).filter(|range| !range.is_empty()).map(|range| range.start)
    }

    /// Adds a range.
    pub(super) fn add(&mut self, range: Range<Position>) {
        if range.is_empty() {
            return;
        }
        if self.top.is_empty() {
            self.total += len(&range);
            self.top = range;
        } else if range.start > self.top.end {
            self.total += len(&range);
            self.lower.push(std::mem::replace(&mut self.top, range));
            self.limit();
        } else if range.start >= self.top.start {
            self.total += len(&(self.top.end..range.end));
            self.top.end = self.top.end.max(range.end);
        } else {
            self.add_below(range);
        }
    }

    /// Adds a range that starts below the highest one.
    fn add_below(&mut self, mut range: Range<Position>) {
        if range.end >= self.top.start {
            self.total -= len(&self.top);
            range.end = range.end.max(self.top.end);
            let first = self.lower.partition_point(|lower| lower.end < range.start);
            for lower in self.lower.drain(first..) {
                self.total -= len(&lower);
                range.start = range.start.min(lower.start);
            }
            self.total += len(&range);
            self.top = range;
            return;
        }
        let first = self.lower.partition_point(|lower| lower.end < range.start);
        let behind = self.lower.partition_point(|lower| lower.start <= range.end);
        for lower in self.lower.get(first..behind).unwrap_or_default() {
            self.total -= len(lower);
            range = range.start.min(lower.start)..range.end.max(lower.end);
        }
        self.total += len(&range);
        self.lower.splice(first..behind, [range]);
        self.limit();
    }

    /// Whether some of `range` is in the set.
    pub(super) fn touches(&self, range: &Range<Position>) -> bool {
        if range.is_empty() {
            return false;
        }
        if range.start < self.top.end && self.top.start < range.end {
            return true;
        }
        let behind = self.lower.partition_point(|lower| lower.end <= range.start);
        self.lower.get(behind).is_some_and(|lower| lower.start < range.end)
    }

    /// Whether all of `range` is in the set.
    pub(super) fn covers(&self, range: &Range<Position>) -> bool {
        if range.start >= self.top.start {
            return range.end <= self.top.end;
        }
        let behind = self.lower.partition_point(|lower| lower.end <= range.start);
        self.lower.get(behind).is_some_and(|lower| lower.start <= range.start && range.end <= lower.end)
    }

    /// How many positions of `range` are not in the set, those of closed holes included.
    pub(super) fn absent(&self, range: &Range<Position>) -> u64 {
        if self.lower.is_empty() && !self.top.is_empty() {
            let before = range.start..range.end.min(self.top.start);
            let behind = range.start.max(self.top.end)..range.end;
            return self.patched + len(&before) + len(&behind);
        }
        let mut at = range.start;
        let mut absent = self.patched;
        for set in self.lower.iter().chain([&self.top]).filter(|set| !set.is_empty()) {
            absent += len(&(at..set.start.min(range.end)));
            at = at.max(set.end);
        }
        absent + len(&(at..range.end))
    }

    /// The highest part of `range` that is not in the set.
    pub(super) fn highest_gap(&self, range: &Range<Position>) -> Option<Range<Position>> {
        let behind = self.lower.partition_point(|lower| lower.start < range.end);
        let below = self.lower.get(..behind).unwrap_or_default().iter().rev();
        let mut gap = range.clone();
        for set in std::iter::once(&self.top).chain(below).filter(|set| set.start < range.end) {
            if set.end < gap.end {
                gap.start = gap.start.max(set.end);
                break;
            }
            gap.end = gap.end.min(set.start);
        }
        (!gap.is_empty()).then_some(gap)
    }

    /// Takes everything below `position` out.
    pub(super) fn forget_below(&mut self, position: Position) {
        if self.top.end <= position {
            *self = Self { closed: self.closed, ..Self::default() };
            return;
        }
        let passed = self.lower.partition_point(|lower| lower.end <= position);
        for lower in self.lower.drain(..passed) {
            self.total -= len(&lower);
        }
        let first = self.lower.first_mut().unwrap_or(&mut self.top);
        if first.start < position {
            self.total -= len(&(first.start..position));
            first.start = position;
        }
    }

    /// Closes the oldest hole when there are too many. What was in it is not counted as seen.
    fn limit(&mut self) {
        if self.lower.len() <= MAX_HOLES {
            return;
        }
        let half = MAX_HOLES / 2;
        let start = self.lower.first().map_or(0, |lower| lower.start);
        let filled: u64 = self.lower.drain(..half).map(|lower| len(&lower)).sum();
        if let Some(first) = self.lower.first_mut() {
            let hole = len(&(start..first.start)) - filled;
            (self.total, self.patched) = (self.total + hole, self.patched + hole);
            first.start = start;
        }
        self.closed = self.closed.saturating_add(half as u32);
    }
}

fn len(range: &Range<Position>) -> u64 {
    (range.end.saturating_sub(range.start)).max(0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_join_where_they_touch() {
        let mut set = Intervals::default();
        for range in [0..10, 20..30, 40..50, 10..20, 45..60, 5..7] {
            set.add(range);
        }
        assert_eq!((set.total(), set.start(), set.end()), (50, Some(0), Some(60)));
        assert!(set.covers(&(0..30)) && !set.covers(&(0..31)) && set.covers(&(40..60)));
        assert!(!set.touches(&(30..40)) && set.touches(&(29..40)) && set.touches(&(30..41)));
        set.forget_below(45);
        assert_eq!((set.total(), set.start()), (15, Some(45)));
        set.forget_below(100);
        assert_eq!((set.total(), set.start(), set.end()), (0, None, None));
    }

    #[test]
    fn holes_are_bounded_and_counted() {
        let mut set = Intervals::default();
        (0..10_000).for_each(|n| set.add(n * 10..n * 10 + 1));
        assert!(set.lower.len() <= MAX_HOLES && set.closed() > 8_000);
        assert_eq!(set.total(), 10_000);
        set.forget_below(50_000);
        set.add(0..200_000);
        assert!(set.lower.is_empty());
    }

    proptest! {
        #[test]
        fn is_the_set_of_its_positions(ranges in prop::collection::vec((0_i64..200, 0_i64..30), 0..60), low in 0_i64..200) {
            let mut set = Intervals::default();
            let mut model = std::collections::BTreeSet::new();
            for &(start, len) in &ranges {
                set.add(start..start + len);
                model.extend(start..start + len);
            }
            prop_assert_eq!(set.total(), model.len() as u64);
            prop_assert_eq!(set.start(), model.first().copied());
            prop_assert_eq!(set.end(), model.last().map(|last| last + 1));
            for &(start, len) in &ranges {
                let (start, end) = (start + 3, start + 3 + len);
                prop_assert_eq!(set.touches(&(start..end)), (start..end).any(|at| model.contains(&at)));
                if start < end {
                    prop_assert_eq!(set.covers(&(start..end)), (start..end).all(|at| model.contains(&at)));
                }
            }
            let gap: Vec<_> = (low..low + 50).rev().skip_while(|at| model.contains(at)).take_while(|at| !model.contains(at)).collect();
            let expected = gap.first().map(|last| gap[gap.len() - 1]..last + 1);
            prop_assert_eq!(set.highest_gap(&(low..low + 50)), expected);
            prop_assert_eq!(set.absent(&(0..300)), 300 - model.len() as u64);
            set.forget_below(low);
            prop_assert_eq!(set.total(), model.range(low..).count() as u64);
        }
    }
}
