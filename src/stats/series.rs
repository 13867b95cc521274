//! What happens in the course of time, added up by intervals.
//!
//! The width of intervals may be given; else it follows how long the capture turns out to be. It begins narrow and is
//! widened along [`WIDTHS`], each of which is made of whole ones of the width before: what was added up narrow adds up
//! to the wide. So the result depends neither on when widths change nor on the order in which things are added.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::time::{Span, Timestamp};

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Widths in nanoseconds, each a multiple of the one before.
const WIDTHS: [i64; 16] = [
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    SECOND,
    10 * SECOND,
    60 * SECOND,
    600 * SECOND,
    3600 * SECOND,
    21_600 * SECOND,
    DAY,
    10 * DAY,
    100 * DAY,
    1000 * DAY,
];

/// Intervals from the first to the last beyond which they are widened.
const MOST_INTERVALS: i64 = 6000;
/// Intervals kept, of all groups, beyond which they are widened.
const MOST_CELLS: usize = 500_000;

/// How time is divided. Clones share the width.
#[derive(Clone, Debug)]
pub struct Grid {
    origin: Timestamp,
    width: Width,
}

#[derive(Clone, Debug)]
enum Width {
    Given(i64),
    /// A place in [`WIDTHS`], which only grows.
    Found(Arc<AtomicUsize>),
}

impl Grid {
    /// Intervals of the width `every`, or of one that is found, one of which begins at `origin`.
    pub fn new(origin: Timestamp, every: Option<Span>) -> Self {
        let found = || Width::Found(Arc::new(AtomicUsize::new(0)));
        let width = every.map_or_else(found, |every| Width::Given(every.as_nanos().max(1)));
        Self { origin, width }
    }

    /// The width in nanoseconds, as it is now.
    pub fn width(&self) -> i64 {
        match &self.width {
            Width::Given(width) => *width,
            Width::Found(place) => WIDTHS.get(place.load(Ordering::Relaxed)).copied().unwrap_or(i64::MAX),
        }
    }

    /// The same intervals in another width.
    pub fn with_width(&self, width: Span) -> Self {
        Self::new(self.origin, Some(width))
    }

    /// Whether the width was given.
    pub fn is_given(&self) -> bool {
        matches!(self.width, Width::Given(_))
    }

    /// Widens the intervals. Whether they could be.
    fn widen(&self) -> bool {
        match &self.width {
            Width::Found(place) if place.load(Ordering::Relaxed) + 1 < WIDTHS.len() => {
                place.fetch_add(1, Ordering::Relaxed);
                true
            }
            _ => false,
        }
    }

    /// The interval of the width `width` in which `at` lies.
    pub fn place(&self, at: Timestamp, width: i64) -> i64 {
        at.since(self.origin).as_nanos().div_euclid(width)
    }

    /// When the interval `place` of the width `width` begins.
    pub fn start(&self, place: i64, width: i64) -> Timestamp {
        self.origin + Span::from_nanos(place.saturating_mul(width))
    }
}

/// Something that adds up.
pub trait Sum: Default {
    /// Adds another.
    fn add(&mut self, other: &Self);
}

/// Sums by group and interval. What has no time stands apart.
#[derive(Clone, Debug)]
pub struct Series<K, T> {
    grid: Grid,
    width: i64,
    cells: BTreeMap<(K, i64), T>,
    /// The first and the last interval.
    range: Option<(i64, i64)>,
    untimed: BTreeMap<K, T>,
    /// The width was given, and there are too many: only the range is still known.
    is_full: bool,
}

impl<K: Clone + Ord, T: Sum> Series<K, T> {
    /// Nothing yet.
    pub fn new(grid: Grid) -> Self {
        let width = grid.width();
        Self { grid, width, cells: BTreeMap::new(), range: None, untimed: BTreeMap::new(), is_full: false }
    }

    /// Adds what happened to `group` from `at` on, within an interval.
    pub fn add(&mut self, group: K, at: Option<Timestamp>, what: &T) {
        let Some(at) = at else { return self.untimed.entry(group).or_default().add(what) };
        let place = self.grid.place(at, self.width);
        self.extend(place);
        if !self.is_full {
            self.cells.entry((group, place)).or_default().add(what);
        }
    }

    fn extend(&mut self, place: i64) {
        let (first, last) = self.range.unwrap_or((place, place));
        self.range = Some((first.min(place), last.max(place)));
    }

    /// Adds what was added up elsewhere on the same grid, and widens the intervals if there are too many.
    pub fn merge(&mut self, other: Self) {
        for (group, what) in other.untimed {
            self.untimed.entry(group).or_default().add(&what);
        }
        self.fit(other.width);
        self.is_full |= other.is_full;
        for ((group, place), what) in other.cells {
            let at = self.grid.start(place, other.width);
            self.add(group, Some(at), &what);
        }
        while self.intervals() > MOST_INTERVALS as u64 || self.cells.len() > MOST_CELLS {
            if self.grid.width() == self.width && !self.grid.widen() {
                self.is_full |= self.grid.is_given() && self.cells.len() > MOST_CELLS;
                break;
            }
            self.fit(self.grid.width());
        }
        if self.is_full {
            self.cells.clear();
        }
    }

    /// Whether there were more sums than are kept, of a given width: they are lost.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Widens its own intervals to `width`.
    pub fn fit(&mut self, width: i64) {
        if width <= self.width {
            return;
        }
        let before = std::mem::replace(&mut self.width, width);
        self.range = None;
        for ((group, place), what) in std::mem::take(&mut self.cells) {
            let at = self.grid.start(place, before);
            self.add(group, Some(at), &what);
        }
    }

    /// How many intervals there are from the first to the last.
    pub fn intervals(&self) -> u64 {
        self.range.map_or(0, |(first, last)| last.abs_diff(first).saturating_add(1))
    }

    /// How many sums there are.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    /// The first and the last instant that its intervals cover.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let (first, last) = self.range?;
        Some((self.grid.start(first, self.width), self.grid.start(last.saturating_add(1), self.width)))
    }

    /// The width of its intervals in nanoseconds.
    pub fn width(&self) -> i64 {
        self.width
    }

    /// The sums, by group and instant at which the interval begins.
    pub fn iter(&self) -> impl Iterator<Item = (&K, Timestamp, &T)> {
        self.cells.iter().map(|((group, place), what)| (group, self.grid.start(*place, self.width), what))
    }

    /// The sums of what has no time, by group.
    pub fn untimed(&self) -> impl Iterator<Item = (&K, &T)> {
        self.untimed.iter()
    }
}

/// A width that people like, a multiple of `unit`, that divides `span` into at most `most` intervals.
pub fn round_width(unit: i64, span: Span, most: i64) -> i64 {
    let steps = [1, 2, 5].map(|step| (1..=8).map(move |power| step * 10_i64.pow(power + 2)));
    let seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200];
    let days = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000];
    let mut widths: Vec<i64> = steps.into_iter().flatten().filter(|&width| width < SECOND).collect();
    widths.extend(seconds.map(|seconds| seconds * SECOND));
    widths.extend(days.map(|days| days * DAY));
    widths.sort_unstable();
    let fits = |width: &&i64| **width % unit == 0 && span.as_nanos() / **width < most;
    widths.iter().find(fits).copied().unwrap_or(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sum for u64 {
        fn add(&mut self, other: &Self) {
            *self += other;
        }
    }

    #[test]
    fn widths_are_made_of_whole_ones() {
        assert!(WIDTHS.windows(2).all(|pair| pair[1] % pair[0] == 0 && pair[1] / pair[0] <= 10));
    }

    #[test]
    fn intervals_widen_as_time_goes_on_and_nothing_is_lost() {
        let origin = Timestamp::from_nanos(5);
        let nanos = [0, 3, 999, 1000, 70_000_000, -4, 3_000_000_000, 2_999_999_999];
        let of = |parts: &[&[i64]]| {
            let mut whole = Series::<(), u64>::new(Grid::new(origin, None));
            for part in parts {
                let mut series = Series::new(whole.grid.clone());
                part.iter().for_each(|&nanos| series.add((), Some(origin + Span::from_nanos(nanos)), &1));
                series.add((), None, &1);
                whole.merge(series);
            }
            whole
        };
        let whole = of(&[&nanos]);
        assert_eq!((whole.width(), whole.intervals()), (1_000_000, 3002));
        let counts: Vec<(i64, u64)> =
            whole.iter().map(|(_, at, &n)| (at.since(origin).as_nanos(), n)).collect();
        assert_eq!(
            counts,
            [(-1_000_000, 1), (0, 4), (70_000_000, 1), (2_999_000_000, 1), (3_000_000_000, 1)]
        );
        let mut backwards = nanos;
        backwards.reverse();
        let parts = of(&[&backwards[..3], &[], &backwards[3..]]);
        assert_eq!(parts.iter().collect::<Vec<_>>(), whole.iter().collect::<Vec<_>>());
        assert_eq!(parts.untimed().collect::<Vec<_>>(), [(&(), &3)]);
    }

    #[test]
    fn given_widths_stay() {
        let grid = Grid::new(Timestamp::from_nanos(0), Some(Span::from_nanos(7)));
        let mut series = Series::<u8, u64>::new(grid.clone());
        for at in [0, 6, 7, i64::MAX, i64::MIN + 1] {
            series.add(1, Some(Timestamp::from_nanos(at)), &1);
        }
        let mut whole = Series::new(grid);
        whole.merge(series);
        assert_eq!((whole.width(), whole.cells()), (7, 4));
        assert_eq!(whole.intervals(), u64::MAX / 7 + 1);
    }

    #[test]
    fn too_many_intervals_of_a_given_width_leave_their_number() {
        let grid = Grid::new(Timestamp::from_nanos(0), Some(Span::from_nanos(1)));
        let mut whole = Series::<(), u64>::new(grid.clone());
        for part in 0..3 {
            let mut series = Series::new(grid.clone());
            (0..300_000).for_each(|at| series.add((), Some(Timestamp::from_nanos(part * 300_000 + at)), &1));
            whole.merge(series);
        }
        assert_eq!((whole.is_full(), whole.cells(), whole.intervals()), (true, 0, 900_000));
    }

    #[test]
    fn widths_are_round_whatever_the_span() {
        for (unit, span, expected) in [
            (1_000, 0, 1_000),
            (1_000, 5_999_000, 100_000),
            (10 * SECOND, 3600 * SECOND, 60 * SECOND),
            (DAY, 3653 * DAY, 50 * DAY),
            (1000 * DAY, i64::MAX, 2000 * DAY),
        ] {
            assert_eq!(round_width(unit, Span::from_nanos(span), 75), expected, "{unit} {span}");
        }
    }
}
