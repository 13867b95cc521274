//! One shard of the flows, analysed in file order.

mod lookup;
mod numbering;

use std::hash::BuildHasher;

pub(super) use numbering::Series;

use super::asleep::Kept;
use super::awake::Awake;
use super::ended::{Ended, Identity};
use super::ending::{Clock, Ending};
use super::entry::{Entry, Number, Place};
use super::flow::Open;
use super::listener::Listener;
use super::notes::{Late, Note, Said};
use super::opened::Opened;
use super::record::{Kind, Record, TCP, UDP};
use super::rows::FlowRow;
use super::settings::Lifetime;
use super::shared::Shared;
use super::young::Replayed;
use crate::flow::{Key, Slot, Table};
use crate::tcp::Segment;
use crate::tcp::stream::Room;
use crate::time::Timestamp;
use numbering::numbers;

/// The flows of one shard.
pub(super) struct Shard<Row> {
    table: Table<Entry<Row>>,
    /// How many flows are open.
    open: usize,
    /// Where it stands in the batch: the block, and the record in its bucket there.
    at: (usize, usize),
    /// Flows that ended in this step.
    pub ending: Vec<Ending>,
    /// Entries of which something waits for its number.
    waiting: Vec<Slot>,
    /// What the packets of this step are, where that is wanted.
    pub notes: Vec<Note>,
    /// What became clear in this step.
    pub late: Vec<Late>,
    /// What the listeners of its flows said in this step.
    pub said: Vec<Said<Row>>,
    shared: Shared,
    spoken: Vec<Row>,
    /// Entries of flows whose listeners keep something to say.
    talking: Vec<Slot>,
    /// Its flows that are awake.
    awake: Awake,
}

/// Makes listeners.
pub(super) trait Listen<Row> {
    /// A listener for the flow `key`, if it is to have one.
    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<Row>>>;

    /// Whether all of them ask which service a flow speaks, and no more.
    fn asks_for_services(&self) -> bool;
}

/// What a shard needs to know of the run.
pub(super) struct Task<'a, Row> {
    /// The shard's number.
    pub index: usize,
    /// What packets are is wanted.
    pub notes: bool,
    /// When flows end, where rows are wanted as they do.
    pub lifetime: Option<Lifetime>,
    /// All that listens asks which services flows speak, and no more.
    pub services: bool,
    /// Makes the listeners of flows.
    pub listen: &'a (dyn Listen<Row> + Sync),
}

impl<Row> Task<'_, Row> {
    /// Whether there may be packets of which nothing is asked at once: what ends by time, and what packets are, is asked of
    /// every one.
    fn has_usual(&self) -> bool {
        !self.notes && self.lifetime.is_none()
    }
}

impl<Row> Shard<Row> {
    /// A shard without flows, which may hold as much out of order as `room` says.
    pub fn new(room: Room) -> Self {
        Self {
            shared: Shared { room, ..Shared::default() },
            table: Table::default(),
            open: 0,
            at: (0, 0),
            ending: Vec::new(),
            waiting: Vec::new(),
            notes: Vec::new(),
            late: Vec::new(),
            said: Vec::new(),
            spoken: Vec::new(),
            talking: Vec::new(),
            awake: Awake::default(),
        }
    }
}

impl<Row> Shard<Row> {
    /// Begins a batch.
    pub fn begin_batch(&mut self) {
        self.at = (0, 0);
    }

    /// Analyses its records of the batch up to and without the frame `until`.
    pub fn analyse(&mut self, task: &Task<'_, Row>, batch: &[Opened], until: u64) {
        let (mut block, mut from) = self.at;
        while let Some(opened) = batch.get(block) {
            let bucket = opened.buckets.get(task.index).map_or(&[][..], Vec::as_slice);
            let rest = bucket.get(from..).unwrap_or(&[]);
            let due = match opened.block.first_number() + opened.block.len() <= until {
                true => rest.len(),
                false => rest.partition_point(|record| record.number < until),
            };
            for records in rest.get(..due).unwrap_or(rest).chunks(lookup::AHEAD) {
                self.on_records(task, records, opened);
            }
            from += due;
            if from < bucket.len() {
                break;
            }
            (block, from) = (block + 1, 0);
        }
        self.at = (block, from);
        self.flush();
    }

    /// Lets listeners say what they keep to say.
    fn flush(&mut self) {
        for slot in self.talking.drain(..) {
            let Some(&key) = self.table.key(slot) else { continue };
            let Some(open) = self.table.get_mut(slot).and_then(|entry| entry.open.awake_mut()) else {
                continue;
            };
            open.flush(&mut |row| self.spoken.push(row));
            if !self.spoken.is_empty() {
                let (by, numbers, speaker) =
                    (Some(open.head().last_packet), (None, None), open.speaker(&key));
                self.said.extend(self.spoken.drain(..).map(|row| Said { by, slot, numbers, speaker, row }));
            }
        }
    }

    /// A record, of which `found` is the entry, if there is one.
    #[inline]
    fn on_record(&mut self, task: &Task<'_, Row>, record: &Record, found: Option<Slot>, opened: &Opened) {
        match record.kind {
            Kind::Packet => {
                let slot = self.awaken(task, record, found);
                self.on_packet(task, record, None, slot, opened);
            }
            Kind::Segment => {
                let slot = self.awaken(task, record, found);
                let mut open = self.table.get_mut(slot).and_then(|entry| entry.open.awake_mut());
                let clock = open.as_ref().and_then(|open| open.head().end).unwrap_or_default();
                let segment = record.segment(clock, &opened.beside);
                let reused = open.as_mut().is_some_and(|open| {
                    open.is_reused_by(record.direction(), &segment, &mut self.shared.room)
                });
                let slot = if reused { self.reuse(task, record, slot, segment.at) } else { slot };
                self.on_packet(task, record, Some(&segment), slot, opened);
            }
            Kind::Sight => {
                found.unwrap_or_else(|| self.begin(record));
            }
            Kind::Quoted(error) => {
                let Some(slot) = found else { return };
                self.wake(slot);
                if let Some(open) = self.table.get_mut(slot).and_then(|entry| entry.open.awake_mut()) {
                    open.on_icmp_error(error);
                    self.awake.add(slot, open);
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
        if entry.flow == Number::UNSEEN {
            entry.flow = Number::waiting(place(record));
            if !std::mem::replace(&mut entry.waits, true) {
                self.waiting.push(slot);
            }
            self.open += 1;
        }
        if !entry.open.is_some() {
            let listener = task.listen.listen(&record.key);
            let mut open =
                Box::new(Open::new(&record.key, record.number, record.direction(), task.notes, listener));
            if entry.reuses_ports {
                open.reuse_ports();
            }
            entry.open = Kept::Awake(open);
        }
        let Some(open) = entry.open.awake_mut() else { return };
        let say = &mut |row| self.spoken.push(row);
        let verdict = open.on_packet(record, segment, opened, &mut self.shared, say);
        self.awake.add(slot, open);
        if !self.spoken.is_empty() {
            let (by, numbers, speaker) = (Some(record.number), (None, None), open.speaker(&record.key));
            self.said.extend(self.spoken.drain(..).map(|row| Said { by, slot, numbers, speaker, row }));
        }
        if open.has_more() && self.talking.last() != Some(&slot) {
            self.talking.push(slot);
        }
        for resolution in self.shared.resolutions.drain(..) {
            if task.notes {
                self.late.push(Late { by: Some(record.number), resolution });
            }
        }
        if task.notes {
            self.notes.push(Note { number: record.number, slot, numbers: (None, None), verdict });
        }
        if task.has_usual()
            && let Some(noted) = open.take_noted()
        {
            entry.open = Kept::Noted(noted);
        }
    }

    /// The entry of a packet, in which its flow and its listener are awake, if one is open.
    fn awaken(&mut self, task: &Task<'_, Row>, record: &Record, found: Option<Slot>) -> Slot {
        let slot = found.unwrap_or_else(|| self.begin(record));
        let slot = self.expire(task, record, slot);
        self.wake(slot);
        if let Some(open) = self.table.get_mut(slot).and_then(|entry| entry.open.awake_mut()) {
            open.wake_listener(record, || task.listen.listen(&record.key), &mut self.shared.room);
            self.awake.add(slot, open);
        }
        slot
    }

    /// Wakes the flow at `slot`, if it sleeps or is written down.
    fn wake(&mut self, slot: Slot) {
        let Some(entry) = self.table.get_mut(slot) else { return };
        let open = match &mut entry.open {
            Kept::Nothing | Kept::Awake(_) => return,
            Kept::Noted(noted) => Open::of_noted(std::mem::take(noted)),
            Kept::Asleep(asleep) => asleep.wake(),
        };
        if let Some(open) = open {
            entry.open = Kept::Awake(Box::new(open));
        }
    }

    /// Whether so many flows are awake that some may be put aside.
    pub fn is_restless(&self) -> bool {
        self.awake.is_due()
    }

    /// Puts flows aside that had no packet since the frame `since`: those that closed, and others while more are awake
    /// than may be.
    pub fn rest(&mut self, since: u64) {
        self.awake.rest(&mut self.table, since);
    }

    /// A new entry for a record's key.
    fn begin(&mut self, record: &Record) -> Slot {
        let mut entry = Entry::default();
        if matches!(record.key.protocol(), TCP | UDP) {
            entry.stream = Number::waiting(place(record));
        }
        self.insert(record, entry)
    }

    fn insert(&mut self, record: &Record, mut entry: Entry<Row>) -> Slot {
        entry.waits = entry.stream.place().is_some();
        let waits = entry.waits;
        let slot = self.table.insert(record.hash, record.key, entry);
        if waits {
            self.waiting.push(slot);
        }
        slot
    }

    /// Begins a new connection on the same ports; the old one ends where rows are wanted as flows end.
    fn reuse(&mut self, task: &Task<'_, Row>, record: &Record, slot: Slot, at: Timestamp) -> Slot {
        if task.lifetime.is_some() {
            self.ending.push(Ending { slot, at, evicted: false });
        }
        let slot = self.begin(record);
        if let Some(entry) = self.table.get_mut(slot) {
            entry.reuses_ports = true;
        }
        slot
    }

    /// Ends the flow at `slot` if its time was over before this packet, which then begins a new one of the same stream.
    fn expire(&mut self, task: &Task<'_, Row>, record: &Record, slot: Slot) -> Slot {
        let Some((lifetime, at)) = task.lifetime.zip(record.at()) else { return slot };
        let Some(entry) = self.table.get(slot) else { return slot };
        match entry.open.head().and_then(|head| head.deadline(&lifetime)) {
            Some(deadline) if deadline < at => {
                let entry = Entry { stream: entry.stream, continued: true, ..Entry::default() };
                self.ending.push(Ending { slot, at: deadline, evicted: false });
                self.insert(record, entry)
            }
            _ => slot,
        }
    }

    /// Ends the flows whose time is over.
    pub fn sweep(&mut self, lifetime: &Lifetime, clock: Clock) {
        let Some(now) = clock.now() else { return };
        for slot in self.table.slots() {
            let head = self.table.get(slot).and_then(|entry| entry.open.head());
            if let Some(at) = head.and_then(|head| head.deadline(lifetime)).filter(|&at| at < now) {
                self.ending.push(Ending { slot, at, evicted: false });
            }
        }
    }

    /// Where its flows hold what came out of order.
    pub fn room(&self) -> &Room {
        &self.shared.room
    }

    /// How many flows are kept.
    pub fn len(&self) -> usize {
        self.open
    }

    /// How many entries are kept, those without a flow included.
    pub fn entries(&self) -> usize {
        self.table.len()
    }

    /// The flows that are kept: entry, whether it closed, its latest frame.
    pub fn kept(&self) -> impl Iterator<Item = (Slot, bool, u64)> {
        self.table.slots().filter_map(|slot| {
            let head = self.table.get(slot)?.open.head()?;
            Some((slot, head.closed.is_some(), head.last_packet))
        })
    }

    /// Takes a flow out that has ended. Its entry is remembered under the stamp that `keep` gives, if
    /// it is still the one of its key.
    pub fn take(
        &mut self,
        ending: &Ending,
        state: &impl BuildHasher,
        keep: impl FnOnce() -> u32,
    ) -> Option<Ended<Row>> {
        let slot = ending.slot;
        let key = *self.table.key(slot)?;
        let hash = key.hash(state);
        let (flow, stream) = numbers(&self.table, slot);
        let mut open = self.table.get_mut(slot)?.open.take();
        match &mut open {
            Kept::Nothing => return None,
            Kept::Awake(open) => self.finish_one(slot, &key, open),
            Kept::Noted(_) | Kept::Asleep(_) => {}
        }
        self.open -= 1;
        let current = self.table.find(hash, &key) == Some(slot);
        let entry = self.table.get_mut(slot)?;
        let continued = std::mem::replace(&mut entry.continued, true);
        entry.flow = Number::UNSEEN;
        if current {
            entry.remembered = keep();
        } else {
            self.table.remove(hash, slot);
        }
        let identity = Identity { flow: flow?, stream, key, continued, evicted: ending.evicted };
        Some(Ended { at: ending.at, identity, open })
    }

    /// Remembers an entry in which no flow is open.
    pub fn remember(&mut self, slot: Slot, stamp: u32) {
        if let Some(entry) = self.table.get_mut(slot) {
            entry.remembered = stamp;
        }
    }

    /// Forgets an entry, unless a flow was opened in it since it was remembered.
    pub fn forget(&mut self, slot: Slot, stamp: u32, state: &impl BuildHasher) {
        let remembered =
            self.table.get(slot).is_some_and(|entry| !entry.open.is_some() && entry.remembered == stamp);
        if let Some(key) = self.table.key(slot).copied().filter(|_| remembered) {
            self.table.remove(key.hash(state), slot);
        }
    }

    /// Ends all flows. Those that sleep have nothing pending, and nothing to say.
    pub fn finish(&mut self) {
        for slot in self.table.slots() {
            let Some(&key) = self.table.key(slot) else { continue };
            let Some(entry) = self.table.get_mut(slot).filter(|entry| entry.open.awake().is_some()) else {
                continue;
            };
            let mut open = entry.open.take();
            if let Some(open) = open.awake_mut() {
                self.finish_one(slot, &key, open);
            }
            if let Some(entry) = self.table.get_mut(slot) {
                entry.open = open;
            }
        }
    }

    fn finish_one(&mut self, slot: Slot, key: &Key, open: &mut Open<Row>) {
        open.finish(&mut self.shared, &mut |row| self.spoken.push(row));
        self.late.extend(self.shared.resolutions.drain(..).map(|resolution| Late { by: None, resolution }));
        if self.spoken.is_empty() {
            return;
        }
        let speaker = open.speaker(key);
        let numbers = numbers(&self.table, slot);
        self.said.extend(self.spoken.drain(..).map(|row| Said { by: None, slot, numbers, speaker, row }));
    }

    /// Looks at what the row of the flow at `slot` will be made of, so that it is fetched.
    pub fn fetch(&self, slot: Slot) -> u32 {
        match self.table.get(slot).map(|entry| &entry.open) {
            Some(Kept::Noted(noted)) => noted.young.journal().fetch(),
            _ => 0,
        }
    }

    /// The row of the flow at `slot`, with its samples where they are wanted.
    pub fn row(
        &self,
        slot: Slot,
        listen: &dyn Listen<Row>,
        samples: bool,
        replayed: &mut Replayed,
    ) -> Option<FlowRow> {
        let entry = self.table.get(slot)?;
        let identity = Identity {
            flow: entry.flow.given()?,
            stream: entry.stream.given(),
            key: *self.table.key(slot)?,
            continued: entry.continued,
            evicted: false,
        };
        identity.row(&entry.open, listen, samples, replayed)
    }
}

fn place(record: &Record) -> Place {
    Place::new(record.number, record.order)
}
