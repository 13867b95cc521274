//! How deep a frame is read.

use super::{MAX_LAYERS, MAX_TUNNELS};

/// Bounds on what is read of one frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Layers, at most [`MAX_LAYERS`].
    pub layers: usize,
    /// Tunnel headers, at most [`MAX_TUNNELS`].
    pub tunnels: usize,
    /// IPv6 extension headers of all the packets in the frame.
    pub extensions: usize,
}

impl Limits {
    /// The most that a frame can be read.
    pub const MOST: Self = Self { layers: MAX_LAYERS, tunnels: MAX_TUNNELS, extensions: MAX_LAYERS };
}

impl Default for Limits {
    fn default() -> Self {
        Self { layers: MAX_LAYERS, tunnels: 8, extensions: 64 }
    }
}
