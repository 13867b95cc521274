//! Read, decode, shard, analyse, merge. The only user of rayon.
//!
//! Work goes in batches of blocks. While one batch is analysed, the next is read and decoded:
//!
//! ```text
//! read + decode   a block a task: headers, flow key and hash; records by shard     batch n + 1
//! analyse         a shard a task, in file order: flow, segment, counters           batch n
//! merge           numbers in order of first packet; rows of packets; ended flows   batch n
//! ```
//!
//! A TCP connection is analysed when its row is made: until it has more than some fifty segments, they are only written
//! down, a few bytes each. Where the verdict on each packet is wanted, it is analysed as they come.
//!
//! Flows are divided among shards by their key, which is symmetric, so both directions meet and no two
//! threads share a flow. What depends on the order of frames across shards (the numbers of flows and streams, rows)
//! is settled between batches by the frames' numbers alone. So the output depends neither on threads nor on blocks.

mod asleep;
mod awake;
mod batch;
mod counted;
mod counts;
mod ended;
mod ending;
mod entry;
mod flow;
mod fragments;
mod held;
mod listener;
mod listeners;
mod noted;
mod notes;
mod opened;
mod pulse;
mod reached;
mod record;
mod responses;
mod rows;
mod settings;
mod shard;
mod shared;
mod unheard;
mod young;

use std::ops::ControlFlow;

use foldhash::fast::RandomState;
use rayon::prelude::*;

pub use counts::{Amount, Counts, Stack};
pub use held::PacketRows;
pub use listener::{Heard, Listener, Speaker, Spoken};
pub use listeners::{
    Dictation, Happened, Happenings, Loss, Said as HttpSaid, Services, Speech, Speeches, Tally, Transactions,
    WindowSteps, Words,
};
pub use pulse::{Beat, Pulse};
pub use reached::Reached;
pub use rows::{FlowRow, PacketRow, ResponseStats, Samples};
pub use settings::{Bounds, Lifetime, Settings, Watch};

use crate::capture::Capture;
use crate::decode::{FragmentCounts, Reassembler};
use crate::error::{Error, Result};
use crate::flow::{Key, Slot};
use batch::fill;
use ended::Ended;
use ending::{Clock, Ending, Memory, Steps, evict};
use fragments::complete;
use held::Queue;
use notes::Said;
use opened::{Opened, SHARDS};
use shard::{Listen, Series, Shard, Task};
use young::Replayed;

/// Rows that one task renders.
const ROWS_A_TASK: usize = 1024;

/// Flows whose rows one task makes and renders.
const FLOWS_A_TASK: usize = 64;

/// Flows whose memory is fetched at a time, before the row of the first is made: little enough for a first-level cache.
const FETCHED: usize = 16;

/// Such tasks in a wave, for each thread.
const TASKS_A_THREAD: usize = 8;

/// What turns rows into parts of a report. Parts are made on any thread, and given in order.
pub trait Report: Sync {
    /// A part of the report.
    type Part: Default + Send;

    /// What listeners say of the bytes of a flow; `()` where nothing listens.
    type Row: Send + Sync;

    /// Something that is to listen to the bytes of the flow `key`. Called on any thread, when the flow begins.
    fn listen(&self, _key: &Key) -> Option<Box<dyn Listener<Self::Row>>> {
        None
    }

    /// Whether nothing is to be heard of the bytes of flows but which services they speak: then [`Report::listen`] is not asked.
    fn asks_for_services(&self) -> bool {
        false
    }

    /// Whether [`Report::wants`] is to be asked.
    fn is_choosy(&self) -> bool {
        false
    }

    /// Whether the bytes of a flow are wanted that now has its numbers: if not, nothing listens to it any more. What was
    /// said before that is given all the same.
    fn wants(&self, _key: &Key, _flow: u64, _stream: Option<u64>) -> bool {
        true
    }

    /// A part for rows that listeners said, in order of the packets at which they said them. What is in them may be taken.
    fn spoken(&self, _rows: &mut [Spoken<Self::Row>]) -> Self::Part {
        Self::Part::default()
    }

    /// A part for packets, in order. Called only where [`Settings::packets`] is set.
    fn packets(&self, _rows: PacketRows<'_>) -> Self::Part {
        Self::Part::default()
    }

    /// A part for flows, in order of their number: each row is made when it is asked for. Called only where
    /// [`Settings::flows`] is set.
    fn flows(&self, _rows: &mut dyn Iterator<Item = FlowRow>) -> Self::Part {
        Self::Part::default()
    }
}

/// What a run came to, besides its rows.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Every frame, accounted for.
    pub counts: Counts,
    /// Flows that were found.
    pub flows: u64,
    /// Of these, flows that the bound on the flows kept ended early.
    pub evicted: u64,
    /// Times that a direction of a flow would have held more out of order than it may.
    pub full: u64,
    /// Times that all flows of a group would have.
    pub crowded: u64,
    /// Times that a flow let go what it kept of messages, since all flows of a group kept more than they may.
    pub relieved: u64,
    /// What became of fragments.
    pub fragments: FragmentCounts,
    /// The taker of the parts wanted no more.
    pub stopped: bool,
}

/// Runs a capture through the machine. The parts that `report` makes are given to `give` in order until it breaks.
pub fn run<R: Report>(
    capture: &mut Capture,
    settings: &Settings,
    report: &R,
    give: &mut (dyn FnMut(R::Part) -> ControlFlow<()> + Send),
) -> Result<Outcome> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads).build();
    let pool = pool.map_err(|error| Error::Usage(format!("the threads cannot be started: {error}")))?;
    let state = RandomState::default();
    let mut run = Run {
        settings,
        report,
        state: &state,
        shards: (0..SHARDS).map(|_| Shard::new(settings.room(SHARDS))).collect(),
        queue: settings
            .packets
            .then(|| Queue::new(settings.bounds, capture.inputs() > 1 || settings.file.is_some())),
        next: [0; 3],
        steps: Steps::default(),
        memory: Memory::default(),
        reassembler: Reassembler::new(settings.bounds.fragments),
        outcome: Outcome::default(),
    };
    pool.install(|| {
        let mut batch = fill(capture, settings, &state, Vec::new());
        let mut spent = Vec::new();
        while !batch.is_empty() {
            let (done, next) =
                rayon::join(|| run.analyse(batch, give), || fill(capture, settings, &state, spent));
            let ControlFlow::Continue(done) = done else {
                run.outcome.stopped = true;
                break;
            };
            (batch, spent) = (next, done);
        }
        if !run.outcome.stopped {
            run.outcome.stopped = run.finish(give).is_break();
        }
        // A million flows take a while to be let go.
        match settings.last {
            true => std::mem::forget(run.shards),
            false => run.shards.into_par_iter().for_each(drop),
        }
        Ok(run.outcome)
    })
}

/// The listeners that a report makes.
struct Ears<'a, R>(&'a R);

impl<R: Report> Listen<R::Row> for Ears<'_, R> {
    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<R::Row>>> {
        match self.asks_for_services() {
            true => Services::of(key).map(|services| Box::new(services) as Box<_>),
            false => self.0.listen(key),
        }
    }

    fn asks_for_services(&self) -> bool {
        self.0.asks_for_services()
    }
}

struct Run<'a, R: Report> {
    settings: &'a Settings,
    report: &'a R,
    shards: Vec<Shard<R::Row>>,
    queue: Option<Queue>,
    /// The next number of each series.
    next: [u64; 3],
    steps: Steps,
    memory: Memory,
    reassembler: Reassembler,
    /// By what keys are hashed.
    state: &'a RandomState,
    outcome: Outcome,
}

type Give<'a, P> = dyn FnMut(P) -> ControlFlow<()> + Send + 'a;

impl<R: Report> Run<'_, R> {
    /// Analyses a batch, writes what can be written, and gives back what can be used again.
    fn analyse(
        &mut self,
        mut batch: Vec<Opened>,
        give: &mut Give<'_, R::Part>,
    ) -> ControlFlow<(), Vec<Opened>> {
        for opened in &mut batch {
            complete(opened, &mut self.reassembler, self.settings, self.state);
            self.outcome.counts.merge(std::mem::take(&mut opened.counts));
        }
        self.shards.iter_mut().for_each(Shard::begin_batch);
        let kept = self.shards.iter().map(Shard::entries).sum();
        for (until, look) in self.steps.of(&batch, self.settings, kept) {
            self.step(&batch, until);
            self.number();
            if let Some(clock) = look {
                self.end_flows(clock, give)?;
            }
            self.write_spoken(give)?;
        }
        let since = batch.first().map_or(0, |opened| opened.block.first_number());
        // Threads that have nothing to do here would be woken for it, and for each batch.
        if self.shards.iter().any(Shard::is_restless) {
            self.shards.par_iter_mut().for_each(|shard| shard.rest(since));
        }
        let Some(queue) = &mut self.queue else { return ControlFlow::Continue(batch) };
        let mut spent: Vec<_> = batch.into_iter().filter_map(|opened| queue.push(opened)).collect();
        self.mark();
        let ControlFlow::Continue(done) = self.write_packets(false, give) else {
            return ControlFlow::Break(());
        };
        spent.extend(done);
        ControlFlow::Continue(spent)
    }

    /// Analyses the frames of a batch up to and without `until`.
    fn step(&mut self, batch: &[Opened], until: u64) {
        let notes = self.queue.is_some();
        let (listen, lifetime, services) =
            (Ears(self.report), self.settings.as_completed, self.report.asks_for_services());
        self.shards.par_iter_mut().enumerate().for_each(|(index, shard)| {
            shard.analyse(&Task { index, notes, lifetime, services, listen: &listen }, batch, until);
        });
    }

    /// Gives flows and streams that were first seen in this step their numbers, in order of first sight.
    fn number(&mut self) {
        let mut waiting = Vec::new();
        for (index, shard) in self.shards.iter_mut().enumerate() {
            shard.waiting(|place, slot, series| waiting.push((place, index, slot, series)));
        }
        waiting.sort_unstable();
        let mut last = [None; 3];
        let mut numbered = Vec::new();
        for (place, index, slot, series) in waiting {
            for series in series.into_iter().flatten() {
                if series == Series::Flow && self.report.is_choosy() {
                    numbered.push((index, slot));
                }
                let [flow, tcp, udp] = &mut self.next;
                let [last_flow, last_tcp, last_udp] = &mut last;
                let (next, last) = match series {
                    Series::Flow => (flow, last_flow),
                    Series::TcpStream => (tcp, last_tcp),
                    Series::UdpStream => (udp, last_udp),
                };
                // A flow that goes on with another has its stream's first sight, and so its number.
                if last.replace(place) != Some(place) {
                    *next += 1;
                }
                if let Some(shard) = self.shards.get_mut(index)
                    && shard.number(slot, series, *next - 1)
                {
                    shard.remember(slot, self.memory.keep(index, slot));
                }
            }
        }
        if self.shards.iter().any(Shard::has_notes) {
            self.shards.par_iter_mut().for_each(Shard::number_notes);
        }
        for (index, slot) in numbered {
            if let Some(shard) = self.shards.get_mut(index) {
                shard.choose(slot, |key, flow, stream| self.report.wants(key, flow, stream));
            }
        }
    }

    /// Ends the flows whose time is over, and those beyond the bound, and writes their rows.
    fn end_flows(&mut self, clock: Clock, give: &mut Give<'_, R::Part>) -> ControlFlow<()> {
        if let Some(lifetime) = self.settings.as_completed {
            self.shards.par_iter_mut().for_each(|shard| shard.sweep(&lifetime, clock));
        }
        let mut endings: Vec<(usize, Ending)> = Vec::new();
        for (index, shard) in self.shards.iter_mut().enumerate() {
            endings.extend(shard.ending.drain(..).map(|ending| (index, ending)));
        }
        let mut ended = self.take(&endings);
        let kept = self.shards.iter().map(Shard::len).sum();
        let evicted = evict(&self.shards, kept, &self.settings.bounds, clock.now().unwrap_or_default());
        self.outcome.evicted += evicted.iter().filter(|(_, ending)| ending.evicted).count() as u64;
        ended.extend(self.take(&evicted));
        ended.sort_unstable_by_key(|ended| (ended.at, ended.identity.flow));
        self.memory.forget(self.settings.bounds.remembered, &mut self.shards, self.state);
        let (ears, samples) = (Ears(self.report), self.settings.samples);
        let row = |ended: &Ended<R::Row>, replayed: &mut Replayed| ended.row(&ears, samples, replayed);
        self.write_flows(&ended, &|_| 0, &row, give)
    }

    /// Takes flows out of their shards, those that ended first before others: in this order they are remembered.
    fn take(&mut self, endings: &[(usize, Ending)]) -> Vec<Ended<R::Row>> {
        let number = |&(index, ending): &(usize, Ending)| self.shards.get(index)?.flow(ending.slot);
        let mut endings = endings.to_vec();
        endings.sort_by_cached_key(|one| (one.1.at, number(one)));
        let mut ended = Vec::new();
        for (index, ending) in &endings {
            if let Some(shard) = self.shards.get_mut(*index) {
                ended.extend(shard.take(ending, self.state, || self.memory.keep(*index, ending.slot)));
            }
        }
        ended
    }

    /// Tells the rows that wait what their packets are.
    fn mark(&mut self) {
        let Some(queue) = &mut self.queue else { return };
        for shard in &mut self.shards {
            for note in shard.notes.drain(..) {
                let (flow, stream) = note.numbers;
                if let Some(mark) = queue.mark(note.number) {
                    (mark.flow, mark.stream, mark.verdict) = (flow, stream, note.verdict);
                }
            }
        }
        for shard in &mut self.shards {
            for late in shard.late.drain(..) {
                queue.settle(&late);
            }
        }
    }

    fn write_packets(&mut self, end: bool, give: &mut Give<'_, R::Part>) -> ControlFlow<(), Vec<Opened>> {
        let Some(queue) = &mut self.queue else { return ControlFlow::Continue(Vec::new()) };
        let ready = queue.ready(end);
        let rows = ready.iter().map(PacketRows::len).sum();
        let tasks: Vec<_> = ready.into_iter().flat_map(|rows| rows.split(ROWS_A_TASK)).collect();
        let wave = rayon::current_num_threads() * 4;
        for tasks in tasks.chunks(wave) {
            let parts: Vec<_> = tasks.par_iter().map(|rows| self.report.packets(rows.clone())).collect();
            for part in parts {
                give(part)?;
            }
        }
        ControlFlow::Continue(queue.release(rows))
    }

    /// Writes what listeners said in this step: by the packet at which they said it, at the end by flow.
    fn write_spoken(&mut self, give: &mut Give<'_, R::Part>) -> ControlFlow<()> {
        let mut rows = Vec::new();
        for shard in &mut self.shards {
            for Said { by, numbers: (flow, stream), speaker, row, .. } in shard.said.drain(..) {
                let flow = flow.unwrap_or_default();
                let place = (by.unwrap_or(u64::MAX), flow, rows.len());
                rows.push((place, Spoken { flow, stream, speaker, row }));
            }
        }
        // In place: a sort that keeps the order of equals by itself takes as much memory again.
        rows.sort_unstable_by_key(|&(place, _)| place);
        let mut rows: Vec<_> = rows.into_iter().map(|(_, spoken)| spoken).collect();
        let report = self.report;
        let parts: Vec<_> = rows.par_chunks_mut(ROWS_A_TASK).map(|rows| report.spoken(rows)).collect();
        parts.into_iter().try_for_each(give)
    }

    /// The end of the input: what is pending is decided, all rows are written.
    fn finish(&mut self, give: &mut Give<'_, R::Part>) -> ControlFlow<()> {
        self.outcome.fragments = self.reassembler.counts();
        self.shards.par_iter_mut().for_each(Shard::finish);
        self.outcome.full = self.shards.iter().map(|shard| shard.room().full).sum();
        self.outcome.crowded = self.shards.iter().map(|shard| shard.room().crowded).sum();
        self.outcome.relieved = self.shards.iter().map(|shard| shard.room().relieved).sum();
        self.mark();
        self.write_packets(true, give)?;
        self.write_spoken(give)?;
        self.outcome.flows = self.next.first().copied().unwrap_or(0);
        if !self.settings.flows {
            return ControlFlow::Continue(());
        }
        let numbered = |(index, shard): (usize, &Shard<R::Row>)| -> Vec<_> {
            shard.numbered().map(|(flow, slot)| (flow, index as u32, slot)).collect()
        };
        let mut order: Vec<_> = self.shards.par_iter().enumerate().flat_map_iter(numbered).collect();
        order.par_sort_unstable_by_key(|&(flow, ..)| flow);
        let (shards, ears, samples) = (&self.shards, Ears(self.report), self.settings.samples);
        let row = |&(_, index, slot): &(u64, u32, Slot), replayed: &mut Replayed| {
            shards.get(index as usize)?.row(slot, &ears, samples, replayed)
        };
        let fetch = |&(_, index, slot): &(u64, u32, Slot)| {
            shards.get(index as usize).map_or(0, |shard| shard.fetch(slot))
        };
        self.write_flows(&order, &fetch, &row, give)
    }

    /// Writes the rows that `row` makes of `ended`. What `fetch` gives of each comes to nothing: it looks at the memory that
    /// its row will be made of, so that it is there by then.
    fn write_flows<E: Sync>(
        &self,
        ended: &[E],
        fetch: &(dyn Fn(&E) -> u32 + Sync),
        row: &(dyn Fn(&E, &mut Replayed) -> Option<FlowRow> + Sync),
        give: &mut Give<'_, R::Part>,
    ) -> ControlFlow<()> {
        if !self.settings.flows {
            return ControlFlow::Continue(());
        }
        let task = |ended: &[E]| {
            let mut replayed = Replayed::default();
            let row_of = |(index, one): (usize, &E)| {
                if index % FETCHED == 0 {
                    let next = ended.iter().skip(index).take(FETCHED);
                    std::hint::black_box(next.fold(0, |sum, next| sum ^ fetch(next)));
                }
                // It is long: not moved from here on.
                let mut made = row(one, &mut replayed);
                if let (Some(row), Some(file)) = (&mut made, &self.settings.file) {
                    row.file = Some(file.clone());
                }
                made
            };
            self.report.flows(&mut ended.iter().enumerate().filter_map(row_of))
        };
        let make = |wave: &[E]| wave.par_chunks(FLOWS_A_TASK).map(task).collect::<Vec<_>>();
        let wave = rayon::current_num_threads() * TASKS_A_THREAD * FLOWS_A_TASK;
        // While the parts of one wave are given, those of the next are made.
        let mut made = Vec::new();
        for wave in ended.chunks(wave) {
            let (given, next) = rayon::join(|| made.drain(..).try_for_each(&mut *give), || make(wave));
            given?;
            made = next;
        }
        made.into_iter().try_for_each(give)
    }
}
