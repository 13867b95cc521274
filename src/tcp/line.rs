//! A packet in forty-eight bytes: on its way from the core that decodes to the core that analyses, and in the
//! [`Journal`](super::Journal) of its connection.

use serde::{Deserialize, Serialize};

use super::{Flags, Segment, Seq};
use crate::decode::SackBlocks;
use crate::flow::{Direction, Sent, Traffic};
use crate::time::Timestamp;

/// What there is to say of nearly every packet. Of one that is not of TCP, the fields of a TCP header mean nothing.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Line {
    /// When it was captured; what takes its place if it is [timeless](bits::TIMELESS).
    pub(crate) at: Timestamp,
    /// Its frame, counted from the first of its journal.
    pub(super) number: u32,
    /// SEG.SEQ.
    pub(crate) seq: u32,
    /// SEG.ACK.
    pub(crate) ack: u32,
    /// TSval and TSecr, if it has [timestamps](bits::TIMESTAMPS).
    pub(crate) timestamps: (u32, u32),
    /// Length of the frame on the wire.
    pub(crate) frame_len: u32,
    /// Its payload on the wire, or the lower bits of that.
    pub(crate) payload_len: u16,
    /// Network and transport header bytes.
    pub(crate) header_len: u16,
    /// SEG.WND.
    pub(crate) window: u16,
    /// The checksum field.
    pub(crate) checksum: u16,
    /// IPv4 identification, if it has [one](bits::IP_ID).
    pub(crate) ip_id: u16,
    /// Its flags, and what else is known: see [`bits`].
    pub(crate) bits: u16,
    /// TTL or hop limit.
    pub(crate) ttl: u8,
    /// DSCP and ECN.
    pub(crate) tos: u8,
    /// What is known of its record and its checksums: see [`marks`].
    pub(crate) marks: u8,
    /// What its journal says of it besides: see there.
    pub(super) more: u8,
}

/// What a line says besides the twelve flags.
pub(crate) mod bits {
    /// The flags.
    pub const FLAGS: u16 = 0x0fff;
    /// It was sent in the reverse direction.
    pub const REVERSE: u16 = 1 << 12;
    /// Its record has no time of its own.
    pub const TIMELESS: u16 = 1 << 13;
    /// It has timestamps.
    pub const TIMESTAMPS: u16 = 1 << 14;
    /// It has an IP identification.
    pub const IP_ID: u16 = 1 << 15;
}

/// What is known of a line's record and checksums.
pub(crate) mod marks {
    /// Its clock ticks finer than a microsecond.
    pub const FINE_CLOCK: u8 = 1;
    /// Its checksums were verified.
    pub const VERIFIED: u8 = 2;
    /// They are wrong.
    pub const WRONG: u8 = 4;
}

impl Line {
    /// A packet of which nothing is known but when it was captured and who sent it.
    #[inline]
    pub(crate) fn new(at: Option<Timestamp>, direction: Direction, fine_clock: bool, frame_len: u32) -> Self {
        Self {
            at: at.unwrap_or_default(),
            number: 0,
            seq: 0,
            ack: 0,
            timestamps: (0, 0),
            frame_len,
            payload_len: 0,
            header_len: 0,
            window: 0,
            checksum: 0,
            ip_id: 0,
            bits: when(direction == Direction::Reverse, bits::REVERSE) | when(at.is_none(), bits::TIMELESS),
            ttl: 0,
            tos: 0,
            marks: u8::from(fine_clock) * marks::FINE_CLOCK,
            more: 0,
        }
    }

    /// Notes whether its checksums are right, where they were verified.
    #[inline]
    pub(crate) fn verified(&mut self, checksums: Option<bool>) {
        self.marks |= match checksums {
            None => 0,
            Some(true) => marks::VERIFIED,
            Some(false) => marks::VERIFIED | marks::WRONG,
        };
    }

    /// Who sent it.
    #[inline]
    pub(crate) fn direction(&self) -> Direction {
        if self.has(bits::REVERSE) { Direction::Reverse } else { Direction::Forward }
    }

    /// When it was captured; `None` where the record has no time.
    #[inline]
    pub(crate) fn at(&self) -> Option<Timestamp> {
        (!self.has(bits::TIMELESS)).then_some(self.at)
    }

    /// The same, with `clock` as its time if its record has none.
    #[inline]
    pub(crate) fn or_at(self, clock: Timestamp) -> Self {
        Self { at: self.at().unwrap_or(clock), ..self }
    }

    /// Whether it says all of its segment.
    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        self.more == 0
    }

    /// What it looks like, but for what else there is to say of it.
    #[inline]
    pub(super) fn look(&self) -> Look {
        Look(u32::from_le_bytes([self.ttl, self.tos, self.marks, self.more]))
    }

    /// Whether it has timestamps.
    #[inline]
    pub(super) fn has_timestamps(&self) -> bool {
        self.has(bits::TIMESTAMPS)
    }

    /// The flags of a segment.
    #[inline]
    pub(crate) fn flags(&self) -> Flags {
        Flags(self.bits & bits::FLAGS)
    }

    /// Its clock ticks finer than a microsecond.
    #[inline]
    pub(crate) fn has_fine_clock(&self) -> bool {
        self.marks & marks::FINE_CLOCK != 0
    }

    /// The segment of the frame `number`, as far as a line says it.
    #[inline]
    pub(crate) fn segment(&self, number: u64) -> Segment {
        Segment {
            number,
            at: self.at,
            seq: Seq(self.seq),
            ack: Seq(self.ack),
            window: self.window,
            flags: self.flags(),
            payload_len: u32::from(self.payload_len),
            urgent: 0,
            checksum: self.checksum,
            ip_id: self.has(bits::IP_ID).then_some(self.ip_id),
            tos: self.tos,
            timestamps: self.has(bits::TIMESTAMPS).then_some(self.timestamps),
            mss: None,
            window_scale: None,
            sack_permitted: false,
            fast_open: None,
            sack: SackBlocks::new(),
        }
    }

    /// What the flow's counters need, with `payload_len` bytes of payload.
    #[inline]
    pub(crate) fn sent(&self, payload_len: u32) -> Sent {
        Sent {
            at: self.at(),
            frame_len: self.frame_len,
            payload_len,
            header_len: u32::from(self.header_len),
            ttl: self.ttl,
            tos: self.tos,
            checksums: checksums(self.marks),
        }
    }

    fn has(&self, bits: u16) -> bool {
        self.bits & bits != 0
    }
}

/// What the packets of one side mostly have in common, to be compared at once: TTL, DSCP and ECN, what is known of record and
/// checksums, and that [no more](Line::is_whole) is to say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Look(u32);

impl Look {
    /// The same of one of which no more is to say.
    pub(super) fn whole(self) -> Self {
        let [ttl, tos, marks, _] = self.0.to_le_bytes();
        Self(u32::from_le_bytes([ttl, tos, marks, 0]))
    }

    /// Counts `packets` that look so.
    pub(super) fn count(self, packets: u32, traffic: &mut Traffic) {
        let [ttl, tos, marks, _] = self.0.to_le_bytes();
        traffic.on_alike(packets, ttl, tos, checksums(marks));
    }
}

fn checksums(marks: u8) -> Option<bool> {
    (marks & marks::VERIFIED != 0).then_some(marks & marks::WRONG == 0)
}

/// `bits` if something `is`.
#[inline]
pub(crate) fn when(is: bool, bits: u16) -> u16 {
    if is { bits } else { 0 }
}

#[cfg(test)]
impl Line {
    /// The line of a segment, of which nothing else is known.
    pub(crate) fn of(direction: Direction, segment: &Segment, timed: bool) -> Self {
        let Segment { at, seq, ack, timestamps, payload_len, window, checksum, ip_id, flags, tos, .. } =
            *segment;
        let line = Self::new(timed.then_some(at), direction, false, 0);
        Self {
            at,
            seq: seq.0,
            ack: ack.0,
            timestamps: timestamps.unwrap_or_default(),
            payload_len: payload_len as u16,
            window,
            checksum,
            ip_id: ip_id.unwrap_or_default(),
            bits: line.bits
                | flags.0 & bits::FLAGS
                | when(timestamps.is_some(), bits::TIMESTAMPS)
                | when(ip_id.is_some(), bits::IP_ID),
            tos,
            ..line
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_forty_eight_bytes() {
        assert_eq!(size_of::<Line>(), 48);
    }
}
