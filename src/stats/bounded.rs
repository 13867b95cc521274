//! A map that does not grow without end.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

/// A map of so many keys at most. What comes for further keys is refused, and counted.
#[derive(Debug)]
pub struct Bounded<K, V> {
    most: usize,
    values: HashMap<K, V, RandomState>,
    refused: u64,
}

impl<K: Copy + Eq + Hash + Ord, V: Default> Bounded<K, V> {
    /// An empty one.
    pub fn new(most: usize) -> Self {
        Self { most, values: HashMap::default(), refused: 0 }
    }

    /// The value of `key`; `None` if it is a new key and there are too many.
    pub fn value(&mut self, key: K) -> Option<&mut V> {
        if self.values.len() >= self.most && !self.values.contains_key(&key) {
            self.refused += 1;
            return None;
        }
        Some(self.values.entry(key).or_default())
    }

    /// Takes what `add` makes of the values of a later one. Which keys find room depends on the order of keys alone.
    pub fn merge(&mut self, other: Self, mut add: impl FnMut(&mut V, V)) {
        self.refused += other.refused;
        let fits = self.values.len() + other.values.len() <= self.most;
        let mut others: Vec<_> = other.values.into_iter().collect();
        if !fits {
            others.sort_unstable_by_key(|&(key, _)| key);
        }
        for (key, value) in others {
            if let Some(mine) = self.value(key) {
                add(mine, value);
            }
        }
    }

    /// Keys and values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.values.iter().map(|(&key, value)| (key, value))
    }

    /// How often something was refused.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_for_further_keys_is_refused_and_counted() {
        let mut map = Bounded::new(2);
        for key in [7, 8, 7, 9, 9] {
            if let Some(count) = map.value(key) {
                *count += 1;
            }
        }
        let mut values: Vec<_> = map.iter().map(|(key, &count)| (key, count)).collect();
        values.sort_unstable();
        assert_eq!((values, map.refused()), (vec![(7, 2), (8, 1)], 2));
    }

    #[test]
    fn the_least_keys_of_what_is_merged_find_room() {
        let of = |keys: &[u32]| {
            let mut map = Bounded::new(4);
            keys.iter().for_each(|&key| *map.value(key).unwrap() += 1);
            map
        };
        let mut map = of(&[5, 6]);
        map.merge(of(&[9, 8, 6, 7]), |mine, its| *mine += its);
        let mut values: Vec<(u32, u64)> = map.iter().map(|(key, &count)| (key, count)).collect();
        values.sort_unstable();
        assert_eq!((values, map.refused()), (vec![(5, 1), (6, 2), (7, 1), (8, 1)], 1));
    }
}
