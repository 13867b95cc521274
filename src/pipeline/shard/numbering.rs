//! The numbers of a shard's flows and streams, which are given between steps, in order of first sight in all shards.

use super::Shard;
use crate::flow::{Key, Slot, Table};
use crate::pipeline::asleep::Kept;
use crate::pipeline::entry::{Entry, Number, Place};
use crate::pipeline::record::TCP;

/// Which of the three series a number belongs to.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Series {
    /// Flows of all protocols.
    Flow,
    /// TCP streams.
    TcpStream,
    /// UDP streams.
    UdpStream,
}

impl<Row> Shard<Row> {
    /// Gives what waits for its number: where it was first seen, its entry, and of which series a number is due.
    pub fn waiting(&mut self, mut give: impl FnMut(Place, Slot, [Option<Series>; 2])) {
        for slot in self.waiting.drain(..) {
            let series = match self.table.key(slot).map(|key| key.protocol()) {
                Some(TCP) => Series::TcpStream,
                _ => Series::UdpStream,
            };
            let Some(entry) = self.table.get_mut(slot) else { continue };
            entry.waits = false;
            match (entry.flow.place(), entry.stream.place()) {
                (Some(flow), Some(stream)) if flow == stream => {
                    give(flow, slot, [Some(Series::Flow), Some(series)]);
                }
                (flow, stream) => {
                    flow.into_iter().for_each(|place| give(place, slot, [Some(Series::Flow), None]));
                    stream.into_iter().for_each(|place| give(place, slot, [None, Some(series)]));
                }
            }
        }
    }

    /// Gives what waited its number. Whether it is an entry in which no flow is open.
    pub fn number(&mut self, slot: Slot, series: Series, number: u64) -> bool {
        let Some(entry) = self.table.get_mut(slot) else { return false };
        match series {
            Series::Flow => entry.flow = Number::of(number),
            Series::TcpStream | Series::UdpStream => entry.stream = Number::of(number),
        }
        !entry.open.is_some()
    }

    /// Whether there are notes or rows that want to know which flows they are of.
    pub fn has_notes(&self) -> bool {
        !self.notes.is_empty() || !self.said.is_empty()
    }

    /// Tells the notes and rows of this step which flows they are of.
    pub fn number_notes(&mut self) {
        let table = &self.table;
        for note in self.notes.iter_mut().rev().take_while(|note| note.numbers.0.is_none()) {
            note.numbers = numbers(table, note.slot);
        }
        for said in &mut self.said {
            said.numbers = numbers(table, said.slot);
        }
    }

    /// Lets go of the listener of a flow that has its numbers, unless `wants` it.
    pub fn choose(&mut self, slot: Slot, wants: impl FnOnce(&Key, u64, Option<u64>) -> bool) {
        let (Some(key), (Some(flow), stream)) = (self.table.key(slot).copied(), numbers(&self.table, slot))
        else {
            return;
        };
        if wants(&key, flow, stream) {
            return;
        }
        match self.table.get_mut(slot).map(|entry| &mut entry.open) {
            Some(Kept::Noted(noted)) => noted.ignore(),
            Some(Kept::Awake(open)) => open.ignore(&mut self.shared.room),
            _ => {}
        }
    }

    /// The number of the flow at `slot`.
    pub fn flow(&self, slot: Slot) -> Option<u64> {
        numbers(&self.table, slot).0
    }

    /// All flows that have a number: it, and their entry.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, Slot)> {
        self.table.slots().filter_map(|slot| {
            let entry = self.table.get(slot).filter(|entry| entry.open.is_some())?;
            Some((entry.flow.given()?, slot))
        })
    }
}

/// The numbers of the flow and the stream at `slot`.
pub(super) fn numbers<Row>(table: &Table<Entry<Row>>, slot: Slot) -> (Option<u64>, Option<u64>) {
    table.get(slot).map_or((None, None), |entry| (entry.flow.given(), entry.stream.given()))
}
