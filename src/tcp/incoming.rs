//! What a segment says about the other side's stream: acknowledgments, SACK, round trips. RFC 5681, 2018, 2883.

use std::ops::Range;

use super::doubts::Settled;
use super::flight::Sent;
use super::half::{Half, MAX_JUMP, Standpoint};
use super::rtt;
use super::sender::{News, Twice};
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
    /// Without SACK: the greatest segment of that side, as far as it is known.
    pub(super) mss: Option<u32>,
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
        if advances && self.is_unseen(ack) {
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
        if news.twice.is_some() {
            answer.tags.insert(Tag::Dsack);
        }
        if advances {
            let advance = before.map_or(0, |before| (ack - before).clamp(0, i64::from(u32::MAX)) as u32);
            news.segments = circumstances.mss.map(|mss| advance.div_ceil(mss.max(1)));
            self.on_advancing_ack(segment, ack, circumstances.mss.is_some(), &mut answer, &mut news);
            if let Some(doubts) = &mut self.doubts {
                let patience = self.rtt.srtt().unwrap_or(INITIAL_PATIENCE)
                    + circumstances.standpoint.back.unwrap_or(Span::ZERO);
                doubts.on_ack(ack, segment.at, tsecr, patience, &mut settle);
            }
        } else if before == Some(ack) && is_pure(segment) {
            answer.tags.extend(self.on_repeated_ack(
                ack,
                segment.at,
                reported || news.twice.is_some(),
                circumstances,
                settle,
            ));
            news.duplicates = u32::from(answer.tags.contains(Tag::DuplicateAck));
        }
        self.tell(news, circumstances.standpoint);
        answer
    }

    /// Whether an ACK that advances to `ack` acknowledges bytes that were never seen: above all that was, or in a hole.
    pub(super) fn is_unseen(&self, ack: Position) -> bool {
        let Some(snd_max) = self.snd_max else { return false };
        if ack > snd_max {
            return self.probes.end().is_none_or(|end| ack > end);
        }
        let start = self.acked.unwrap_or(self.first).max(self.first).max(1);
        let end = ack - i64::from(ack == snd_max && self.extent.has_ended());
        start < end && !self.seen.covers(&(start..end))
    }

    /// It acknowledges something new.
    pub(super) fn on_advancing_ack(
        &mut self,
        segment: &Segment,
        ack: Position,
        plain: bool,
        answer: &mut Answer,
        news: &mut News,
    ) {
        let covered = self.flight.on_ack(ack);
        if let Some(newest) = covered.newest {
            answer.acks_packet = Some(newest.number);
            // RFC 7323 §4.3: what fills a hole is echoed. Without SACK, what lay behind it may have waited for long.
            let waited = plain
                && covered.latest_again.is_some()
                && news.tsecr.is_none_or(|echo| newest.tsval != Some(echo));
            if !waited && !self.sacked.touches(&(newest.start..newest.end)) {
                answer.rtt = rtt::sample(&newest, covered.original_tsval, segment.at, news.tsecr);
            }
        }
        if let Some(sample) = answer.rtt {
            self.rtt.on_sample(sample);
        }
        for sent in [&covered.newest, &covered.latest_again].into_iter().flatten() {
            news.delivered_at = news.delivered_at.max(self.surely_delivered(sent, segment.at));
        }
        self.sacked.forget_below(ack);
        self.extent.on_ack(segment.ack);
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
            news.twice = Some(Twice { end: range.end, len: range.end - range.start });
            if let Some(doubts) = &mut self.doubts {
                doubts.on_dsack(range, &mut *settle);
            }
        }
        let mut reported = false;
        // Of a direction that the capture lacks, what is reported has been sent.
        let highest = if self.snd_max.is_some() { self.top() } else { ack + MAX_JUMP };
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
        let outstanding = self.snd_max.or_else(|| self.sacked.end()).is_some_and(|sent| sent > ack);
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
    pub(super) fn tell(&mut self, mut news: News, standpoint: Standpoint) {
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

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::{conversation, established, established_plain};
    use crate::time::Span;

    #[test]
    fn a_sample_runs_from_the_newest_byte_that_was_sent_once() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1
             0.010 > 1001:2001(1000) ack 1
             0.110 < 1:1(0) ack 2001
             0.200 > 2001:3001(1000) ack 1
             0.900 > 2001:3001(1000) ack 1
             1.000 < 1:1(0) ack 3001",
        );
        assert_eq!(trace.verdict(3).rtt, Some(Span::from_millis(100)));
        assert_eq!(trace.verdict(3).acks_packet, Some(5));
        assert_eq!(trace.verdict(6).rtt, None);
        assert_eq!(trace.client().rtt.samples, 2);
    }

    #[test]
    fn bytes_that_sack_reported_before_give_no_sample() {
        let trace = established(
            "0.000 > 1:1001(1000) ack 1
             0.001 > 1001:2001(1000) ack 1
             0.101 < 1:1(0) ack 1 sack 1001:2001
             0.101 > 1:1001(1000) ack 1
             0.201 < 1:1(0) ack 2001",
        );
        assert_eq!(trace.verdict(5).rtt, None);
        assert_eq!(trace.server().acks.sack_segments, 1);
    }

    #[test]
    fn without_sack_what_waited_behind_a_hole_gives_no_sample() {
        let script = |echo: u32| {
            let script = format!(
                "0.000 > 1:1001(1000) ack 1 ts 100:1
                 0.001 > 1001:2001(1000) ack 1 ts 101:1
                 0.310 > 1:1001(1000) ack 1 ts 410:1
                 0.410 < 1:1(0) ack 2001 ts 500:{echo}"
            );
            established_plain(&script).verdict(4).rtt
        };
        assert_eq!(script(410), None);
        assert_eq!(script(101), Some(Span::from_millis(409)));
    }

    #[test]
    fn a_dsack_proves_the_latest_copy_needless() {
        let trace = established(
            "0.000 > 1:1001(1000) ack 1
             0.310 > 1:1001(1000) ack 1
             0.800 > 1:1001(1000) ack 1
             0.850 < 1:1(0) ack 1001
             0.900 < 1:1(0) ack 1001 sack 1:1001",
        );
        let expected = "2 retransmission tlp\n3 retransmission rto spurious\n5 sack dsack";
        assert_eq!(trace.events(), expected);
        assert_eq!((trace.client().loss.spurious, trace.client().loss.lost_after_capture), (1, 1));
        assert_eq!(trace.server().acks.dsack_segments, 1);
    }

    #[test]
    fn an_old_echo_proves_the_copy_needless() {
        let script = |echo: u32| {
            format!(
                "0.000 > 1:1001(1000) ack 1 ts 100:1
                 0.310 > 1:1001(1000) ack 1 ts 410:1
                 0.400 < 1:1(0) ack 1001 ts 500:{echo}"
            )
        };
        assert_eq!(established(&script(100)).events(), "2 retransmission tlp spurious");
        assert_eq!(established(&script(410)).events(), "2 retransmission tlp");
    }

    #[test]
    fn what_was_acknowledged_before_was_sent_again_needlessly() {
        let trace = established(
            "0.0 > 1:1001(1000) ack 1
             0.1 < 1:1(0) ack 1001
             0.3 > 1:1001(1000) ack 1",
        );
        assert!(trace.events().ends_with(" spurious"));
        assert!(!trace.verdict(3).pending);
    }

    #[test]
    fn copies_are_the_captures_unless_the_receiver_got_both() {
        let script = |answer: &str| {
            format!(
                "0.000 > 1:1001(1000) ack 1 id 7 sum 1
                 0.001 > 1:1001(1000) ack 1 id 7 sum 1
                 0.100 < 1:1(0) ack 1001
                 {answer}"
            )
        };
        assert_eq!(established(&script("")).events(), "2 capture_duplicate");
        let both = established(&script("0.101 < 1:1(0) ack 1001 sack 1:1001"));
        assert_eq!(both.events(), "2 network_duplicate\n4 sack dsack");
        assert_eq!((both.client().loss.network_duplicates, both.client().loss.capture_duplicates), (1, 0));
        let answered = established_plain(&script("0.101 < 1:1(0) ack 1001"));
        assert_eq!(answered.events(), "2 network_duplicate");
        assert_eq!(answered.client().loss.retransmitted_segments, 0);
    }

    #[test]
    fn a_duplicate_ack_meets_all_five_conditions() {
        let trace = established_plain(
            "0.00 < 1:1(0) ack 1 win 65535
             0.01 > 1:1001(1000) ack 1
             0.02 < 1:1(0) ack 1 win 65535
             0.03 < 1:1(0) ack 1 win 60000
             0.04 < 1:101(100) ack 1 win 60000
             0.05 < 101:101(0) ack 1001 win 60000
             0.06 < 101:101(0) ack 1001 win 60000",
        );
        assert_eq!(trace.events(), "3 duplicate_ack\n4 window_update");
    }

    #[test]
    fn an_ack_in_a_hole_acknowledges_what_was_never_seen() {
        let trace = established_plain(
            "0.00 > 1:1001(1000) ack 1
             0.01 > 3001:4001(1000) ack 1
             0.10 < 1:1(0) ack 1001
             0.11 < 1:1(0) ack 2001
             0.12 < 1:1(0) ack 4001
             0.13 > fin 4001:4001(0) ack 1
             0.14 < 1:1(0) ack 4002",
        );
        assert_eq!(trace.events(), "2 gap\n4 acked_unseen\n5 acked_unseen");
    }

    #[test]
    fn sack_shows_what_is_outstanding_of_a_direction_that_the_capture_lacks() {
        let trace = conversation(
            "0.0 < 1:1(0) ack 1001 win 5000
             0.1 < 1:1(0) ack 1001 win 5000
             0.2 < 1:1(0) ack 1001 win 5000 sack 2001:3001
             0.3 < 1:1(0) ack 1001 win 5000 sack 2001:4001
             0.4 < 1:1(0) ack 4001 win 5000
             0.5 < 1:1(0) ack 4001 win 5000",
        );
        assert_eq!(trace.events(), "3 duplicate_ack sack\n4 duplicate_ack sack");
    }

    #[test]
    fn probes_and_keep_alives_are_asked_and_answered() {
        let trace = established_plain(
            "0.0 > 1:1001(1000) ack 1
             0.1 < 1:1(0) ack 1001 win 0
             0.5 > 1000:1000(0) ack 1
             0.6 < 1:1(0) ack 1001 win 0
             1.0 > 1001:1002(1) ack 1
             1.1 < 1:1(0) ack 1001 win 0
             2.0 > 1001:1002(1) ack 1
             2.1 < 1:1(0) ack 1001 win 5000
             2.2 > 1001:2001(1000) ack 1
             2.3 < 1:1(0) ack 2001 win 5000
             9.0 > 2000:2001(1) ack 1
             9.1 < 1:1(0) ack 2001 win 5000",
        );
        let expected = "2 zero_window
3 window_probe
4 zero_window window_probe_ack
5 window_probe
6 zero_window window_probe_ack
7 window_probe
8 window_update
11 keep_alive
12 keep_alive_ack";
        assert_eq!(trace.events(), expected);
        let (client, server) = (trace.client(), trace.server());
        assert_eq!((client.probes.window_probes, client.probes.keep_alives), (3, 1));
        assert_eq!((client.loss.retransmitted_segments, client.unique_bytes), (0, 2000));
        assert_eq!(server.window.zero_windows, 1);
        assert_eq!(server.window.zero_window_time, Span::from_millis(2000));
    }

    #[test]
    fn an_ack_of_what_was_never_seen_is_a_hole_in_the_capture() {
        let trace = established_plain(
            "0.0 > 1:1001(1000) ack 1
             0.1 < 1:1(0) ack 3001
             0.2 > 3001:4001(1000) ack 1",
        );
        assert_eq!(trace.events(), "2 acked_unseen\n3 gap");
        assert_eq!((trace.client().missing_bytes, trace.client().loss.retransmitted_segments), (2000, 0));
        assert_eq!(trace.client().lost_bytes, 2000);
    }

    #[test]
    fn joined_midway_numbers_begin_at_one() {
        let trace = conversation(
            "0.0 > 500:600(100) ack 900\n 0.1 < 900:950(50) ack 600\n 0.2 > 400:500(100) ack 950",
        );
        let relative = |line: usize| (trace.verdict(line).seq_relative, trace.verdict(line).ack_relative);
        assert_eq!([1, 2].map(relative), [(1, Some(1)), (1, Some(101))]);
        assert_eq!(trace.verdict(1).window_scaled, None);
        assert_eq!(trace.summary().opening, crate::tcp::Opening::Midstream);
        assert_eq!(trace.client().unique_bytes, 200);
    }
}
