//! How the pipeline is to run.

use std::sync::Arc;

use crate::filter::Filter;
use crate::time::Timestamp;

/// How the pipeline is to run. The output depends on none of `threads` and the capture's block size.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Threads; 0 for as many as there are cores.
    pub threads: usize,
    /// Packets are wanted, in order, with what they are.
    pub packets: bool,
    /// Rows of flows are wanted.
    pub flows: bool,
    /// The protocol hierarchy is wanted.
    pub hierarchy: bool,
    /// Only packets that it selects take part.
    pub filter: Option<Arc<Filter>>,
    /// Only packets at or after this instant take part.
    pub from: Option<Timestamp>,
    /// Only packets before this instant take part.
    pub to: Option<Timestamp>,
    /// Bounds on what is kept.
    pub bounds: Bounds,
}

/// Bounds on what is kept in memory. Reaching one is counted.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Flows kept: open, or ended and waiting for their row.
    pub flows: usize,
    /// Rows of packets held back until what they are is decided.
    pub held_rows: u64,
    /// Bytes of frames held back.
    pub held_bytes: u64,
    /// Capture time for which a row is held back, in seconds.
    pub held_secs: i64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { flows: 4_000_000, held_rows: 100_000, held_bytes: 64 << 20, held_secs: 10 }
    }
}
