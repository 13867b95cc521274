//! What the table of a shard keeps of a pair of endpoints: stream, flow, and what is open.

use super::asleep::Kept;

/// Where a header stands among those of all frames: the number of its frame, and which of that one's it is, in one number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place(u64);

impl Place {
    const ORDER_BITS: u32 = 5;

    /// That of the header `order` of the frame `number`.
    pub const fn new(number: u64, order: u8) -> Self {
        Self(number << Self::ORDER_BITS | order as u64)
    }
}

/// A number that is given in order of first sight, once all shards have come so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Number(u64);

impl Number {
    /// Nothing that counts was seen yet.
    pub const UNSEEN: Self = Self(0);
    const WAITING: u64 = 1 << 63;

    /// It was seen first here, and waits for its number.
    pub const fn waiting(place: Place) -> Self {
        Self(Self::WAITING | place.0)
    }

    /// Its number.
    pub const fn of(number: u64) -> Self {
        Self(number + 1)
    }

    /// Where it was seen first, if it waits.
    pub const fn place(self) -> Option<Place> {
        match self.0 & Self::WAITING {
            0 => None,
            _ => Some(Place(self.0 & !Self::WAITING)),
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
        let places =
            [(1, 0), (77, 3), (77, 4), (1 << 57, 31)].map(|(number, order)| Place::new(number, order));
        assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
        for place in places {
            let number = Number::waiting(place);
            assert_eq!((number.place(), number.given()), (Some(place), None));
        }
        assert_eq!((Number::of(0).given(), Number::of(0).place()), (Some(0), None));
    }
}
