//! What did not come out of streams as it went in: counted over all connections.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::flow::Direction;
use crate::tcp::stream::Conversation;

/// Counters that all listeners of a run share.
#[derive(Debug, Default)]
pub struct Shortfalls {
    overlaps: AtomicU64,
    capped: AtomicU64,
    ignored: AtomicU64,
}

impl Shortfalls {
    /// Counts what a connection came to, at its end.
    pub(super) fn add(&self, conversation: &Conversation) {
        let counts = conversation.counts();
        for direction in Direction::BOTH {
            let of = counts[direction];
            for (sum, more) in [
                (&self.overlaps, u64::from(of.overlaps)),
                (&self.capped, u64::from(of.capped)),
                (&self.ignored, of.ignored),
            ] {
                if more > 0 {
                    sum.fetch_add(more, Relaxed);
                }
            }
        }
    }

    /// Sentences on what there was.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let overlaps = self.overlaps.load(Relaxed);
        if overlaps > 0 {
            notes.push(format!(
                "segments that came again with other bytes: {overlaps}; --overlap says which copy counts"
            ));
        }
        let capped = self.capped.load(Relaxed);
        if capped > 0 {
            notes
                .push(format!("gaps declared because more late bytes came than --max-held allows: {capped}"));
        }
        let ignored = self.ignored.load(Relaxed);
        if ignored > 0 {
            notes.push(format!("payload bytes that belong to no stream, as beyond a FIN: {ignored}"));
        }
        notes
    }
}
