//! What the sender knew when it sent something again, and so why it did. RFC 5681, 6298, 6675, 8985.
//!
//! At the sender an ACK counts when it is seen. Away from it, an ACK is on its way for a while: [`Sender::learn`] is
//! told which have arrived. Times here are on the sender's side: see [`super::clock`].

use std::collections::VecDeque;

use super::Position;
use crate::time::{Span, Timestamp};

/// The most ACKs that are kept on their way. Beyond, the oldest has arrived.
const MAX_IN_TRANSIT: usize = 4096;

/// RFC 5681 §3.2: the duplicate ACKs after which a sender without SACK retransmits.
const DUP_THRESH: u32 = 3;

/// RFC 8985 §7.2, as Linux has it: what a probe of a single segment allows for a delayed ACK.
const DELAYED_ACK: Span = Span::from_millis(200);

/// Why something was sent again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
#[derive(Clone, Copy, Debug, Default)]
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
    /// It reports data received twice.
    pub(super) dsack: bool,
}

/// A recovery: from the first segment sent again until all that was outstanding then is acknowledged.
#[derive(Clone, Copy, Debug)]
struct Episode {
    cause: Cause,
    /// RFC 6675 §5: RecoveryPoint.
    point: Position,
    began: Timestamp,
    first_tsval: Option<u32>,
    /// Some ACK has advanced since it began.
    judged: bool,
}

/// A tail loss probe that is not answered. RFC 8985 §7.4
#[derive(Clone, Copy, Debug)]
struct Probe {
    end: Position,
    at: Timestamp,
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
#[derive(Clone, Debug, Default)]
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
    in_transit: VecDeque<News>,
}

impl Sender {
    /// A sender of whose stream `una` is acknowledged.
    pub(super) fn new(una: Position) -> Self {
        Self { una, ..Self::default() }
    }

    /// An ACK that has arrived.
    pub(super) fn on_ack(&mut self, news: &News) {
        if news.ack > self.una {
            self.una = news.ack;
            self.advanced_at = Some(news.at);
            self.dup_acks = 0;
            self.on_advance(news);
        } else if news.ack == self.una {
            self.dup_acks = self.dup_acks.saturating_add(news.duplicates);
            // RFC 8985 §7.4.2: the original and the probe have both arrived.
            let answered = |probe: &mut Probe| news.dsack || (news.ack == probe.end && news.duplicates > 0);
            self.probe.take_if(answered);
        }
        self.heard_at = Some(news.at);
        self.high_sacked = self.high_sacked.max(news.high_sacked.unwrap_or(self.high_sacked));
        self.delivered_at = self.delivered_at.max(news.delivered_at);
    }

    fn on_advance(&mut self, news: &News) {
        self.probe.take_if(|probe| news.ack > probe.end);
        let Some(episode) = &mut self.episode else { return };
        // RFC 3522 §3.2: the ACK was caused by what was sent before, so the recovery was needless.
        let older = |(echo, first): (u32, u32)| (echo.wrapping_sub(first) as i32) < 0;
        let needless = !episode.judged && news.tsecr.zip(episode.first_tsval).is_some_and(older);
        episode.judged = true;
        if needless || news.ack >= episode.point {
            self.episode = None;
        }
    }

    /// An ACK that is on its way.
    pub(super) fn on_ack_in_transit(&mut self, news: News) {
        match self.in_transit.back_mut().filter(|last| news.tsval.is_some() && last.tsval == news.tsval) {
            // They arrive together, as far as anything can show.
            Some(last) if last.ack == news.ack => {
                last.at = news.at;
                last.duplicates += news.duplicates;
                last.dsack |= news.dsack;
                last.high_sacked = last.high_sacked.max(news.high_sacked);
                last.delivered_at = last.delivered_at.max(news.delivered_at);
            }
            _ => self.in_transit.push_back(news),
        }
        if self.in_transit.len() > MAX_IN_TRANSIT {
            self.learn_first();
        }
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
        let begins = match (cause, self.episode) {
            (Cause::Fast, None) | (Cause::Rto, None) => true,
            (Cause::Fast | Cause::Rto, Some(episode)) => episode.cause != cause,
            _ => false,
        };
        if begins {
            self.probe = None;
            self.episode = Some(Episode {
                cause,
                point: resend.snd_max,
                began: resend.seen_at,
                first_tsval: resend.tsval,
                judged: false,
            });
        }
        if cause == Cause::Tlp {
            self.probe = Some(Probe { end: resend.snd_max, at: resend.at });
        }
        self.sent_at = Some(resend.at);
        cause
    }

    fn cause(&self, resend: &Resend) -> Cause {
        let first = resend.copies <= 1;
        // RFC 8985 §6.2: something sent later than its last transmission was delivered.
        let proven =
            resend.last_seen_at.is_some_and(|last| self.delivered_at.is_some_and(|newest| newest > last));
        if let Some(episode) = self.episode.filter(|episode| episode.cause == Cause::Rto) {
            let within = resend.last_seen_at.is_some_and(|last| last >= episode.began);
            return if proven && within && !first { Cause::Fast } else { Cause::Rto };
        }
        let overdue = self.overdue(resend);
        // RFC 6675 §4 IsLost, RFC 5681 §3.2
        let reported = first
            && (self.high_sacked > resend.start || (self.dup_acks >= DUP_THRESH && resend.start <= self.una));
        if proven || reported {
            let heard = self.heard_at.is_none_or(|at| resend.at.since(at) < nine_tenths(resend.rto));
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
        Cause::Unknown
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
        if !resend.sack || !first || !tail || self.episode.is_some() || self.probe.is_some() {
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
