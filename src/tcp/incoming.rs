//! What a segment says about the other side's stream: acknowledgments, SACK, round trips. RFC 5681, 2018, 2883.

use std::ops::Range;

use super::doubts::Settled;
use super::flight::Sent;
use super::half::{Half, Standpoint};
use super::rtt;
use super::sender::News;
use super::{Flags, Position, Segment, Seq, Tag, Tags};
use crate::time::{Span, Timestamp};

/// What an ACK turned out to be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answer {
    pub(super) tags: Tags,
    pub(super) rtt: Option<Span>,
    /// The newest segment that it covers.
    pub(super) acks_packet: Option<u64>,
}

/// What an ACK is judged by, beside what is known of the stream that it acknowledges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    /// It advertises another window than the one before.
    pub(super) window_changed: bool,
    /// The standpoint towards the side whose stream it acknowledges.
    pub(super) standpoint: Standpoint,
    /// It answers an unacceptable SYN or RST.
    pub(super) challenged: bool,
}

impl Half {
    /// The other side sends `segment`, not a copy, without RST, which acknowledges this side's stream up to `ack`.
    pub(super) fn on_ack(
        &mut self,
        segment: &Segment,
        ack: Position,
        circumstances: &Circumstances,
        mut settle: impl FnMut(Settled),
    ) -> Answer {
        let mut answer = Answer::default();
        let before = self.acked;
        let advances = before.is_none_or(|before| ack > before);
        if self.snd_max.is_some_and(|snd_max| ack > snd_max.max(self.probes.end().unwrap_or(snd_max)))
            && advances
        {
            answer.tags.insert(Tag::AckedUnseen);
        }
        let tsecr = segment.timestamps.map(|(_, tsecr)| tsecr);
        let mut news = News {
            at: segment.at,
            ack,
            tsval: segment.timestamps.map(|(tsval, _)| tsval),
            tsecr,
            ..News::default()
        };
        let reported = !segment.sack.is_empty() && self.on_sack(segment, ack, &mut news, &mut settle);
        if news.dsack {
            answer.tags.insert(Tag::Dsack);
        }
        if advances {
            self.on_advancing_ack(segment, ack, &mut answer, &mut news);
            if let Some(doubts) = &mut self.doubts {
                let patience = self.rtt.srtt().unwrap_or(INITIAL_PATIENCE)
                    + circumstances.standpoint.back.unwrap_or(Span::ZERO);
                doubts.on_ack(ack, segment.at, tsecr, patience, &mut settle);
            }
        } else if before == Some(ack) && is_pure(segment) {
            answer.tags.extend(self.on_repeated_ack(
                ack,
                segment.at,
                reported || news.dsack,
                circumstances,
                settle,
            ));
            news.duplicates = u32::from(answer.tags.contains(Tag::DuplicateAck));
        }
        self.tell(news, circumstances.standpoint);
        answer
    }

    /// It acknowledges something new.
    fn on_advancing_ack(&mut self, segment: &Segment, ack: Position, answer: &mut Answer, news: &mut News) {
        let covered = self.flight.on_ack(ack);
        if let Some(newest) = covered.newest {
            answer.acks_packet = Some(newest.number);
            if !self.sacked.touches(&(newest.start..newest.end)) {
                answer.rtt = rtt::sample(&newest, covered.original_tsval, segment.at, news.tsecr);
            }
        }
        if let Some(sample) = answer.rtt {
            self.rtt.on_sample(sample);
        }
        for sent in covered.newest.into_iter().chain(covered.latest_again) {
            news.delivered_at = news.delivered_at.max(self.surely_delivered(&sent, segment.at));
        }
        self.sacked.forget_below(ack);
        if ack > self.first.max(1) {
            self.volume.on_data_acked();
        }
        if self.probes.end() == Some(ack) {
            self.reach(ack);
        }
        self.acknowledge(ack);
    }

    /// When the transmission was seen that an ACK `at` this time proves delivered. RFC 8985 §6.2, step 2
    fn surely_delivered(&self, sent: &Sent, at: Timestamp) -> Option<Timestamp> {
        let possible = sent.copies <= 1 || self.rtt.min().is_some_and(|min| at.since(sent.at) >= min);
        possible.then_some(sent.at)
    }

    /// Its SACK blocks. Whether they report anything new above the cumulative ACK.
    fn on_sack(
        &mut self,
        segment: &Segment,
        ack: Position,
        news: &mut News,
        settle: &mut impl FnMut(Settled),
    ) -> bool {
        let mut blocks = segment.sack.iter().map(|&edges| self.block(edges));
        let (first, second) = (blocks.next(), blocks.next());
        drop(blocks);
        // RFC 2883 §4: the first block lies below the ACK, or within the second.
        let within = |outer: &Range<Position>, inner: &Range<Position>| {
            outer.start <= inner.start && inner.end <= outer.end
        };
        let dsack = first.filter(|first| {
            first.start < first.end
                && (first.end <= ack || second.as_ref().is_some_and(|second| within(second, first)))
        });
        if let Some(range) = &dsack {
            news.dsack = true;
            if let Some(doubts) = &mut self.doubts {
                doubts.on_dsack(range, &mut *settle);
            }
        }
        let mut reported = false;
        let highest = self.top();
        for &edges in segment.sack.iter().skip(usize::from(dsack.is_some())) {
            let block = self.block(edges);
            let block = block.start.max(ack)..block.end.min(highest);
            if let Some(gap) = self.sacked.highest_gap(&block).filter(|_| !block.is_empty()) {
                reported = true;
                let (once, again) = self.flight.newest_in(&gap);
                for sent in once.into_iter().chain(again) {
                    news.delivered_at = news.delivered_at.max(self.surely_delivered(&sent, segment.at));
                }
                self.sacked.add(block);
            }
        }
        news.high_sacked = self.sacked.end();
        reported
    }

    /// Where a SACK block is; empty if its edges contradict each other.
    fn block(&self, (left, right): (u32, u32)) -> Range<Position> {
        let start = self.position(Seq(left));
        start..start + i64::from(Seq(right) - Seq(left))
    }

    /// A pure ACK that acknowledges what was acknowledged before. RFC 5681 §2
    fn on_repeated_ack(
        &mut self,
        ack: Position,
        at: Timestamp,
        reported: bool,
        circumstances: &Circumstances,
        settle: impl FnMut(Settled),
    ) -> Tags {
        let changed = circumstances.window_changed;
        if circumstances.challenged {
            return Tags::of(Tag::ChallengeAck);
        }
        if let Some(answer) = self.probes.take_answer().filter(|_| !changed) {
            return Tags::of(answer);
        }
        let outstanding = self.snd_max.is_some_and(|snd_max| snd_max > ack);
        if outstanding && (!changed || reported) {
            return Tags::of(Tag::DuplicateAck);
        }
        if changed {
            return Tags::of(Tag::WindowUpdate);
        }
        if let Some(doubts) = self.doubts.as_mut().filter(|_| !outstanding) {
            doubts.on_unexplained_ack(at, settle);
        }
        Tags::default()
    }

    /// Lets the sender have the news, now or when they have arrived.
    fn tell(&mut self, mut news: News, standpoint: Standpoint) {
        let Some(sender) = &mut self.sender else { return };
        if standpoint.at_sender {
            sender.learn(|_| true);
            sender.on_ack(&news);
        } else {
            news.seen_at = news.at;
            news.at = news.at + standpoint.back.unwrap_or(Span::ZERO);
            sender.on_ack_in_transit(news);
        }
    }

    /// This side sends `segment`: which ACKs has it by now?
    pub(super) fn learn(&mut self, segment: &Segment, standpoint: Standpoint) {
        let Some(sender) = &mut self.sender else { return };
        let echo = segment.timestamps.map(|(_, tsecr)| tsecr);
        sender.learn(|news| match (news.tsval, echo) {
            _ if standpoint.at_sender => true,
            (Some(tsval), Some(echo)) => echo.wrapping_sub(tsval) as i32 >= 0,
            _ => standpoint.back.is_none_or(|back| segment.at.since(news.seen_at) >= back),
        });
    }
}

/// How long to wait for a proof where no round trip is known.
const INITIAL_PATIENCE: Span = Span::from_secs(1);

/// ACK alone: no payload, SYN, FIN or RST.
fn is_pure(segment: &Segment) -> bool {
    let more = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0);
    segment.payload_len == 0 && !segment.flags.intersects(more)
}
