//! One TCP connection as an observer sees it: segments in, what each of them is out.
//!
//! [`Connection::on_segment`] takes the segments of both directions in file order and gives a [`Verdict`] for each;
//! what later segments prove about earlier ones comes as a [`Resolution`]. [`Connection::summary`] is the
//! connection's story in numbers.

mod segment;
mod seq;
mod summary;
pub mod stream;
mod verdict;

pub use segment::{Flags, Segment};
pub use seq::Seq;
pub use summary::{
    AckStats, Close, Closing, EcnNegotiated, EcnStats, HalfSummary, Handshake, InitialWindow, LossStats,
    Moment, Offer, Opening, ProbeStats, RttFigures, RttStats, SegmentSizes, State, Summary, WindowStats,
};
pub use verdict::{Resolution, Tag, Tags, Verdict};

use crate::flow::{Direction, Pair};

/// A connection.
#[derive(Debug, Default)]
pub struct Connection {
    halves: Pair<Half>,
}

#[derive(Debug, Default)]
struct Half {
    base: Option<Seq>,
    saw_syn: bool,
}

impl Connection {
    /// Whether `segment`, sent in `direction` on the same addresses and ports, begins a new connection: a SYN with
    /// another sequence number than this one's, as Wireshark numbers its streams.
    pub fn is_reused_by(&self, direction: Direction, segment: &Segment) -> bool {
        let syn = segment.flags.contains(Flags::SYN) && !segment.flags.contains(Flags::ACK);
        syn && self.halves[direction].base.is_some_and(|base| base != segment.seq)
    }

    /// Lets the connection see its next segment. What it proves about earlier ones is added to `resolutions`.
    pub fn on_segment(
        &mut self,
        direction: Direction,
        segment: &Segment,
        _resolutions: &mut Vec<Resolution>,
    ) -> Verdict {
        let half = &mut self.halves[direction];
        if half.base.is_none() {
            half.base = Some(segment.seq);
            half.saw_syn = segment.flags.contains(Flags::SYN);
        }
        Verdict::default()
    }

    /// Ends the connection: what was pending is decided.
    pub fn finish(&mut self, _resolutions: &mut Vec<Resolution>) {}

    /// The direction in which the client sends, and whether that is a guess; `None` where nothing in the segments tells.
    pub fn client(&self) -> Option<(Direction, bool)> {
        None
    }

    /// The connection in numbers, so far.
    pub fn summary(&self) -> Summary {
        Summary::default()
    }
}
