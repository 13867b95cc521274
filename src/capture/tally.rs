//! What the packets of one walk add up to.

use crate::time::{Span, Timestamp};

/// What the packets come to that one walk passes: apart from what is known of the file, so that it stays in registers.
#[derive(Debug)]
pub(super) struct Tally {
    pub packets: u64,
    /// Not counted with each packet: how many bytes are passed may tell.
    pub captured_bytes: u64,
    pub wire_bytes: u64,
    pub cut: u64,
    pub captured_beyond_length: u64,
    pub captured_beyond_snaplen: u64,
    pub untimed: u64,
    pub time_backwards: u64,
    pub time_backwards_most: Span,
    /// The time of the first that has one, or that of a packet before this walk.
    pub first: Option<Timestamp>,
    /// Before the first one, the greatest time that there is.
    pub last: Timestamp,
    /// The earliest time and the latest, as far as they are not those of the first and the last.
    pub earliest: Timestamp,
    pub latest: Timestamp,
}

impl Tally {
    /// Of no packets yet; the last one before had the time `last`.
    pub fn after(last: Option<Timestamp>) -> Self {
        Self {
            packets: 0,
            captured_bytes: 0,
            wire_bytes: 0,
            cut: 0,
            captured_beyond_length: 0,
            captured_beyond_snaplen: 0,
            untimed: 0,
            time_backwards: 0,
            time_backwards_most: Span::default(),
            first: last,
            last: last.unwrap_or(Timestamp::MAX),
            earliest: Timestamp::MAX,
            latest: Timestamp::MIN,
        }
    }

    /// Counts one packet.
    #[inline]
    pub fn count(&mut self, at: Option<Timestamp>, captured: u32, length: u32, snaplen: u32) {
        self.packets += 1;
        self.wire_bytes += u64::from(length);
        // Most packets are as long as they were, and no longer than is captured: a snap length of 0 bounds nothing.
        if captured != length || captured.wrapping_sub(1) > snaplen.wrapping_sub(1) {
            self.cut += u64::from(captured < length);
            self.captured_beyond_length += u64::from(captured > length);
            self.captured_beyond_snaplen += u64::from(snaplen != 0 && captured > snaplen);
        }
        let Some(at) = at else {
            self.untimed += 1;
            return;
        };
        // One look at most packets: time goes on.
        if at <= self.last {
            if self.first.is_none() {
                self.first = Some(at);
            } else if at < self.last {
                self.time_backwards += 1;
                self.time_backwards_most = self.time_backwards_most.max(self.last.since(at));
                (self.earliest, self.latest) = (self.earliest.min(at), self.latest.max(self.last));
            }
        }
        self.last = at;
    }
}

#[cfg(test)]
mod tests {
    use super::super::FileInfo;
    use super::*;

    /// However the packets are divided among walks: earliest and latest, first and last, and how often and how far time
    /// went back.
    #[test]
    fn times_add_up_over_walks() {
        let at = |nanos| Some(Timestamp::from_nanos(nanos));
        let times = [None, at(50), at(50), at(70), at(40), at(45), None, at(60), at(10), at(65)];
        for cut in 0..=times.len() {
            let mut info = FileInfo::default();
            let (before, behind) = times.split_at(cut);
            for walk in [before, behind] {
                let mut tally = Tally::after(info.last);
                walk.iter().for_each(|&at| tally.count(at, 1, 1, 0));
                info.add(&tally);
            }
            assert_eq!((info.first, info.last), (at(50), at(65)), "{cut}");
            assert_eq!((info.earliest, info.latest), (at(10), at(70)), "{cut}");
            let notes = info.notes;
            assert_eq!((notes.untimed, notes.time_backwards), (2, 2), "{cut}");
            assert_eq!(notes.time_backwards_most, Span::from_nanos(50), "{cut}");
        }
    }
}
