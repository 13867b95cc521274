//! How long each side of a flow took to begin its answers.

use serde::{Deserialize, Serialize};

use super::rows::ResponseStats;
use crate::flow::{Direction, Pair};
use crate::stats::Quantiles;
use crate::tcp::{Tag, Verdict};
use crate::time::{Span, Timestamp};

/// From the last payload of what the other side sent to the first of what it sent next.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Responses {
    latest: Option<(Direction, Timestamp)>,
    samples: Pair<Option<Box<Quantiles>>>,
}

impl Responses {
    /// Forgets all of it.
    pub fn clear(&mut self) {
        self.latest = None;
        for samples in [&mut self.samples.forward, &mut self.samples.reverse].into_iter().flatten() {
            samples.clear();
        }
    }

    /// Takes payload that [is news](is_news).
    pub fn on_payload(&mut self, direction: Direction, at: Timestamp) {
        if let Some((sender, asked)) = self.latest
            && sender != direction
        {
            self.on_answer(direction, at.since(asked));
        }
        self.latest = Some((direction, at));
    }

    /// Takes how long one side took to begin an answer.
    pub fn on_answer(&mut self, direction: Direction, took: Span) {
        self.samples[direction].get_or_insert_default().record(took);
    }

    /// In numbers.
    pub fn stats(&self) -> Pair<ResponseStats> {
        self.samples.map(|samples| {
            let Some(samples) = samples.as_ref().filter(|samples| samples.count() > 0) else {
                return ResponseStats::default();
            };
            let figures = || {
                let [p50, p95] = samples.quantiles([0.5, 0.95])?;
                Some([samples.min()?, p50, p95, samples.max()?])
            };
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
