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
        let mut guesses = [None; AHEAD];
        guesses.iter_mut().zip(records).for_each(|(guess, record)| *guess = self.table.guess(record.hash));
        let mut ahead = [None; AHEAD];
        for ((seen, guess), record) in ahead.iter_mut().zip(guesses).zip(records) {
            *seen = guess.and_then(|guess| self.check(record, guess, opened));
        }
        for (record, seen) in records.iter().zip(ahead) {
            let is_so = match seen {
                Some(_) => self.table.changes() == changes,
                None => self.table.came() == came,
            };
            let seen = if is_so { seen } else { self.look(record, opened) };
            match seen {
                Some((slot, true)) if has_usual && self.on_usual(task, record, slot, opened) => {}
                None if has_usual && self.begins_noted(task, record, opened) => {}
                _ => self.on_record(task, record, seen.map(|(slot, _)| slot), opened),
            }
        }
    }

    /// The entry of a record if it is what was guessed, and whether the record may well be a usual segment.
    #[inline(always)]
    fn check(&self, record: &Record, guess: Slot, opened: &Opened) -> Option<(Slot, bool)> {
        let (key, entry) = self.table.entry(guess)?;
        if *key != record.key {
            return self.look(record, opened);
        }
        let is_usual = match &entry.open {
            Kept::Noted(noted) => {
                if noted.awaits(record) {
                    // What will be read soon is fetched along with what all look at.
                    std::hint::black_box(opened.payload(&record.payload()).first().copied());
                }
                true
            }
            Kept::Awake(open) => open.has_usual(),
            Kept::Nothing | Kept::Asleep(_) => false,
        };
        Some((guess, is_usual))
    }

    /// The entry of a record, and whether the record may well be a usual segment.
    #[inline(never)]
    fn look(&self, record: &Record, opened: &Opened) -> Option<(Slot, bool)> {
        let slot = self.table.find(record.hash, &record.key)?;
        self.check(record, slot, opened)
    }

    /// Takes a segment in which nothing happens that anything waits for. Whether it is one.
    #[inline(always)]
    fn on_usual(&mut self, task: &Task<'_, Row>, record: &Record, slot: Slot, opened: &Opened) -> bool {
        match self.table.get_mut(slot).map(|entry| &mut entry.open) {
            Some(Kept::Noted(noted)) => {
                noted.takes_usual(record)
                    || noted.takes(record, opened, task.services, &mut self.shared.outgrown)
            }
            Some(Kept::Awake(open)) => open.follow(record, &opened.beside, &mut self.shared),
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
