//! One side of a connection as a sender: its stream, what is outstanding of it, and what it advertises.
//!
//! ```text
//!          first        acked                    snd_max
//!            |            |   outstanding          |
//!   1 =======+============+====.......=====........+      `seen`: stream bytes that the capture showed
//!                              [     ]                    `sacked`: what the receiver reported above the ACK
//! ```

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::close::Closer;
use super::doubts::Doubts;
use super::extent::Extent;
use super::flight::{Flight, Sent};
use super::handshake::Opener;
use super::intervals::Intervals;
use super::late::IdOrder;
use super::probes::Probes;
use super::repeats::Repeats;
use super::rtt::RoundTrips;
use super::sender::Sender;
use super::seq::Numbering;
use super::tally::Tally;
use super::volume::Volume;
use super::window::Windows;
use super::{Flags, HalfSummary, Position, Segment, Seq, State, WindowStats};
use crate::flow::Direction;
use crate::time::{Span, Timestamp};

/// What no plausible segment is beyond, however large its windows: half of what the sequence space can tell apart.
pub(super) const MAX_JUMP: i64 = 1 << 30;

/// What a jump may exceed the window by: what the capture may have missed.
const MISSED: i64 = 1 << 20;

/// One side.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Half {
    pub(super) numbers: Option<Numbering>,
    /// The lowest position seen of its stream, once `snd_max` is known.
    pub(super) first: Position,
    /// SND.MAX: the position behind the highest seen sent; `None` until it sent something but RSTs.
    pub(super) snd_max: Option<Position>,
    /// SND.UNA, as the other side's ACKs show it.
    pub(super) acked: Option<Position>,
    /// A segment, or an ACK of what it sent, that stood far outside the window: it counts if another one agrees.
    stray: Option<Seq>,
    stray_ack: Option<Seq>,
    pub(super) seen: Intervals,
    pub(super) extent: Extent,
    pub(super) sacked: Intervals,
    pub(super) flight: Flight,
    pub(super) repeats: Repeats,
    pub(super) ids: IdOrder,
    pub(super) clock: Clock,
    pub(super) windows: Windows,
    pub(super) probes: Probes,
    pub(super) rtt: RoundTrips,
    pub(super) volume: Volume,
    pub(super) tally: Tally,
    /// The segment without payload that showed that more had been sent than was seen.
    pub(super) beyond: Option<Sent>,
    /// Kept from its first payload on.
    pub(super) sender: Option<Box<Sender>>,
    /// Kept while something was sent again. Not kept of a connection that is put aside: see [`Half::is_settled`].
    #[serde(skip)]
    pub(super) doubts: Option<Box<Doubts>>,
    crowded: u32,
}

impl Half {
    /// Becomes one of which nothing was seen, in the memory that it took.
    pub(super) fn clear(&mut self) {
        // All fields by name, so that none is forgotten.
        let Self {
            numbers,
            first,
            snd_max,
            acked,
            stray,
            stray_ack,
            seen,
            extent,
            sacked,
            flight,
            repeats,
            ids,
            clock,
            windows,
            probes,
            rtt,
            volume,
            tally,
            beyond,
            sender,
            doubts,
            crowded,
        } = self;
        seen.clear();
        sacked.clear();
        flight.clear();
        repeats.clear();
        rtt.clear();
        (*numbers, *first, *snd_max, *acked) = (None, Position::default(), None, None);
        (*stray, *stray_ack, *beyond, *crowded) = (None, None, None, 0);
        (*sender, *doubts) = (None, None);
        *extent = Extent::default();
        *ids = IdOrder::default();
        *clock = Clock::default();
        *windows = Windows::default();
        *probes = Probes::default();
        *volume = Volume::default();
        *tally = Tally::default();
    }

    /// Learns where its numbers begin: from its first segment, or from what the other side's first ACK expects.
    pub(super) fn learn_base(&mut self, segment: &Segment) {
        if self.numbers.is_none() {
            let syn = segment.flags.contains(Flags::SYN);
            let base = if syn { segment.seq } else { segment.seq + u32::MAX };
            self.numbers = Some(Numbering::new(base));
            self.extent = Extent::new(base + 1);
        }
    }

    /// The other side's first ACK expects `ack`.
    pub(super) fn learn_base_from_ack(&mut self, ack: Seq) {
        if self.numbers.is_none() {
            self.numbers = Some(Numbering::new(ack + u32::MAX));
            self.extent = Extent::new(ack);
        }
    }

    /// Where `seq` is in its stream.
    pub(super) fn position(&self, seq: Seq) -> Position {
        self.numbers.map_or(0, |numbers| numbers.position(seq))
    }

    /// The number shown for `position`.
    pub(super) fn relative(&self, position: Position) -> u64 {
        self.numbers.map_or(0, |numbers| numbers.relative(position))
    }

    /// The highest position that is known to have been sent or acknowledged.
    pub(super) fn top(&self) -> Position {
        self.snd_max.unwrap_or(0).max(self.acked.unwrap_or(0))
    }

    /// A SYN stands at 0. If nothing but other SYNs came before, the numbers begin with it.
    pub(super) fn on_syn(&mut self, segment: &Segment) {
        let begun =
            self.seen.total() > 0 || self.acked.is_some_and(|acked| acked > 1) || self.extent.has_ended();
        if self.position(segment.seq) != 0 && !begun {
            self.acked = None;
            self.snd_max = None;
            self.flight = Flight::default();
            self.extent = Extent::new(segment.seq + 1);
            if let Some(numbers) = &mut self.numbers {
                numbers.resume(segment.seq, 0);
            }
        }
    }

    /// Whether `position` of its own segment is plausible, where the receiver advertised up to `window` bytes. A second
    /// one near an implausible first is believed: then the stream goes on there.
    pub(super) fn place(&mut self, seq: Seq, window: u32) -> Option<Position> {
        let position = self.position(seq);
        let Some(snd_max) = self.snd_max else { return Some(position) };
        let reach = reach(window);
        if position - self.top() <= reach && snd_max - position <= reach {
            self.stray = None;
            return Some(position);
        }
        let agrees = self.stray.is_some_and(|stray| (0..=reach).contains(&i64::from(seq - stray)));
        self.stray = Some(seq);
        let ahead = (0..=MAX_JUMP).contains(&(position - snd_max));
        if !agrees {
            return None;
        }
        self.stray = None;
        if ahead {
            return Some(position);
        }
        let (Some(numbers), top) = (&mut self.numbers, self.snd_max.unwrap_or(0)) else { return None };
        numbers.resume(seq, top);
        self.acked = self.acked.map(|_| top);
        self.extent.on_jump(seq);
        Some(top)
    }

    /// Whether an ACK of `position` is plausible.
    pub(super) fn place_ack(&mut self, ack: Seq, window: u32) -> Option<Position> {
        let position = self.position(ack);
        if self.snd_max.is_none() && self.acked.is_none() {
            return Some(position);
        }
        let reach = reach(window);
        if (-MAX_JUMP..=reach).contains(&(position - self.top())) {
            self.stray_ack = None;
            return Some(position);
        }
        let agrees = self.stray_ack.is_some_and(|stray| (0..=reach).contains(&i64::from(ack - stray)));
        self.stray_ack = Some(ack);
        (agrees && (0..=MAX_JUMP).contains(&(position - self.top()))).then_some(position)
    }

    /// Whether something stood far outside the window, and nothing has decided yet what it was.
    pub(super) fn strays(&self) -> bool {
        self.stray.is_some() || self.stray_ack.is_some()
    }

    /// The stream has come to `end`, by a segment that was seen, or that must have been sent.
    pub(super) fn reach(&mut self, end: Position) {
        self.snd_max = Some(self.snd_max.map_or(end, |snd_max| snd_max.max(end)));
        let top = self.top();
        if let Some(numbers) = &mut self.numbers {
            numbers.advance(top);
        }
    }

    /// What was acknowledged comes to `ack`.
    pub(super) fn acknowledge(&mut self, ack: Position) {
        self.acked = Some(ack);
        let top = self.top();
        if let Some(numbers) = &mut self.numbers {
            numbers.advance(top);
        }
    }

    /// Payload bytes in flight; `fin_end` is where its FIN ends. RFC 5681 §2, without SYN and FIN.
    pub(super) fn in_flight(&self, fin_end: Option<Position>) -> u64 {
        let payload = |position: Position| match fin_end {
            Some(end) if position >= end => end - 1,
            _ => position.max(1),
        };
        let sent = payload(self.snd_max.unwrap_or(0));
        let acked = payload(self.acked.unwrap_or(self.first).max(self.first));
        (sent - acked).max(0) as u64
    }

    /// Stream bytes that the capture never showed.
    pub(super) fn missing_bytes(&self, fin_end: Option<Position>) -> u64 {
        let Some(top) = self.snd_max.max(self.acked) else { return 0 };
        let start = self.seen.start().unwrap_or(i64::MAX).min(self.first.max(1));
        let end = match fin_end {
            Some(end) if top >= end => (end - 1).max(self.seen.end().unwrap_or(0)),
            _ => top,
        };
        self.seen.absent(&(start..end))
    }

    /// Stream bytes that the capture lost: acknowledged by the other side, never shown. None of a direction of which nothing
    /// was seen at all: that was left out, not lost.
    pub(super) fn lost_bytes(&self, fin_end: Option<Position>) -> u64 {
        let Some(acked) = self.acked.filter(|_| self.tally.segments > 0) else { return 0 };
        let start = self.seen.start().unwrap_or(i64::MAX).min(self.first.max(1));
        let end = match fin_end {
            Some(end) if acked >= end => end - 1,
            _ => acked,
        };
        self.seen.absent(&(start..end.max(start)))
    }

    /// Whether `range` had reached the receiver, as far as its ACKs passed.
    pub(super) fn is_delivered(&self, range: &Range<Position>) -> bool {
        self.acked.is_some_and(|acked| range.end <= acked) || self.sacked.covers(range)
    }

    /// What it knew as a sender, from now on if there was nothing.
    pub(super) fn sender(&mut self) -> &mut Sender {
        let una = self.acked.unwrap_or(self.first);
        self.sender.get_or_insert_with(|| Box::new(Sender::new(una)))
    }

    /// What is remembered of doubts, made if there was nothing.
    pub(super) fn doubts(&mut self) -> &mut Doubts {
        self.doubts.get_or_insert_default()
    }

    /// Nothing is pending that time or the end decides.
    pub(super) fn is_settled(&self) -> bool {
        self.doubts.is_none()
    }

    /// Lets go of what is no longer needed.
    pub(super) fn tidy(&mut self) {
        if self.doubts.as_ref().is_some_and(|doubts| doubts.is_empty()) {
            let doubts = self.doubts.take();
            self.crowded += doubts.map_or(0, |doubts| doubts.crowded());
        }
    }

    /// In numbers, where it sends in `direction` and came to `state`, and all was seen at the `end`.
    #[inline(never)]
    pub(super) fn summary(
        &self,
        direction: Direction,
        state: State,
        opener: &Opener,
        closer: &Closer,
        end: Timestamp,
    ) -> HalfSummary {
        let (tally, fin_end) = (&self.tally, closer.fin_end(direction));
        let crowded = self.crowded + self.doubts.as_ref().map_or(0, |doubts| doubts.crowded());
        // It is long, and so made where it is to be: what takes a call first, and nothing twice.
        HalfSummary {
            rtt: self.rtt.stats(),
            state,
            offer: opener.offer(direction),
            syn_retransmissions: opener.sent_again(direction),
            unique_bytes: self.seen.total(),
            missing_bytes: self.missing_bytes(fin_end),
            sent_bytes: self.extent.bytes(),
            lost_bytes: self.lost_bytes(fin_end),
            data_span: tally.data_span,
            data_segments: tally.data_segments,
            pushes: tally.pushes,
            resets: tally.resets,
            urgent_segments: tally.urgent_segments,
            sizes: tally.sizes(),
            initial_window: self.volume.initial(),
            in_flight_max: self.volume.greatest(),
            in_flight_mean: self.volume.mean(),
            acks: tally.acks,
            loss: tally.loss,
            window: WindowStats {
                updates: tally.window_updates,
                full_segments: tally.full_segments,
                ..self.windows.stats(opener.shift(direction), end)
            },
            probes: tally.probes,
            ecn: tally.ecn,
            bounds_reached: self.seen.closed() + self.sacked.closed() + self.flight.forgotten() + crowded,
        }
    }
}

/// How far from what is known a segment may be.
fn reach(window: u32) -> i64 {
    (2 * i64::from(window) + MISSED).min(MAX_JUMP)
}

/// Where the capture stands, seen from one direction's sender.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standpoint {
    /// The capture was made at the sender: it has every ACK when it is seen.
    pub(super) at_sender: bool,
    /// The shortest way to the sender and back, where that is known.
    pub(super) back: Option<Span>,
}

impl Standpoint {
    /// Of the sender `half`, whose peer is `peer`.
    pub(super) fn of(half: &Half, peer: &Half) -> Self {
        let shorter = |one: Option<Span>, other: Option<Span>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let back = shorter(peer.rtt.min(), half.clock.nearest());
        let there = shorter(half.rtt.min(), peer.clock.nearest());
        let at_sender = match (back, there) {
            (Some(back), Some(there)) => back.times(3) <= there,
            (Some(back), None) => back < Span::from_millis(1),
            (None, _) => false,
        };
        Self { at_sender, back }
    }
}
