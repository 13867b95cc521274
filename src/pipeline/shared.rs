//! What the flows of a shard use in common.

use crate::tcp::stream::Room;
use crate::tcp::{Outgrown, Resolution};

/// Memory of a shard that any of its flows may use.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Where they hold what came out of order.
    pub room: Room,
    /// What became of segments whose verdict had waited: what one packet settled.
    pub resolutions: Vec<Resolution>,
    /// What journals have outgrown.
    pub outgrown: Outgrown,
}
