//! The blocks of a SACK option.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// Up to four SACK blocks, left and right edge as on the wire. RFC 2018 §3.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SackBlocks {
    blocks: [(u32, u32); 4],
    len: u8,
}

impl SackBlocks {
    /// No blocks.
    pub const fn new() -> Self {
        Self { blocks: [(0, 0); 4], len: 0 }
    }

    /// Adds a block. An option has no room for more than four; a fifth is ignored.
    pub fn push(&mut self, edges: (u32, u32)) {
        if let Some(block) = self.blocks.get_mut(usize::from(self.len)) {
            *block = edges;
            self.len += 1;
        }
    }
}

impl Deref for SackBlocks {
    type Target = [(u32, u32)];
    fn deref(&self) -> &[(u32, u32)] {
        self.blocks.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl FromIterator<(u32, u32)> for SackBlocks {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(blocks: I) -> Self {
        let mut sack = Self::new();
        blocks.into_iter().for_each(|edges| sack.push(edges));
        sack
    }
}

impl IntoIterator for SackBlocks {
    type Item = (u32, u32);
    type IntoIter = std::iter::Take<std::array::IntoIter<(u32, u32), 4>>;

    fn into_iter(self) -> Self::IntoIter {
        self.blocks.into_iter().take(usize::from(self.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_four_blocks() {
        let mut sack = SackBlocks::new();
        (0..5).for_each(|n| sack.push((n, n + 1)));
        assert_eq!(*sack, [(0, 1), (1, 2), (2, 3), (3, 4)]);
    }
}
