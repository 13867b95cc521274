//! Capture files, pipes and compressed input, as blocks of whole records.
//!
//! [`Capture`] reads one input after the other and hands out [`Block`]s: a few hundred KiB of whole records that
//! stay in a core's cache, cut by walking the record headers. Handing one out is the only serial step;
//! [`Block::frames`] then opens the records, on whichever core has the block.

mod block;
mod classic;
mod linktype;

pub use block::{Block, Frame, Frames};
pub use classic::Capture;
pub use linktype::LinkType;
