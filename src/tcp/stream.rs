//! The bytes that one side of a connection sent, in order, or the gap where they are missing. RFC 9293 §3.4, §3.10.7.4.
//!
//! ```text
//!           start               next             acked          highest       fin
//!   ----------|===================|.......[held]....|....[held]....|-----------|
//!   ignored     handed out          missing so far
//! ```
//!
//! Positions are 64-bit; the bytes of segments that come in order are handed through without a copy, later ones
//! are held in bounded memory ([`Room`]). What is missing becomes a [`Chunk::Gap`] when the other side has acknowledged
//! it and it still has not come some segments later, when the room is used up, or at the end. Bytes
//! handed out and bytes in gaps add up to the distance between the first and the last sequence number.
//! What a snap length cut off a segment is a gap at once: a later copy of which that part was captured is not waited for.
//!
//! A stream joined midway begins where the other side's first ACK expects it, or at its first segment; data is
//! held until the other side acknowledges something, since what came first need not be the first.

mod chunk;
mod conversation;
mod copies;
mod from_first;
mod held;
mod room;

pub use chunk::{Arrival, Chunk, Counts, Overlap};
pub use conversation::Conversation;
pub use room::Room;

use copies::Copies;
use held::{Held, Piece, captured};
use serde::{Deserialize, Serialize};

use super::{Flags, Moment, Seq};

/// The position of the first segment seen: room is left for what comes later and belongs before it.
const FIRST: u64 = 1 << 40;
/// No window is larger: RFC 7323 §2.3. What is farther away belongs to no window.
const MAX_WINDOW: u64 = 1 << 30;
/// How far before its first segment a stream that was joined midway may begin.
const MAX_LEAD: u64 = 16 << 20;
/// How much of a stream joined midway is held before its first segment is taken for the beginning.
const MAX_UNSURE: usize = 64 << 10;
/// A gap is declared between once and twice this many segments after its acknowledgment: captures swap packets.
const EPOCH: u8 = 16;

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
enum Start {
    /// No segment was seen.
    #[default]
    Unknown,
    /// A guess, which may move back.
    Guessed(#[serde(with = "from_first")] u64),
    /// By the SYN, an ACK, or because something was handed out.
    Known(#[serde(with = "from_first")] u64),
}

/// One direction of a connection.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Stream {
    first: Seq,
    start: Start,
    #[serde(with = "from_first")]
    next: u64,
    #[serde(with = "from_first")]
    highest: u64,
    #[serde(with = "from_first")]
    acked: u64,
    /// `acked` as it was one and two epochs ago.
    settled: [u64; 2],
    tick: u8,
    /// Epochs in which a stream joined midway waited for an ACK.
    unsure: u8,
    /// The other side's first ACK, seen before anything of this side.
    expected: Option<Seq>,
    fin: Option<(u64, Moment)>,
    ended: bool,
    /// Where it would begin by another SYN.
    other_syn: Option<u64>,
    /// Nobody wants its bytes.
    abandoned: bool,
    /// Data of a SYN is held that the other side has not taken yet. RFC 7413 §4.2
    fast_open: bool,
    held: Held,
    copies: Copies,
    counts: Counts,
}

impl Stream {
    /// What became of its bytes so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Does not compare copies of what was handed out: [`Counts::overlaps`] counts only what is held.
    pub fn trust_copies(&mut self) {
        self.copies.turn_off();
    }

    /// Whether something waits for its turn.
    pub fn holds_bytes(&self) -> bool {
        !self.held.is_empty()
    }

    /// Whether its FIN was handed out or it was abandoned: no bytes follow.
    pub fn has_ended(&self) -> bool {
        self.ended || self.abandoned
    }

    /// How many bytes the other side has acknowledged beyond those handed out; `None` where it has not acknowledged these.
    fn heard_ahead(&self) -> Option<u64> {
        matches!(self.start, Start::Known(_)).then(|| self.acked.checked_sub(self.next)).flatten()
    }

    /// Takes a segment that this side sent.
    pub fn on_segment(&mut self, arrival: &Arrival<'_>, room: &mut Room, sink: &mut impl FnMut(Chunk<'_>)) {
        if self.abandoned {
            return;
        }
        let moment = Moment { at: arrival.at, number: arrival.number };
        if arrival.flags.contains(Flags::RST) {
            // RFC 1122 §4.2.2.12: its payload says why, and is shown where it follows what was said.
            sink(Chunk::Reset(moment));
            let follows = matches!(self.start, Start::Known(_)) && self.position(arrival.seq) == self.next;
            if !follows && self.start != Start::Unknown {
                self.counts.ignored += u64::from(arrival.len);
                return;
            }
        }
        let syn = arrival.flags.contains(Flags::SYN);
        let fin = arrival.flags.contains(Flags::FIN);
        if !syn && !fin && arrival.len == 0 {
            return;
        }
        let mut at = self.place(arrival, syn);
        let mut piece = Piece {
            at: arrival.at,
            number: arrival.number,
            len: u64::from(arrival.len),
            bytes: captured(arrival.bytes, 0, u64::from(arrival.len)),
        };
        let end = at + piece.len;
        if fin && self.fin.is_none() && end >= self.highest && !self.is_outside(at) {
            self.fin = Some((end, moment));
        }
        self.fast_open = if syn { self.fast_open || piece.len > 0 } else { false };
        self.clip(&mut at, &mut piece);
        if piece.len > 0 {
            self.highest = self.highest.max(at + piece.len);
            if at == self.next && self.may_pass(at + piece.len, room) {
                self.deliver(at, &piece, sink);
            } else {
                self.hold(at, &piece, room, sink);
            }
        }
        self.advance(room, sink);
    }

    /// Takes an ACK that the other side sent.
    pub fn on_ack(&mut self, ack: Seq, room: &mut Room, sink: &mut impl FnMut(Chunk<'_>)) {
        if self.start == Start::Unknown {
            self.expected.get_or_insert(ack);
            return;
        }
        if self.abandoned {
            return;
        }
        let at = self.position(ack);
        self.choose_syn(at);
        if at > self.highest.max(self.next) + MAX_WINDOW {
            return;
        }
        if std::mem::take(&mut self.fast_open) && at == self.next {
            // RFC 7413 §4.2.2: the server took the SYN alone; the client sends its data again.
            room.used = room.used.saturating_sub(self.held.cost());
            self.held.clear();
            self.highest = self.next;
        }
        self.confirm(at);
        let end = self.fin.map_or(u64::MAX, |(fin, _)| fin);
        self.acked = self.acked.max(at.min(end));
        self.advance(room, sink);
    }

    /// Counts a segment of the connection, of either side: what was acknowledged long enough ago will not come any more.
    pub fn on_tick(&mut self, room: &mut Room, sink: &mut impl FnMut(Chunk<'_>)) {
        if self.abandoned {
            return;
        }
        self.tick += 1;
        if self.tick < EPOCH {
            return;
        }
        self.tick = 0;
        let [older, newer] = self.settled;
        self.settled = [newer, self.acked];
        if let Start::Guessed(start) = self.start
            && !self.held.is_empty()
        {
            self.unsure += 1;
            if self.unsure > 2 {
                self.start = Start::Known(start);
                self.advance(room, sink);
            }
        }
        while older > self.next && matches!(self.start, Start::Known(_)) {
            match self.held.first() {
                Some(first) if first <= self.next => self.release(room, sink),
                first => self.skip(first.unwrap_or(older).min(older), sink),
            }
            self.advance(room, sink);
        }
    }

    /// Ends it: what is held is handed out, what is missing becomes gaps.
    pub fn finish(&mut self, room: &mut Room, sink: &mut impl FnMut(Chunk<'_>)) {
        if self.abandoned {
            return;
        }
        if let Start::Guessed(start) = self.start {
            self.start = Start::Known(start);
        }
        room.used = room.used.saturating_sub(self.held.cost());
        while let Some((at, piece)) = self.held.pop() {
            self.skip(at, sink);
            self.deliver_held(at, &piece, sink);
        }
        let end = self.fin.map_or(self.acked, |(fin, _)| fin);
        if self.start != Start::Unknown {
            self.skip(end, sink);
        }
        self.end(sink);
    }

    /// Gives back what it holds, and hands nothing out any more: nobody wants its bytes.
    pub fn abandon(&mut self, room: &mut Room) {
        if self.abandoned {
            return;
        }
        room.used = room.used.saturating_sub(self.held.cost());
        self.held.clear();
        self.abandoned = true;
    }

    /// Whether nobody wants its bytes.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned
    }

    /// Whether an ACK of the other side changes nothing here.
    pub fn knows(&self, ack: Seq) -> bool {
        match self.start {
            _ if self.abandoned => true,
            Start::Unknown => self.expected.is_some(),
            Start::Guessed(_) => false,
            Start::Known(_) => {
                let settled = self.held.is_empty() && self.other_syn.is_none() && !self.fast_open;
                settled && self.position(ack) <= self.acked
            }
        }
    }

    /// Whether the other side has acknowledged something of it.
    pub fn is_acknowledged(&self) -> bool {
        self.acked > 0
    }

    /// Where a segment's payload stands; the first segments also say where the stream begins.
    fn place(&mut self, arrival: &Arrival<'_>, syn: bool) -> u64 {
        if self.start == Start::Unknown {
            self.first = arrival.seq;
            (self.next, self.highest, self.acked) = (FIRST, FIRST, 0);
            self.start = Start::Guessed(FIRST);
            if let (Some(ack), false) = (self.expected, syn) {
                let expected = self.position(ack);
                if arrival.len == 1 && expected == FIRST + 1 {
                    // RFC 9293 §3.8.4: a keep-alive repeats the byte below SND.NXT.
                    self.next = expected;
                }
                self.confirm(expected);
            }
        }
        let at = self.position(arrival.seq) + u64::from(syn);
        if syn && at != self.next {
            self.other_syn = Some(at);
        }
        self.choose_syn(at);
        let Start::Guessed(start) = self.start else { return at };
        let probe = arrival.len == 1 && at + 1 == start;
        if syn && (at <= start || self.held.is_empty()) {
            self.begin(at);
            self.start = Start::Known(at);
        } else if at < start && start - at <= MAX_LEAD && !probe {
            self.begin(at);
        }
        at
    }

    /// Several SYNs with different numbers, of which one was answered: the stream begins where it goes on.
    fn choose_syn(&mut self, at: u64) {
        let Start::Known(start) = self.start else { return };
        if self.other_syn == Some(at)
            && self.next == start
            && self.held.is_empty()
            && self.counts.missing == 0
        {
            (self.start, self.next, self.highest) = (Start::Known(at), at, at);
            self.acked = self.acked.min(at);
            self.other_syn = Some(start);
        }
    }

    /// Moves the beginning, before anything was handed out.
    fn begin(&mut self, at: u64) {
        self.start = Start::Guessed(at);
        self.next = at;
        self.highest = self.highest.max(at);
    }

    /// The other side has acknowledged something: what a stream joined midway begins with is no guess any more.
    fn confirm(&mut self, ack: u64) {
        let Start::Guessed(_) = self.start else { return };
        if ack < self.next && self.next - ack <= MAX_LEAD {
            self.next = ack;
        }
        self.start = Start::Known(self.next);
    }

    /// Cuts off what belongs before the beginning, was handed out, or lies beyond the FIN or every window.
    fn clip(&mut self, at: &mut u64, piece: &mut Piece<&[u8]>) {
        let len = piece.len;
        let end = self.fin.map_or(u64::MAX, |(fin, _)| fin);
        if self.is_outside(*at) {
            piece.len = 0;
        }
        piece.len = piece.len.min(end.saturating_sub(*at));
        self.counts.ignored += len - piece.len;
        if *at >= self.next {
            return;
        }
        if let Start::Known(start) = self.start
            && *at < start
        {
            self.counts.ignored += (start - *at).min(piece.len);
        } else if piece.len > 1 && self.copies.differs(*at, piece.bytes) {
            self.counts.overlaps += 1;
        }
        let old = (self.next - *at).min(piece.len);
        piece.bytes = captured(piece.bytes, old, piece.len);
        piece.len -= old;
        *at += old;
    }

    /// Whether nothing that this side may send stands at `at`.
    fn is_outside(&self, at: u64) -> bool {
        at > self.highest.max(self.acked) + MAX_WINDOW
    }

    /// Whether bytes that end at `end` can be handed out as soon as it is their turn.
    fn may_pass(&self, end: u64, room: &Room) -> bool {
        let acked = room.overlap == Overlap::First || end <= self.acked;
        let alone = self.held.first().is_none_or(|held| held >= end);
        acked && alone && !self.fast_open && matches!(self.start, Start::Known(_))
    }

    fn hold(&mut self, at: u64, piece: &Piece<&[u8]>, room: &mut Room, sink: &mut impl FnMut(Chunk<'_>)) {
        let before = self.held.cost();
        // What the other side has taken is settled: a later copy of it is none.
        let taken = match room.overlap {
            Overlap::First => 0,
            Overlap::Last => self.acked.saturating_sub(at).min(piece.len),
        };
        let part = |from, to| Piece { len: to - from, bytes: captured(piece.bytes, from, to), ..*piece };
        let mut differs = taken > 0 && self.held.insert(at, &part(0, taken), Overlap::First);
        differs |= taken < piece.len && self.held.insert(at + taken, &part(taken, piece.len), room.overlap);
        self.counts.overlaps += u32::from(differs);
        room.used += self.held.cost() - before;
        if let Start::Guessed(start) = self.start
            && self.held.cost() > MAX_UNSURE
        {
            self.start = Start::Known(start);
        }
        let (full, crowded) = (self.held.cost() > room.per_stream, room.used > room.shared);
        self.counts.capped += u32::from(full || crowded);
        room.full += u64::from(full);
        room.crowded += u64::from(crowded && !full);
        while self.held.cost() > room.per_stream || (room.used > room.shared && !self.held.is_empty()) {
            if let Some(first) = self.held.first() {
                self.skip(first, sink);
            }
            self.release(room, sink);
        }
    }

    /// Hands out what is held and whose turn it is.
    fn advance(&mut self, room: &mut Room, sink: &mut impl FnMut(Chunk<'_>)) {
        while self.held.first() == Some(self.next)
            && !self.fast_open
            && matches!(self.start, Start::Known(_))
            && (room.overlap == Overlap::First || self.held.first_end().is_some_and(|end| end <= self.acked))
        {
            self.release(room, sink);
        }
        self.end(sink);
    }

    /// Hands out the first held piece.
    fn release(&mut self, room: &mut Room, sink: &mut impl FnMut(Chunk<'_>)) {
        let before = self.held.cost();
        if let Some((at, piece)) = self.held.pop() {
            room.used = room.used.saturating_sub(before - self.held.cost());
            self.deliver_held(at, &piece, sink);
        }
    }

    fn deliver_held(&mut self, at: u64, piece: &Piece<Vec<u8>>, sink: &mut impl FnMut(Chunk<'_>)) {
        let piece =
            Piece { at: piece.at, number: piece.number, len: piece.len, bytes: piece.bytes.as_slice() };
        self.deliver(at, &piece, sink);
    }

    fn deliver(&mut self, at: u64, piece: &Piece<&[u8]>, sink: &mut impl FnMut(Chunk<'_>)) {
        let present = piece.bytes.len() as u64;
        if present > 0 {
            self.copies.on_delivered(at, piece.bytes);
            self.counts.delivered += present;
            let moment = Moment { at: piece.at, number: piece.number };
            sink(Chunk::Data { offset: self.offset(at), moment, bytes: piece.bytes });
        }
        self.next = at + present;
        self.skip(at + piece.len, sink);
    }

    /// Declares a gap up to `until`.
    fn skip(&mut self, until: u64, sink: &mut impl FnMut(Chunk<'_>)) {
        if let Start::Guessed(start) = self.start {
            self.start = Start::Known(start);
        }
        let Some(len) = until.checked_sub(self.next).filter(|&len| len > 0) else { return };
        self.counts.missing += len;
        sink(Chunk::Gap { offset: self.offset(self.next), len });
        self.next = until;
    }

    fn end(&mut self, sink: &mut impl FnMut(Chunk<'_>)) {
        if let Some((fin, moment)) = self.fin
            && self.next >= fin
            && !self.ended
            && matches!(self.start, Start::Known(_))
        {
            self.ended = true;
            sink(Chunk::Fin(moment));
        }
    }

    fn offset(&self, at: u64) -> u64 {
        match self.start {
            Start::Known(start) | Start::Guessed(start) => at.saturating_sub(start),
            Start::Unknown => 0,
        }
    }

    /// The position of a sequence number: the one nearest to `next`.
    fn position(&self, seq: Seq) -> u64 {
        let next = self.first + self.next.wrapping_sub(FIRST) as u32;
        self.next.saturating_add_signed(i64::from(seq - next))
    }
}

#[cfg(test)]
mod tests;
