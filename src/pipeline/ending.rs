//! When flows end before the input does: by a timeout where rows are wanted as they complete, or by the bound on
//! the flows that are kept.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use super::opened::Opened;
use super::settings::{Bounds, Lifetime, Settings};
use super::shard::Shard;
use crate::flow::Slot;
use crate::time::Timestamp;

/// Frames between two looks at what has ended. Looks are tied to the numbers and times of frames, so that what they
/// find depends on neither threads nor blocks.
const STEP: u64 = 4096;
/// Frames between two looks where a second of capture time has passed.
const SHORT_STEP: u64 = 16;
/// The share of the bound that is freed when it is reached, so that it is not reached at every look.
const FREED_SHARE: usize = 16;
const SECOND: i64 = 1_000_000_000;

/// A flow that has ended, still in its shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// Its entry in the shard.
    pub slot: Slot,
    /// When it ended.
    pub at: Timestamp,
    /// A bound ended it.
    pub evicted: bool,
}

impl Lifetime {
    /// When a flow ends whose latest packet was at `latest`, and which closed at `closed`.
    pub(super) fn deadline(&self, latest: Timestamp, closed: Option<Timestamp>) -> Timestamp {
        let silence = latest + self.silence;
        closed.map_or(silence, |closed| silence.min(closed + self.after_close))
    }
}

/// Capture time in whole seconds: the greatest so far.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Clock(Option<i64>);

impl Clock {
    /// The clock when a frame of this time is reached.
    pub fn reached(at: Timestamp) -> Self {
        Self(Some(at.as_nanos().div_euclid(SECOND)))
    }

    /// The instant that it shows.
    pub fn now(self) -> Option<Timestamp> {
        self.0.map(|second| Timestamp::from_nanos(second.saturating_mul(SECOND)))
    }
}

/// Where in a batch to look at what has ended: up to and without which frame, and the clock there.
#[derive(Debug, Default)]
pub(super) struct Steps {
    clock: Clock,
    last: u64,
}

impl Steps {
    /// The steps of a batch. The last one is the rest of the batch, after which is no look.
    pub fn of(&mut self, batch: &[Opened], settings: &Settings, kept: usize) -> Vec<(u64, Option<Clock>)> {
        let frames: u64 = batch.iter().map(|opened| opened.block.len()).sum();
        let bounded = kept as u64 + frames > settings.bounds.flows as u64;
        let mut steps = Vec::new();
        if bounded || settings.as_completed.is_some() {
            for opened in batch {
                self.of_block(opened, settings, &mut steps);
            }
        }
        steps.push((u64::MAX, None));
        steps
    }

    fn of_block(&mut self, opened: &Opened, settings: &Settings, steps: &mut Vec<(u64, Option<Clock>)>) {
        let first = opened.block.first_number();
        let end = first + opened.block.len();
        let mut next = first.next_multiple_of(STEP);
        let mut look = |number, clock| {
            steps.push((number, Some(clock)));
            number
        };
        for &(number, clock) in &opened.ticks {
            while next < number {
                self.last = look(next, self.clock);
                next += STEP;
            }
            let passed = clock > self.clock;
            self.clock = self.clock.max(clock);
            if passed && settings.as_completed.is_some() && number >= self.last + SHORT_STEP {
                self.last = look(number, self.clock);
            }
        }
        while next < end {
            self.last = look(next, self.clock);
            next += STEP;
        }
    }
}

/// Flows to be ended so that no more than the bound are kept: closed ones first, then the least recently used.
pub(super) fn evict<Row>(
    shards: &[Shard<Row>],
    kept: usize,
    bounds: &Bounds,
    now: Timestamp,
) -> Vec<(usize, Ending)> {
    if kept <= bounds.flows {
        return Vec::new();
    }
    let excess = kept - bounds.flows + bounds.flows / FREED_SHARE;
    let mut candidates: Vec<_> = shards
        .iter()
        .enumerate()
        .flat_map(|(shard, flows)| flows.kept().map(move |(slot, closed, used)| (!closed, used, shard, slot)))
        .collect();
    if excess < candidates.len() {
        candidates.select_nth_unstable_by_key(excess, |&(open, used, ..)| (open, used));
        candidates.truncate(excess);
    }
    let ending = |(evicted, _, shard, slot)| (shard, Ending { slot, at: now, evicted });
    candidates.into_iter().map(ending).collect()
}

/// Entries without an open flow, oldest first: they are remembered for their stream's number, so far as the bound goes.
#[derive(Debug, Default)]
pub(super) struct Memory {
    entries: VecDeque<(usize, Slot, u32)>,
    stamp: u32,
}

impl Memory {
    /// Remembers an entry. The stamp that it gives tells this memory of it from others.
    pub fn keep(&mut self, shard: usize, slot: Slot) -> u32 {
        self.stamp = self.stamp.wrapping_add(1).max(1);
        self.entries.push_back((shard, slot, self.stamp));
        self.stamp
    }

    /// Forgets the oldest beyond `bound`.
    pub fn forget<Row>(&mut self, bound: usize, shards: &mut [Shard<Row>], state: &impl BuildHasher) {
        while self.entries.len() > bound {
            let Some((shard, slot, stamp)) = self.entries.pop_front() else { return };
            if let Some(shard) = shards.get_mut(shard) {
                shard.forget(slot, stamp, state);
            }
        }
    }
}
