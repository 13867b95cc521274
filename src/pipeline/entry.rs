//! What the table of a shard keeps of a pair of endpoints: stream, flow, and what is open.

use super::asleep::Kept;

/// Where a frame stands among all others: its number, and which of its headers is meant.
pub(super) type Place = (u64, u8);

/// A number that is given in order of first sight, once all shards have come so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Number(u64);

impl Number {
    /// Nothing that counts was seen yet.
    pub const UNSEEN: Self = Self(0);
    const WAITING: u64 = 1 << 63;
    const ORDER_BITS: u32 = 5;

    /// It was seen first here, and waits for its number.
    pub const fn waiting((number, order): Place) -> Self {
        Self(Self::WAITING | number << Self::ORDER_BITS | order as u64)
    }

    /// Its number.
    pub const fn of(number: u64) -> Self {
        Self(number + 1)
    }

    /// Where it was seen first, if it waits.
    pub const fn place(self) -> Option<Place> {
        let place = self.0 & !Self::WAITING;
        match self.0 & Self::WAITING {
            0 => None,
            _ => Some((place >> Self::ORDER_BITS, (place & ((1 << Self::ORDER_BITS) - 1)) as u8)),
        }
    }

    /// Its number, if it has one.
    pub const fn given(self) -> Option<u64> {
        match self.0 {
            0 => None,
            number if number & Self::WAITING != 0 => None,
            number => Some(number - 1),
        }
    }
}

/// A pair of addresses and ports, the stream that Wireshark sees in it, and the flow, if any packet was its own.
pub(super) struct Entry<Row> {
    /// The stream, of TCP and UDP.
    pub stream: Number,
    /// The flow's number.
    pub flow: Number,
    /// The flow.
    pub open: Kept<Row>,
    /// It waits for a number in this step.
    pub waits: bool,
    /// The flow goes on with one that was ended before.
    pub continued: bool,
    /// A SYN began it on the addresses and ports of an earlier connection.
    pub reuses_ports: bool,
    /// Nothing is open, but the stream is remembered: which memory of it counts.
    pub remembered: u32,
}

impl<Row> Default for Entry<Row> {
    fn default() -> Self {
        Self {
            stream: Number::UNSEEN,
            flow: Number::UNSEEN,
            open: Kept::Nothing,
            waits: false,
            continued: false,
            reuses_ports: false,
            remembered: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_unseen_then_waits_then_is_given() {
        assert_eq!((Number::UNSEEN.place(), Number::UNSEEN.given()), (None, None));
        for place in [(1, 0), (1 << 57, 31), (77, 3)] {
            let number = Number::waiting(place);
            assert_eq!((number.place(), number.given()), (Some(place), None));
        }
        assert_eq!((Number::of(0).given(), Number::of(0).place()), (Some(0), None));
    }
}
