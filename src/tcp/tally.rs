//! Counts of what one side sent: folds over the same tags that `packets` shows.

use serde::{Deserialize, Serialize};

use super::{AckStats, EcnStats, Flags, LossStats, ProbeStats, Segment, SegmentSizes, Tag, Tags};
use crate::time::Timestamp;

/// The counts of one side.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(super) struct Tally {
    pub(super) segments: u32,
    pub(super) data_segments: u32,
    pub(super) pushes: u32,
    pub(super) resets: u32,
    pub(super) urgent_segments: u32,
    pub(super) sizes: Option<SegmentSizes>,
    pub(super) data_span: Option<(Timestamp, Timestamp)>,
    pub(super) acks: AckStats,
    pub(super) loss: LossStats,
    pub(super) probes: ProbeStats,
    pub(super) ecn: EcnStats,
    pub(super) window_updates: u32,
    pub(super) full_segments: u32,
}

impl Tally {
    /// Any segment, copies included.
    pub(super) fn on_segment(&mut self, segment: &Segment) {
        let flags = segment.flags;
        let is = |flag| u32::from(flags.contains(flag));
        self.segments = self.segments.saturating_add(1);
        self.resets += is(Flags::RST);
        self.urgent_segments += is(Flags::URG);
        self.acks.ack_segments += is(Flags::ACK);
        self.acks.sack_segments += u32::from(!segment.sack.is_empty());
        if !flags.contains(Flags::SYN) {
            self.ecn.ece_segments += is(Flags::ECE);
            self.ecn.cwr_segments += is(Flags::CWR);
        }
        let len = segment.payload_len;
        if len == 0 {
            self.acks.pure_acks += u32::from(flags.contains(Flags::ACK) && !flags.intersects(NOT_PURE));
            return;
        }
        if flags.contains(Flags::RST) {
            return;
        }
        self.on_data(segment);
    }

    /// A segment with ACK and no other flags but PSH and FIN.
    pub(super) fn on_ordinary(&mut self, segment: &Segment) {
        self.segments = self.segments.saturating_add(1);
        self.acks.ack_segments += 1;
        match segment.payload_len {
            0 => self.acks.pure_acks += u32::from(!segment.flags.contains(Flags::FIN)),
            _ => self.on_data(segment),
        }
    }

    /// A segment with payload that counts.
    fn on_data(&mut self, segment: &Segment) {
        let len = segment.payload_len;
        self.data_segments += 1;
        self.pushes += u32::from(segment.flags.contains(Flags::PSH));
        let sizes = self.sizes.get_or_insert(SegmentSizes { min: len, mean: 0, max: len, sum: 0 });
        sizes.min = sizes.min.min(len);
        sizes.max = sizes.max.max(len);
        sizes.sum += u64::from(len);
        let (first, last) = self.data_span.unwrap_or((segment.at, segment.at));
        self.data_span = Some((first.min(segment.at), last.max(segment.at)));
    }

    /// Payload lengths of its segments, with their mean.
    pub(super) fn sizes(&self) -> Option<SegmentSizes> {
        let mean = |sum: u64| sum.checked_div(self.data_segments.into()).unwrap_or(0) as u32;
        self.sizes.map(|sizes| SegmentSizes { mean: mean(sizes.sum), ..sizes })
    }

    /// What a segment is. Of a retransmission, `resent` payload bytes were sent before.
    pub(super) fn on_verdict(&mut self, tags: Tags, resent: u32) {
        if tags.is_empty() {
            return;
        }
        let is = |tag| u32::from(tags.contains(tag));
        self.acks.duplicate_acks += is(Tag::DuplicateAck);
        self.acks.dsack_segments += is(Tag::Dsack);
        self.window_updates += is(Tag::WindowUpdate);
        self.full_segments += is(Tag::WindowFull);
        self.probes.window_probes += is(Tag::WindowProbe);
        self.probes.keep_alives += is(Tag::KeepAlive);
        self.loss.fold(tags, 1);
        if tags.contains(Tag::Retransmission) {
            self.loss.retransmitted_bytes += u64::from(resent);
        }
    }

    /// What a segment turned out to be.
    pub(super) fn on_settled(&mut self, before: Tags, after: Tags) {
        self.loss.fold(before, -1);
        self.loss.fold(after, 1);
    }
}

impl LossStats {
    /// Adds one segment with `tags`, or takes it off.
    fn fold(&mut self, tags: Tags, sign: i32) {
        let is = |tag| tags.contains(tag);
        let add =
            |count: &mut u32, counts: bool| *count = count.saturating_add_signed(sign * i32::from(counts));
        let resent = is(Tag::Retransmission);
        add(&mut self.retransmitted_segments, resent);
        add(&mut self.fast, is(Tag::Fast));
        add(&mut self.rto, is(Tag::Rto));
        add(&mut self.tlp, is(Tag::Tlp));
        add(&mut self.fin, is(Tag::Fin));
        add(&mut self.unclassified, is(Tag::Unclassified));
        add(&mut self.spurious, is(Tag::Spurious));
        let lost = resent && !is(Tag::Syn);
        add(&mut self.lost_before_capture, lost && is(Tag::LostBeforeCapture));
        add(&mut self.lost_after_capture, lost && !is(Tag::LostBeforeCapture) && !is(Tag::Spurious));
        add(&mut self.out_of_order, is(Tag::OutOfOrder));
        add(&mut self.network_duplicates, is(Tag::NetworkDuplicate));
        add(&mut self.capture_duplicates, is(Tag::CaptureDuplicate));
    }
}

/// What makes a segment more than a pure ACK.
const NOT_PURE: Flags = Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0);

#[cfg(test)]
mod tests {
    use crate::tcp::conversation::established_plain;
    use crate::tcp::{EcnStats, SegmentSizes};

    #[test]
    fn counts_what_each_side_sent() {
        let trace = established_plain(
            "0.000 > psh 1:101(100) ack 1
             0.001 > urg cwr 101:401(300) ack 1
             0.100 < ece 1:1(0) ack 401
             0.200 < rst 1:11(10)",
        );
        let (client, server) = (trace.client(), trace.server());
        assert_eq!((client.data_segments, client.pushes, client.urgent_segments), (2, 1, 1));
        assert_eq!(client.sizes, Some(SegmentSizes { min: 100, mean: 200, max: 300, sum: 400 }));
        assert_eq!(client.ecn, EcnStats { ece_segments: 0, cwr_segments: 1 });
        assert_eq!((server.acks.pure_acks, server.ecn.ece_segments), (1, 1));
        assert_eq!((server.resets, server.data_segments), (1, 0), "what a RST says is no data");
    }

    #[test]
    fn what_turns_out_otherwise_is_counted_once() {
        let trace = established_plain(
            "0.000 > 1:1001(1000) ack 1 id 1 sum 1
             0.001 > 1:1001(1000) ack 1 id 1 sum 1
             0.100 < 1:1(0) ack 1001
             0.101 < 1:1(0) ack 1001",
        );
        let loss = trace.client().loss;
        assert_eq!(loss.capture_duplicates + loss.network_duplicates, 1);
        assert_eq!(loss.network_duplicates, 1, "the receiver answered both");
    }
}
