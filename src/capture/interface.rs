//! What is needed of an interface to open its records.

use super::{Clock, LinkType};

/// How the records of one interface are to be read. A classic file is one interface.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Interface {
    /// What the first header of its frames is.
    pub linktype: LinkType,
    /// The most bytes it captures of a frame; 0 for no limit.
    pub snaplen: u32,
    /// What the times of its records mean.
    pub clock: Clock,
    /// Bytes of frame check sequence at the end of each frame, where the file says.
    pub fcs_len: Option<u8>,
}
