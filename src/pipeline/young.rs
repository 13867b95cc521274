//! A TCP connection that is still short: its segments are written down, and analysed when its row is made, or when they
//! become too many.
//!
//! What the analysis comes to is the same, since it sees the same segments in the same order. Only what wants to know
//! at once what every segment is cannot wait for it.

use serde::{Deserialize, Serialize};

use super::responses::{Responses, is_news};
use crate::flow::Direction;
use crate::tcp::{Connection, Entry, Flags, Journal, Resolution, Segment};

/// Bytes that may be written down of a connection before it is analysed.
const LONGEST: usize = 1 << 10;

/// A connection that was not analysed yet.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Young {
    journal: Journal,
    reuses_ports: bool,
}

impl Young {
    /// A connection on the addresses and ports of an earlier one.
    pub fn reusing_ports() -> Self {
        Self { reuses_ports: true, ..Self::default() }
    }

    /// What was written down.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Whether it has to be analysed before this segment.
    pub fn is_over(&self, direction: Direction, segment: &Segment) -> bool {
        // A SYN-ACK where a SYN was may move where the numbers begin, by which ports are seen to be reused.
        let again = segment.flags.contains(Flags::SYN)
            && self
                .journal
                .opened_by()
                .is_some_and(|(opener, seq)| opener == direction && seq != segment.seq);
        self.journal.len() > LONGEST || again
    }

    /// Whether it may have to be, before the next segment.
    pub fn is_nearly_over(&self) -> bool {
        self.journal.len() + Journal::MAX_ENTRY > LONGEST
    }

    /// Whether a segment begins a new connection on the same addresses and ports; `None` where only the analysis tells.
    pub fn is_reused_by(&self, direction: Direction, segment: &Segment) -> Option<bool> {
        if !segment.flags.opens() {
            return Some(false);
        }
        match self.journal.opened_by() {
            Some((opener, seq)) if opener == direction => Some(seq != segment.seq),
            _ if self.journal.is_empty() => Some(false),
            _ => None,
        }
    }

    /// Writes a segment down.
    pub fn push(&mut self, entry: &Entry) {
        self.journal.push(entry);
    }

    /// Analyses what was written down.
    pub fn replay(&self) -> (Connection, Responses) {
        let mut connection =
            if self.reuses_ports { Connection::reusing_ports() } else { Connection::default() };
        let mut responses = Responses::default();
        let mut resolutions: Vec<Resolution> = Vec::new();
        for Entry { direction, segment, timed } in self.journal.entries() {
            let verdict = connection.on_segment(direction, &segment, &mut resolutions);
            resolutions.clear();
            if timed && is_news(segment.payload_len, Some(&verdict)) {
                responses.on_payload(direction, segment.at);
            }
        }
        (connection, responses)
    }
}
