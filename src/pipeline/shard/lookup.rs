//! How records find their flows, several at a time, and what becomes at once of those in which nothing happens that
//! anything waits for.

use super::{Shard, Task, place};
use crate::flow::Slot;
use crate::pipeline::asleep::Kept;
use crate::pipeline::entry::Number;
use crate::pipeline::noted::Noted;
use crate::pipeline::opened::Opened;
use crate::pipeline::record::Record;

/// Records whose flows are looked up together.
pub(super) const AHEAD: usize = 16;

impl<Row> Shard<Row> {
    /// Looks all of their flows up before the first is analysed: the memory that the lookups wait for is waited for once.
    pub(super) fn on_records(&mut self, task: &Task<'_, Row>, records: &[Record], opened: &Opened) {
        let (came, changes, has_usual) = (self.table.came(), self.table.changes(), task.has_usual());
        let mut ahead = [None; AHEAD];
        for (found, record) in ahead.iter_mut().zip(records) {
            *found = self.look(record, opened);
        }
        for (record, found) in records.iter().zip(ahead) {
            let is_so = match found {
                Some(_) => self.table.changes() == changes,
                None => self.table.came() == came,
            };
            let found = if is_so { found } else { self.look_again(record, opened) };
            match found {
                Some(slot) if has_usual && self.on_usual(task, record, slot, opened) => {}
                None if has_usual && self.begins_noted(task, record, opened) => {}
                _ => self.on_record(task, record, found, opened),
            }
        }
    }

    /// The entry of a record. What will be read of it soon is fetched.
    #[inline(always)]
    fn look(&mut self, record: &Record, opened: &Opened) -> Option<Slot> {
        let guess = self.table.guess(record.hash)?;
        let (key, entry) = self.table.entry(guess)?;
        if *key != record.key {
            return self.table.find(record.hash, &record.key);
        }
        if let Kept::Noted(noted) = &entry.open
            && noted.awaits(record)
        {
            std::hint::black_box(opened.payload(&record.payload()).first().copied());
        }
        Some(guess)
    }

    /// The same, where something came or changed since it was looked for.
    #[inline(never)]
    fn look_again(&mut self, record: &Record, opened: &Opened) -> Option<Slot> {
        self.look(record, opened)
    }

    /// Takes a segment in which nothing happens that anything waits for. Whether it is one.
    #[inline(always)]
    fn on_usual(&mut self, task: &Task<'_, Row>, record: &Record, slot: Slot, opened: &Opened) -> bool {
        match self.table.get_mut(slot).map(|entry| &mut entry.open) {
            Some(Kept::Noted(noted)) => {
                noted.takes_usual(record)
                    || noted.takes(record, opened, task.services, &mut self.shared.outgrown)
            }
            Some(Kept::Awake(open)) if open.has_usual() => {
                open.follow(record, &opened.beside, &mut self.shared)
            }
            _ => false,
        }
    }

    /// Writes the first segment of a connection down, if nothing else has to be done with it. Whether it was.
    fn begins_noted(&mut self, task: &Task<'_, Row>, record: &Record, opened: &Opened) -> bool {
        let mut noted = Noted::new(true);
        if !task.services || !noted.takes(record, opened, true, &mut self.shared.outgrown) {
            return false;
        }
        let slot = self.begin(record);
        if let Some(entry) = self.table.get_mut(slot) {
            entry.flow = Number::waiting(place(record));
            entry.open = Kept::Noted(noted);
            self.open += 1;
        }
        true
    }
}
