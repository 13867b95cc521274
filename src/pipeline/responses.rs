//! How long each side of a flow took to begin its answers.

use serde::{Deserialize, Serialize};

use super::rows::ResponseStats;
use crate::flow::{Direction, Pair};
use crate::stats::Quantiles;
use crate::tcp::{Tag, Verdict};
use crate::time::Timestamp;

/// From the last payload of what the other side sent to the first of what it sent next.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Responses {
    latest: Option<(Direction, Timestamp)>,
    samples: Pair<Option<Box<Quantiles>>>,
}

impl Responses {
    /// Takes payload that [is news](is_news).
    pub fn on_payload(&mut self, direction: Direction, at: Timestamp) {
        if let Some((sender, asked)) = self.latest
            && sender != direction
        {
            self.samples[direction].get_or_insert_default().record(at.since(asked));
        }
        self.latest = Some((direction, at));
    }

    /// In numbers.
    pub fn stats(&self) -> Pair<ResponseStats> {
        self.samples.map(|samples| {
            let Some(samples) = samples else { return ResponseStats::default() };
            let quantile = |share| samples.quantile(share);
            let figures = || Some([samples.min()?, quantile(0.5)?, quantile(0.95)?, samples.max()?]);
            ResponseStats { samples: samples.count(), min_p50_p95_max: figures() }
        })
    }

    /// What was measured of the answers of one side.
    pub fn samples(&self, direction: Direction) -> Option<&Quantiles> {
        self.samples[direction].as_deref()
    }
}

/// Whether a packet has payload that says something for the first time, and in its turn. `verdict` is what it is, of TCP.
pub(super) fn is_news(payload_len: u32, verdict: Option<&Verdict>) -> bool {
    const OTHERS: [Tag; 6] = [
        Tag::Retransmission,
        Tag::OutOfOrder,
        Tag::CaptureDuplicate,
        Tag::NetworkDuplicate,
        Tag::WindowProbe,
        Tag::KeepAlive,
    ];
    payload_len > 0 && !verdict.is_some_and(|verdict| OTHERS.iter().any(|&tag| verdict.tags.contains(tag)))
}
