//! The table of flows: from a key to whatever is kept of its flow.

use hashbrown::HashTable;

use super::Key;

/// Where an entry stands in the table, as long as it is there.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Slot(pub u32);

/// Flows by their key. One key has at most one current entry; entries that were replaced by a new use of the
/// same key stay until they are removed.
#[derive(Debug)]
pub struct Table<T> {
    /// Half of the hash of each key, and its entry.
    current: HashTable<(u32, Slot)>,
    recent: Recent,
    entries: Entries<T>,
    free: Vec<Slot>,
    /// Keys that came, and how often what had been found before may have changed.
    came: u64,
    changes: u64,
}

/// What was asked for lately: few of all flows have packets at the same time, and where these stand should not have to be looked
/// up in all of the table's memory.
#[derive(Debug)]
struct Recent(Box<[(u32, Slot)]>);

/// How many halves of hashes are remembered, by their lowest bits.
const RECENT: usize = 1024;

/// Where no entry stands.
const NOWHERE: Slot = Slot(u32::MAX);

impl Recent {
    #[inline(always)]
    fn get(&self, half: u32) -> Option<Slot> {
        let &(other, slot) = self.0.get(half as usize % RECENT)?;
        (other == half && slot != NOWHERE).then_some(slot)
    }

    /// Remembers that the current entry of a key with this `half` of a hash is at `slot`.
    fn set(&mut self, half: u32, slot: Slot) {
        if let Some(one) = self.0.get_mut(half as usize % RECENT) {
            *one = (half, slot);
        }
    }

    fn forget(&mut self, half: u32) {
        self.set(half, NOWHERE);
    }
}

/// Entries in chunks of a fixed size. Where one runs full, another is opened: none is ever moved, nor is there more memory than
/// a chunk to spare.
#[derive(Debug)]
struct Entries<T>(Vec<Vec<Option<(Key, T)>>>);

/// Entries of a chunk.
const CHUNK: usize = 256;

impl<T> Entries<T> {
    #[inline]
    fn get(&self, slot: Slot) -> Option<&Option<(Key, T)>> {
        self.0.get(slot.0 as usize / CHUNK)?.get(slot.0 as usize % CHUNK)
    }

    #[inline]
    fn get_mut(&mut self, slot: Slot) -> Option<&mut Option<(Key, T)>> {
        self.0.get_mut(slot.0 as usize / CHUNK)?.get_mut(slot.0 as usize % CHUNK)
    }

    /// Adds a place in which there is nothing yet.
    fn push(&mut self) -> Slot {
        let slot = Slot(self.len() as u32);
        match self.0.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            Some(chunk) => chunk.push(None),
            None => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(None);
                self.0.push(chunk);
            }
        }
        slot
    }

    fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * CHUNK + last.len())
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            current: HashTable::new(),
            recent: Recent(vec![(0, NOWHERE); RECENT].into()),
            entries: Entries(Vec::new()),
            free: Vec::new(),
            came: 0,
            changes: 0,
        }
    }
}

impl<T> Table<T> {
    /// The entry that is the current one of a key with this `hash`, if there is none other with the same: nearly always it is.
    /// Entries themselves are not looked at, so that many can be asked for before the memory of the first is there.
    #[inline(always)]
    pub fn guess(&mut self, hash: u64) -> Option<Slot> {
        let half = hash as u32;
        self.recent.get(half).or_else(|| self.recall(half))
    }

    /// The same, of one that was not asked for lately.
    #[inline(never)]
    fn recall(&mut self, half: u32) -> Option<Slot> {
        let (_, slot) = *self.current.find(spread(half), |&(other, _)| other == half)?;
        self.recent.set(half, slot);
        Some(slot)
    }

    /// The current entry of `key`, whose hash is `hash`.
    #[inline]
    pub fn find(&self, hash: u64, key: &Key) -> Option<Slot> {
        let is = |&(half, slot): &(u32, Slot)| half == hash as u32 && self.key(slot) == Some(key);
        self.current.find(spread(hash as u32), is).map(|&(_, slot)| slot)
    }

    /// Makes `value` the current entry of `key`. An entry that it had before stays, but is no longer found.
    pub fn insert(&mut self, hash: u64, key: Key, value: T) -> Slot {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => self.entries.push(),
        };
        if let Some(entry) = self.entries.get_mut(slot) {
            *entry = Some((key, value));
        }
        self.recent.set(hash as u32, slot);
        match self.find_current(hash, &key) {
            Some(found) => {
                found.1 = slot;
                self.changes += 1;
            }
            None => {
                self.came += 1;
                let half = hash as u32;
                self.current.insert_unique(spread(half), (half, slot), |&(half, _)| spread(half));
            }
        }
        slot
    }

    /// The key and the entry at `slot`.
    #[inline(always)]
    pub fn entry(&self, slot: Slot) -> Option<(&Key, &T)> {
        self.entries.get(slot)?.as_ref().map(|(key, value)| (key, value))
    }

    /// The entry at `slot`.
    pub fn get(&self, slot: Slot) -> Option<&T> {
        self.entries.get(slot)?.as_ref().map(|(_, value)| value)
    }

    /// The entry at `slot`.
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.entries.get_mut(slot)?.as_mut().map(|(_, value)| value)
    }

    /// The key of the entry at `slot`.
    pub fn key(&self, slot: Slot) -> Option<&Key> {
        self.entries.get(slot)?.as_ref().map(|(key, _)| key)
    }

    /// Takes the entry at `slot` out, whether or not it is the current one of its key.
    pub fn remove(&mut self, hash: u64, slot: Slot) -> Option<(Key, T)> {
        self.changes += 1;
        self.recent.forget(hash as u32);
        let removed = self.entries.get_mut(slot)?.take()?;
        if let Ok(entry) = self.current.find_entry(spread(hash as u32), |&(_, current)| current == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(removed)
    }

    /// A number that is another one once [`Table::find`] may find something where it found nothing.
    #[inline]
    pub fn came(&self) -> u64 {
        self.came
    }

    /// A number that is another one once [`Table::find`] may find something else than what it found, or nothing.
    #[inline]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where its entries stand, in order of their slots.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + use<T> {
        (0..self.entries.len() as u32).map(Slot)
    }

    /// All entries, current or not, in no particular order.
    pub fn drain(&mut self) -> impl Iterator<Item = (Key, T)> {
        self.current.clear();
        self.recent.0.fill((0, NOWHERE));
        self.free.clear();
        std::mem::take(&mut self.entries.0).into_iter().flatten().flatten()
    }

    fn find_current(&mut self, hash: u64, key: &Key) -> Option<&mut (u32, Slot)> {
        let entries = &self.entries;
        let is = |&(half, slot): &(u32, Slot)| {
            half == hash as u32 && matches!(entries.get(slot), Some(Some((found, _))) if found == key)
        };
        self.current.find_mut(spread(hash as u32), is)
    }
}

/// The hash by which the table goes, which half of a key's is enough for: from the upper bits of it and the lower.
#[inline]
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Address;

    #[test]
    fn a_new_use_of_a_key_replaces_the_old_one_which_stays() {
        let (key, _) = Key::new(6, (Address::v4([1, 1, 1, 1]), 1), (Address::v4([2, 2, 2, 2]), 2));
        let mut table = Table::default();
        let old = table.insert(7, key, "old");
        let new = table.insert(7, key, "new");
        assert_eq!((table.find(7, &key), table.guess(7)), (Some(new), Some(new)));
        assert_eq!((table.came(), table.changes()), (1, 1));
        assert_eq!((table.get(old), table.len()), (Some(&"old"), 2));
        assert_eq!(table.remove(7, old), Some((key, "old")));
        assert_eq!(table.find(7, &key), Some(new));
    }

    #[test]
    fn what_was_asked_for_lately_is_no_longer_guessed_once_it_is_gone() {
        let key = |port| Key::new(6, (Address::v4([1, 1, 1, 1]), port), (Address::v4([2, 2, 2, 2]), 2)).0;
        let mut table = Table::default();
        // Both remembered at the same place, and half of the hash the same.
        let (one, other) = (7, 7 | 1 << 32);
        let first = table.insert(one, key(1), "first");
        assert_eq!(table.guess(one), Some(first));
        let second = table.insert(other, key(2), "second");
        assert_eq!((table.guess(other), table.find(one, &key(1))), (Some(second), Some(first)));
        // Another half at the same place.
        let far = 7 + RECENT as u64;
        assert_eq!(table.guess(far), None);
        let third = table.insert(far, key(3), "third");
        assert_eq!(table.guess(far), Some(third));
        table.remove(far, third);
        table.remove(other, second);
        assert_eq!((table.guess(far), table.guess(one)), (None, Some(first)));
        table.remove(one, first);
        assert_eq!(table.guess(one), None);
        // Nothing is remembered of a hash of naught before anything was asked for.
        assert_eq!(Table::<()>::default().guess(0), None);
    }

    #[test]
    fn entries_are_found_in_whichever_chunk_they_are() {
        let key = |number: u32| {
            let low = (Address::v4(number.to_be_bytes()), 1);
            Key::new(6, low, (Address::v4([255; 4]), 2)).0
        };
        let mut table = Table::default();
        let most = 3 * CHUNK as u32 + 1;
        let slots: Vec<_> =
            (0..most).map(|number| table.insert(u64::from(number), key(number), number)).collect();
        assert!(table.slots().eq(slots.iter().copied()));
        for (number, &slot) in (0..).zip(&slots) {
            assert_eq!(table.find(u64::from(number), &key(number)), Some(slot));
            assert_eq!((table.get(slot), table.key(slot)), (Some(&number), Some(&key(number))));
        }
        // A place that was left is taken again before there is another one.
        let left = Slot(CHUNK as u32);
        assert_eq!(table.remove(CHUNK as u64, left), Some((key(CHUNK as u32), CHUNK as u32)));
        assert_eq!(table.insert(u64::from(most), key(most), most), left);
        assert_eq!(table.len(), most as usize);
        assert_eq!(table.drain().count(), most as usize);
    }
}
