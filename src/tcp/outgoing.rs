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
        let situation = Situation {
            snd_max,
            all_acked: self.acked.is_none_or(|acked| acked >= snd_max),
            closed: context.closed,
        };
        if let Some(probe) = self.probes.on_sent(segment, position, &situation).filter(|_| begun) {
            self.seen.add(payload);
            return Outcome { tags: Tags::of(probe), ..Outcome::default() };
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
        if !payload.is_empty() {
            let at = self.clock.sent_at(segment.at, segment.timestamps.map(|(tsval, _)| tsval));
            self.sender.get_or_insert_default().on_sent(at);
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
            None => self.seen.touches(&payload),
        };
        let outcome = match (again, context.sequel) {
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
        let older = last.filter(|_| context.sequel.is_none()).and_then(|last| {
            // Equal stamps say nothing here: the copy may follow at once.
            let same = segment.timestamps.map(|(tsval, _)| tsval) == last.tsval
                && segment.ip_id.is_none_or(|id| id == 0);
            self.ids.is_older(segment, &last).filter(|_| !same)
        });
        if older == Some(true) {
            return Outcome { tags: Tags::of(Tag::OutOfOrder), ..Outcome::default() };
        }
        self.on_resend(segment, range, last, context)
    }

    /// It was never seen, but something above it was: reordered, or lost before the capture point.
    fn on_late(&mut self, segment: &Segment, range: Range<Position>, context: &Context) -> Outcome {
        let above = self.flight.first_above(range.end);
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
        let known = last.or_else(|| self.flight.first_above(range.end));
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
            alone: snd_max - self.acked.unwrap_or(self.first) <= i64::from(context.mss),
            sack: context.sack,
            rto,
            srtt,
        };
        let bare_fin = segment.flags.contains(Flags::FIN) && segment.payload_len == 0;
        let cause = self.sender.get_or_insert_default().on_resend(&resend);
        tags.insert(match cause {
            _ if context.sequel.is_some() => Tag::Syn,
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

    /// The smoothed round trip between the two hosts.
    pub(super) fn full_trip(&self, context: &Context) -> Option<Span> {
        let back = if context.standpoint.at_sender { None } else { context.standpoint.back };
        self.rtt.srtt().map(|srtt| srtt + back.unwrap_or(Span::ZERO))
    }
}
