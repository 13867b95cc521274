//! What the sender knew when it sent something again, and so why it did. RFC 5681, 6298, 6675, 8985.
//!
//! At the sender an ACK counts when it is seen. Away from it, an ACK is on its way for a while: [`Sender::learn`] is
//! told which have arrived. Times here are on the sender's side: see [`super::clock`].

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Position;
use super::recovery::Episode;
use crate::time::{Span, Timestamp};

/// The most ACKs that are kept on their way. Beyond, the oldest has arrived.
const MAX_IN_TRANSIT: usize = 4096;

/// RFC 5681 §3.2: the duplicate ACKs after which a sender without SACK retransmits.
const DUP_THRESH: u32 = 3;

/// RFC 8985 §7.2, as Linux has it: what a probe of a single segment allows for a delayed ACK.
const DELAYED_ACK: Span = Span::from_millis(200);

/// Why something was sent again.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Cause {
    /// ACKs reported a loss.
    Fast,
    /// A tail loss probe.
    Tlp,
    /// The retransmission timer.
    Rto,
    /// Nothing shows why.
    Unknown,
}

/// What one ACK tells the sender.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct News {
    /// When it was captured.
    pub(super) seen_at: Timestamp,
    /// When it reached the sender, or will.
    pub(super) at: Timestamp,
    /// The cumulative ACK.
    pub(super) ack: Position,
    /// Its TSval: what the sender echoes once it has it.
    pub(super) tsval: Option<u32>,
    /// The TSval it echoes.
    pub(super) tsecr: Option<u32>,
    /// The highest position reported by SACK.
    pub(super) high_sacked: Option<Position>,
    /// When the newest transmission that it proves delivered was seen.
    pub(super) delivered_at: Option<Timestamp>,
    /// Duplicate ACKs that it stands for.
    pub(super) duplicates: u32,
    /// Segments that it newly acknowledges, where SACK does not say what else has arrived.
    pub(super) segments: Option<u32>,
    /// Sequence space that it reports as received twice.
    pub(super) twice: Option<Twice>,
}

/// What a DSACK reports. RFC 2883 §4
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Twice {
    /// The position behind it.
    pub(super) end: Position,
    /// How much of the sequence space it is.
    pub(super) len: i64,
}

/// A tail loss probe that is not answered. RFC 8985 §7.4
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Probe {
    end: Position,
    at: Timestamp,
    pub(super) tsval: Option<u32>,
    pub(super) len: i64,
}

/// What was sent again, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resend {
    /// Its first position.
    pub(super) start: Position,
    /// The position behind it.
    pub(super) end: Position,
    /// When it was sent.
    pub(super) at: Timestamp,
    /// When it was captured.
    pub(super) seen_at: Timestamp,
    /// Its TSval.
    pub(super) tsval: Option<u32>,
    /// How often it was sent before, as far as known.
    pub(super) copies: u8,
    /// When it was captured last, or what was sent right after it.
    pub(super) last_seen_at: Option<Timestamp>,
    /// When it was sent last.
    pub(super) last_at: Option<Timestamp>,
    /// The highest position sent.
    pub(super) snd_max: Position,
    /// ACKs reported that it is missing, whether or not the sender had them.
    pub(super) reported: bool,
    /// Nothing but one segment is outstanding.
    pub(super) alone: bool,
    /// SACK was negotiated.
    pub(super) sack: bool,
    /// The sender's timeout.
    pub(super) rto: Span,
    /// The sender's smoothed round trip.
    pub(super) srtt: Option<Span>,
}

/// One side as a sender.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Sender {
    una: Position,
    advanced_at: Option<Timestamp>,
    heard_at: Option<Timestamp>,
    sent_at: Option<Timestamp>,
    high_sacked: Position,
    dup_acks: u32,
    delivered_at: Option<Timestamp>,
    episode: Option<Episode>,
    probe: Option<Probe>,
    /// A recovery went on when the timer was set last: then it is the retransmission timer. RFC 8985 §7.2
    recovering: bool,
    in_transit: VecDeque<News>,
}

impl Sender {
    /// A sender of whose stream `una` is acknowledged.
    pub(super) fn new(una: Position) -> Self {
        Self { una, ..Self::default() }
    }

    /// An ACK that has arrived.
    pub(super) fn on_ack(&mut self, news: &News) {
        let before = self.una;
        if news.ack > self.una {
            self.una = news.ack;
            self.advanced_at = Some(news.at);
            // RFC 6582 §3.2, step 3: in a recovery, one segment filled the hole; the others had caused duplicate ACKs.
            let recovering = self.episode.is_some_and(|episode| episode.cause == Cause::Fast);
            let counted =
                news.segments.filter(|_| recovering).map_or(u32::MAX, |segments| segments.max(1) - 1);
            self.dup_acks = self.dup_acks.saturating_sub(counted);
            self.on_advance(news);
        } else if news.ack == self.una {
            self.dup_acks = self.dup_acks.saturating_add(news.duplicates);
            // RFC 8985 §7.4.2: the original and the probe have both arrived.
            let answered =
                |probe: &mut Probe| news.twice.is_some() || (news.ack == probe.end && news.duplicates > 0);
            self.probe.take_if(answered);
        }
        if let Some(twice) = news.twice {
            self.episode.take_if(|episode| episode.on_twice(twice));
        }
        if news.ack > before {
            self.recovering = self.episode.is_some();
        }
        self.heard_at = Some(news.at);
        self.high_sacked = self.high_sacked.max(news.high_sacked.unwrap_or(self.high_sacked));
        self.delivered_at = self.delivered_at.max(news.delivered_at);
    }

    fn on_advance(&mut self, news: &News) {
        self.probe.take_if(|probe| news.ack > probe.end || (news.ack == probe.end && news.twice.is_some()));
        let Some(episode) = &mut self.episode else { return };
        let needless = episode.is_needless(news.tsecr);
        let over = news.ack >= episode.point;
        if over {
            self.dup_acks = 0;
        }
        if needless || over {
            self.episode = None;
        }
    }

    /// An ACK that is on its way.
    pub(super) fn on_ack_in_transit(&mut self, news: News) {
        match self.in_transit.back_mut().filter(|last| news.tsval.is_some() && last.tsval == news.tsval) {
            // They arrive together, as far as anything can show.
            Some(last) if last.ack == news.ack && (last.twice.is_none() || news.twice.is_none()) => {
                last.at = news.at;
                last.duplicates += news.duplicates;
                last.twice = last.twice.or(news.twice);
                last.high_sacked = last.high_sacked.max(news.high_sacked);
                last.delivered_at = last.delivered_at.max(news.delivered_at);
            }
            _ => self.in_transit.push_back(news),
        }
        if self.in_transit.len() > MAX_IN_TRANSIT {
            self.learn_first();
        }
    }

    /// Whether ACKs are on their way.
    pub(super) fn awaits_news(&self) -> bool {
        !self.in_transit.is_empty()
    }

    /// Lets the sender have the ACKs that `arrived` is true of, in their order.
    pub(super) fn learn(&mut self, arrived: impl Fn(&News) -> bool) {
        while self.in_transit.front().is_some_and(&arrived) {
            self.learn_first();
        }
    }

    fn learn_first(&mut self) {
        if let Some(news) = self.in_transit.pop_front() {
            self.on_ack(&news);
        }
    }

    /// It sent something that occupies sequence space.
    pub(super) fn on_sent(&mut self, at: Timestamp) {
        self.sent_at = Some(at);
        self.recovering = self.episode.is_some();
    }

    /// What was sent last turned out to be older than what is missing behind it, up to `point`: with nothing reported,
    /// only the timer sends the oldest segment again (RFC 6298 §5.4). A recovery that ACKs began sends it too (RFC 6675
    /// §5, step C).
    pub(super) fn on_timeout_unseen(&mut self, point: Position, seen_at: Timestamp) {
        if self.episode.is_none() {
            self.probe = None;
            self.episode = Some(Episode::unseen(point, seen_at, self.una));
        }
    }

    /// Whether ACKs that it had received reported that `start` is missing.
    pub(super) fn knows_hole(&self, start: Position) -> bool {
        self.high_sacked > start || (self.dup_acks > 0 && start <= self.una)
    }

    /// Whether ACKs that are on their way report that `start` is missing.
    pub(super) fn will_know_hole(&self, start: Position) -> bool {
        self.in_transit.iter().any(|news| news.ack == start && news.duplicates > 0)
    }

    /// Why it sent something again.
    pub(super) fn on_resend(&mut self, resend: &Resend) -> Cause {
        let cause = self.cause(resend);
        match cause {
            Cause::Fast | Cause::Rto => self.on_recovery(cause, resend),
            Cause::Tlp => {
                let (end, len) = (resend.snd_max, resend.end - resend.start);
                self.probe = Some(Probe { end, at: resend.at, tsval: resend.tsval, len });
            }
            Cause::Unknown => {}
        }
        self.on_sent(resend.at);
        cause
    }

    /// It begins a recovery or belongs to one.
    fn on_recovery(&mut self, cause: Cause, resend: &Resend) {
        let expired = cause == Cause::Rto && self.overdue(resend);
        if expired || self.episode.is_none_or(|episode| episode.cause != cause) {
            let before = self.episode.or_else(|| self.probe.map(|probe| Episode::of_probe(&probe, self.una)));
            self.probe = None;
            self.episode = Some(Episode::new(cause, resend, before, expired, self.una));
        }
        if let Some(episode) = &mut self.episode {
            episode.on_resend(resend);
        }
    }

    fn cause(&self, resend: &Resend) -> Cause {
        let first = resend.copies <= 1;
        // RFC 8985 §6.2: something sent later than its last transmission was delivered. §3: only with SACK.
        let later = resend.last_seen_at.is_some_and(|last| self.delivered_at > Some(last));
        let proven = resend.sack && later;
        if let Some(episode) = self.episode.filter(|episode| episode.cause == Cause::Rto) {
            let within = resend.last_seen_at.is_some_and(|last| last >= episode.began);
            return if proven && within && !first { Cause::Fast } else { Cause::Rto };
        }
        let overdue = self.overdue(resend);
        // RFC 6675 §4 IsLost, RFC 5681 §3.2
        let reported = first
            && (self.high_sacked > resend.start || (self.dup_acks >= DUP_THRESH && resend.start <= self.una));
        if proven || reported {
            // RFC 8985 §6.2, step 4: what ACKs report is sent again at once, or a round trip later.
            let soon = resend.srtt.unwrap_or(resend.rto).min(nine_tenths(resend.rto));
            let heard = self.heard_at.is_none_or(|at| resend.at.since(at) <= soon);
            return if overdue && !heard { Cause::Rto } else { Cause::Fast };
        }
        if self.is_tail_loss_probe(resend, first) {
            return Cause::Tlp;
        }
        if overdue {
            return Cause::Rto;
        }
        if self.episode.is_some() || resend.reported || (first && self.dup_acks > 0) {
            return Cause::Fast;
        }
        // No timer explains it: the ACKs that passed were faster than any that gave a round trip.
        if first && self.is_on_the_way(resend.start) { Cause::Fast } else { Cause::Unknown }
    }

    /// Whether ACKs on their way report `start` as missing often enough. RFC 5681 §3.2, RFC 6675 §4
    fn is_on_the_way(&self, start: Position) -> bool {
        let repeated = self.in_transit.iter().filter(|news| news.ack == start);
        let known = if self.una == start { self.dup_acks } else { 0 };
        let duplicates = repeated.fold(known, |duplicates, news| duplicates.saturating_add(news.duplicates));
        duplicates >= DUP_THRESH || self.in_transit.iter().any(|news| news.high_sacked > Some(start))
    }

    /// RFC 6298 §5: the oldest outstanding segment, a timeout after what last restarted the timer.
    fn overdue(&self, resend: &Resend) -> bool {
        let restarted = resend.last_at.max(self.advanced_at).max(self.probe.map(|probe| probe.at));
        let silent = restarted.is_some_and(|at| resend.at.since(at) >= nine_tenths(resend.rto));
        silent && resend.start <= self.una
    }

    /// RFC 8985 §7.2, §7.3
    fn is_tail_loss_probe(&self, resend: &Resend, first: bool) -> bool {
        let tail = resend.end >= resend.snd_max && self.high_sacked < resend.end;
        if !resend.sack
            || !first
            || !tail
            || self.recovering
            || self.episode.is_some()
            || self.probe.is_some()
        {
            return false;
        }
        let timeout = match resend.srtt {
            Some(srtt) if resend.alone => (srtt + srtt + DELAYED_ACK).min(resend.rto),
            Some(srtt) => (srtt + srtt).min(resend.rto),
            None => resend.rto,
        };
        let last = self.sent_at.max(self.advanced_at);
        last.is_some_and(|last| resend.at.since(last) >= nine_tenths(timeout))
    }
}

/// Estimates of a sender's timers are never quite its own.
fn nine_tenths(span: Span) -> Span {
    Span::from_nanos(span.as_nanos() / 10 * 9)
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::{conversation, established, established_plain};

    /// What the last line is.
    fn last(events: &str) -> &str {
        events.lines().last().unwrap().split_once(' ').unwrap().1
    }

    #[test]
    fn a_timer_that_expires_long_after_the_last_duplicate_ack_is_a_timer() {
        let script = |millis: u32| {
            let script = format!(
                "0.000 > 1:1001(1000) ack 1
                 0.001 > 1001:4001(3000) ack 1
                 0.100 < 1:1(0) ack 1
                 0.101 < 1:1(0) ack 1
                 0.102 < 1:1(0) ack 1
                 0.{millis} > 1:1001(1000) ack 1"
            );
            last(&established_plain(&script).events()).to_owned()
        };
        assert_eq!(script(103), "retransmission fast");
        assert_eq!(script(310), "retransmission rto");
    }

    #[test]
    fn what_was_delivered_later_proves_nothing_without_sack() {
        let script = "0.000 > 1:1001(1000) ack 1
             0.001 > 1001:2001(1000) ack 1
             0.002 > 2001:3001(1000) ack 1
             0.310 > 1:1001(1000) ack 1
             0.311 > 3001:4001(1000) ack 1
             0.410 < 1:1(0) ack 2001
             0.411 > 1001:2001(1000) ack 1
             0.510 < 1:1(0) ack 4001
             0.511 > 4001:5001(1000) ack 1
             0.512 > 4001:5001(1000) ack 1";
        assert_eq!(last(&established_plain(script).events()), "retransmission unclassified");
    }

    #[test]
    fn duplicate_acks_explain_what_no_timer_does() {
        let script = |acks: &str| {
            let script = format!(
                "0.000 > syn 0:1(0) mss 1460
                 0.002 < syn 0:1(0) ack 1 mss 1460
                 0.050 > 1:1(0) ack 1
                 0.100 > 1:1001(1000) ack 1
                 0.101 > 1001:5001(4000) ack 1
                 0.102 < 1:1(0) ack 1
                 0.103 < 1:1(0) ack 1
                 {acks}
                 0.106 > 1:1001(1000) ack 1"
            );
            last(&conversation(&script).events()).to_owned()
        };
        assert_eq!(script("0.104 < 1:1(0) ack 1"), "retransmission fast");
        assert_eq!(script(""), "retransmission unclassified");
    }

    #[test]
    fn a_timer_set_in_a_recovery_is_no_probe() {
        let trace = established(
            "0.000 > 1:1001(1000) ack 1
             0.001 > 1001:4001(3000) ack 1
             0.002 > 4001:5001(1000) ack 1
             0.100 < 1:1(0) ack 1 sack 1001:4001
             0.100 > 1:1001(1000) ack 1
             0.110 < 1:1(0) ack 4001
             0.200 < 1:1(0) ack 4001 sack 1:1001
             0.420 > 4001:5001(1000) ack 1",
        );
        assert_eq!(last(&trace.events()), "retransmission rto");
    }

    #[test]
    fn a_dsack_answers_a_probe() {
        let trace = established(
            "0.000 > 1:1001(1000) ack 1
             0.310 > 1:1001(1000) ack 1
             0.320 < 1:1(0) ack 1001 sack 1:1001
             0.400 > 1001:2001(1000) ack 1
             0.710 > 1001:2001(1000) ack 1",
        );
        assert_eq!(last(&trace.events()), "retransmission tlp");
    }

    #[test]
    fn ids_show_that_only_a_timeout_got_through() {
        let script = |id: u16| {
            let script = format!(
                "0.000 > syn 0:1(0) sackok mss 1460
                 0.000 < syn 0:1(0) ack 1 sackok mss 1460 id 8
                 0.000 > 1:1(0) ack 1
                 0.100 < 1:1001(1000) ack 1 id 9
                 0.100 > 1:1(0) ack 1001
                 0.500 < 1001:2001(1000) ack 1 id 10
                 0.500 > 1:1(0) ack 2001
                 0.600 < 7001:8001(1000) ack 1 id {id}
                 0.600 > 1:1(0) ack 2001 sack 7001:8001
                 0.700 < 2001:3001(1000) ack 1 id 30"
            );
            last(&conversation(&script).events()).to_owned()
        };
        assert_eq!(script(11), "retransmission rto lost_before_capture");
        assert_eq!(script(16), "retransmission fast lost_before_capture");
    }

    #[test]
    fn what_ids_show_in_a_recovery_is_of_the_recovery() {
        let trace = conversation(
            "0.000 > syn 0:1(0) sackok mss 1460
             0.100 < syn 0:1(0) ack 1 sackok mss 1460 id 8
             0.100 > 1:1(0) ack 1
             0.200 < 1:1001(1000) ack 1 id 9
             0.201 < 2001:3001(1000) ack 1 id 11
             0.201 > 1:1(0) ack 1001 sack 2001:3001
             0.301 < 1001:2001(1000) ack 1 id 20
             0.301 > 1:1(0) ack 3001
             0.302 < 3001:4001(1000) ack 1 id 21
             0.302 > 1:1(0) ack 4001
             0.303 < 7001:8001(1000) ack 1 id 22
             0.303 > 1:1(0) ack 4001 sack 7001:8001
             0.304 < 4001:5001(1000) ack 1 id 23",
        );
        assert_eq!(last(&trace.events()), "retransmission fast lost_before_capture");
    }
}
