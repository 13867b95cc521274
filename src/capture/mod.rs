//! Capture files, pipes and compressed input, as blocks of whole records.
//!
//! [`Capture`] reads one input after the other and hands out [`Block`]s: a few hundred KiB of whole records that
//! stay in a core's cache, cut by walking the record headers. That is the only serial step: the bytes of a file are read as
//! [`Stretch`]es, by several threads side by side, and [`Block::frames`] opens the records on whichever core has the block.
//!
//! ```text
//! stretch    parts of a file, read side by side
//! source     a file, a pipe, standard input; gzip, zstd, lz4       -> bytes
//! format     pcap, pcapng or snoop, by its first bytes             -> a walker
//! reader     bytes and a walker                                    -> blocks of one file
//! inputs     several files, by the time of their first packet      -> blocks of the capture
//! write      chosen frames                                         -> a capture
//! ```
//!
//! The walkers count what they pass into [`FileInfo`], so that it is the same whoever opens the records, in whatever order.

mod block;
mod classic;
mod clock;
mod format;
mod info;
mod inputs;
mod interface;
mod linktype;
mod options;
mod pcapng;
mod reader;
mod snoop;
mod source;
mod stretch;
mod tally;
#[cfg(test)]
mod trial;
mod write;

pub use block::{Block, Brief, Frame, Frames, Passed, Usual};
pub use clock::Clock;
pub use format::Format;
pub use info::{FileInfo, InterfaceInfo, Notes, SectionInfo, Statistics};
pub use inputs::{Capture, Options, is_capture};
pub use interface::Interface;
pub use linktype::LinkType;
pub use options::{BlockOption, BlockOptions};
pub use source::Compression;
pub use stretch::Stretch;
pub use write::{WriteFormat, Writer};

/// The longest record there may be, if nothing else is asked for.
pub const MAX_RECORD: usize = 64 << 20;
