//! The two directions of a flow, and pairs of what both have.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// Who sent a packet, by the canonical order of the flow's key: an order of addresses, not of roles.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Direction {
    /// From the key's first endpoint to its second.
    Forward,
    /// From the second to the first.
    Reverse,
}

impl Direction {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Forward, Self::Reverse];

    /// The other one.
    pub const fn reverse(self) -> Self {
        match self {
            Self::Forward => Self::Reverse,
            Self::Reverse => Self::Forward,
        }
    }
}

/// What each direction of a flow has one of, indexed by [`Direction`].
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Pair<T> {
    /// Of the packets from the first endpoint.
    pub forward: T,
    /// Of the packets from the second endpoint.
    pub reverse: T,
}

impl<T> Index<Direction> for Pair<T> {
    type Output = T;
    fn index(&self, direction: Direction) -> &T {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Reverse => &self.reverse,
        }
    }
}

impl<T> IndexMut<Direction> for Pair<T> {
    fn index_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::Forward => &mut self.forward,
            Direction::Reverse => &mut self.reverse,
        }
    }
}

impl<T> Pair<T> {
    /// The one of `direction`, and the other one.
    pub fn split(&mut self, direction: Direction) -> (&mut T, &mut T) {
        match direction {
            Direction::Forward => (&mut self.forward, &mut self.reverse),
            Direction::Reverse => (&mut self.reverse, &mut self.forward),
        }
    }

    /// A pair made of both.
    pub fn map<U>(&self, mut of: impl FnMut(&T) -> U) -> Pair<U> {
        Pair { forward: of(&self.forward), reverse: of(&self.reverse) }
    }
}
