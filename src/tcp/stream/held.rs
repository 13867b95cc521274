//! Segments that came before their turn: pieces of sequence space, none of which overlap.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Overlap;
use crate::time::Timestamp;

/// What a piece costs beside its bytes: its place in the map and its allocation.
const PIECE_COST: usize = 96;

/// A piece of the stream: a segment, or what others left of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Piece<B> {
    /// When its segment was captured.
    pub at: Timestamp,
    /// The frame of its segment.
    pub number: u64,
    /// Its length in sequence space.
    pub len: u64,
    /// The bytes captured, at most `len`.
    pub bytes: B,
}

/// The pieces by position.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Held {
    pieces: BTreeMap<u64, Piece<Vec<u8>>>,
    cost: usize,
}

impl Held {
    /// The memory it takes.
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Where the first piece begins.
    pub fn first(&self) -> Option<u64> {
        self.pieces.first_key_value().map(|(&at, _)| at)
    }

    /// Where the first piece ends.
    pub fn first_end(&self) -> Option<u64> {
        self.pieces.first_key_value().map(|(&at, piece)| at + piece.len)
    }

    /// Takes the first piece out.
    pub fn pop(&mut self) -> Option<(u64, Piece<Vec<u8>>)> {
        let (at, piece) = self.pieces.pop_first()?;
        self.cost = self.cost.saturating_sub(piece.bytes.len() + PIECE_COST);
        Some((at, piece))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds a piece where nothing is held yet; what overlaps is compared, and `overlap` says whose bytes stay. Whether
    /// other bytes stood there. Takes no more steps than the piece has bytes.
    pub fn insert(&mut self, at: u64, piece: &Piece<&[u8]>, overlap: Overlap) -> bool {
        let end = at + piece.len;
        let from = self.pieces.range(..=at).next_back().map_or(at, |(&from, _)| from);
        let (mut cursor, mut differs, mut holes) = (at, false, Vec::new());
        for (&from, held) in self.pieces.range_mut(from..end) {
            let until = from + held.len;
            if until <= at {
                continue;
            }
            if cursor < from {
                holes.push((cursor, from));
            }
            differs |= meet(from, held, at, piece, overlap);
            cursor = until;
        }
        if cursor < end {
            holes.push((cursor, end));
        }
        for (from, until) in holes {
            let bytes = captured(piece.bytes, from - at, until - at).to_vec();
            self.cost += bytes.len() + PIECE_COST;
            self.pieces.insert(from, Piece { at: piece.at, number: piece.number, len: until - from, bytes });
        }
        differs
    }
}

/// Compares the bytes that a held piece and a new one both have; `Last` puts the new ones in place.
fn meet(from: u64, held: &mut Piece<Vec<u8>>, at: u64, new: &Piece<&[u8]>, overlap: Overlap) -> bool {
    let low = from.max(at);
    let new = captured(new.bytes, low - at, u64::MAX);
    let old = held.bytes.get_mut((low - from) as usize..).unwrap_or_default();
    let common = old.len().min(new.len());
    let (Some(old), Some(new)) = (old.get_mut(..common), new.get(..common)) else { return false };
    let differs = old != new;
    if differs && overlap == Overlap::Last {
        old.copy_from_slice(new);
    }
    differs
}

/// The part of `bytes` between two offsets, as far as it was captured.
pub(super) fn captured(bytes: &[u8], from: u64, until: u64) -> &[u8] {
    let len = bytes.len() as u64;
    bytes.get(from.min(len) as usize..until.min(len) as usize).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(pieces: &[(u64, &str)], overlap: Overlap) -> (String, usize) {
        let mut held = Held::default();
        let mut conflicts = 0;
        for (at, bytes) in pieces {
            let piece = Piece {
                at: Timestamp::default(),
                number: 0,
                len: bytes.len() as u64,
                bytes: bytes.as_bytes(),
            };
            conflicts += usize::from(held.insert(*at, &piece, overlap));
        }
        let mut text = String::new();
        let mut end = 0;
        while let Some((at, piece)) = held.pop() {
            assert!(at >= end, "pieces overlap");
            text.push_str(&"-".repeat((at - end) as usize));
            text.push_str(std::str::from_utf8(&piece.bytes).unwrap());
            end = at + piece.len;
        }
        assert_eq!(held.cost(), 0);
        (text, conflicts)
    }

    #[test]
    fn pieces_fill_holes_and_the_policy_decides_between_copies() {
        type Case<'a> = (&'a [(u64, &'a str)], &'a str, &'a str, usize);
        let table: &[Case<'_>] = &[
            (&[(0, "abc"), (3, "def")], "abcdef", "abcdef", 0),
            (&[(3, "def"), (0, "abc")], "abcdef", "abcdef", 0),
            (&[(2, "cd"), (0, "abcdef")], "abcdef", "abcdef", 0),
            (&[(1, "b"), (3, "d"), (5, "f"), (0, "ABCDEFG")], "AbCdEfG", "ABCDEFG", 1),
            (&[(0, "abcdef"), (2, "CD")], "abcdef", "abCDef", 1),
            (&[(0, "abc"), (2, "Xde"), (8, "z")], "abcde---z", "abXde---z", 1),
        ];
        for (pieces, first, last, conflicts) in table {
            assert_eq!(fill(pieces, Overlap::First), (first.to_string(), *conflicts), "{pieces:?}");
            assert_eq!(fill(pieces, Overlap::Last), (last.to_string(), *conflicts), "{pieces:?}");
        }
    }
}
