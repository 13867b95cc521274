//! How the pipeline is to run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use crate::capture::Frame;
use crate::decode::{FragmentLimits, Limits, Packet, checksums_hold};
use crate::filter::Filter;
use crate::stats::Grid;
use crate::tcp::stream::{Overlap, Room};
use crate::time::{Span, Timestamp};

/// How the pipeline is to run. The output depends on none of `threads` and the capture's block size.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Threads; 0 for as many as there are cores.
    pub threads: usize,
    /// Packets are wanted, in order, with what they are.
    pub packets: bool,
    /// Rows of flows are wanted.
    pub flows: bool,
    /// Rows of flows are to have their samples.
    pub samples: bool,
    /// Frames are wanted in the course of time, divided like this.
    pub grid: Option<Grid>,
    /// The protocol hierarchy is wanted.
    pub hierarchy: bool,
    /// What the input is called in rows, where each of several is analysed on its own.
    pub file: Option<Arc<str>>,
    /// Checksums are looked at.
    pub verify_checksums: bool,
    /// Only packets that it selects take part.
    pub filter: Option<Arc<Filter>>,
    /// Only packets at or after this instant take part.
    pub from: Option<Timestamp>,
    /// Only packets before this instant take part.
    pub to: Option<Timestamp>,
    /// Rows of flows are wanted as the flows end, and when that is.
    pub as_completed: Option<Lifetime>,
    /// Bounds on what is kept.
    pub bounds: Bounds,
    /// Which copy counts where segments overlap and differ.
    pub overlap: Overlap,
    /// What a run and those who watch it tell each other.
    pub watch: Arc<Watch>,
    /// The program ends with this run: the memory of its flows is left to the system, which takes all of it at once.
    pub last: bool,
}

/// What a run and those who watch it, from a signal handler or another thread, tell each other while it goes on.
#[derive(Debug, Default)]
pub struct Watch {
    /// The run is to end as if the input did.
    pub interrupted: AtomicBool,
    /// Bytes of the captures that were read.
    pub bytes: AtomicU64,
}

/// When a flow ends before the input does.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// After it closed.
    pub after_close: Span,
    /// After its latest packet.
    pub silence: Span,
}

impl Default for Lifetime {
    fn default() -> Self {
        Self { after_close: Span::from_secs(120), silence: Span::from_secs(300) }
    }
}

impl Settings {
    /// What the flows of one of `shards` may hold out of order.
    pub(super) fn room(&self, shards: usize) -> Room {
        let shared = self.bounds.held / shards;
        let messages = self.bounds.messages / shards;
        Room::new(self.bounds.held_of_one.min(shared), shared, self.overlap).with_messages(messages)
    }

    /// Whether all frames take part, and nothing is wanted of them beside their records.
    pub(super) fn asks_nothing_of_frames(&self) -> bool {
        let all = self.filter.is_none() && self.from.is_none() && self.to.is_none();
        let wanted = self.packets || self.hierarchy || self.verify_checksums;
        all && !wanted && self.grid.is_none() && self.as_completed.is_none()
    }

    /// Whether a frame takes part in the analysis.
    // By value: a frame of which nobody has the address stays in registers.
    #[inline]
    pub fn chooses(&self, frame: Frame<'_>) -> bool {
        let after = |from| frame.at.is_some_and(|at| at >= from);
        let before = |to| frame.at.is_some_and(|at| at < to);
        self.from.is_none_or(after)
            && self.to.is_none_or(before)
            && self.filter.as_ref().is_none_or(|filter| filter.matches(&frame))
    }

    /// Whether the checksums of a packet are right, where that is wanted and all of its frame was captured.
    pub(super) fn checksums_of(
        &self,
        frame: &Frame<'_>,
        packet: &Packet<'_>,
        datagram: Option<&[u8]>,
    ) -> Option<bool> {
        let whole = frame.data.len() >= frame.orig_len as usize;
        (self.verify_checksums && whole).then(|| checksums_hold(packet, frame.data, datagram)).flatten()
    }
}

/// Bounds on what is kept in memory, and on how deep a frame is read. Reaching one is counted: [`super::Reached`].
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How deep a frame is read.
    pub depth: Limits,
    /// Flows kept: open, or ended and waiting for their row.
    pub flows: usize,
    /// Hosts, servers, or other groups of flows that are told apart where flows are added up.
    pub groups: usize,
    /// Ended flows that are remembered, so that what comes afterwards is known to go on with them.
    pub remembered: usize,
    /// Bytes of late segments that are held for one direction of a flow.
    pub held_of_one: usize,
    /// Bytes of late segments that are held for all flows. Each of 64 groups of flows has its share of them.
    pub held: usize,
    /// Bytes that are kept of messages of all flows that have not come whole, or wait for their answer. Each of 64 groups of
    /// flows has its share of them.
    pub messages: usize,
    /// What is kept of fragments.
    pub fragments: FragmentLimits,
    /// Rows of packets held back until what they are is decided.
    pub held_rows: u64,
    /// Bytes of frames held back.
    pub held_bytes: u64,
    /// Capture time for which a row is held back, in seconds.
    pub held_secs: i64,
}

impl Bounds {
    /// What a flow takes that is open: its counters, its connection, what listens to it.
    const FLOW: usize = 2560;
    /// What a group of flows takes: sums, and quantiles of round trips and response times.
    const GROUP: usize = 2048;
    /// What a run takes whatever is in the capture: blocks on their way, the program itself, and what its allocator keeps ready.
    const BASE: usize = 128 << 20;

    /// Bounds with which a run takes no more than about `bytes` of memory.
    pub fn of_memory(bytes: usize) -> Self {
        let most = Self::default();
        let bytes = bytes.saturating_sub(Self::BASE).max(16 << 20);
        Self {
            flows: (bytes / 2 / Self::FLOW).min(most.flows),
            groups: (bytes / 4 / Self::GROUP).min(most.groups),
            remembered: (bytes / 32 / 256).min(most.remembered),
            held: (bytes / 8).min(most.held),
            messages: (bytes / 8).min(most.messages),
            held_bytes: ((bytes / 8) as u64).min(most.held_bytes),
            held_rows: ((bytes / 8 / 512) as u64).min(most.held_rows),
            fragments: FragmentLimits { bytes: (bytes / 16).min(most.fragments.bytes), ..most.fragments },
            ..most
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            depth: Limits::default(),
            flows: 4_000_000,
            groups: 1_000_000,
            remembered: 65_536,
            held_of_one: 1 << 20,
            held: 256 << 20,
            messages: 256 << 20,
            fragments: FragmentLimits::default(),
            held_rows: 100_000,
            held_bytes: 64 << 20,
            held_secs: 10,
        }
    }
}
