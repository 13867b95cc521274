//! What the packets of one walk add up to.

use crate::time::{Span, Timestamp};

/// What the packets come to that one walk passes: apart from what is known of the file, so that it stays in registers.
#[derive(Debug)]
pub(super) struct Tally {
    pub packets: u64,
    pub captured_bytes: u64,
    pub wire_bytes: u64,
    pub cut: u64,
    pub captured_beyond_length: u64,
    pub captured_beyond_snaplen: u64,
    pub untimed: u64,
    pub time_backwards: u64,
    pub time_backwards_most: Span,
    pub first: Option<Timestamp>,
    /// Before the first one, the least time that there is.
    pub last: Timestamp,
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
            first: None,
            last: last.unwrap_or(Timestamp::MIN),
            earliest: Timestamp::MAX,
            latest: Timestamp::MIN,
        }
    }

    /// Counts one packet.
    #[inline]
    pub fn count(&mut self, at: Option<Timestamp>, captured: u32, length: u32, snaplen: u32) {
        self.packets += 1;
        self.captured_bytes += u64::from(captured);
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
        if self.first.is_none() {
            (self.first, self.earliest) = (Some(at), at);
        }
        if at < self.last {
            self.time_backwards += 1;
            self.time_backwards_most = self.time_backwards_most.max(self.last.since(at));
            self.earliest = self.earliest.min(at);
        }
        self.last = at;
        self.latest = self.latest.max(at);
    }
}
