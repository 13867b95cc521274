//! Which bounds a run reached, and what that cost.

use super::Outcome;
use crate::capture::FileInfo;
use crate::decode::StopReason;

/// A bound that was reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reached {
    /// The option that sets it; none for bounds that cannot be set.
    pub option: Option<&'static str>,
    /// What happened, so many times.
    pub what: &'static str,
    /// How often.
    pub times: u64,
}

impl Outcome {
    /// The bounds that were reached while `files` were read, in a fixed order.
    pub fn reached(&self, files: &[FileInfo]) -> Vec<Reached> {
        let stopped = |wanted| {
            let is = |&(&(_, reason), _): &(&(_, StopReason), &u64)| reason == wanted;
            self.counts.stopped.iter().filter(is).map(|(_, packets)| packets).sum()
        };
        let noted = |count: fn(&FileInfo) -> bool| files.iter().filter(|file| count(file)).count() as u64;
        let reached = |option, what, times| Reached { option, what, times };
        let all = [
            reached(Some("--max-flows"), "flows ended early", self.evicted),
            reached(
                Some("--max-held"),
                "gaps declared since a direction held so much out of order",
                self.full,
            ),
            reached(
                Some("--max-held-all"),
                "gaps declared since all flows held so much out of order",
                self.crowded,
            ),
            reached(Some("--max-datagrams"), "datagrams in fragments given up", self.fragments.too_many),
            reached(
                Some("--max-fragment-bytes"),
                "datagrams in fragments given up",
                self.fragments.too_large,
            ),
            reached(
                None,
                "datagrams given up that came in more than 8192 fragments",
                self.fragments.too_fine,
            ),
            reached(Some("--max-layers"), "packets not read to their end", stopped(StopReason::TooDeep)),
            reached(
                Some("--max-tunnels"),
                "packets not read to their end",
                stopped(StopReason::TooManyTunnels),
            ),
            reached(
                Some("--max-extensions"),
                "packets not read to their end",
                stopped(StopReason::TooManyExtensions),
            ),
            reached(Some("--max-record"), "files not read on", noted(|file| file.notes.record_too_long)),
            reached(
                Some("--max-decompressed"),
                "files not read on",
                noted(|file| file.notes.unpacks_to_too_much),
            ),
        ];
        all.into_iter().filter(|reached| reached.times > 0).collect()
    }
}
