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
    /// `sink`: first what its ACK settles of the other direction and, where the segment says something, how much of that its sender
    /// has heard; then its own bytes.
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
        if segment.payload_len > 0
            && let Some(ahead) = other.heard_ahead()
        {
            answer(Chunk::Acked { number: segment.number, ahead });
        }
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

    /// Whether a segment says nothing that anybody wants, and acknowledges nothing new of what was said. One with SYN, FIN or
    /// RST always says something.
    pub fn is_moot(&self, direction: Direction, segment: &Segment) -> bool {
        let (own, other) = (&self.halves[direction], &self.halves[direction.reverse()]);
        let known = !segment.flags.contains(Flags::ACK) || other.knows(segment.ack);
        let opens_or_closes = segment.flags.intersects(Flags(Flags::SYN.0 | Flags::CLOSING.0));
        known && !opens_or_closes && (segment.payload_len == 0 || own.is_abandoned())
    }

    /// Ends both: what is held is handed out, what is missing becomes gaps.
    pub fn finish(&mut self, room: &mut Room, sink: &mut impl FnMut(Direction, Chunk<'_>)) {
        for direction in Direction::BOTH {
            self.halves[direction].finish(room, &mut |chunk| sink(direction, chunk));
        }
    }

    /// Gives back what both hold, and hands nothing out any more: nobody wants their bytes.
    pub fn abandon(&mut self, room: &mut Room) {
        for direction in Direction::BOTH {
            self.abandon_side(direction, room);
        }
    }

    /// The same of what is said in `direction` alone.
    pub fn abandon_side(&mut self, direction: Direction, room: &mut Room) {
        self.halves[direction].abandon(room);
    }

    /// Whether the other side has acknowledged something of what is said in `direction`.
    pub fn is_acknowledged(&self, direction: Direction) -> bool {
        self.halves[direction].is_acknowledged()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::conversation::{Setup, parse};

    /// What one side has acknowledged is told when it says something, unless some of what was handed out is not among it.
    #[test]
    fn a_side_that_speaks_tells_how_much_it_has_heard() {
        let opening = ["0 > syn 0:0(0)", "1 < syn 0:0(0) ack 1", "2 < 1:4(3) ack 1"];
        let table = [
            ("all", "3 > 1:3(2) ack 4", Some(0)),
            ("more than was seen", "3 > 1:3(2) ack 11", Some(7)),
            ("not all", "3 > 1:3(2) ack 3", None),
            ("it says nothing", "3 > 1:1(0) ack 4", None),
        ];
        for (what, line, expected) in table {
            let mut conversation = Conversation::default();
            let mut told = Vec::new();
            for (number, line) in (1..).zip(opening.into_iter().chain([line])) {
                let (direction, segment) = parse(line, number, Setup::default());
                let payload = b"abc".get(..segment.payload_len as usize).unwrap();
                let mut room = Room::default();
                conversation.on_segment(direction, &segment, payload, &mut room, &mut |of, chunk| {
                    if let (Direction::Reverse, Chunk::Acked { number, ahead }) = (of, chunk) {
                        told.push((number, ahead));
                    }
                });
            }
            assert_eq!(told, expected.map(|ahead| (4, ahead)).as_slice(), "{what}");
        }
    }
}
