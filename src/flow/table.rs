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
    current: HashTable<(u64, Slot)>,
    entries: Vec<Option<(Key, T)>>,
    free: Vec<Slot>,
    /// How often what is found may have changed.
    changes: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { current: HashTable::new(), entries: Vec::new(), free: Vec::new(), changes: 0 }
    }
}

impl<T> Table<T> {
    /// The current entry of `key`, whose hash is `hash`.
    #[inline]
    pub fn find(&self, hash: u64, key: &Key) -> Option<Slot> {
        let is = |&(other, slot): &(u64, Slot)| other == hash && self.key(slot) == Some(key);
        self.current.find(hash, is).map(|&(_, slot)| slot)
    }

    /// Makes `value` the current entry of `key`. An entry that it had before stays, but is no longer found.
    pub fn insert(&mut self, hash: u64, key: Key, value: T) -> Slot {
        self.changes += 1;
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                if self.entries.len() == self.entries.capacity() {
                    // Millions of flows: doubling would leave room for as many again.
                    self.entries.reserve_exact(self.entries.len() / 4 + 16);
                }
                self.entries.push(None);
                Slot((self.entries.len() - 1) as u32)
            }
        };
        if let Some(entry) = self.entries.get_mut(slot.0 as usize) {
            *entry = Some((key, value));
        }
        match self.find_current(hash, &key) {
            Some(found) => found.1 = slot,
            None => {
                self.current.insert_unique(hash, (hash, slot), |&(hash, _)| hash);
            }
        }
        slot
    }

    /// The entry at `slot`.
    pub fn get(&self, slot: Slot) -> Option<&T> {
        self.entries.get(slot.0 as usize)?.as_ref().map(|(_, value)| value)
    }

    /// The entry at `slot`.
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.entries.get_mut(slot.0 as usize)?.as_mut().map(|(_, value)| value)
    }

    /// The key of the entry at `slot`.
    pub fn key(&self, slot: Slot) -> Option<&Key> {
        self.entries.get(slot.0 as usize)?.as_ref().map(|(key, _)| key)
    }

    /// Takes the entry at `slot` out, whether or not it is the current one of its key.
    pub fn remove(&mut self, hash: u64, slot: Slot) -> Option<(Key, T)> {
        self.changes += 1;
        let removed = self.entries.get_mut(slot.0 as usize)?.take()?;
        if let Ok(entry) = self.current.find_entry(hash, |&(_, current)| current == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(removed)
    }

    /// A number that is another one once [`Table::find`] may find something else.
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
        self.free.clear();
        std::mem::take(&mut self.entries).into_iter().flatten()
    }

    fn find_current(&mut self, hash: u64, key: &Key) -> Option<&mut (u64, Slot)> {
        let entries = &self.entries;
        let is = |&(other, slot): &(u64, Slot)| {
            other == hash && matches!(entries.get(slot.0 as usize), Some(Some((found, _))) if found == key)
        };
        self.current.find_mut(hash, is)
    }
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
        assert_eq!(table.find(7, &key), Some(new));
        assert_eq!((table.get(old), table.len()), (Some(&"old"), 2));
        assert_eq!(table.remove(7, old), Some((key, "old")));
        assert_eq!(table.find(7, &key), Some(new));
    }
}
