//! What a segment is by the sequence space it occupies: new, a probe, late, or sent again and why.

use std::ops::Range;

use super::flight::Sent;
use super::half::{Half, Standpoint};
use super::handshake::Sequel;
use super::probes::Situation;
use super::sender::{Cause, Resend};
use super::{Flags, Position, Segment, Tag, Tags};
use crate::time::Span;

/// What a segment is judged by, beside what is known of its sender.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// First SYN, crossed, or again; `None` without SYN.
    pub(super) sequel: Option<Sequel>,
    /// The receiver's window: closed, or its right edge where the scale is known.
    pub(super) closed: bool,
    pub(super) edge: Option<Position>,
    /// The sender's greatest segment, as far as it is known.
    pub(super) mss: u32,
    /// What the receiver takes at most, or else what fits Ethernet.
    pub(super) offered: u32,
    /// SACK was negotiated, or seems to have been.
    pub(super) sack: bool,
    pub(super) standpoint: Standpoint,
    /// Where its FIN ends, if one was seen before.
    pub(super) fin_end: Option<Position>,
}

/// What a segment turned out to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) tags: Tags,
    /// Payload bytes that had been sent before.
    pub(super) resent: u32,
    /// What may turn out to be needless.
    pub(super) doubt: Option<Range<Position>>,
}

impl Half {
    /// Its segment at `position`, not a copy, without RST.
    pub(super) fn on_outgoing(
        &mut self,
        segment: &Segment,
        position: Position,
        context: &Context,
    ) -> Outcome {
        let syn = i64::from(context.sequel.is_some());
        let payload = position + syn..position + syn + i64::from(segment.payload_len);
        let end = payload.end + i64::from(segment.flags.contains(Flags::FIN));
        let begun = self.snd_max.is_some();
        let snd_max = *self.snd_max.get_or_insert(position);
        if !begun {
            self.first = payload.start;
        }
        self.extent.on_segment(segment);
        let situation = Situation {
            snd_max,
            all_acked: self.acked.is_none_or(|acked| acked >= snd_max),
            closed: context.closed,
        };
        if let Some(probe) = self.probes.on_sent(segment, position, &situation).filter(|_| begun) {
            self.seen.add(payload);
            return Outcome { tags: Tags::of(probe), ..Outcome::default() };
        }
        let hole = position - snd_max;
        if hole > 0 && self.ids.step(segment).is_some_and(|step| i64::from(step) <= hole / greatest(context))
        {
            // The IDs between do not suffice for the hole: part of it was sent before what was seen last.
            self.sender().on_timeout_unseen(position, segment.at);
        }
        let mut outcome = if position >= snd_max {
            self.on_advance(segment, position..end, payload.clone())
        } else if end > position {
            self.on_old(segment, position..end, payload.clone(), context)
        } else {
            Outcome::default()
        };
        if position > snd_max {
            outcome.tags.insert(Tag::Gap);
            if end == position {
                self.beyond = Some(Sent::new(segment, position..end, 1));
            }
        }
        self.seen.add(payload.clone());
        self.reach(end);
        let full = |edge: Position| end <= edge && edge - end < i64::from(context.mss);
        if !payload.is_empty() && syn == 0 && !context.closed && context.edge.is_some_and(full) {
            outcome.tags.insert(Tag::WindowFull);
        }
        outcome
    }

    /// It begins where the stream ended, or above.
    fn on_advance(&mut self, segment: &Segment, range: Range<Position>, payload: Range<Position>) -> Outcome {
        if range.is_empty() {
            return Outcome::default();
        }
        self.ids.on_new(segment);
        self.flight.on_new(Sent::new(segment, range, 1));
        self.volume.on_new_data(segment.payload_len);
        if !payload.is_empty() || !segment.flags.contains(Flags::SYN) {
            let at = self.clock.sent_at(segment.at, segment.timestamps.map(|(tsval, _)| tsval));
            self.sender().on_sent(at);
        }
        Outcome::default()
    }

    /// It begins below the highest position sent.
    fn on_old(
        &mut self,
        segment: &Segment,
        range: Range<Position>,
        payload: Range<Position>,
        context: &Context,
    ) -> Outcome {
        let snd_max = self.snd_max.unwrap_or(0);
        let old = range.start..range.end.min(snd_max);
        let fin_again = segment.flags.contains(Flags::FIN) && context.fin_end == Some(range.end);
        let again = match context.sequel {
            Some(sequel) => sequel == Sequel::Again || self.seen.touches(&payload),
            None if payload.is_empty() => fin_again,
            None => fin_again || self.seen.touches(&payload),
        };
        let outcome = match (again, context.sequel) {
            (_, Some(Sequel::Overtaken)) => Outcome { tags: Tags::of(Tag::OutOfOrder), ..Outcome::default() },
            (false, Some(_)) => Outcome::default(),
            (false, None) if payload.is_empty() => Outcome::default(),
            (true, _) => self.on_again(segment, old, context),
            (false, None) => self.on_late(segment, old, context),
        };
        if range.end > snd_max {
            // The part that is new goes on as anything new.
            self.flight.on_new(Sent::new(segment, snd_max..range.end, 1));
            self.volume.on_new_data((range.end - snd_max) as u32);
        }
        self.first = self.first.min(payload.start);
        outcome
    }

    /// It was seen before.
    fn on_again(&mut self, segment: &Segment, range: Range<Position>, context: &Context) -> Outcome {
        let last = self.flight.latest(&range).or_else(|| self.doubts.as_ref()?.latest(&range));
        let overtaken =
            last.filter(|_| context.sequel.is_none()).and_then(|last| self.ids.is_overtaken(segment, &last));
        if overtaken == Some(true) {
            return Outcome { tags: Tags::of(Tag::OutOfOrder), ..Outcome::default() };
        }
        self.on_resend(segment, range, last, context)
    }

    /// It was never seen, but something above it was: reordered, or lost before the capture point.
    fn on_late(&mut self, segment: &Segment, range: Range<Position>, context: &Context) -> Outcome {
        let above = self.first_above(range.start);
        let half_trip = self.full_trip(context).map(|trip| Span::from_nanos(trip.as_nanos() / 2));
        let reported = self.sender.as_ref().is_some_and(|sender| sender.knows_hole(range.start));
        let reordered = above.and_then(|above| self.ids.is_older(segment, &above)).unwrap_or_else(|| {
            let late = above.map(|above| segment.at.since(above.at));
            !reported && late.zip(half_trip).is_none_or(|(late, half_trip)| late < half_trip)
        });
        if reordered {
            self.flight.on_again(Sent::new(segment, range, 1));
            return Outcome { tags: Tags::of(Tag::OutOfOrder), ..Outcome::default() };
        }
        let mut outcome = self.on_resend(segment, range, None, context);
        outcome.tags.insert(Tag::LostBeforeCapture);
        outcome
    }

    /// It was sent again: why?
    fn on_resend(
        &mut self,
        segment: &Segment,
        range: Range<Position>,
        last: Option<Sent>,
        context: &Context,
    ) -> Outcome {
        let mut tags = Tags::of(Tag::Retransmission);
        let snd_max = self.snd_max.unwrap_or(range.end);
        let copies = last.map_or(1, |last| last.copies);
        let back = context.standpoint.back.unwrap_or(Span::ZERO);
        let (srtt, rto) = (self.full_trip(context), self.rtt.rto(back));
        let at = |sent: &Sent| match context.standpoint.at_sender {
            true => sent.at,
            false => self.clock.sent_at(sent.at, sent.tsval),
        };
        // Of what was never seen, it is known that it was sent before what is above it.
        let known = last.or_else(|| self.first_above(range.start));
        let sent = Sent::new(segment, range.clone(), copies.saturating_add(1));
        let resend = Resend {
            start: range.start,
            end: range.end,
            at: at(&sent),
            seen_at: segment.at,
            tsval: sent.tsval,
            copies,
            last_seen_at: last.map(|last| last.at),
            last_at: known.as_ref().map(at),
            snd_max,
            reported: last.is_none() && self.is_reported(range.start),
            alone: snd_max - self.acked.unwrap_or(self.first) <= i64::from(context.mss),
            sack: context.sack,
            rto,
            srtt,
        };
        let bare_fin = segment.flags.contains(Flags::FIN) && segment.payload_len == 0;
        // The timer of a SYN is no recovery: nothing follows from it for what comes later.
        let cause = context.sequel.is_none().then(|| self.sender().on_resend(&resend));
        tags.insert(match cause.unwrap_or(Cause::Unknown) {
            _ if cause.is_none() => Tag::Syn,
            Cause::Fast => Tag::Fast,
            Cause::Tlp => Tag::Tlp,
            Cause::Rto => Tag::Rto,
            Cause::Unknown if bare_fin => Tag::Fin,
            Cause::Unknown => Tag::Unclassified,
        });
        if self.is_delivered(&range) {
            tags.insert(Tag::Spurious);
        }
        self.flight.on_again(sent);
        let beyond =
            (segment.payload_len as i64).min((range.start + i64::from(segment.payload_len) - snd_max).max(0));
        Outcome { tags, resent: segment.payload_len - beyond as u32, doubt: Some(range) }
    }

    /// The first segment at or above `position` that was sent once.
    fn first_above(&self, position: Position) -> Option<Sent> {
        self.flight.first_above(position).or(self.beyond.filter(|beyond| beyond.start > position))
    }

    /// Whether ACKs that passed reported that `start` is missing.
    fn is_reported(&self, start: Position) -> bool {
        let sacked_above = self.sacked.end().is_some_and(|end| end > start);
        sacked_above || self.sender.as_ref().is_some_and(|sender| sender.will_know_hole(start))
    }

    /// The smoothed round trip between the two hosts.
    pub(super) fn full_trip(&self, context: &Context) -> Option<Span> {
        let back = if context.standpoint.at_sender { None } else { context.standpoint.back };
        self.rtt.srtt().map(|srtt| srtt + back.unwrap_or(Span::ZERO))
    }
}

/// The greatest segment that the sender may send.
fn greatest(context: &Context) -> i64 {
    i64::from(context.mss.max(context.offered))
}

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::{conversation, established, established_plain};

    #[test]
    fn duplicate_acks_make_it_fast() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1 id 1
             0.001 > 1001:2001(1000) ack 1 id 2
             0.002 > 2001:3001(1000) ack 1 id 3
             0.003 > 3001:4001(1000) ack 1 id 4
             0.101 < 1:1(0) ack 1
             0.102 < 1:1(0) ack 1
             0.103 < 1:1(0) ack 1
             0.103 > 1:1001(1000) ack 1 id 5
             0.203 < 1:1(0) ack 4001",
        );
        let expected = "5 duplicate_ack\n6 duplicate_ack\n7 duplicate_ack\n8 retransmission fast";
        assert_eq!(trace.events(), expected);
        let loss = trace.client().loss;
        assert_eq!((loss.retransmitted_segments, loss.retransmitted_bytes, loss.fast), (1, 1000, 1));
        assert_eq!((loss.lost_before_capture, loss.lost_after_capture), (0, 1));
    }

    #[test]
    fn sack_above_makes_it_fast() {
        let trace = established(
            "0.000 > 1:1001(1000) ack 1
             0.001 > 1001:2001(1000) ack 1
             0.101 < 1:1(0) ack 1 sack 1001:2001
             0.104 > 1:1001(1000) ack 1",
        );
        assert_eq!(trace.events(), "3 duplicate_ack sack\n4 retransmission fast");
    }

    #[test]
    fn silence_makes_it_a_timeout_or_a_tail_loss_probe() {
        let rto = established_plain("0.000 > 1:1001(1000) ack 1\n 0.310 > 1:1001(1000) ack 1");
        assert_eq!(rto.events(), "2 retransmission rto");
        let probe = established(
            "0.000 > 1:1001(1000) ack 1\n 0.310 > 1:1001(1000) ack 1\n 0.700 > 1:1001(1000) ack 1",
        );
        assert_eq!(probe.events(), "2 retransmission tlp\n3 retransmission rto");
        let soon = established("0.000 > 1:1001(1000) ack 1\n 0.050 > 1:1001(1000) ack 1");
        assert_eq!(soon.events(), "2 retransmission unclassified");
    }

    #[test]
    fn in_a_timeouts_episode_everything_is_of_the_timeout() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1
             0.001 > 1001:2001(1000) ack 1
             0.310 > 1:1001(1000) ack 1
             0.410 < 1:1(0) ack 1001
             0.410 > 1001:2001(1000) ack 1
             0.510 < 1:1(0) ack 2001
             0.511 > 2001:3001(1000) ack 1
             0.520 > 2001:3001(1000) ack 1",
        );
        let expected = "3 retransmission rto\n5 retransmission rto\n8 retransmission unclassified";
        assert_eq!(trace.events(), expected);
    }

    #[test]
    fn a_late_segment_is_reordered_or_lost_by_its_ip_id() {
        let script = |id: u16| {
            format!(
                "0.000 > 1:1001(1000) ack 1 id 10
                 0.001 > 2001:3001(1000) ack 1 id 12
                 0.002 > 1001:2001(1000) ack 1 id {id}"
            )
        };
        assert_eq!(established_plain(&script(11)).events(), "2 gap\n3 out_of_order");
        let lost = established_plain(&script(13));
        assert_eq!(lost.events(), "2 gap\n3 retransmission unclassified lost_before_capture");
        assert_eq!(lost.client().loss.lost_before_capture, 1);
        assert_eq!((lost.client().unique_bytes, lost.client().missing_bytes), (3000, 0));
    }

    #[test]
    fn without_ids_and_stamps_time_and_reports_decide() {
        let late = |millis: u32, report: &str| {
            let script = format!(
                "0.000 > 1:1001(1000) ack 1
                 0.001 > 2001:3001(1000) ack 1
                 {report}
                 0.{millis:03} > 1001:2001(1000) ack 1"
            );
            established_plain(&script).events().lines().last().unwrap().to_owned()
        };
        assert_eq!(late(30, ""), "3 out_of_order");
        assert_eq!(late(99, ""), "3 retransmission unclassified lost_before_capture");
        assert_eq!(
            late(30, "0.020 < 1:1(0) ack 1001\n 0.021 < 1:1(0) ack 1001"),
            "5 retransmission fast lost_before_capture"
        );
    }

    #[test]
    fn an_original_overtaken_by_its_copy_is_out_of_order() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1 id 10
             0.001 > 2001:3001(1000) ack 1 id 12
             0.200 > 1001:2001(1000) ack 1 id 13
             0.201 > 1001:2001(1000) ack 1 id 11",
        );
        assert!(trace.events().ends_with("\n4 out_of_order"));
        assert_eq!(trace.client().loss.retransmitted_segments, 1);
    }

    #[test]
    fn a_syn_again_is_a_retransmission_and_crossing_syns_are_not() {
        let again =
            conversation("0 > syn 0:1(0)\n 1 > syn 0:1(0)\n 1.1 < syn 0:1(0) ack 1\n 1.1 > 1:1(0) ack 1");
        assert_eq!(again.events(), "2 retransmission syn");
        assert_eq!(again.summary().handshake.to_server, None);
        assert_eq!((again.client().syn_retransmissions, again.client().loss.lost_after_capture), (1, 0));
        let crossing = conversation(
            "0.00 > syn 0:1(0)
             0.01 < syn 0:1(0)
             0.02 > syn 0:1(0) ack 1
             0.03 < syn 0:1(0) ack 1",
        );
        assert_eq!(crossing.events(), "");
        assert_eq!(crossing.summary().opening, crate::tcp::Opening::Simultaneous);
    }

    #[test]
    fn a_syn_ack_overtaken_by_its_copy_is_out_of_order() {
        let trace = conversation(
            "0.0 > syn 0:1(0) ts 1:0
             1.0 < syn 0:1(0) ack 1 ts 900:1
             1.0 > 1:1(0) ack 1 ts 2:900
             1.2 < syn 0:1(0) ack 1 ts 50:1",
        );
        assert_eq!(trace.events(), "4 out_of_order");
        assert_eq!(trace.server().syn_retransmissions, 1);
    }

    #[test]
    fn a_syn_ack_sent_again_begins_no_recovery() {
        let trace = conversation(
            "0.00 > syn 0:1(0) sackok
             0.00 < syn 0:1(0) ack 1 sackok
             1.00 < syn 0:1(0) ack 1 sackok
             1.10 > 1:1(0) ack 1
             1.11 < 1:1001(1000) ack 1
             1.11 < 1001:2001(1000) ack 1
             1.21 > 1:1(0) ack 1 sack 1001:2001
             1.21 < 1:1001(1000) ack 1",
        );
        assert_eq!(trace.events(), "3 retransmission syn\n7 duplicate_ack sack\n8 retransmission fast");
    }

    #[test]
    fn a_tail_loss_probe_may_be_a_fin() {
        let trace = established("0 < fin 1:1(0) ack 1\n 0.01 > fin 1:1(0) ack 2\n 0.34 > fin 1:1(0) ack 2");
        assert_eq!(trace.events(), "3 retransmission tlp");
    }

    #[test]
    fn a_bare_fin_again_has_a_cause_of_its_own() {
        let trace = established_plain("0 > fin 1:1(0) ack 1\n 0.01 > fin 1:1(0) ack 1");
        assert_eq!(trace.events(), "2 retransmission fin");
        assert_eq!(trace.client().loss.retransmitted_bytes, 0);
    }

    #[test]
    fn a_segment_of_several_mss_is_one() {
        let trace = established(
            "0.000 > 1:14601(14600) ack 1
             0.100 < 1:1(0) ack 1461
             0.101 < 1:1(0) ack 14601
             0.102 > 14601:29201(14600) ack 1",
        );
        assert_eq!(trace.events(), "");
        assert_eq!((trace.client().unique_bytes, trace.client().data_segments), (29_200, 2));
        assert_eq!(trace.client().rtt.samples, 2);
    }

    #[test]
    fn what_ends_at_the_edge_of_the_window_fills_it() {
        let trace = established(
            "0.0 < 1:1(0) ack 1 win 2000
             0.1 > 1:1001(1000) ack 1
             0.1 > 1001:2001(1000) ack 1",
        );
        assert_eq!(trace.events(), "1 window_update\n3 window_full");
    }

    #[test]
    fn numbers_far_outside_the_window_change_nothing() {
        let trace = established(
            "0.0 > 1:1001(1000) ack 1
             0.1 > 2000000001:2000001001(1000) ack 1
             0.2 > 1001:2001(1000) ack 1
             0.3 < 1:1(0) ack 1900000000
             0.4 < 1:1(0) ack 2001",
        );
        assert_eq!(trace.events(), "2 gap\n4 acked_unseen");
        assert_eq!((trace.client().unique_bytes, trace.client().missing_bytes), (2000, 0));
        assert_eq!(trace.client().in_flight_max, Some(2000));
    }
}
