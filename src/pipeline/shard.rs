//! One shard of the flows, analysed in file order.

use super::flow::{Entry, Number, Open, Place};
use super::listener::{Listener, Speaker};
use super::opened::Opened;
use super::record::{Kind, Record, TCP, UDP};
use super::rows::FlowRow;
use crate::flow::{Key, Slot, Table};
use crate::tcp::{Resolution, Segment, Verdict};

/// What a shard says of one packet.
#[derive(Debug)]
pub(super) struct Note {
    /// The frame's number.
    pub number: u64,
    /// The flow's entry in the shard's table.
    pub slot: Slot,
    /// What the segment is, of TCP.
    pub verdict: Option<Verdict>,
}

/// What became clear about an earlier packet, and when.
#[derive(Debug)]
pub(super) struct Late {
    /// The frame at which it became clear; none at the flow's end.
    pub by: Option<u64>,
    /// What became clear.
    pub resolution: Resolution,
}

/// A row that a listener said: when, and whose it is.
pub(super) struct Said<Row> {
    /// The frame at which it was said; none at the flow's end.
    pub by: Option<u64>,
    /// The flow's entry in the shard's table.
    pub slot: Slot,
    /// The flow.
    pub speaker: Speaker,
    /// The row.
    pub row: Row,
}

/// The flows of one shard.
pub(super) struct Shard<Row> {
    table: Table<Entry<Row>>,
    /// Entries of which something waits for its number.
    waiting: Vec<Slot>,
    /// What the packets of this step are, where that is wanted.
    pub notes: Vec<Note>,
    /// What became clear in this step.
    pub late: Vec<Late>,
    /// What the listeners of its flows said in this step.
    pub said: Vec<Said<Row>>,
    resolutions: Vec<Resolution>,
    spoken: Vec<Row>,
}

/// Makes listeners.
pub(super) trait Listen<Row> {
    /// A listener for the flow `key`, if it is to have one.
    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<Row>>>;
}

/// What a shard needs to know of the run.
pub(super) struct Task<'a, Row> {
    /// The shard's number.
    pub index: usize,
    /// What packets are is wanted.
    pub notes: bool,
    /// Makes the listeners of flows.
    pub listen: &'a (dyn Listen<Row> + Sync),
}

impl<Row> Default for Shard<Row> {
    fn default() -> Self {
        Self {
            table: Table::default(),
            waiting: Vec::new(),
            notes: Vec::new(),
            late: Vec::new(),
            said: Vec::new(),
            resolutions: Vec::new(),
            spoken: Vec::new(),
        }
    }
}

/// Which of the three series a number belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Series {
    /// Flows of all protocols.
    Flow,
    /// TCP streams.
    TcpStream,
    /// UDP streams.
    UdpStream,
}

impl<Row> Shard<Row> {
    /// Analyses its records of `opened` from the place `from` on, up to and without the frame `until`.
    /// Gives the place of the first record not analysed.
    pub fn analyse(&mut self, task: &Task<'_, Row>, opened: &Opened, from: usize, until: u64) -> usize {
        let Some(rest) = opened.buckets.get(task.index).and_then(|bucket| bucket.get(from..)) else {
            return from;
        };
        let mut done = from;
        for record in rest.iter().take_while(|record| record.number < until) {
            self.on_record(task, record, opened);
            done += 1;
        }
        done
    }

    fn on_record(&mut self, task: &Task<'_, Row>, record: &Record, opened: &Opened) {
        match record.kind {
            Kind::Packet => {
                let slot = self.entry(record);
                self.on_packet(task, record, None, slot, opened);
            }
            Kind::Segment => {
                let slot = self.entry(record);
                let open = self.table.get(slot).and_then(|entry| entry.open.as_ref());
                let clock = open.and_then(|open| open.latest()).unwrap_or_default();
                let segment = record.segment(clock, &opened.beside);
                let reused = open.is_some_and(|open| open.is_reused_by(record.direction, &segment));
                let slot = if reused { self.begin(record) } else { slot };
                self.on_packet(task, record, Some(&segment), slot, opened);
            }
            Kind::Sight => {
                self.entry(record);
            }
            Kind::Quoted(error) => {
                let found = self.table.find(record.hash, &record.key);
                let open = found.and_then(|slot| self.table.get_mut(slot)?.open.as_mut());
                if let Some(open) = open {
                    open.on_icmp_error(error);
                }
            }
        }
    }

    fn on_packet(
        &mut self,
        task: &Task<'_, Row>,
        record: &Record,
        segment: Option<&Segment>,
        slot: Slot,
        opened: &Opened,
    ) {
        let Some(entry) = self.table.get_mut(slot) else { return };
        if entry.flow == Number::Unseen {
            entry.flow = Number::Waiting(place(record));
            // Where the stream waits, the entry is in the list already.
            if !matches!(entry.stream, Number::Waiting(_)) {
                self.waiting.push(slot);
            }
        }
        let begin = || {
            let listener = task.listen.listen(&record.key);
            Box::new(Open::new(&record.key, record.number, record.direction, listener))
        };
        let open = entry.open.get_or_insert_with(begin);
        let say = &mut |row| self.spoken.push(row);
        let verdict = open.on_packet(record, segment, opened, &mut self.resolutions, say);
        for row in self.spoken.drain(..) {
            let speaker = open.speaker(&record.key);
            self.said.push(Said { by: Some(record.number), slot, speaker, row });
        }
        for resolution in self.resolutions.drain(..) {
            if task.notes {
                self.late.push(Late { by: Some(record.number), resolution });
            }
        }
        if task.notes {
            self.notes.push(Note { number: record.number, slot, verdict });
        }
    }

    /// The entry of a record's key; a new one where there is none yet.
    fn entry(&mut self, record: &Record) -> Slot {
        self.table.find(record.hash, &record.key).unwrap_or_else(|| self.begin(record))
    }

    /// A new entry for a record's key.
    fn begin(&mut self, record: &Record) -> Slot {
        let mut entry = Entry::default();
        if matches!(record.key.protocol, TCP | UDP) {
            entry.stream = Number::Waiting(place(record));
        }
        let waits = entry.stream != Number::Unseen;
        let slot = self.table.insert(record.hash, record.key, entry);
        if waits {
            self.waiting.push(slot);
        }
        slot
    }

    /// What waits for its number: series, place, entry.
    pub fn waiting(&mut self) -> impl Iterator<Item = (Place, Series, Slot)> {
        let table = &self.table;
        self.waiting.drain(..).flat_map(move |slot| {
            let series = match table.key(slot).map(|key| key.protocol) {
                Some(TCP) => Series::TcpStream,
                _ => Series::UdpStream,
            };
            let entry = table.get(slot);
            let wait = |number: Number, series| match number {
                Number::Waiting(place) => Some((place, series, slot)),
                _ => None,
            };
            let stream = entry.and_then(|entry| wait(entry.stream, series));
            let flow = entry.and_then(|entry| wait(entry.flow, Series::Flow));
            stream.into_iter().chain(flow)
        })
    }

    /// Gives what waited its number.
    pub fn number(&mut self, slot: Slot, series: Series, number: u64) {
        if let Some(entry) = self.table.get_mut(slot) {
            match series {
                Series::Flow => entry.flow = Number::Given(number),
                Series::TcpStream | Series::UdpStream => entry.stream = Number::Given(number),
            }
        }
    }

    /// Flow and stream number of an entry.
    pub fn numbers(&self, slot: Slot) -> (Option<u64>, Option<u64>) {
        let given = |number| match number {
            Number::Given(number) => Some(number),
            _ => None,
        };
        self.table.get(slot).map_or((None, None), |entry| (given(entry.flow), given(entry.stream)))
    }

    /// Ends all flows.
    pub fn finish(&mut self, notes: bool) {
        for slot in self.table.slots() {
            let Some(&key) = self.table.key(slot) else { continue };
            let Some(open) = self.table.get_mut(slot).and_then(|entry| entry.open.as_mut()) else { continue };
            open.finish(&mut self.resolutions, &mut |row| self.spoken.push(row));
            let late = self.resolutions.drain(..).map(|resolution| Late { by: None, resolution });
            if notes {
                self.late.extend(late);
            }
            let speaker = open.speaker(&key);
            self.said.extend(self.spoken.drain(..).map(|row| Said { by: None, slot, speaker, row }));
        }
    }

    /// Takes out all flows, each with its number, in no particular order.
    pub fn drain(&mut self) -> Vec<Ended<Row>> {
        self.table
            .drain()
            .filter_map(|(key, entry)| {
                let Number::Given(flow) = entry.flow else { return None };
                let stream = match entry.stream {
                    Number::Given(stream) => Some(stream),
                    _ => None,
                };
                Some(Ended { flow, stream, key, open: entry.open? })
            })
            .collect()
    }
}

/// A flow that ended, on its way to its row.
pub(super) struct Ended<Row> {
    /// Its number.
    pub flow: u64,
    stream: Option<u64>,
    key: Key,
    open: Box<Open<Row>>,
}

impl<Row> Ended<Row> {
    /// Its row.
    pub fn row(&self) -> FlowRow {
        self.open.row(&self.key, self.flow, self.stream)
    }
}

fn place(record: &Record) -> Place {
    (record.number, record.order)
}
