//! Both directions of a connection: what each side said, in the order in which it became readable.

use serde::{Deserialize, Serialize};

use super::{Arrival, Chunk, Counts, Room, Stream};
use crate::flow::{Direction, Pair};
use crate::tcp::{Flags, Segment};

/// The streams of a connection.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Conversation {
    halves: Pair<Stream>,
}

impl Conversation {
    /// One that does not compare copies of what was handed out, which costs a look at every byte.
    pub fn trusting() -> Self {
        let mut conversation = Self::default();
        Direction::BOTH.into_iter().for_each(|direction| conversation.halves[direction].trust_copies());
        conversation
    }

    /// Whether something of either side waits for its turn.
    pub fn holds_bytes(&self) -> bool {
        Direction::BOTH.into_iter().any(|direction| self.halves[direction].holds_bytes())
    }

    /// Whether both sides have said all they will.
    pub fn has_ended(&self) -> bool {
        Direction::BOTH.into_iter().all(|direction| self.halves[direction].has_ended())
    }

    /// Takes a segment sent in `direction`, with as much of its payload as was captured. What becomes readable goes to
    /// `sink`: first what its ACK settles of the other direction, then its own bytes.
    pub fn on_segment(
        &mut self,
        direction: Direction,
        segment: &Segment,
        payload: &[u8],
        room: &mut Room,
        sink: &mut impl FnMut(Direction, Chunk<'_>),
    ) {
        let (own, other) = self.halves.split(direction);
        let mut answer = |chunk: Chunk<'_>| sink(direction.reverse(), chunk);
        if segment.flags.contains(Flags::ACK) && !segment.flags.contains(Flags::RST) {
            other.on_ack(segment.ack, room, &mut answer);
        }
        other.on_tick(room, &mut answer);
        let arrival = Arrival {
            at: segment.at,
            number: segment.number,
            seq: segment.seq,
            flags: segment.flags,
            len: segment.payload_len,
            bytes: payload,
        };
        let mut say = |chunk: Chunk<'_>| sink(direction, chunk);
        own.on_segment(&arrival, room, &mut say);
        own.on_tick(room, &mut say);
    }

    /// Ends both: what is held is handed out, what is missing becomes gaps.
    pub fn finish(&mut self, room: &mut Room, sink: &mut impl FnMut(Direction, Chunk<'_>)) {
        for direction in Direction::BOTH {
            self.halves[direction].finish(room, &mut |chunk| sink(direction, chunk));
        }
    }

    /// Gives back what both hold: nobody wants their bytes any more.
    pub fn abandon(&mut self, room: &mut Room) {
        for direction in Direction::BOTH {
            self.halves[direction].abandon(room);
        }
    }

    /// Segments of both that had other content for bytes that came before.
    pub fn overlaps(&self) -> u64 {
        Direction::BOTH.into_iter().map(|direction| u64::from(self.halves[direction].counts().overlaps)).sum()
    }

    /// What became of the bytes of each direction.
    pub fn counts(&self) -> Pair<Counts> {
        self.halves.map(Stream::counts)
    }
}
