//! Whether bytes that were handed out already come again with other content.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

/// How many of the latest pieces are remembered.
const REMEMBERED: usize = 16;

/// Hashes of the latest pieces that were handed out.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Copies {
    recent: Vec<(u64, u32, u64)>,
    oldest: usize,
    /// Nobody asks.
    off: bool,
}

impl Copies {
    /// Remembers nothing from now on.
    pub fn turn_off(&mut self) {
        *self = Self { off: true, ..Self::default() };
    }

    /// Remembers a piece.
    pub fn on_delivered(&mut self, at: u64, bytes: &[u8]) {
        if self.off {
            return;
        }
        let entry = (at, bytes.len() as u32, digest(bytes));
        if self.recent.len() < REMEMBERED {
            self.recent.push(entry);
        } else if let Some(oldest) = self.recent.get_mut(self.oldest) {
            *oldest = entry;
            self.oldest = (self.oldest + 1) % REMEMBERED;
        }
    }

    /// Whether a remembered piece with the same place and length had other bytes.
    pub fn differs(&self, at: u64, bytes: &[u8]) -> bool {
        let same = |&&(from, len, _): &&(u64, u32, u64)| from == at && len as usize == bytes.len();
        self.recent.iter().find(same).is_some_and(|&(_, _, seen)| seen != digest(bytes))
    }
}

fn digest(bytes: &[u8]) -> u64 {
    FixedState::default().hash_one(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_another_copy_from_the_same_one() {
        let mut copies = Copies::default();
        for n in 0..20 {
            copies.on_delivered(n * 4, b"abcd");
        }
        assert!(copies.differs(76, b"abcX") && copies.differs(16, b"abcX"));
        assert!(!copies.differs(76, b"abcd"), "the same bytes");
        assert!(!copies.differs(76, b"ab"), "other boundaries cannot be compared");
        assert!(!copies.differs(12, b"abcX"), "forgotten");
    }
}
