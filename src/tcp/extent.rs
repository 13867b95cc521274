//! How far one side's stream reaches, by the sequence numbers of its segments and of the ACKs alone.
//!
//! It is told nothing of which bytes were seen or are missing, and so is what these have to add up to: stream bytes seen
//! and missing are the last sequence number less the first.

use serde::{Deserialize, Serialize};

use super::{Flags, Segment, Seq};

/// No such place yet.
const NOWHERE: i64 = i64::MIN;

/// What the sequence numbers of one direction span. Places are counted from the first number that was heard of.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct Extent {
    /// The number at the highest place that was heard of, and that place: others are taken to be within 2^31 of it.
    near: (Seq, i64),
    /// What was sent, and what was acknowledged, come to these places.
    sent: i64,
    acked: i64,
    /// Where the stream begins; [`NOWHERE`] until a segment was seen.
    first: i64,
    /// Where its last payload ends.
    payload_end: i64,
    /// Where its first FIN ends.
    fin_end: i64,
}

impl Default for Extent {
    fn default() -> Self {
        Self::new(Seq(0))
    }
}

impl Extent {
    /// Of a stream of which `first` is the first number that was heard of.
    pub(super) fn new(first: Seq) -> Self {
        Self {
            near: (first, 0),
            sent: NOWHERE,
            acked: NOWHERE,
            first: NOWHERE,
            payload_end: NOWHERE,
            fin_end: NOWHERE,
        }
    }

    /// Of a stream that was seen from its SYN on, without a hole: the number behind the SYN, how far it came, with its FIN if
    /// there was a `fin`, and the position up to which it was acknowledged, 0 if it was not.
    pub(super) fn whole(first: Seq, sent: u32, acked: u32, fin: bool) -> Self {
        let end = i64::from(sent);
        Self {
            near: (first + sent, end),
            sent: end,
            acked: if acked > 0 { i64::from(acked) - 1 } else { NOWHERE },
            first: 0,
            payload_end: if sent > u32::from(fin) { end - i64::from(fin) } else { NOWHERE },
            fin_end: if fin { end } else { NOWHERE },
        }
    }

    /// A segment of this side, neither a copy nor a RST.
    pub(super) fn on_segment(&mut self, segment: &Segment) {
        let (syn, fin) = (segment.flags.contains(Flags::SYN), segment.flags.contains(Flags::FIN));
        let start = self.place(segment.seq + u32::from(syn));
        let end = start + i64::from(segment.payload_len);
        if self.first == NOWHERE {
            self.first = start.max(0);
        } else if syn || fin {
            // What is before the first number that was heard of counts where it has payload.
            self.first = self.first.min(start.max(0));
        }
        if segment.payload_len > 0 {
            self.first = self.first.min(start);
            self.payload_end = self.payload_end.max(end);
        }
        if fin && self.fin_end == NOWHERE {
            self.fin_end = end + 1;
        }
        self.sent = self.sent.max(end + i64::from(fin));
        self.come_to(self.sent);
    }

    /// An ACK of what this side sent.
    pub(super) fn on_ack(&mut self, ack: Seq) {
        self.acked = self.acked.max(self.place(ack));
        self.come_to(self.acked);
    }

    /// The sequence numbers jumped: the stream goes on at `seq`.
    pub(super) fn on_jump(&mut self, seq: Seq) {
        self.near = (seq, self.sent.max(0));
        self.acked = self.acked.min(self.sent);
    }

    /// Whether a FIN was seen.
    pub(super) fn has_ended(&self) -> bool {
        self.fin_end != NOWHERE
    }

    /// Bytes from the first to the last, without SYN and FIN.
    pub(super) fn bytes(&self) -> u64 {
        let mut last = self.sent.max(self.acked);
        if self.has_ended() && last >= self.fin_end {
            last = self.fin_end - 1;
        }
        // A FIN takes no place among the bytes, and there may be payload behind it.
        last = last.max(self.payload_end);
        let first = if self.first == NOWHERE { 0 } else { self.first };
        u64::try_from(last.saturating_sub(first)).unwrap_or(0)
    }

    fn place(&self, seq: Seq) -> i64 {
        let (near, place) = self.near;
        place + i64::from(seq - near)
    }

    fn come_to(&mut self, place: i64) {
        let (near, from) = self.near;
        if place > from {
            self.near = (near + (place - from) as u32, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(seq: u32, payload_len: u32, flags: u16) -> Segment {
        let (_, segment) = crate::tcp::conversation::parse("0 > 0:0(0)", 1, Default::default());
        Segment { seq: Seq(seq), payload_len, flags: Flags(flags), ..segment }
    }

    /// RFC 9293 §3.4: SYN and FIN take a number each, and are no stream bytes.
    #[test]
    fn syn_and_fin_are_no_bytes() {
        let mut extent = Extent::new(Seq(u32::MAX) + 1);
        extent.on_segment(&segment(u32::MAX, 0, Flags::SYN.0));
        assert_eq!(extent.bytes(), 0);
        extent.on_segment(&segment(0, 100, 0));
        extent.on_segment(&segment(100, 0, Flags::FIN.0));
        assert_eq!((extent.bytes(), extent.has_ended()), (100, true));
        extent.on_ack(Seq(101));
        assert_eq!(extent.bytes(), 100);
    }

    #[test]
    fn what_was_acknowledged_was_sent() {
        let mut extent = Extent::new(Seq(1000));
        extent.on_segment(&segment(1000, 10, 0));
        extent.on_ack(Seq(5000));
        assert_eq!(extent.bytes(), 4000);
        extent.on_segment(&segment(900, 10, 0));
        assert_eq!(extent.bytes(), 4100);
    }

    #[test]
    fn numbers_wrap_as_often_as_they_like() {
        let mut extent = Extent::new(Seq(0));
        for step in 0..40_u32 {
            extent.on_segment(&segment(step.wrapping_mul(1 << 29), 1 << 29, 0));
        }
        assert_eq!(extent.bytes(), 40 << 29);
    }
}
