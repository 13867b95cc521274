//! The frames of a capture in the course of time, whatever flow they belong to.

use super::counts::Amount;
use crate::capture::Frame;
use crate::stats::{Grid, Series, Sum};
use crate::time::Timestamp;

/// Frames of an interval.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Beat {
    /// All that take part.
    pub all: Amount,
    /// Those that belong to no flow.
    pub flowless: Amount,
}

impl Sum for Beat {
    fn add(&mut self, other: &Self) {
        self.all.add(other.all);
        self.flowless.add(other.flowless);
    }
}

/// Frames by interval.
#[derive(Clone, Debug)]
pub struct Pulse {
    grid: Grid,
    /// What is being added up, and the interval it is in; most frames are in that of the frame before.
    now: (Timestamp, Timestamp),
    beat: Beat,
    series: Series<(), Beat>,
}

impl Pulse {
    /// Nothing yet.
    pub(super) fn new(grid: &Grid) -> Self {
        let nowhere = (Timestamp::default(), Timestamp::default());
        let series = Series::new(grid.clone());
        Self { grid: grid.clone(), now: nowhere, beat: Beat::default(), series }
    }

    /// Counts a frame that takes part.
    pub(super) fn on_frame(&mut self, frame: &Frame<'_>) {
        self.on(frame.at, |beat| &mut beat.all, frame);
    }

    /// Counts a frame that belongs to no flow.
    pub(super) fn on_flowless(&mut self, frame: &Frame<'_>) {
        self.on(frame.at, |beat| &mut beat.flowless, frame);
    }

    fn on(&mut self, at: Option<Timestamp>, which: fn(&mut Beat) -> &mut Amount, frame: &Frame<'_>) {
        let amount = Amount { packets: 1, bytes: u64::from(frame.orig_len) };
        let (from, until) = self.now;
        match at {
            Some(at) if from <= at && at < until => {}
            Some(at) => {
                self.settle();
                let width = self.series.width();
                let place = self.grid.place(at, width);
                self.now = (self.grid.start(place, width), self.grid.start(place.saturating_add(1), width));
            }
            None => {
                let mut beat = Beat::default();
                which(&mut beat).add(amount);
                return self.series.add((), None, &beat);
            }
        }
        which(&mut self.beat).add(amount);
    }

    fn settle(&mut self) {
        let beat = std::mem::take(&mut self.beat);
        if beat != Beat::default() {
            self.series.add((), Some(self.now.0), &beat);
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        self.series.merge(other.into_series());
    }

    /// How its time is divided.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// What there is by interval.
    pub fn into_series(mut self) -> Series<(), Beat> {
        self.settle();
        self.series
    }
}
