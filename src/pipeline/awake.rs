//! Which flows of a shard are awake, and when they are put aside.

use std::collections::VecDeque;

use super::asleep::{Asleep, Kept, LONGEST};
use super::entry::Entry;
use super::flow::Open;
use crate::flow::{Slot, Table};

/// Flows of a shard that may be awake at least, whether or not they have packets.
const MOST: usize = 128;

/// The flows of a shard that are awake, those that were looked at longest ago first.
#[derive(Debug, Default)]
pub(super) struct Awake {
    /// Each with its first frame: an entry may be of another flow by now.
    flows: VecDeque<(Slot, u64)>,
    /// As soon as there are so many, they are looked at.
    due: usize,
    /// Where flows are packed to sleep.
    packing: Vec<u8>,
}

impl Awake {
    /// The flow at `slot` is awake from now on, if there is anything to put aside.
    pub fn add<Row>(&mut self, slot: Slot, open: &mut Open<Row>) {
        if !open.listed && !open.is_light() {
            open.listed = true;
            self.flows.push_back((slot, open.head().first_packet));
        }
    }

    /// Puts flows of `table` aside that had no packet since the frame `since`: those that closed, and others while more
    /// are awake than may be. All are looked at, but not before they have become half as many again: so each costs two or
    /// three looks, however many batches there are.
    pub fn rest<Row>(&mut self, table: &mut Table<Entry<Row>>, since: u64) {
        if !self.is_due() {
            return;
        }
        self.look(table, since);
        self.due = self.flows.len() + (self.flows.len() / 2).max(MOST / 4);
    }

    /// Whether it is time to look at them.
    pub fn is_due(&self) -> bool {
        self.flows.len() >= self.due
    }

    fn look<Row>(&mut self, table: &mut Table<Entry<Row>>, since: u64) {
        self.packing.resize(LONGEST, 0);
        let most = MOST.max(table.len() / 16);
        for _ in 0..self.flows.len() {
            let Some((slot, first)) = self.flows.pop_front() else { return };
            let Some(entry) = table.get_mut(slot) else { continue };
            let Some(open) = entry.open.awake_mut().filter(|open| open.head().first_packet == first) else {
                continue;
            };
            open.listed = false;
            let head = open.head();
            let quiet = head.last_packet < since && (head.closed.is_some() || self.flows.len() >= most);
            if !quiet || !open.may_sleep() || !open.pack_listener(&mut self.packing) {
                self.add(slot, open);
            } else if !open.is_light() {
                match Asleep::of(open, &mut self.packing) {
                    Some(asleep) => entry.open = Kept::Asleep(asleep),
                    None => self.add(slot, open),
                }
            }
        }
    }
}
