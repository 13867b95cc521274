//! One shard of the flows, analysed in file order.

use super::flow::{Entry, Number, Open, Place};
use super::opened::Opened;
use super::record::{Detail, Kind, Record, TCP, UDP};
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

/// The flows of one shard.
#[derive(Debug, Default)]
pub(super) struct Shard {
    table: Table<Entry>,
    /// Entries of which something waits for its number.
    waiting: Vec<Slot>,
    /// What the packets of this step are, where that is wanted.
    pub notes: Vec<Note>,
    /// What became clear in this step.
    pub late: Vec<Late>,
    resolutions: Vec<Resolution>,
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

impl Shard {
    /// Analyses the records of its bucket `index` of `opened`, up to and without the frame `until`, from `from` on.
    /// Gives the place of the first record not analysed.
    pub fn analyse(&mut self, index: usize, opened: &Opened, from: usize, until: u64, notes: bool) -> usize {
        let Some(rest) = opened.buckets.get(index).and_then(|bucket| bucket.get(from..)) else {
            return from;
        };
        let mut done = from;
        for record in rest.iter().take_while(|record| record.number < until) {
            self.on_record(record, opened, notes);
            done += 1;
        }
        done
    }

    /// Analyses one record.
    fn on_record(&mut self, record: &Record, opened: &Opened, notes: bool) {
        match &record.kind {
            Kind::Packet(detail) => self.on_packet(record, detail, opened, notes),
            Kind::Sight => {
                self.entry(record);
            }
            Kind::Quoted(error) => {
                let found = self.table.find(record.hash, &record.key);
                let open = found.and_then(|slot| self.table.get_mut(slot)?.open.as_mut());
                if let Some(open) = open {
                    open.on_icmp_error(*error);
                }
            }
        }
    }

    fn on_packet(&mut self, record: &Record, detail: &Detail, opened: &Opened, notes: bool) {
        let slot = self.entry_for_packet(record, detail.segment.as_ref());
        let Some(entry) = self.table.get_mut(slot) else { return };
        if entry.flow == Number::Unseen {
            entry.flow = Number::Waiting(place(record));
            self.waiting.push(slot);
        }
        let open = entry
            .open
            .get_or_insert_with(|| Box::new(Open::new(&record.key, record.number, record.direction)));
        let verdict = open.on_packet(record.direction, detail, opened, &mut self.resolutions);
        for resolution in self.resolutions.drain(..) {
            if notes {
                self.late.push(Late { by: Some(record.number), resolution });
            }
        }
        if notes {
            self.notes.push(Note { number: record.number, slot, verdict });
        }
    }

    /// The entry of a record's key; a new one where there is none yet.
    fn entry(&mut self, record: &Record) -> Slot {
        self.table.find(record.hash, &record.key).unwrap_or_else(|| self.begin(record))
    }

    /// The entry that a packet belongs to: a new one also where it begins a new connection on the same ports.
    fn entry_for_packet(&mut self, record: &Record, segment: Option<&Segment>) -> Slot {
        let slot = self.entry(record);
        let reused = segment.is_some_and(|segment| {
            let open = self.table.get(slot).and_then(|entry| entry.open.as_ref());
            open.is_some_and(|open| open.is_reused_by(record.direction, segment))
        });
        if reused { self.begin(record) } else { slot }
    }

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
            if let Some(open) = self.table.get_mut(slot).and_then(|entry| entry.open.as_mut()) {
                open.finish(&mut self.resolutions);
                let late = self.resolutions.drain(..).map(|resolution| Late { by: None, resolution });
                if notes {
                    self.late.extend(late);
                }
            }
        }
    }

    /// Takes out all flows, each with its number, in no particular order.
    pub fn drain(&mut self) -> Vec<Ended> {
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
#[derive(Debug)]
pub(super) struct Ended {
    /// Its number.
    pub flow: u64,
    stream: Option<u64>,
    key: Key,
    open: Box<Open>,
}

impl Ended {
    /// Its row.
    pub fn row(&self) -> FlowRow {
        self.open.row(&self.key, self.flow, self.stream)
    }
}

fn place(record: &Record) -> Place {
    (record.number, record.order)
}
