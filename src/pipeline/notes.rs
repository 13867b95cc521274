//! What a shard says of its packets and flows while it goes over the frames of a step.

use super::listener::Speaker;
use crate::flow::Slot;
use crate::tcp::{Resolution, Verdict};

/// What a shard says of one packet.
#[derive(Debug)]
pub(super) struct Note {
    /// The frame's number.
    pub number: u64,
    /// The flow's entry in the shard's table.
    pub slot: Slot,
    /// Flow and stream, once they are numbered.
    pub numbers: (Option<u64>, Option<u64>),
    /// What the segment is, of TCP.
    pub verdict: Option<Verdict>,
}

/// What became clear about an earlier packet, and when.
#[derive(Debug)]
pub(super) struct Late {
    /// The frame at which it became clear; none at the flow's end.
    pub by: Option<u64>,
    /// What became clear.
    pub resolution: Resolution,
}

/// A row that a listener said: when, and whose it is.
pub(super) struct Said<Row> {
    /// The frame at which it was said; none at the flow's end.
    pub by: Option<u64>,
    /// The flow's entry in the shard's table.
    pub slot: Slot,
    /// Flow and stream, once they are numbered.
    pub numbers: (Option<u64>, Option<u64>),
    /// The flow.
    pub speaker: Speaker,
    /// The row.
    pub row: Row,
}
