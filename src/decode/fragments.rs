//! Datagrams put together again from their fragments. RFC 815, RFC 8200 §4.5
//!
//! A datagram is complete when its last fragment has told its length and every unit of 8 bytes before that has been seen, in
//! whatever order. The bytes of a unit are those that came first. Everything is bounded; what the bounds cost is counted.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

use super::{Address, Fragment, Network};
use crate::time::{Span, Timestamp};

/// Fragments begin at multiples of this many bytes. RFC 791 §3.1
const UNIT: usize = 8;

/// No datagram is longer: total length and payload length are 16-bit fields.
const MAX_DATAGRAM: usize = 65_535;

/// How much a [`Reassembler`] may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FragmentLimits {
    /// Datagrams that are not complete. Default 16,384.
    pub datagrams: usize,
    /// Bytes of their buffers. Default 32 MiB.
    pub bytes: usize,
    /// Fragments of one datagram, repeated ones included. Default 8,192: as many as the longest can have.
    pub fragments: u32,
    /// How long after its first fragment a datagram may be completed, by the capture's time. Default 60 s, the time that hosts
    /// give them. RFC 1122 §3.3.2, RFC 8200 §4.5
    pub timeout: Span,
}

impl Default for FragmentLimits {
    fn default() -> Self {
        Self { datagrams: 16_384, bytes: 32 << 20, fragments: 8_192, timeout: Span::from_secs(60) }
    }
}

/// What became of the fragments that a [`Reassembler`] was given.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FragmentCounts {
    /// Fragments given.
    pub fragments: u64,
    /// Datagrams completed.
    pub datagrams: u64,
    /// Fragments of which the capture cut bytes off: they complete nothing.
    pub cut: u64,
    /// Fragments that are empty, or reach beyond the longest datagram or beyond the end that another fragment told.
    pub malformed: u64,
    /// Fragments that repeat bytes seen before.
    pub overlaps: u64,
    /// Of these, fragments that say something else than the bytes seen first, which are kept.
    pub conflicts: u64,
    /// Datagrams given up because their time had passed.
    pub timed_out: u64,
    /// Datagrams given up to stay within the bounds, all told.
    pub dropped: u64,
    /// Of these, by [`FragmentLimits::datagrams`].
    pub too_many: u64,
    /// Of these, by [`FragmentLimits::bytes`].
    pub too_large: u64,
    /// Of these, by [`FragmentLimits::fragments`].
    pub too_fine: u64,
}

/// A datagram that its fragments completed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Datagram {
    /// The protocol of its payload, as the fragment that begins it says.
    pub protocol: u8,
    /// What stood behind the IP header.
    pub bytes: Vec<u8>,
    /// The number of the frame with the fragment that was seen first.
    pub first_number: u64,
    /// How many fragments it came in, repeated ones included.
    pub fragments: u32,
}

/// Puts fragments together, which it is given in the order of the capture.
#[derive(Debug, Default)]
pub struct Reassembler {
    limits: FragmentLimits,
    counts: FragmentCounts,
    open: HashMap<Key, Partial, RandomState>,
    /// Keys in the order in which their datagrams began, with those that are no longer open left in until they come to the front.
    order: VecDeque<(Key, u64)>,
    /// Bytes of all buffers in `open`.
    held: usize,
    begun: u64,
    /// A buffer to use again. What it held is never read: only bytes marked as seen are.
    spare: Vec<u8>,
}

/// What fragments of one datagram have in common: RFC 791 §3.2 has the protocol too, RFC 8200 §4.5 has not.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Key {
    source: Address,
    destination: Address,
    id: u32,
    protocol: Option<u8>,
}

/// A datagram that is not complete.
#[derive(Debug)]
struct Partial {
    /// Which of all datagrams begun it is.
    serial: u64,
    began: Timestamp,
    first_number: u64,
    protocol: u8,
    fragments: u32,
    bytes: Vec<u8>,
    /// A bit for each unit seen.
    seen: Vec<u64>,
    /// How many units are seen.
    units: usize,
    /// Its length, once the last fragment has told it.
    len: Option<usize>,
}

/// What a fragment was, beside the bytes that it brought.
#[derive(Clone, Copy, Debug, Default)]
struct Placed {
    overlaps: bool,
    conflicts: bool,
    malformed: bool,
}

impl Reassembler {
    /// One that holds no more than `limits` allow.
    pub fn new(limits: FragmentLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes the fragment behind `network`, seen at `at` in the frame `number`; gives the datagram that it completes.
    pub fn add(
        &mut self,
        network: &Network,
        fragment: &Fragment<'_>,
        at: Timestamp,
        number: u64,
    ) -> Option<Datagram> {
        self.counts.fragments += 1;
        self.expire(at);
        if (fragment.bytes.len() as u64) < u64::from(fragment.len) {
            self.counts.cut += 1;
            return None;
        }
        let Some(bytes) = usable(fragment) else {
            self.counts.malformed += 1;
            return None;
        };
        let key = Key {
            source: network.source,
            destination: network.destination,
            id: fragment.id,
            protocol: (!network.source.is_v6()).then_some(fragment.protocol),
        };
        let partial = match self.open.entry(key) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                self.begun += 1;
                self.order.push_back((key, self.begun));
                let buffer = std::mem::take(&mut self.spare);
                self.held += buffer.len();
                entry.insert(Partial::new(self.begun, at, number, buffer))
            }
        };
        let before = partial.bytes.len();
        let placed = partial.place(fragment, bytes);
        self.held += partial.bytes.len() - before;
        self.counts.overlaps += u64::from(placed.overlaps);
        self.counts.conflicts += u64::from(placed.conflicts);
        self.counts.malformed += u64::from(placed.malformed);
        if partial.is_complete() {
            return self.complete(&key);
        }
        if partial.fragments >= self.limits.fragments {
            self.counts.dropped += 1;
            self.counts.too_fine += 1;
            self.discard(&key);
        }
        self.keep_bounds();
        None
    }

    /// What became of the fragments so far.
    pub fn counts(&self) -> FragmentCounts {
        self.counts
    }

    /// How many datagrams are not complete.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    fn complete(&mut self, key: &Key) -> Option<Datagram> {
        let partial = self.open.remove(key)?;
        self.held -= partial.bytes.len();
        self.counts.datagrams += 1;
        let mut bytes = partial.bytes;
        bytes.truncate(partial.len?);
        Some(Datagram {
            protocol: partial.protocol,
            bytes,
            first_number: partial.first_number,
            fragments: partial.fragments,
        })
    }

    fn discard(&mut self, key: &Key) {
        if let Some(partial) = self.open.remove(key) {
            self.held -= partial.bytes.len();
            self.spare = partial.bytes;
        }
    }

    /// Gives up the datagrams whose time has passed at `now`.
    fn expire(&mut self, now: Timestamp) {
        while let Some(&(key, serial)) = self.order.front() {
            match self.open.get(&key).filter(|partial| partial.serial == serial) {
                Some(partial) if now.since(partial.began) <= self.limits.timeout => break,
                Some(_) => {
                    self.counts.timed_out += 1;
                    self.discard(&key);
                }
                None => {}
            }
            self.order.pop_front();
        }
    }

    /// Gives up the oldest datagrams until the bounds are kept.
    fn keep_bounds(&mut self) {
        loop {
            let too_many = self.open.len() > self.limits.datagrams;
            if !too_many && self.held <= self.limits.bytes {
                break;
            }
            let Some((key, serial)) = self.order.pop_front() else { return };
            if self.open.get(&key).is_some_and(|partial| partial.serial == serial) {
                self.counts.dropped += 1;
                *(if too_many { &mut self.counts.too_many } else { &mut self.counts.too_large }) += 1;
                self.discard(&key);
            }
        }
        if self.order.len() > 2 * self.open.len() + 1024 {
            let open = &self.open;
            self.order.retain(|(key, serial)| open.get(key).is_some_and(|partial| partial.serial == *serial));
        }
    }
}

/// The bytes of a fragment that can be placed: of one that is not the last, whole units alone, as Linux does.
fn usable<'a>(fragment: &Fragment<'a>) -> Option<&'a [u8]> {
    let len = if fragment.more { fragment.bytes.len() / UNIT * UNIT } else { fragment.bytes.len() };
    let fits = fragment.offset as usize + len <= MAX_DATAGRAM;
    fragment.bytes.get(..len).filter(|bytes| fits && !bytes.is_empty())
}

impl Partial {
    fn new(serial: u64, began: Timestamp, first_number: u64, bytes: Vec<u8>) -> Self {
        let (protocol, fragments, units, len, seen) = (0, 0, 0, None, Vec::new());
        Self { serial, began, first_number, protocol, fragments, bytes, seen, units, len }
    }

    fn place(&mut self, fragment: &Fragment<'_>, bytes: &[u8]) -> Placed {
        let start = fragment.offset as usize;
        let end = start + bytes.len();
        let mut placed = Placed::default();
        self.fragments += 1;
        if start == 0 || self.fragments == 1 {
            self.protocol = fragment.protocol;
        }
        match self.len {
            Some(len) => placed.malformed = end > len || !fragment.more && end < len,
            None if !fragment.more => {
                self.len = Some(end);
                placed.malformed = self.forget_behind(end);
            }
            None => {}
        }
        let end = self.len.unwrap_or(end).min(end);
        let Some(bytes) = bytes.get(..end.saturating_sub(start)) else { return placed };
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        for (index, unit) in bytes.chunks(UNIT).enumerate() {
            let at = start + index * UNIT;
            let Some(place) = self.bytes.get_mut(at..at + unit.len()) else { continue };
            if mark(&mut self.seen, at / UNIT) {
                place.copy_from_slice(unit);
                self.units += 1;
            } else {
                placed.overlaps = true;
                placed.conflicts |= place != unit;
            }
        }
        placed
    }

    /// Drops the marks of units behind the end; whether there were any.
    fn forget_behind(&mut self, len: usize) -> bool {
        let (units, before) = (len.div_ceil(UNIT), self.units);
        for (index, word) in self.seen.iter_mut().enumerate() {
            let keep = units.saturating_sub(index * 64).min(64);
            let mask = if keep == 64 { u64::MAX } else { (1 << keep) - 1 };
            self.units -= (*word & !mask).count_ones() as usize;
            *word &= mask;
        }
        self.units < before
    }

    fn is_complete(&self) -> bool {
        self.len.is_some_and(|len| self.units == len.div_ceil(UNIT))
    }
}

/// Marks a unit as seen; whether it was not.
fn mark(seen: &mut Vec<u64>, unit: usize) -> bool {
    let (index, bit) = (unit / 64, 1 << (unit % 64));
    if seen.len() <= index {
        seen.resize(index + 1, 0);
    }
    let Some(word) = seen.get_mut(index) else { return false };
    let new = *word & bit == 0;
    *word |= bit;
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(id: u16) -> Network {
        Network {
            source: Address::v4([10, 0, 0, 1]),
            destination: Address::v4([10, 0, 0, 2]),
            protocol: 17,
            ttl: 64,
            tos: 0,
            id: Some(id),
            header_len: 20,
        }
    }

    fn fragment(id: u16, offset: u32, more: bool, bytes: &[u8]) -> Fragment<'_> {
        Fragment { protocol: 17, id: u32::from(id), offset, more, bytes, len: bytes.len() as u32 }
    }

    /// Adds fragments of one datagram, each `(offset, more, bytes)`, a millisecond apart.
    fn add(reassembler: &mut Reassembler, id: u16, fragments: &[(u32, bool, &[u8])]) -> Vec<Datagram> {
        let add = |(number, (offset, more, bytes)): (usize, &(u32, bool, &[u8]))| {
            let at = Timestamp::from_nanos(number as i64 * 1_000_000);
            reassembler.add(&network(id), &fragment(id, *offset, *more, bytes), at, number as u64 + 1)
        };
        fragments.iter().enumerate().filter_map(add).collect()
    }

    #[test]
    fn the_fragment_that_arrives_last_completes_the_datagram() {
        let (a, b, c): (&[u8], &[u8], &[u8]) = (&[1; 16], &[2; 8], &[3; 5]);
        let whole = [a, b, c].concat();
        let parts = [(0, true, a), (16, true, b), (24, false, c)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let mut reassembler = Reassembler::default();
            let done = add(&mut reassembler, 7, &order.map(|index| parts[index]));
            let expected = Datagram { protocol: 17, bytes: whole.clone(), first_number: 1, fragments: 3 };
            assert_eq!(done, [expected], "{order:?}");
            assert_eq!((reassembler.open(), reassembler.held), (0, 0));
        }
    }

    #[test]
    fn datagrams_are_told_apart_by_address_protocol_and_id() {
        let mut reassembler = Reassembler::default();
        let (at, half) = (Timestamp::default(), [1; 8]);
        assert_eq!(reassembler.add(&network(1), &fragment(1, 0, true, &half), at, 1), None);
        assert_eq!(reassembler.add(&network(2), &fragment(2, 8, false, &half), at, 2), None);
        let other = Fragment { protocol: 6, ..fragment(1, 8, false, &half) };
        assert_eq!(reassembler.add(&network(1), &other, at, 3), None);
        let reply = Network { source: network(1).destination, destination: network(1).source, ..network(1) };
        assert_eq!(reassembler.add(&reply, &fragment(1, 8, false, &half), at, 4), None);
        assert_eq!(reassembler.open(), 4);
        assert!(reassembler.add(&network(1), &fragment(1, 8, false, &half), at, 5).is_some());
    }

    #[test]
    fn what_came_first_stays_and_differences_are_counted() {
        let mut reassembler = Reassembler::default();
        let done = add(
            &mut reassembler,
            7,
            &[(0, true, &[1; 16]), (0, true, &[1; 16]), (8, true, &[2; 16]), (24, false, &[3; 4])],
        );
        let expected = [[1; 8], [1; 8], [2; 8]].concat().into_iter().chain([3; 4]).collect::<Vec<u8>>();
        assert_eq!(done[0].bytes, expected);
        assert_eq!(done[0].fragments, 4);
        let counts = reassembler.counts();
        assert_eq!((counts.overlaps, counts.conflicts, counts.malformed), (2, 1, 0));
    }

    #[test]
    fn bytes_behind_the_end_are_malformed_and_left_out() {
        for parts in [
            [(0, true, &[1; 8][..]), (16, true, &[9; 8]), (8, false, &[2; 3])],
            [(8, false, &[2; 3]), (16, true, &[9; 8]), (0, true, &[1; 8])],
        ] {
            let mut reassembler = Reassembler::default();
            let done = add(&mut reassembler, 7, &parts);
            assert_eq!(done[0].bytes, [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
            assert_eq!(reassembler.counts().malformed, 1);
        }
    }

    #[test]
    fn empty_cut_and_oversized_fragments_complete_nothing() {
        let mut reassembler = Reassembler::default();
        let at = Timestamp::default();
        let cut = Fragment { len: 100, ..fragment(7, 0, true, &[1; 8]) };
        assert_eq!(reassembler.add(&network(7), &cut, at, 1), None);
        assert_eq!(
            add(&mut reassembler, 7, &[(0, true, &[1; 7]), (0, false, &[]), (65_528, false, &[0; 8])]),
            []
        );
        let counts = reassembler.counts();
        assert_eq!((counts.cut, counts.malformed, counts.fragments, reassembler.open()), (1, 3, 4, 0));
    }

    #[test]
    fn a_datagram_has_a_minute_of_the_captures_time() {
        for (seconds, completed, timed_out) in [(60, true, 0), (61, false, 1)] {
            let mut reassembler = Reassembler::default();
            let start = Timestamp::from_nanos(5);
            assert_eq!(reassembler.add(&network(7), &fragment(7, 0, true, &[1; 8]), start, 1), None);
            let at = Timestamp::from_nanos(5 + seconds * 1_000_000_000);
            let done = reassembler.add(&network(7), &fragment(7, 8, false, &[2; 8]), at, 2);
            assert_eq!((done.is_some(), reassembler.counts().timed_out), (completed, timed_out));
        }
    }

    #[test]
    fn the_oldest_datagrams_are_given_up_for_the_bounds() {
        let limits = FragmentLimits { datagrams: 3, ..FragmentLimits::default() };
        let mut few = Reassembler::new(limits);
        let mut small = Reassembler::new(FragmentLimits { bytes: 100, ..FragmentLimits::default() });
        for id in 0..10_000 {
            let bytes = [1; 24];
            for reassembler in [&mut few, &mut small] {
                reassembler.add(&network(id), &fragment(id, 0, true, &bytes), Timestamp::default(), 1);
                assert!(reassembler.open() <= 4 && reassembler.held <= 100 && reassembler.order.len() < 2000);
            }
        }
        assert_eq!(few.counts().dropped, 10_000 - 3);
        let done = few.add(&network(9_999), &fragment(9_999, 24, false, &[2]), Timestamp::default(), 2);
        assert_eq!(done.map(|done| done.bytes.len()), Some(25));
    }

    #[test]
    fn a_datagram_that_never_ends_is_given_up() {
        let limits = FragmentLimits { fragments: 100, ..FragmentLimits::default() };
        let mut reassembler = Reassembler::new(limits);
        let same: Vec<(u32, bool, &[u8])> = vec![(0, true, &[1; 8]); 100];
        assert_eq!(add(&mut reassembler, 7, &same), []);
        assert_eq!((reassembler.open(), reassembler.counts().dropped), (0, 1));
    }

    #[test]
    fn the_longest_datagram_in_the_smallest_fragments() {
        let mut reassembler = Reassembler::default();
        let bytes: Vec<u8> = (0..65_515_u32).map(|index| index as u8).collect();
        let mut parts: Vec<(u32, bool, &[u8])> = bytes
            .chunks(8)
            .enumerate()
            .map(|(index, bytes)| (index as u32 * 8, bytes.len() == 8, bytes))
            .collect();
        parts.reverse();
        let done = add(&mut reassembler, 7, &parts);
        assert_eq!((done[0].fragments, &done[0].bytes), (8_190, &bytes));
    }
}
