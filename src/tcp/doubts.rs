//! What was sent again or seen twice, until it is known whether it was needless, and who made the copy.
//!
//! Proofs are a DSACK (RFC 2883 §4, RFC 3708), an echo that is older than what was sent again (Eifel, RFC 3522 §3.2), or
//! an ACK that had covered it before. One DSACK accounts for one transmission too many: the latest of those bytes.

use std::collections::VecDeque;
use std::ops::Range;

use super::flight::Sent;
use super::{Position, Resolution, Segment, Tag, Tags};
use crate::time::{Span, Timestamp};

/// The most that are kept of one direction. Beyond, the oldest is decided without proof, and counted.
const MAX_DOUBTS: usize = 1024;

/// What is added to two smoothed round trips, for clocks and hosts that are late.
const LATENESS: Span = Span::from_millis(10);

/// One side's transmissions that may have been needless.
#[derive(Clone, Debug, Default)]
pub(super) struct Doubts {
    list: VecDeque<Doubt>,
    /// When the next of them may be decided without proof.
    next_end: Option<Timestamp>,
    /// Some of them wait for the first ACK that covers their start.
    eifel: bool,
    crowded: u32,
}

#[derive(Clone, Debug)]
struct Doubt {
    sent: Sent,
    tags: Tags,
    /// It was the oldest outstanding data, and no ACK has covered its start since.
    oldest: bool,
    /// Its resolution was given.
    settled: bool,
    /// Some DSACK means it.
    accounted: bool,
    covered_at: Option<Timestamp>,
}

/// How one that is settled ends: what it was called, and what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled {
    /// The tags it had.
    pub(super) before: Tags,
    /// The tags it has, with its frame's number.
    pub(super) resolution: Resolution,
}

impl Doubts {
    /// Decided without proof because there were too many.
    pub(super) fn crowded(&self) -> u32 {
        self.crowded
    }

    /// Something sent again, or a copy.
    pub(super) fn on_resend(
        &mut self,
        segment: &Segment,
        range: Range<Position>,
        tags: Tags,
        oldest: bool,
        mut settle: impl FnMut(Settled),
    ) {
        if self.list.len() >= MAX_DOUBTS
            && let Some(mut first) = self.list.pop_front()
        {
            self.crowded += 1;
            first.settle(None, &mut settle);
        }
        self.eifel |= oldest;
        self.list.push_back(Doubt {
            sent: Sent::new(segment, range, 2),
            tags,
            oldest,
            settled: tags.contains(Tag::Spurious),
            accounted: false,
            covered_at: None,
        });
    }

    /// Whether none is left.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The latest transmission of `range` among them.
    pub(super) fn latest(&self, range: &Range<Position>) -> Option<Sent> {
        let meets = |doubt: &&Doubt| doubt.sent.start < range.end && range.start < doubt.sent.end;
        self.list.iter().rev().find(meets).map(|doubt| doubt.sent)
    }

    /// The receiver reports that it got `range` twice.
    pub(super) fn on_dsack(&mut self, range: &Range<Position>, mut settle: impl FnMut(Settled)) {
        let within = |doubt: &Doubt| range.start <= doubt.sent.start && doubt.sent.end <= range.end;
        let around = |doubt: &Doubt| doubt.sent.start <= range.start && range.end <= doubt.sent.end;
        let open = |doubt: &&mut Doubt| !doubt.accounted && (within(doubt) || around(doubt));
        if let Some(doubt) = self.list.iter_mut().rev().find(open) {
            doubt.accounted = true;
            let copy = doubt.tags.contains(Tag::CaptureDuplicate);
            doubt.settle(Some(if copy { Tag::NetworkDuplicate } else { Tag::Spurious }), &mut settle);
        }
    }

    /// The cumulative ACK advances from `una` to `ack`, echoing `tsecr`.
    pub(super) fn on_ack(
        &mut self,
        ack: Position,
        at: Timestamp,
        tsecr: Option<u32>,
        patience: Span,
        mut settle: impl FnMut(Settled),
    ) {
        if self.list.is_empty() {
            return;
        }
        let mut next_end = None;
        for doubt in &mut self.list {
            if self.eifel && doubt.oldest && ack > doubt.sent.start {
                doubt.oldest = false;
                let older = |(echo, sent): (u32, u32)| (echo.wrapping_sub(sent) as i32) < 0;
                if tsecr.zip(doubt.sent.tsval).is_some_and(older) {
                    doubt.settle(Some(Tag::Spurious), &mut settle);
                }
            }
            if doubt.covered_at.is_none() && ack >= doubt.sent.end {
                doubt.covered_at = Some(at.max(doubt.sent.at));
            }
            let end = doubt.covered_at.map(|at| at + patience + patience + LATENESS);
            next_end = match (next_end, end) {
                (Some(next), Some(end)) => Some(end.min(next)),
                (next, end) => next.or(end),
            };
        }
        self.eifel = self.list.iter().any(|doubt| doubt.oldest);
        self.next_end = next_end;
    }

    /// Time has come to `now`: what was covered two round trips ago is decided.
    pub(super) fn on_time(&mut self, now: Timestamp, patience: Span, mut settle: impl FnMut(Settled)) {
        if self.next_end.is_none_or(|end| now < end) {
            return;
        }
        let over =
            |doubt: &Doubt| doubt.covered_at.is_some_and(|at| now >= at + patience + patience + LATENESS);
        self.list.retain_mut(|doubt| {
            let over = over(doubt);
            if over {
                doubt.settle(None, &mut settle);
            }
            !over
        });
        let ends = self.list.iter().filter_map(|doubt| doubt.covered_at);
        self.next_end = ends.min().map(|at| at + patience + patience + LATENESS);
        if self.list.is_empty() {
            *self = Self { crowded: self.crowded, ..Self::default() };
        }
    }

    /// The receiver answers `at` this time a segment too many: one of the copies came from the network after all.
    pub(super) fn on_unexplained_ack(&mut self, at: Timestamp, mut settle: impl FnMut(Settled)) {
        let copy = |doubt: &&mut Doubt| {
            let recent = at.since(doubt.sent.at) <= Span::from_secs(1);
            recent && !doubt.settled && doubt.tags.contains(Tag::CaptureDuplicate)
        };
        if let Some(doubt) = self.list.iter_mut().find(copy) {
            doubt.settle(Some(Tag::NetworkDuplicate), &mut settle);
        }
    }

    /// The connection ends.
    pub(super) fn finish(&mut self, mut settle: impl FnMut(Settled)) {
        for mut doubt in std::mem::take(&mut self.list) {
            doubt.settle(None, &mut settle);
        }
    }
}

impl Doubt {
    fn settle(&mut self, proof: Option<Tag>, settle: &mut impl FnMut(Settled)) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        let before = self.tags;
        if let Some(proof) = proof {
            self.tags.insert(proof);
        }
        if proof == Some(Tag::NetworkDuplicate) {
            self.tags.remove(Tag::CaptureDuplicate);
        }
        settle(Settled { before, resolution: Resolution { number: self.sent.number, tags: self.tags } });
    }
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::{established, established_plain};

    /// RFC 2883 §4: one report accounts for one transmission too many, the latest of those bytes.
    #[test]
    fn a_dsack_accounts_for_one_copy() {
        let trace = established(
            "0.000 > 1:1001(1000) ack 1
             0.310 > 1:1001(1000) ack 1
             0.800 > 1:1001(1000) ack 1
             0.850 < 1:1(0) ack 1001
             0.900 < 1:1(0) ack 1001 sack 1:1001
             0.950 < 1:1(0) ack 1001 sack 1:1001",
        );
        assert_eq!(trace.client().loss.spurious, 2);
    }

    /// RFC 3522 §3.2 (Eifel): the first ACK that covers it echoes an older stamp than that of what was sent again.
    #[test]
    fn an_older_echo_proves_it_needless() {
        let spurious = |echo: u32| {
            let script = format!(
                "0.000 > 1:1001(1000) ack 1 ts 100:1
                 0.310 > 1:1001(1000) ack 1 ts 410:1
                 0.350 < 1:1(0) ack 1001 ts 500:{echo}"
            );
            established(&script).client().loss.spurious
        };
        assert_eq!((spurious(100), spurious(410)), (1, 0));
    }

    #[test]
    fn without_a_proof_it_was_needed() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1
             0.310 > 1:1001(1000) ack 1
             0.410 < 1:1(0) ack 1001
             9.000 > 1001:2001(1000) ack 1",
        );
        assert_eq!(trace.events(), "2 retransmission rto");
        assert_eq!((trace.client().loss.spurious, trace.client().loss.lost_after_capture), (0, 1));
    }
}
