//! Connections in which nothing goes wrong, from the SYN on: most are short, and most of the short ones are so.
//!
//! What tells a copy, a probe or a retransmission from what it looks like is remembered of every segment, and asked only
//! of one that is not in order. Where the segments are at hand to be told again, it need not be remembered: a connection is
//! presumed to be plain, and analysed by [`Connection::on_segment`] when it turns out that it is not.
//!
//! Of a plain connection all was seen, in order of sequence numbers and of time, from the SYN of the client and, if there
//! is any more, the SYN-ACK on. So a few numbers are all that the next segment is compared with, and what comes of them
//! is put where the whole analysis has it at the end.

use arrayvec::ArrayVec;

use super::extent::Extent;
use super::journal::Told;
use super::seq::Numbering;
use super::window::Windows;
use super::{Connection, Flags, Journal, Line, Moment, Position, Segment, SegmentSizes, Tags};
use crate::flow::{Direction, Pair};
use crate::time::Timestamp;

/// What a SYN or SYN-ACK may have besides: that it offers to report congestion. RFC 3168 §6.1.1
const OFFERS_ECN: Flags = Flags(Flags::ECE.0 | Flags::CWR.0);

/// What is known of a plain connection while its segments are told.
#[derive(Debug, Default)]
pub struct Plain {
    ways: Pair<Way>,
    latest: Option<Timestamp>,
    /// Both SYNs were seen.
    answered: bool,
    /// The ACK of the handshake was seen.
    opened: bool,
    /// A RST was seen: nothing behind it is plain.
    reset: bool,
}

/// One side, and what it sent that occupies sequence space.
#[derive(Debug, Default)]
struct Way {
    side: Side,
    unacked: Unacked,
}

/// One side. Positions count from its SYN, which is 0.
#[derive(Clone, Copy, Debug, Default)]
struct Side {
    /// The number of its SYN, if that was seen.
    base: u32,
    begun: bool,
    /// SND.MAX, and SND.UNA as far as the other side told; 0 for neither.
    snd_max: u32,
    acked: u32,
    /// It sent a FIN, which ends at `snd_max`; and the other side has not acknowledged that.
    fin: bool,
    fin_unacked: bool,
    /// It sent a pure ACK, and data.
    story: [bool; 2],
    /// Its windows: those of segments without SYN.
    window: Windows,
    /// By how many bits the windows are shifted.
    shift: u8,
    /// The other side's MSS option, or the greatest number.
    offered: u32,
    segments: u32,
    pure_acks: u32,
    data_segments: u32,
    pushes: u32,
    full_segments: u32,
    shortest: u32,
    longest: u32,
    payload_bytes: u64,
    data_span: Option<(Timestamp, Timestamp)>,
}

/// What one side sent that occupies sequence space. Apart, since it is long: it is never moved.
#[derive(Debug, Default)]
struct Unacked {
    /// Where each segment ends, and when it was seen.
    sent: ArrayVec<(u32, Timestamp), { Journal::MOST }>,
    /// How many of them are acknowledged.
    acked: usize,
}

impl Plain {
    /// Forgets the connection before.
    pub fn restart(&mut self) {
        let Self { ways, latest, answered, opened, reset } = self;
        for way in [&mut ways.forward, &mut ways.reverse] {
            way.side = Side::default();
            way.unacked.clear();
        }
        (*latest, *answered, *opened, *reset) = (None, false, false, false);
    }

    /// Lets `connection` see its next segment, if all before it were told so and it is plain, too. Whether it is: if not,
    /// the connection has to [begin anew](Connection::restart). Nothing can be asked of it before [`Self::finish`].
    #[inline]
    pub fn on_segment(&mut self, connection: &mut Connection, told: Told<'_>) -> bool {
        const ORDINARY: Flags = Flags(Flags::PSH.0 | Flags::FIN.0);
        let line = told.line;
        if self.reset || self.latest.is_some_and(|latest| line.at < latest) {
            return false;
        }
        let ordinary = line.flags().0 & !ORDINARY.0 == Flags::ACK.0;
        if ordinary && line.is_whole() {
            self.on_ordinary(connection, told)
        } else if line.flags().contains(Flags::SYN) {
            self.on_syn(connection, &told.segment(), line.direction())
        } else {
            self.on_reset(connection, &told.segment(), line.direction())
        }
    }

    /// The SYN that opens the connection, or the SYN-ACK that answers it.
    fn on_syn(&mut self, connection: &mut Connection, segment: &Segment, direction: Direction) -> bool {
        let (Way { side, unacked }, Way { side: peer, unacked: others }) = self.ways.split(direction);
        let answer = segment.flags.contains(Flags::ACK);
        let expected = match answer {
            true => peer.snd_max == 1 && segment.ack.0 == peer.base.wrapping_add(1),
            false => !peer.begun,
        };
        let only = Flags::SYN.0 | Flags::ACK.0 | OFFERS_ECN.0;
        if side.begun || !expected || !is_bare(segment) || segment.flags.0 & !only != 0 {
            return false;
        }
        (side.begun, side.base, side.snd_max) = (true, segment.seq.0, 1);
        if !unacked.push(1, segment.at) {
            return false;
        }
        side.window.on_syn(segment.window);
        peer.offered = segment.mss.map_or(u32::MAX, u32::from);
        connection.opener.on_syn(direction, segment);
        connection.history.on_segment(direction, segment, Tags::default());
        let (half, other) = connection.halves.split(direction);
        half.tally.on_segment(segment);
        if let Some((tsval, _)) = segment.timestamps {
            half.clock.on_stamp(segment.at, tsval);
        }
        if answer {
            peer.acked = 1;
            if let Some(at) = others.acknowledge(1) {
                other.rtt.on_last_sample(segment.at.since(at));
            }
            self.answered = true;
            side.shift = connection.opener.shift(direction).unwrap_or(0);
            peer.shift = connection.opener.shift(direction.reverse()).unwrap_or(0);
        }
        self.latest = Some(segment.at);
        true
    }

    /// A segment with ACK, and perhaps with PSH and FIN.
    #[inline]
    fn on_ordinary(&mut self, connection: &mut Connection, told: Told<'_>) -> bool {
        let (line, direction) = (told.line, told.line.direction());
        let (len, fin) = (u32::from(line.payload_len), line.flags().contains(Flags::FIN));
        let (Way { side, unacked }, Way { side: peer, unacked: others }) = self.ways.split(direction);
        let ack = line.ack.wrapping_sub(peer.base);
        let newly_acked = ack.wrapping_sub(peer.acked);
        let in_order =
            line.seq.wrapping_sub(side.base) == side.snd_max && newly_acked <= peer.snd_max - peer.acked;
        let says = len > 0 || fin;
        // One byte may be a probe, and what says nothing new a duplicate ACK.
        let clear = len != 1 && line.window != 0 && (says || newly_acked > 0);
        if !in_order || !clear || !self.answered || (side.fin && says) {
            return false;
        }
        self.latest = Some(line.at);
        let (half, other) = connection.halves.split(direction);
        if line.has_timestamps() {
            half.clock.on_stamp(line.at, line.timestamps.0);
        }
        side.segments += 1;
        if says {
            side.snd_max += len + u32::from(fin);
            (side.fin, side.fin_unacked) = (fin, fin);
            if !unacked.push(side.snd_max, line.at) {
                return false;
            }
        } else {
            side.pure_acks += 1;
        }
        if len > 0 {
            if connection.first_data.is_none() {
                connection.first_data = Some(Moment { at: line.at, number: told.number() });
            }
            side.on_data(line, len);
            half.volume.on_new_data(len);
            half.volume.on_change(side.in_flight(), line.at);
            side.full_segments += u32::from(side.fills(peer));
        }
        side.window.on_window(line.window, side.shift, line.at);
        if newly_acked > 0 {
            peer.acked = ack;
            if let Some(at) = others.acknowledge(ack) {
                other.rtt.on_last_sample(line.at.since(at));
            }
            if ack > 1 {
                other.volume.on_data_acked();
                other.volume.on_change(peer.in_flight(), line.at);
            }
        }
        if !self.opened {
            connection.opener.on_segment(direction, &told.segment());
            self.opened = connection.opener.is_complete();
        }
        if fin || peer.fin_unacked {
            let moment = Moment { at: line.at, number: told.number() };
            let Connection { closer, history, .. } = connection;
            if fin {
                closer.on_fin(direction, moment, side.snd_max.into());
                history.on_fin(direction, len > 0);
            }
            closer.on_ack(direction.reverse(), moment, peer.acked.into());
            peer.fin_unacked &= peer.acked != peer.snd_max;
        }
        if !fin && !side.has_told(len > 0) {
            connection.history.on_ordinary(direction, len > 0);
        }
        true
    }

    /// The RST behind which nothing is plain.
    fn on_reset(&mut self, connection: &mut Connection, segment: &Segment, direction: Direction) -> bool {
        let only = Flags::RST.0 | Flags::ACK.0;
        let reset = segment.flags.contains(Flags::RST) && segment.flags.0 & !only == 0;
        if !reset || !is_bare(segment) || segment.has_offer() || self.latest.is_none() {
            return false;
        }
        self.finish_flight(connection);
        (self.reset, self.latest) = (true, Some(segment.at));
        let half = &mut connection.halves[direction];
        half.learn_base(segment);
        half.tally.on_segment(segment);
        connection.opener.on_reset(direction);
        connection.closer.on_reset(direction, segment.moment());
        connection.history.on_segment(direction, segment, Tags::default());
        true
    }

    /// What was in flight last was so until now. A RST takes it away.
    fn finish_flight(&self, connection: &mut Connection) {
        let Some(latest) = self.latest else { return };
        for direction in Direction::BOTH {
            let half = &mut connection.halves[direction];
            half.volume.on_change(self.ways[direction].side.in_flight(), latest);
        }
    }

    /// All segments were told, and plain: `connection` is what the whole analysis would have made of them, as far as its
    /// figures go.
    pub fn finish(&mut self, connection: &mut Connection) {
        if !self.reset {
            self.finish_flight(connection);
        }
        connection.last_at = self.latest;
        for direction in Direction::BOTH {
            let side = &self.ways[direction].side;
            if side.begun {
                side.pour(&mut connection.halves[direction]);
            }
        }
    }
}

/// Neither payload nor SACK blocks, nor an urgent pointer.
fn is_bare(segment: &Segment) -> bool {
    segment.payload_len == 0 && segment.urgent == 0 && segment.sack.is_empty()
}

impl Unacked {
    fn clear(&mut self) {
        self.sent.clear();
        self.acked = 0;
    }

    /// A segment that ends at `end`. Whether there is room for it.
    #[inline]
    fn push(&mut self, end: u32, at: Timestamp) -> bool {
        self.sent.try_push((end, at)).is_ok()
    }

    /// The other side acknowledges all up to `ack`. When the newest segment was seen that this newly covers.
    #[inline]
    fn acknowledge(&mut self, ack: u32) -> Option<Timestamp> {
        let mut newest = None;
        while let Some(&(end, at)) = self.sent.get(self.acked)
            && end <= ack
        {
            newest = Some(at);
            self.acked += 1;
        }
        newest
    }
}

impl Side {
    /// It sends `len` bytes of payload.
    #[inline]
    fn on_data(&mut self, line: &Line, len: u32) {
        self.shortest = if self.data_segments == 0 { len } else { self.shortest.min(len) };
        self.longest = self.longest.max(len);
        self.payload_bytes += u64::from(len);
        self.data_segments += 1;
        self.pushes += u32::from(line.flags().contains(Flags::PSH));
        let (first, _) = self.data_span.unwrap_or((line.at, line.at));
        self.data_span = Some((first, line.at));
    }

    /// Payload bytes in flight. RFC 5681 §2, without SYN and FIN.
    #[inline]
    fn in_flight(&self) -> u64 {
        // Positions behind the SYN, and before the FIN.
        let end = self.snd_max.max(1) - u32::from(self.fin);
        u64::from(end - self.acked.max(1).min(end))
    }

    /// Whether what it sent last reaches the edge of the window of `peer`.
    fn fills(&self, peer: &Self) -> bool {
        let Some(window) = peer.window.last().filter(|_| self.acked > 0) else { return false };
        let edge = u64::from(self.acked) + (u64::from(window) << peer.shift);
        let mss = self.longest.min(self.offered).max(1);
        edge.checked_sub(self.snd_max.into()).is_some_and(|left| left < u64::from(mss))
    }

    /// Whether it told data, or else a pure ACK, before. From now on it has.
    #[inline]
    fn has_told(&mut self, data: bool) -> bool {
        let [acks, datas] = &mut self.story;
        std::mem::replace(if data { datas } else { acks }, true)
    }

    /// Gives `half` what was found.
    fn pour(&self, half: &mut super::half::Half) {
        let (snd_max, acked) = (Position::from(self.snd_max), Position::from(self.acked));
        let mut numbers = Numbering::new(super::Seq(self.base));
        numbers.advance(snd_max);
        half.numbers = Some(numbers);
        half.first = 1;
        half.snd_max = Some(snd_max);
        half.acked = (acked > 0).then_some(acked);
        half.seen.add(1..snd_max - Position::from(self.fin));
        half.extent = Extent::whole(super::Seq(self.base) + 1, self.snd_max - 1, self.acked, self.fin);
        half.windows = self.window;
        let tally = &mut half.tally;
        tally.segments += self.segments;
        tally.acks.ack_segments += self.segments;
        tally.acks.pure_acks += self.pure_acks;
        tally.data_segments += self.data_segments;
        tally.pushes += self.pushes;
        tally.full_segments += self.full_segments;
        tally.data_span = self.data_span;
        let (min, max, sum) = (self.shortest, self.longest, self.payload_bytes);
        tally.sizes = (self.data_segments > 0).then_some(SegmentSizes { min, mean: 0, max, sum });
    }
}
