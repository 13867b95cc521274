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

impl Reached {
    /// The bound of `option`, if it was reached.
    pub fn if_any(option: Option<&'static str>, what: &'static str, times: u64) -> Option<Self> {
        (times > 0).then_some(Self { option, what, times })
    }

    /// The bounds that were reached where `files` were not read on. The errors of these files have told it.
    pub fn by_files(files: &[FileInfo]) -> Vec<Self> {
        let count = |noted: fn(&FileInfo) -> bool| files.iter().filter(|file| noted(file)).count() as u64;
        let all = [
            ("--max-record", count(|file| file.notes.record_too_long)),
            ("--max-decompressed", count(|file| file.notes.unpacks_to_too_much)),
        ];
        let reached = |(option, times)| Self::if_any(Some(option), "files not read on", times);
        all.into_iter().filter_map(reached).collect()
    }
}

impl Outcome {
    /// The bounds that the run reached, in a fixed order.
    pub fn reached(&self) -> Vec<Reached> {
        let stopped = |wanted| {
            let is = |&(&(_, reason), _): &(&(_, StopReason), &u64)| reason == wanted;
            self.counts.stopped.iter().filter(is).map(|(_, packets)| packets).sum()
        };
        let reached = Reached::if_any;
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
            reached(
                Some("--max-messages"),
                "times a connection let go what it kept of messages",
                self.relieved,
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
        ];
        all.into_iter().flatten().collect()
    }
}
