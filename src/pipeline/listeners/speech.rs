//! The bytes that both sides of a flow say, in order.

use crate::flow::{Direction, Key};
use crate::pipeline::record::{TCP, UDP};
use crate::pipeline::{Heard, Listener};
use crate::tcp::Moment;
use crate::tcp::stream::{Chunk, Conversation, Room};

/// Some bytes that one side said, a gap, or word of a segment that says otherwise than one before.
#[derive(Clone, Debug)]
pub struct Speech {
    /// Who said it.
    pub direction: Direction,
    /// How many bytes of this side stand before it.
    pub offset: u64,
    /// The packet that brought it; of a gap none.
    pub moment: Option<Moment>,
    /// The bytes.
    pub bytes: Box<[u8]>,
    /// Bytes that the capture does not have behind them.
    pub missing: u64,
    /// Segments that had other content for bytes that came before: beside them there is neither.
    pub overlaps: u64,
}

/// Listens to a TCP connection or to UDP datagrams, and says their bytes in order.
#[derive(Debug)]
pub enum Speeches {
    /// A connection.
    Stream(Box<Conversation>),
    /// Datagrams: bytes that each direction has said so far.
    Datagrams([u64; 2]),
}

impl Speeches {
    /// A listener for the flow `key`, if it is one of TCP or UDP.
    pub fn of(key: &Key) -> Option<Self> {
        match key.protocol() {
            TCP => Some(Self::Stream(Box::default())),
            UDP => Some(Self::Datagrams([0; 2])),
            _ => None,
        }
    }
}

fn speech(direction: Direction, chunk: Chunk<'_>) -> Option<Speech> {
    match chunk {
        Chunk::Data { offset, moment, bytes } => Some(Speech {
            direction,
            offset,
            moment: Some(moment),
            bytes: bytes.into(),
            missing: 0,
            overlaps: 0,
        }),
        Chunk::Gap { offset, len } => {
            Some(Speech { direction, offset, moment: None, bytes: Box::default(), missing: len, overlaps: 0 })
        }
        Chunk::Acked { .. } | Chunk::Fin(_) | Chunk::Reset(_) => None,
    }
}

impl Listener<Speech> for Speeches {
    fn hear(&mut self, heard: &Heard<'_>, room: &mut Room, say: &mut dyn FnMut(Speech)) {
        match (self, heard.segment) {
            (Self::Stream(conversation), Some(segment)) => {
                let before = conversation.overlaps();
                conversation.on_segment(
                    heard.direction,
                    segment,
                    heard.payload,
                    room,
                    &mut |direction, chunk| {
                        speech(direction, chunk).into_iter().for_each(&mut *say);
                    },
                );
                let overlaps = conversation.overlaps() - before;
                if overlaps > 0 {
                    let (direction, bytes) = (heard.direction, Box::default());
                    say(Speech { direction, offset: 0, moment: None, bytes, missing: 0, overlaps });
                }
            }
            (Self::Datagrams(said), _) if heard.payload_len > 0 => {
                let [forward, reverse] = said;
                let offset = if heard.direction == Direction::Forward { forward } else { reverse };
                say(Speech {
                    direction: heard.direction,
                    offset: *offset,
                    moment: Some(Moment { at: heard.at.unwrap_or_default(), number: heard.number }),
                    bytes: heard.payload.into(),
                    missing: u64::from(heard.payload_len).saturating_sub(heard.payload.len() as u64),
                    overlaps: 0,
                });
                *offset += u64::from(heard.payload_len);
            }
            _ => {}
        }
    }

    fn end(&mut self, room: &mut Room, say: &mut dyn FnMut(Speech)) {
        if let Self::Stream(conversation) = self {
            conversation.finish(room, &mut |direction, chunk| {
                speech(direction, chunk).into_iter().for_each(&mut *say);
            });
        }
    }
}
