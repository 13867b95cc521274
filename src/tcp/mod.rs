//! One TCP connection as an observer sees it: segments in, what each of them is out.
//!
//! [`Connection::on_segment`] takes the segments of both directions in file order and gives a [`Verdict`] for each;
//! what later segments prove about earlier ones comes as a [`Resolution`]. [`Connection::summary`] is the
//! connection's story in numbers. Sequence numbers become positions in a stream ([`seq`]), each side is a [`half`],
//! and a segment visits, in this order: is it a copy ([`repeats`]), what does it do to the connection ([`handshake`],
//! [`close`]), what did its sender know ([`sender`], [`clock`]), what is it by the sequence space it occupies
//! ([`outgoing`]), and what does it say about the other side's stream ([`incoming`]). Nearly all are [`ordinary`].
//!
//! A short connection is first written down, in the [`Line`]s of a [`Journal`], and analysed when it is asked about: most
//! are [`Plain`], and come to the same by a few numbers.

mod clock;
mod close;
#[cfg(test)]
pub(crate) mod conversation;
mod doubts;
mod extent;
mod flight;
mod half;
mod handshake;
mod history;
mod incoming;
mod intervals;
mod journal;
mod jump;
mod late;
pub(crate) mod line;
#[cfg(test)]
mod laws;
mod ordinary;
mod outgoing;
mod plain;
mod probes;
mod recovery;
mod repeats;
mod rtt;
mod segment;
mod sender;
mod seq;
mod summary;
pub mod stream;
mod tally;
mod verdict;
mod volume;
mod window;

pub use journal::{Entry, Journal, Outgrown, Told};
pub use line::Line;
pub use plain::Plain;
pub use segment::{Flags, Segment};
pub use seq::Seq;
pub use summary::{
    AckStats, Close, Closing, EcnNegotiated, EcnStats, HalfSummary, Handshake, InitialWindow, LossStats,
    Moment, Offer, Opening, ProbeStats, RttFigures, RttStats, SegmentSizes, State, Summary, WindowStats,
};
pub use verdict::{Resolution, Tag, Tags, Verdict};

use seq::Position;
use serde::{Deserialize, Serialize};

use crate::flow::{Direction, Pair};
use crate::stats::Quantiles;
use crate::time::{Span, Timestamp};
use close::Closer;
use doubts::Settled;
use half::{Half, Standpoint};
use handshake::Opener;
use history::History;
use incoming::Circumstances;
use outgoing::{Context, Outcome};

/// The greatest segment over Ethernet, for a side that is not known to take another.
const ETHERNET_MSS: u32 = 1460;

/// A connection.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Connection {
    halves: Pair<Half>,
    opener: Opener,
    closer: Closer,
    history: History,
    first_data: Option<Moment>,
    last_at: Option<Timestamp>,
    /// Who sent a SYN or RST that the other side cannot accept, and has not answered.
    challenger: Option<Direction>,
    /// Its first SYN uses the ports of an earlier connection.
    reuses_ports: bool,
}

impl Connection {
    /// A connection on the addresses and ports of an earlier one.
    pub fn reusing_ports() -> Self {
        Self { reuses_ports: true, ..Self::default() }
    }

    /// Becomes a new connection, in the memory that it took so far; one on the addresses and ports of an earlier one if it
    /// `reuses_ports`.
    pub fn restart(&mut self, reuses_ports: bool) {
        // In place, field by field: it is too large to be made anew and moved for each of many short connections.
        let Self { halves, opener, closer, history, first_data, last_at, challenger, reuses_ports: reuses } =
            self;
        halves.forward.clear();
        halves.reverse.clear();
        *opener = Opener::default();
        *closer = Closer::default();
        *history = History::default();
        (*first_data, *last_at, *challenger) = (None, None, None);
        *reuses = reuses_ports;
    }

    /// Whether `segment`, sent in `direction` on the same addresses and ports, begins a new connection: a SYN without
    /// ACK that has another sequence number than this one's. So Wireshark numbers its streams.
    pub fn is_reused_by(&self, direction: Direction, segment: &Segment) -> bool {
        let other = |numbers: seq::Numbering| numbers.base() != segment.seq;
        segment.flags.opens() && self.halves[direction].numbers.is_some_and(other)
    }

    /// Lets the connection see its next segment. What it proves about earlier ones is added to `resolutions`.
    pub fn on_segment(
        &mut self,
        direction: Direction,
        segment: &Segment,
        resolutions: &mut Vec<Resolution>,
    ) -> Verdict {
        match self.on_ordinary(direction, segment) {
            Some(verdict) => verdict,
            None => self.on_any(direction, segment, resolutions),
        }
    }

    /// A segment of any kind.
    fn on_any(
        &mut self,
        direction: Direction,
        segment: &Segment,
        resolutions: &mut Vec<Resolution>,
    ) -> Verdict {
        self.last_at = self.last_at.max(Some(segment.at));
        let (half, peer) = self.halves.split(direction);
        half.learn_base(segment);
        half.tally.on_segment(segment);
        let acks = segment.flags.contains(Flags::ACK);
        if acks {
            peer.learn_base_from_ack(segment.ack);
        }
        let mut verdict = self.numbers(direction, segment);
        if self.is_copy(direction, segment) {
            self.on_copy(direction, segment, &mut verdict);
        } else if segment.flags.contains(Flags::RST) {
            self.on_reset(direction, segment, &mut verdict);
        } else {
            self.on_stream(direction, segment, &mut verdict, resolutions);
            if acks {
                self.on_ack(direction, segment, &mut verdict, resolutions);
            }
            self.on_change(direction, segment, &mut verdict);
        }
        self.on_time(direction, segment.at, resolutions);
        verdict
    }

    /// Nothing is pending that time or the end decides: it can be put aside as bytes, and taken up again.
    pub fn is_settled(&self) -> bool {
        self.halves.forward.is_settled() && self.halves.reverse.is_settled()
    }

    /// Ends the connection: what was pending is decided.
    pub fn finish(&mut self, resolutions: &mut Vec<Resolution>) {
        let from = resolutions.len();
        for direction in Direction::BOTH {
            let Half { doubts, tally, .. } = &mut self.halves[direction];
            if let Some(doubts) = doubts {
                doubts.finish(|settled| settle(tally, settled, resolutions));
            }
        }
        if let Some(last) = resolutions.get_mut(from..) {
            last.sort_unstable_by_key(|resolution| resolution.number);
        }
    }

    /// The direction in which the client sends, and whether that is a guess; `None` where nothing in the segments tells.
    pub fn client(&self) -> Option<(Direction, bool)> {
        self.opener.client()
    }

    /// The round trips of what is sent in `direction` to the other side's ACKs.
    pub fn round_trips(&self, direction: Direction) -> &Quantiles {
        self.halves[direction].rtt.samples()
    }

    /// SYN to the ACK that completes the handshake, without a doubt.
    pub fn initial_rtt(&self) -> Option<Span> {
        let handshake = self.opener.details();
        Some(handshake.to_server? + handshake.to_client?)
    }

    /// The handshake was seen: only another SYN can change what [`Self::client`] and [`Self::initial_rtt`] say.
    pub fn has_opened(&self) -> bool {
        self.opener.is_complete()
    }

    /// The connection in numbers, so far. Where nothing in the segments tells who the client is, `client` is.
    pub fn summary(&self, client: Direction) -> Summary {
        let known = self.client();
        let client = known.map_or(client, |(client, _)| client);
        let end = self.last_at.unwrap_or_default();
        let acked = self.halves[client].tally.acks.ack_segments > self.halves[client].tally.resets;
        let heard = self.opener.was_heard(client, self.halves[client].acked);
        let opening = self.opener.opening(acked, heard);
        let half = |direction: Direction| {
            let half = &self.halves[direction];
            let state = self.closer.state(opening, direction, client, half.tally.segments > 0);
            half.summary(direction, state, &self.opener, &self.closer, end)
        };
        Summary {
            client: known.map(|(client, _)| client),
            client_inferred: known.is_none_or(|(_, inferred)| inferred),
            opening,
            handshake: self.opener.details(),
            close: self.closer.summary(opening, client),
            ecn_negotiated: self.opener.ecn(),
            halves: Pair { forward: half(Direction::Forward), reverse: half(Direction::Reverse) },
            first_data: self.first_data,
            history: self.history.text(client),
            // Zeek's states go by the segments that were seen alone.
            conn_state: Some(self.history.state(self.opener.opening(acked, false), client)),
            clock_jump: self.halves.forward.clock.jump(&self.halves.reverse.clock),
        }
    }

    /// What is true of any segment: its numbers, and what kinds of reports it carries.
    fn numbers(&self, direction: Direction, segment: &Segment) -> Verdict {
        let (half, peer) = (&self.halves[direction], &self.halves[direction.reverse()]);
        let syn = segment.flags.contains(Flags::SYN);
        let shift = if syn { Some(0) } else { self.opener.shift(direction) };
        let mut tags = Tags::default();
        if !segment.sack.is_empty() {
            tags.insert(Tag::Sack);
        }
        Verdict {
            tags,
            seq_relative: half.relative(half.position(segment.seq)),
            ack_relative: segment
                .flags
                .contains(Flags::ACK)
                .then(|| peer.relative(peer.position(segment.ack))),
            window_scaled: shift.map(|shift| u32::from(segment.window) << shift),
            ..Verdict::default()
        }
    }

    /// What advances either stream cannot have been seen before.
    fn is_copy(&mut self, direction: Direction, segment: &Segment) -> bool {
        let (half, peer) = self.halves.split(direction);
        let acks = segment.flags.contains(Flags::ACK);
        let sends = segment.payload_len > 0 || segment.flags.contains(Flags::SYN);
        let new_data = sends && half.snd_max.is_none_or(|snd_max| half.position(segment.seq) >= snd_max);
        let new_ack = acks && peer.acked.is_none_or(|acked| peer.position(segment.ack) > acked);
        half.repeats.is_copy(segment, new_data || new_ack)
    }

    fn on_copy(&mut self, direction: Direction, segment: &Segment, verdict: &mut Verdict) {
        verdict.tags.insert(Tag::CaptureDuplicate);
        let half = &mut self.halves[direction];
        if segment.payload_len > 0 && !segment.flags.contains(Flags::RST) {
            let start = half.position(segment.seq) + i64::from(segment.flags.contains(Flags::SYN));
            let range = start..start + i64::from(segment.payload_len);
            verdict.pending = true;
            half.doubts().on_resend(segment, range, verdict.tags, false, |_| ());
        }
        half.tally.on_verdict(verdict.tags, 0);
    }

    fn on_reset(&mut self, direction: Direction, segment: &Segment, verdict: &mut Verdict) {
        let expected = self.halves[direction.reverse()].tally.segments == 0
            || self.halves[direction]
                .snd_max
                .is_none_or(|snd_max| self.halves[direction].position(segment.seq) == snd_max);
        if !expected {
            self.challenger = Some(direction);
        }
        self.opener.on_reset(direction);
        self.closer.on_reset(direction, segment.moment());
        self.history.on_segment(direction, segment, verdict.tags);
        self.halves[direction].tally.on_verdict(verdict.tags, 0);
    }

    /// The sequence space that it occupies.
    fn on_stream(
        &mut self,
        direction: Direction,
        segment: &Segment,
        verdict: &mut Verdict,
        resolutions: &mut Vec<Resolution>,
    ) {
        let syn = segment.flags.contains(Flags::SYN);
        let sequel = syn.then(|| self.opener.on_syn(direction, segment));
        if !syn {
            self.opener.on_segment(direction, segment);
        } else if self.reuses_ports && sequel == Some(handshake::Sequel::First) && segment.flags.opens() {
            verdict.tags.insert(Tag::PortReuse);
        }
        if syn && self.halves[direction.reverse()].volume.greatest().is_some() {
            self.challenger = Some(direction);
        }
        let window = self.reach(direction.reverse());
        let context = self.context(direction, sequel);
        let (half, peer) = self.halves.split(direction);
        half.clock.on_sent(segment);
        peer.clock.on_received(segment);
        half.learn(segment, context.standpoint);
        if syn {
            half.on_syn(segment);
            half.windows.on_syn(segment.window);
        }
        if segment.payload_len > 0 && !syn && self.first_data.is_none() {
            self.first_data = Some(segment.moment());
        }
        let Some(position) = half.place(segment.seq, window) else {
            verdict.tags.insert(Tag::Gap);
            return;
        };
        let oldest = half.acked.unwrap_or(0);
        let outcome: Outcome = half.on_outgoing(segment, position, &context);
        verdict.tags.extend(outcome.tags);
        half.tally.on_verdict(outcome.tags, outcome.resent);
        if let Some(range) = outcome.doubt {
            verdict.pending = !outcome.tags.contains(Tag::Spurious);
            let oldest = range.start <= oldest && oldest < range.end;
            let Half { doubts, tally, .. } = half;
            let doubts = doubts.get_or_insert_default();
            doubts.on_resend(segment, range, verdict.tags, oldest, |settled| {
                settle(tally, settled, resolutions)
            });
        }
        if segment.flags.contains(Flags::FIN) {
            let end = position + i64::from(syn) + i64::from(segment.payload_len) + 1;
            self.closer.on_fin(direction, segment.moment(), end);
        }
    }

    /// What it says about the other side's stream.
    fn on_ack(
        &mut self,
        direction: Direction,
        segment: &Segment,
        verdict: &mut Verdict,
        resolutions: &mut Vec<Resolution>,
    ) {
        let other = direction.reverse();
        let window = self.reach(direction);
        let shift = self.opener.shift(direction).unwrap_or(0);
        let mss = self.mss(other);
        let (half, peer) = self.halves.split(direction);
        let syn = segment.flags.contains(Flags::SYN);
        let window_changed = !syn && half.windows.on_window(segment.window, shift, segment.at);
        if segment.window == 0 && !syn {
            verdict.tags.insert(Tag::ZeroWindow);
        }
        let Some(ack) = peer.place_ack(segment.ack, window) else {
            if peer.snd_max.is_some() {
                verdict.tags.insert(Tag::AckedUnseen);
            }
            return;
        };
        let circumstances = Circumstances {
            window_changed,
            mss: (!self.opener.sack().unwrap_or(true)).then_some(mss),
            standpoint: Standpoint::of(peer, half),
            challenged: self.challenger == Some(other),
        };
        let mut settled = Vec::new();
        let answer = peer.on_ack(segment, ack, &circumstances, |one| settled.push(one));
        for one in settled {
            settle(&mut peer.tally, one, resolutions);
        }
        self.challenger = self.challenger.filter(|&challenger| challenger != other);
        verdict.tags.extend(answer.tags);
        verdict.rtt = answer.rtt;
        verdict.acks_packet = answer.acks_packet;
        half.tally.on_verdict(answer.tags, 0);
        self.closer.on_ack(other, segment.moment(), ack);
    }

    /// What is in flight now, and the story so far.
    fn on_change(&mut self, direction: Direction, segment: &Segment, verdict: &mut Verdict) {
        self.on_flight(direction, segment, verdict);
        if segment.window == 0 && !segment.flags.contains(Flags::SYN) {
            verdict.tags.insert(Tag::ZeroWindow);
        }
        self.history.on_segment(direction, segment, verdict.tags);
    }

    /// What is in flight now.
    fn on_flight(&mut self, direction: Direction, segment: &Segment, verdict: &mut Verdict) {
        for changed in Direction::BOTH {
            let fin_end = self.closer.fin_end(changed);
            let half = &mut self.halves[changed];
            if half.sender.is_some() {
                let in_flight = half.in_flight(fin_end);
                half.volume.on_change(in_flight, segment.at);
                if changed == direction && segment.payload_len > 0 {
                    verdict.in_flight = Some(in_flight);
                }
            }
        }
    }

    /// Time has come to `now`.
    fn on_time(&mut self, sender: Direction, now: Timestamp, resolutions: &mut Vec<Resolution>) {
        for direction in [sender, sender.reverse()] {
            let (half, peer) = self.halves.split(direction);
            if half.doubts.is_none() {
                continue;
            }
            let back = Standpoint::of(half, peer).back.unwrap_or(Span::ZERO);
            let patience = half.rtt.srtt().map_or(Span::from_secs(1), |srtt| srtt + back);
            let Half { doubts, tally, .. } = half;
            if let Some(doubts) = doubts {
                doubts.on_time(now, patience, |settled| settle(tally, settled, resolutions));
            }
            half.tidy();
        }
    }

    /// The greatest window, in bytes, that `direction` advertised or may have.
    fn reach(&self, direction: Direction) -> u32 {
        let half = &self.halves[direction];
        let shift = self.opener.shift(direction).unwrap_or(14);
        (u32::from(half.windows.greatest()) << shift).max(u32::from(u16::MAX))
    }

    /// The greatest segment of `direction`, as far as it is known: what was seen, within what the other side takes.
    fn mss(&self, direction: Direction) -> u32 {
        let offered = self.opener.offer(direction.reverse()).and_then(|offer| offer.mss);
        let seen = self.halves[direction].tally.sizes.map_or(1, |sizes| sizes.max);
        seen.min(offered.map_or(u32::MAX, u32::from)).max(1)
    }

    /// What a segment of `direction` is judged by.
    fn context(&self, direction: Direction, sequel: Option<handshake::Sequel>) -> Context {
        let (half, peer) = (&self.halves[direction], &self.halves[direction.reverse()]);
        let window = peer.windows.last().zip(self.opener.shift(direction.reverse()));
        let edge =
            window.zip(half.acked).map(|((window, shift), acked)| acked + (i64::from(window) << shift));
        let offered = self.opener.offer(direction.reverse()).and_then(|offer| offer.mss);
        Context {
            sequel,
            closed: peer.windows.closed(),
            edge,
            mss: self.mss(direction),
            offered: offered.map_or(ETHERNET_MSS, u32::from),
            sack: self.opener.sack().unwrap_or(true),
            standpoint: Standpoint::of(half, peer),
            fin_end: self.closer.fin_end(direction),
        }
    }
}

/// Counts what became clear, and passes it on.
fn settle(tally: &mut tally::Tally, settled: Settled, resolutions: &mut Vec<Resolution>) {
    tally.on_settled(settled.before, settled.resolution.tags);
    resolutions.push(settled.resolution);
}
