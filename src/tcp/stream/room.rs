//! How many bytes may wait: for their turn, or to become a message.

use super::Overlap;

/// How much may be held: the limits, and what the streams that share it hold now.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Bytes that one stream may hold.
    pub per_stream: usize,
    /// Bytes that all of them may hold together.
    pub shared: usize,
    /// Which copy stays.
    pub overlap: Overlap,
    /// Times that a stream would have held more than it may.
    pub full: u64,
    /// Times that all of them would have held more than they may.
    pub crowded: u64,
    pub(super) used: usize,
    /// Bytes that the readers of what was said may keep, all together.
    pub messages: usize,
    /// Bytes that they keep.
    pub kept: usize,
    /// Times that one of them let go what it kept, since all together kept more than they may.
    pub relieved: u64,
}

/// One megabyte for each stream, 64 for all that share it.
impl Default for Room {
    fn default() -> Self {
        Self::new(1 << 20, 64 << 20, Overlap::First)
    }
}

impl Room {
    /// Room for `per_stream` bytes of each stream, and for `shared` bytes of all of them.
    pub fn new(per_stream: usize, shared: usize, overlap: Overlap) -> Self {
        Self {
            per_stream,
            shared,
            overlap,
            full: 0,
            crowded: 0,
            used: 0,
            messages: 64 << 20,
            kept: 0,
            relieved: 0,
        }
    }

    /// With room for `messages` bytes of messages.
    pub fn with_messages(self, messages: usize) -> Self {
        Self { messages, ..self }
    }

    /// Bytes that are held.
    pub fn used(&self) -> usize {
        self.used
    }
}
