//! The bytes that both sides of a flow say, in order, many segments at a time.

use crate::flow::{Direction, Key, Pair};
use crate::pipeline::record::{TCP, UDP};
use crate::pipeline::{Heard, Listener};
use crate::tcp::stream::{Chunk, Conversation, Room};

/// Bytes that one side said one after the other, as far as the capture has them.
#[derive(Clone, Debug)]
pub struct Words {
    /// Who said them.
    pub direction: Direction,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Bytes that the capture does not have, somewhere among them.
    pub missing: u64,
    /// Segments that had other content for bytes that came before.
    pub overlaps: u64,
}

/// Listens to a TCP connection or to UDP datagrams, and says their bytes without saying which packets brought them.
#[derive(Debug)]
pub struct Dictation {
    /// None for datagrams.
    stream: Option<Box<Conversation>>,
    /// What is said at each packet, not when it is asked for.
    at_once: bool,
    halves: Pair<Heap>,
    overlaps: u64,
}

/// What was heard of one side and not said yet.
#[derive(Debug, Default)]
struct Heap {
    bytes: Vec<u8>,
    missing: u64,
    /// How long it was when it was said last: so long it may become again.
    before: usize,
}

impl Heap {
    fn add(&mut self, bytes: &[u8]) {
        if self.bytes.is_empty() {
            self.bytes.reserve_exact(bytes.len().max(self.before));
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.missing == 0
    }
}

impl Dictation {
    /// A listener for the flow `key`, if it is one of TCP or UDP. `at_once`: each packet is said with what was known of the
    /// flow there; else who the client is may not be asked.
    pub fn of(key: &Key, at_once: bool) -> Option<Self> {
        let stream = match key.protocol() {
            TCP => Some(Box::default()),
            UDP => None,
            _ => return None,
        };
        Some(Self { stream, at_once, halves: Pair::default(), overlaps: 0 })
    }

    fn add(halves: &mut Pair<Heap>, direction: Direction, chunk: &Chunk<'_>) {
        match chunk {
            Chunk::Data { bytes, .. } => halves[direction].add(bytes),
            Chunk::Gap { len, .. } => halves[direction].missing += len,
            Chunk::Acked { .. } | Chunk::Fin(_) | Chunk::Reset(_) => {}
        }
    }
}

impl Listener<Words> for Dictation {
    fn hear(&mut self, heard: &Heard<'_>, room: &mut Room, say: &mut dyn FnMut(Words)) {
        let halves = &mut self.halves;
        match (&mut self.stream, heard.segment) {
            (Some(conversation), Some(segment)) => {
                let before = conversation.overlaps();
                let (direction, payload) = (heard.direction, heard.payload);
                conversation.on_segment(direction, segment, payload, room, &mut |direction, chunk| {
                    Self::add(halves, direction, &chunk);
                });
                self.overlaps += conversation.overlaps() - before;
            }
            (None, _) if heard.payload_len > 0 => {
                let half = &mut halves[heard.direction];
                half.add(heard.payload);
                half.missing += u64::from(heard.payload_len).saturating_sub(heard.payload.len() as u64);
            }
            _ => {}
        }
        if self.at_once {
            self.flush(say);
        }
    }

    fn needs_verdicts(&self) -> bool {
        self.at_once
    }

    fn asks_for_opening(&self) -> bool {
        self.at_once
    }

    fn has_more(&self) -> bool {
        self.overlaps > 0 || Direction::BOTH.into_iter().any(|direction| !self.halves[direction].is_empty())
    }

    fn flush(&mut self, say: &mut dyn FnMut(Words)) {
        for direction in Direction::BOTH {
            let half = &mut self.halves[direction];
            let (missing, overlaps) = (std::mem::take(&mut half.missing), std::mem::take(&mut self.overlaps));
            let bytes = std::mem::take(&mut half.bytes);
            half.before = bytes.len();
            if !bytes.is_empty() || missing > 0 || overlaps > 0 {
                say(Words { direction, bytes, missing, overlaps });
            }
        }
    }

    fn end(&mut self, room: &mut Room, say: &mut dyn FnMut(Words)) {
        let halves = &mut self.halves;
        if let Some(conversation) = &mut self.stream {
            conversation.finish(room, &mut |direction, chunk| Self::add(halves, direction, &chunk));
        }
        self.flush(say);
    }
}
