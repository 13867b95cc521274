//! What goes into a stream, and what comes out of it.

use serde::{Deserialize, Serialize};

use crate::tcp::{Flags, Moment, Seq};
use crate::time::Timestamp;

/// Which copy stays where the same bytes came twice with different content.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Overlap {
    /// The first.
    #[default]
    First,
    /// The last one before the other side acknowledged them: everything is held until then.
    Last,
}

/// A segment as its stream sees it.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// When it was captured.
    pub at: Timestamp,
    /// The frame's number.
    pub number: u64,
    /// SEG.SEQ.
    pub seq: Seq,
    /// Its flags.
    pub flags: Flags,
    /// Payload bytes on the wire.
    pub len: u32,
    /// The payload bytes that were captured.
    pub bytes: &'a [u8],
}

/// What comes out, in order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Chunk<'a> {
    /// Bytes of one segment.
    Data {
        /// How many bytes of the stream stand before them.
        offset: u64,
        /// The segment that brought them.
        moment: Moment,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// Bytes that the capture does not have.
    Gap {
        /// How many bytes of the stream stand before it.
        offset: u64,
        /// How many are missing.
        len: u64,
    },
    /// The other side says something next, and has acknowledged all that was handed out.
    Acked {
        /// The segment with which it says so.
        number: u64,
        /// How many bytes it has acknowledged beyond those handed out.
        ahead: u64,
    },
    /// The FIN: nothing follows.
    Fin(Moment),
    /// A RST by this side. In a capture something may follow nevertheless.
    Reset(Moment),
}

/// What became of the bytes of a stream.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counts {
    /// Bytes handed out.
    pub delivered: u64,
    /// Bytes in gaps.
    pub missing: u64,
    /// Segments that had other content for bytes that came before.
    pub overlaps: u32,
    /// Times the room was used up, and a gap declared for that.
    pub capped: u32,
    /// Payload bytes before the beginning, beyond the FIN, outside any window, or in a RST that does not follow.
    pub ignored: u64,
}
