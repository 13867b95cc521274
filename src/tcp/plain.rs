//! Connections in which nothing goes wrong, from the SYN on: most are short, and most of the short ones are so.
//!
//! What tells a copy, a probe or a retransmission from what it looks like is remembered of every segment, and asked only
//! of one that is not in order. Where the segments are at hand to be told again, it need not be remembered: a connection is
//! presumed to be plain, and analysed by [`Connection::on_segment`] when it turns out that it is not.
//!
//! Of a plain connection all was seen, in order of sequence numbers and of time, from the SYN of the client and, if there
//! is any more, the SYN-ACK on. So a few numbers are all that the next segment is compared with, and what comes of them
//! is put where the whole analysis has it at the end. What its packets come to, whatever they hold, is as easily told.

mod way;

use arrayvec::ArrayVec;

use super::journal::Told;
use super::line::bits;
use super::{Connection, Flags, Journal, Segment, Seq, Tags, clock};
use crate::flow::{Direction, Pair, Traffic};
use crate::time::{Span, Timestamp};
use way::{Way, passed};

/// What a SYN or SYN-ACK may have besides: that it offers to report congestion. RFC 3168 §6.1.1
const OFFERS_ECN: Flags = Flags(Flags::ECE.0 | Flags::CWR.0);

/// What is known of a plain connection while its segments are told. Times are nanoseconds since 1970.
#[derive(Debug, Default)]
pub struct Plain {
    ways: Pair<Way>,
    stage: Stage,
    /// When its first segment was seen, and its last one but a RST.
    began: i64,
    latest: i64,
    reset_at: Option<Timestamp>,
    /// All that lines say of their segments besides.
    bits: u16,
    /// Who sent payload last.
    speaker: Option<Direction>,
    /// Who began an answer, and how long that took from the last payload of the other side.
    answers: ArrayVec<(Direction, Span), { Journal::MOST }>,
}

/// What was seen of a connection. From [`Self::Answered`] on, there may be ordinary segments.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, PartialOrd)]
enum Stage {
    /// Nothing.
    #[default]
    New,
    /// The SYN.
    Asked,
    /// A RST: nothing behind it is plain.
    Reset,
    /// The SYN-ACK.
    Answered,
    /// The ACK of the handshake.
    Open,
}

impl Plain {
    /// Forgets the connection before.
    pub fn restart(&mut self) {
        let Self { ways, stage, began, latest, reset_at, bits, speaker, answers } = self;
        ways.forward.clear();
        ways.reverse.clear();
        answers.clear();
        (*stage, *began, *latest, *bits) = (Stage::New, 0, i64::MIN, 0);
        (*reset_at, *speaker) = (None, None);
    }

    /// Lets `connection` see its next segment, if all before it were told so and it is plain, too. Whether it is: if not,
    /// the connection has to [begin anew](Connection::restart). Nothing can be asked of it before [`Self::finish`].
    #[inline]
    pub fn on_segment(&mut self, connection: &mut Connection, told: Told<'_>) -> bool {
        const ORDINARY: Flags = Flags(Flags::PSH.0 | Flags::FIN.0);
        let line = told.line;
        let now = line.at.as_nanos();
        if now < self.latest {
            return false;
        }
        self.bits |= line.bits;
        if line.flags().0 & !ORDINARY.0 == Flags::ACK.0 {
            self.on_ordinary(connection, told, now)
        } else {
            self.on_other(connection, told, now)
        }
    }

    /// A segment with SYN or RST.
    #[inline(never)]
    fn on_other(&mut self, connection: &mut Connection, told: Told<'_>, now: i64) -> bool {
        let segment = told.segment();
        let direction = told.line.direction();
        // Neither payload nor SACK blocks, nor an urgent pointer.
        let bare = segment.payload_len == 0 && segment.urgent == 0 && segment.sack.is_empty();
        let plain = bare
            && if segment.flags.contains(Flags::SYN) {
                self.on_syn(connection, &segment, direction, now)
            } else {
                self.on_reset(connection, &segment, direction)
            };
        let side = &mut self.ways[direction].side;
        side.change_look(told.line, now);
        side.on_packet(told.line, now);
        side.without_ack += u32::from(!segment.flags.contains(Flags::ACK));
        plain
    }

    /// The SYN that opens the connection, or the SYN-ACK that answers it.
    fn on_syn(
        &mut self,
        connection: &mut Connection,
        segment: &Segment,
        direction: Direction,
        now: i64,
    ) -> bool {
        let (way, peer) = self.ways.split(direction);
        let answer = segment.flags.contains(Flags::ACK);
        let expected = match answer {
            true => self.stage == Stage::Asked && segment.ack.0 == peer.side.base.wrapping_add(1),
            false => self.stage == Stage::New,
        };
        let only = Flags::SYN.0 | Flags::ACK.0 | OFFERS_ECN.0;
        if way.side.begun || !expected || segment.flags.0 & !only != 0 {
            return false;
        }
        (way.side.begun, way.side.base) = (true, segment.seq.0);
        if !way.send(1, now) {
            return false;
        }
        peer.side.offered = segment.mss.map_or(u32::MAX, u32::from).max(1);
        connection.opener.on_syn(direction, segment);
        connection.history.on_syn(direction, answer);
        if answer {
            if let Some(sample) = peer.acknowledge(1, now) {
                connection.halves[direction.reverse()].rtt.on_last_sample(sample);
            }
            way.side.shift = connection.opener.shift(direction).unwrap_or(0);
            peer.side.shift = connection.opener.shift(direction.reverse()).unwrap_or(0);
            self.stage = Stage::Answered;
        } else {
            (self.stage, self.began) = (Stage::Asked, now);
        }
        self.latest = now;
        true
    }

    /// A segment with ACK, and perhaps with PSH and FIN.
    #[inline]
    fn on_ordinary(&mut self, connection: &mut Connection, told: Told<'_>, now: i64) -> bool {
        let (line, direction) = (told.line, told.line.direction());
        let (len, fin) = (u32::from(line.payload_len), line.flags().contains(Flags::FIN));
        let (way, peer) = self.ways.split(direction);
        let (side, other) = (&mut way.side, &mut peer.side);
        let ack = line.ack.wrapping_sub(other.base);
        let newly_acked = ack.wrapping_sub(other.acked);
        let in_order = line.seq.wrapping_sub(side.base) == side.snd_max
            && newly_acked <= other.snd_max - other.acked
            && self.stage >= Stage::Answered;
        // One byte may be a probe.
        if !in_order || len == 1 || line.window == 0 {
            return false;
        }
        if side.looks_new(line) {
            if !line.is_whole() {
                return false;
            }
            side.change_look(line, now);
        }
        side.on_packet(line, now);
        self.latest = now;
        if len > 0 || fin {
            if side.fin {
                return false;
            }
            (side.fin, side.fin_unacked) = (fin, fin);
            if !way.send(len + u32::from(fin), now) {
                return false;
            }
            if len > 0 {
                let (side, other) = (&mut way.side, &peer.side);
                if side.data_segments == 0 {
                    on_first_data(connection, told, fin);
                }
                if self.speaker != Some(direction) {
                    if self.speaker.is_some() {
                        let _full = self.answers.try_push((direction, passed(other.data_at, now)));
                    }
                    self.speaker = Some(direction);
                }
                side.on_data(line, len, now);
                side.on_sent_to(other);
            }
        } else {
            // What says nothing new may be a duplicate ACK.
            if newly_acked == 0 {
                return false;
            }
            if side.pure_acks == 0 {
                connection.history.on_ordinary(direction, false);
            }
            side.pure_acks += 1;
        }
        way.side.on_window(line.window);
        if newly_acked > 0 {
            peer.side.on_ack(newly_acked, ack, now);
            if let Some(sample) = peer.acknowledge(ack, now) {
                connection.halves[direction.reverse()].rtt.on_last_sample(sample);
            }
        }
        if self.stage == Stage::Answered {
            connection.opener.on_ack(direction, Seq(line.ack), told.moment());
            if connection.opener.is_complete() {
                self.stage = Stage::Open;
            }
        }
        if fin || peer.side.fin_unacked {
            self.on_close(connection, told, now);
        }
        true
    }

    /// A FIN, or a segment of the side that has to acknowledge one.
    #[inline(never)]
    fn on_close(&mut self, connection: &mut Connection, told: Told<'_>, now: i64) {
        let (line, direction) = (told.line, told.line.direction());
        let (way, peer) = self.ways.split(direction);
        let moment = told.moment();
        let Connection { closer, history, .. } = connection;
        if line.flags().contains(Flags::FIN) {
            closer.on_fin(direction, moment, way.side.snd_max.into());
            history.on_fin(direction, line.payload_len > 0);
        }
        closer.on_ack(direction.reverse(), moment, peer.side.acked.into());
        if peer.side.fin_unacked && peer.side.acked == peer.side.snd_max {
            peer.side.on_fin_acked(now);
        }
    }

    /// The RST behind which nothing is plain.
    fn on_reset(&mut self, connection: &mut Connection, segment: &Segment, direction: Direction) -> bool {
        let only = Flags::RST.0 | Flags::ACK.0;
        let reset = segment.flags.contains(Flags::RST) && segment.flags.0 & !only == 0;
        if !reset || segment.has_offer() || matches!(self.stage, Stage::New | Stage::Reset) {
            return false;
        }
        (self.stage, self.reset_at) = (Stage::Reset, Some(segment.at));
        self.ways[direction].side.resets = 1;
        connection.opener.on_reset(direction);
        connection.closer.on_reset(direction, segment.moment());
        connection.history.on_segment(direction, segment, Tags::default());
        true
    }

    /// All segments of `journal` were told, and plain: `connection` is what the whole analysis would have made of them, as far as
    /// its figures go. Whether it is: times that no clock tells, or that are too far apart, are not plain either.
    pub fn finish(&mut self, connection: &mut Connection, journal: &Journal) -> bool {
        let last = self.reset_at.map_or(self.latest, Timestamp::as_nanos);
        if self.stage == Stage::New {
            return true;
        }
        if self.bits & bits::TIMELESS != 0 || last.checked_sub(self.began).is_none() {
            return false;
        }
        connection.last_at = Some(Timestamp::from_nanos(last));
        for direction in Direction::BOTH {
            self.ways[direction].side.pour(&mut connection.halves[direction], self.latest);
        }
        if self.bits & bits::TIMESTAMPS != 0 && passed(self.began, self.latest) >= clock::WATCH {
            show_clocks(connection, journal);
        }
        true
    }

    /// What each side sent, after [`Self::finish`].
    pub fn traffic(&mut self, traffic: &mut Pair<Traffic>) {
        let Pair { forward, reverse } = &mut self.ways;
        forward.side.pour_traffic(&mut traffic.forward);
        reverse.side.pour_traffic(&mut traffic.reverse);
    }

    /// Who began an answer, and how long that took from the last payload of the other side.
    pub fn answers(&self) -> &[(Direction, Span)] {
        &self.answers
    }
}

/// The first payload of a side.
#[inline(never)]
fn on_first_data(connection: &mut Connection, told: Told<'_>, fin: bool) {
    connection.first_data.get_or_insert(told.moment());
    if !fin {
        connection.history.on_ordinary(told.line.direction(), true);
    }
}

/// Shows the timestamps of a connection that was long enough to tell something of its clocks.
#[inline(never)]
fn show_clocks(connection: &mut Connection, journal: &Journal) {
    for line in journal.told().map(|told| told.line) {
        if line.has_timestamps() && !line.flags().contains(Flags::RST) {
            connection.halves[line.direction()].clock.on_stamp(line.at, line.timestamps.0);
        }
    }
}
