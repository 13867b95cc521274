//! Packets in order, held back until what they are is decided.

use std::collections::VecDeque;
use std::ops::Range;

use super::notes::Late;
use super::opened::{Course, Opened};
use super::rows::PacketRow;
use super::settings::Bounds;
use crate::decode::{self, Packet};
use crate::tcp::Verdict;
use crate::time::{Span, Timestamp};

/// What is known of a frame that takes part besides its bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Mark {
    /// Its place in the block.
    index: u32,
    /// Its flow.
    pub flow: Option<u64>,
    /// Its stream.
    pub stream: Option<u64>,
    /// What it is, of TCP.
    pub verdict: Option<Verdict>,
    /// Its time.
    at: Option<Timestamp>,
    /// Time since the frame before.
    delta: Option<Span>,
    /// The greatest time so far.
    clock: Option<Timestamp>,
    /// Bytes captured of all frames before it.
    bytes: u64,
}

/// A block whose rows are not all written.
#[derive(Debug)]
struct Held {
    opened: Opened,
    marks: Vec<Mark>,
}

/// Blocks in order, from the first row that is not written.
#[derive(Debug)]
pub(super) struct Queue {
    bounds: Bounds,
    several: bool,
    held: VecDeque<Held>,
    /// Rows of the first block that are written.
    written: usize,
    /// All frames so far.
    course: Course,
    /// The number of the last of them.
    last: u64,
}

/// Rows of one block, to be rendered on any thread.
#[derive(Clone, Debug)]
pub struct PacketRows<'a> {
    opened: &'a Opened,
    /// There are several files.
    several: bool,
    marks: &'a [Mark],
    range: Range<usize>,
}

impl Queue {
    /// An empty queue, for one file or `several`.
    pub fn new(bounds: Bounds, several: bool) -> Self {
        Self { bounds, several, held: VecDeque::new(), written: 0, course: Course::default(), last: 0 }
    }

    /// Takes a block in; nothing is known yet of what its packets are. Gives it back if none of them takes part.
    pub fn push(&mut self, opened: Opened) -> Option<Opened> {
        let mut marks = Vec::with_capacity(opened.chosen.len());
        for chosen in &opened.chosen {
            let before = self.course.then(chosen.before);
            marks.push(Mark {
                index: chosen.index,
                at: chosen.at,
                delta: chosen.at.zip(before.previous).map(|(at, previous)| at.since(previous)),
                clock: before.clock.max(chosen.at),
                bytes: before.bytes,
                ..Mark::default()
            });
        }
        self.course = self.course.then(opened.course);
        self.last = opened.block.first_number() + opened.block.len().saturating_sub(1);
        if marks.is_empty() {
            return Some(opened);
        }
        self.held.push_back(Held { opened, marks });
        None
    }

    /// What is known of the frame `number`, if its row is not written.
    pub fn mark(&mut self, number: u64) -> Option<&mut Mark> {
        let block =
            self.held.partition_point(|held| held.opened.block.first_number() <= number).checked_sub(1)?;
        let held = self.held.get_mut(block)?;
        let index = number - held.opened.block.first_number();
        let place = held.marks.binary_search_by_key(&index, |mark| u64::from(mark.index)).ok()?;
        if block == 0 && place < self.written {
            return None;
        }
        held.marks.get_mut(place)
    }

    /// Settles an earlier packet, unless it became clear too late for its row.
    pub fn settle(&mut self, late: &Late) {
        let by = match late.by {
            Some(number) => self.mark(number).map(|mark| (number, mark.clock, mark.bytes)),
            None => Some(self.last()),
        };
        let number = late.resolution.number;
        let bounds = self.bounds;
        let Some(mark) = self.mark(number) else { return };
        let in_time = by.is_none_or(|by| !exceeded(&bounds, number, mark, by));
        if let Some(verdict) = mark.verdict.as_mut().filter(|verdict| verdict.pending) {
            verdict.pending = false;
            if in_time {
                verdict.tags = late.resolution.tags;
            }
        }
    }

    /// The rows that can be written now: up to the first that is pending and may still wait. At the `end` all.
    pub fn ready(&self, end: bool) -> Vec<PacketRows<'_>> {
        let last = self.last();
        let mut ready = Vec::new();
        let mut from = self.written;
        for held in &self.held {
            let first = held.opened.block.first_number();
            let waits = |mark: &Mark| {
                let pending = mark.verdict.as_ref().is_some_and(|verdict| verdict.pending);
                pending && !end && !exceeded(&self.bounds, first + u64::from(mark.index), mark, last)
            };
            let mut rest = held.marks.iter().enumerate().skip(from);
            let until = rest.find(|(_, mark)| waits(mark)).map(|(place, _)| place);
            let range = from..until.unwrap_or(held.marks.len());
            if !range.is_empty() {
                ready.push(PacketRows {
                    opened: &held.opened,
                    several: self.several,
                    marks: &held.marks,
                    range,
                });
            }
            if until.is_some() {
                break;
            }
            from = 0;
        }
        ready
    }

    /// Lets go of the first `rows` rows, and gives back the blocks that are done.
    pub fn release(&mut self, rows: usize) -> Vec<Opened> {
        let mut done = Vec::new();
        self.written += rows;
        while let Some(held) = self.held.front() {
            if self.written < held.marks.len() {
                break;
            }
            self.written -= held.marks.len();
            done.extend(self.held.pop_front().map(|held| held.opened));
        }
        done
    }

    /// The last frame so far: its number, the greatest time, and the bytes captured.
    fn last(&self) -> (u64, Option<Timestamp>, u64) {
        (self.last, self.course.clock, self.course.bytes)
    }
}

/// Whether a row may no longer wait when a frame is reached: its number, the greatest time, and the bytes before it.
fn exceeded(
    bounds: &Bounds,
    number: u64,
    mark: &Mark,
    (by, clock, bytes): (u64, Option<Timestamp>, u64),
) -> bool {
    let waited = mark.at.zip(clock).map_or(Span::ZERO, |(at, now)| now.since(at));
    waited > Span::from_secs(bounds.held_secs)
        || by.saturating_sub(number) >= bounds.held_rows
        || bytes.saturating_sub(mark.bytes) > bounds.held_bytes
}

impl PacketRows<'_> {
    /// Shows each row to `each`.
    pub fn for_each(&self, mut each: impl FnMut(&PacketRow<'_>)) {
        let mut packet = Packet::within(self.opened.depth);
        let name = self.opened.block.path().to_string_lossy();
        let file = self.several.then_some(&*name);
        let mut frames = self.opened.block.frames();
        let mut next = 0;
        for mark in self.marks.get(self.range.clone()).unwrap_or_default() {
            let Some(frame) = frames.nth(mark.index.saturating_sub(next) as usize) else { break };
            next = mark.index + 1;
            // A row is written with what is known of it: nothing more will come.
            let verdict = mark.verdict.map(|verdict| Verdict { pending: false, ..verdict });
            decode::frame(&frame, &mut packet);
            let mut show = |packet: &Packet<'_>, datagram: Option<&[u8]>| {
                each(&PacketRow {
                    frame: &frame,
                    file,
                    packet,
                    datagram,
                    delta: mark.delta,
                    flow: mark.flow,
                    stream: mark.stream,
                    verdict: verdict.as_ref(),
                });
            };
            match self.opened.completed_by(frame.number) {
                Some(completed) => completed.show(&packet, &mut show),
                None => show(&packet, None),
            }
        }
    }

    /// How many they are.
    pub(super) fn len(&self) -> usize {
        self.range.len()
    }

    /// The same rows in parts of at most `rows`, so that threads can share them.
    pub(super) fn split(self, rows: usize) -> impl Iterator<Item = Self> {
        let Range { start, end } = self.range.clone();
        (start..end)
            .step_by(rows.max(1))
            .map(move |from| Self { range: from..(from + rows).min(end), ..self.clone() })
    }
}
