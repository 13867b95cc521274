//! Connections in which nothing goes wrong, from the SYN on: most are short, and most of the short ones are so.
//!
//! What tells a copy, a probe or a retransmission from what it looks like is remembered of every segment, and asked only
//! of one that is not [ordinary](super::ordinary). Where the segments are at hand to be told again, it need not be
//! remembered: the connection is presumed to be plain, and begun anew when it turns out that it is not.
//!
//! Of a plain connection all was seen, and in order of time, in both directions and with both SYNs.

use super::flight::Sent;
use super::half::Half;
use super::rtt;
use super::{Connection, Flags, Position, Segment, Tags};
use crate::flow::Direction;
use crate::time::Timestamp;

/// What a SYN or SYN-ACK may have besides: that it offers to report congestion. RFC 3168 §6.1.1
const OFFERS_ECN: Flags = Flags(Flags::ECE.0 | Flags::CWR.0);

impl Connection {
    /// Lets the connection see its next segment, if all before it were shown so and it is plain, too. Whether it is: if not,
    /// the connection has to [begin anew](Self::restart), with [`Self::on_segment`]. Nothing but what it comes to can be
    /// asked of it, and only after [`Self::finish_plain`].
    #[inline]
    pub fn on_plain(&mut self, direction: Direction, segment: &Segment) -> bool {
        if self.last_at.is_some_and(|last| segment.at < last) || self.closer.was_reset() {
            return false;
        }
        if segment.flags.contains(Flags::SYN) {
            self.on_plain_syn(direction, segment)
        } else if segment.flags.contains(Flags::RST) {
            self.on_plain_reset(direction, segment)
        } else {
            let may_follow = self.closer.fin_end(direction).is_none() || is_bare(segment);
            may_follow && self.on_ordinary::<true>(direction, segment).is_some()
        }
    }

    /// The SYN that opens the connection, or the SYN-ACK that answers it.
    fn on_plain_syn(&mut self, direction: Direction, segment: &Segment) -> bool {
        let (half, peer) = self.halves.split(direction);
        let answer = segment.flags.contains(Flags::ACK);
        let expected = match answer {
            true => peer.snd_max == Some(1) && peer.position(segment.ack) == 1 && peer.acked.is_none(),
            false => peer.numbers.is_none(),
        };
        let only = Flags::SYN.0 | Flags::ACK.0 | OFFERS_ECN.0;
        if !expected
            || half.numbers.is_some()
            || segment.flags.0 & !only != 0
            || segment.payload_len > 0
            || !segment.sack.is_empty()
        {
            return false;
        }
        self.last_at = Some(segment.at);
        half.learn_base(segment);
        half.tally.on_segment(segment);
        half.clock.on_stamp(segment);
        half.windows.on_syn(segment.window);
        half.first = 1;
        half.extent.on_segment(segment);
        half.flight.on_new(Sent::new(segment, 0..1, 1));
        half.reach(1);
        if answer {
            peer.on_plain_ack(segment, 1);
        }
        self.opener.on_syn(direction, segment);
        self.history.on_segment(direction, segment, Tags::default());
        true
    }

    /// The RST behind which nothing is plain.
    fn on_plain_reset(&mut self, direction: Direction, segment: &Segment) -> bool {
        let only = Flags::RST.0 | Flags::ACK.0;
        if self.last_at.is_none() || segment.flags.0 & !only != 0 || segment.payload_len > 0 {
            return false;
        }
        self.finish_flight();
        self.last_at = Some(segment.at);
        let half = &mut self.halves[direction];
        half.learn_base(segment);
        half.tally.on_segment(segment);
        self.opener.on_reset(direction);
        self.closer.on_reset(direction, segment);
        self.history.on_segment(direction, segment, Tags::default());
        true
    }

    /// What is in flight now. As long as it does not change, how long it lasts is not asked.
    #[inline]
    pub(super) fn on_plain_change(&mut self, at: Timestamp) {
        for direction in Direction::BOTH {
            let fin_end = self.closer.fin_end(direction);
            self.halves[direction].on_plain_flight(fin_end, at);
        }
    }

    /// What was in flight last was so until now. A RST takes it away.
    fn finish_flight(&mut self) {
        if let Some(last) = self.last_at {
            for Half { volume, .. } in [&mut self.halves.forward, &mut self.halves.reverse] {
                volume.on_change(volume.now(), last);
            }
        }
    }

    /// All of its segments were plain: what was put off is done.
    pub fn finish_plain(&mut self) {
        if !self.closer.was_reset() {
            self.finish_flight();
        }
        for direction in Direction::BOTH {
            let (fin, half) = (self.closer.fin_end(direction).is_some(), &mut self.halves[direction]);
            half.seen.add(1..half.snd_max.unwrap_or(1) - Position::from(fin));
        }
    }
}

impl Half {
    /// The other side acknowledges its stream up to `ack`, and more than before.
    #[inline]
    pub(super) fn on_plain_ack(&mut self, segment: &Segment, ack: Position) {
        let echo = segment.timestamps.map(|(_, tsecr)| tsecr);
        let newest = self.flight.on_ack(ack).newest;
        if let Some(sample) = newest.and_then(|newest| rtt::sample(&newest, None, segment.at, echo)) {
            self.rtt.on_sample(sample);
        }
        self.extent.on_ack(segment.ack);
        if ack > 1 {
            self.volume.on_data_acked();
        }
        self.acknowledge(ack);
    }

    /// What is in flight now.
    #[inline]
    fn on_plain_flight(&mut self, fin_end: Option<Position>, at: Timestamp) {
        let in_flight = self.in_flight(fin_end);
        if in_flight != self.volume.now() {
            self.volume.on_change(in_flight, at);
        }
    }
}

/// No payload and no FIN: it may follow a FIN of its sender.
fn is_bare(segment: &Segment) -> bool {
    segment.payload_len == 0 && !segment.flags.contains(Flags::FIN)
}
