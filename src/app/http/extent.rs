//! Which segments something came in.

use crate::tcp::Moment;

/// From the first to the last segment of something, in order of capture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Extent {
    /// The segment of its first byte.
    pub first: Moment,
    /// The latest segment of it.
    pub last: Moment,
}

impl Extent {
    /// Of one segment.
    pub fn new(moment: Moment) -> Self {
        Self { first: moment, last: moment }
    }

    /// Takes in another segment.
    pub fn see(&mut self, moment: Moment) {
        if moment.number > self.last.number {
            self.last = moment;
        }
    }
}
