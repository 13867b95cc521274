//! What one side of a flow sent, whatever the protocol.

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// What one side sent, in packets and bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Traffic {
    /// Frames.
    pub packets: u64,
    /// Their length on the wire.
    pub wire_bytes: u64,
    /// Transport payload, retransmissions and duplicates included.
    pub payload_bytes: u64,
    /// Network and transport headers.
    pub header_bytes: u64,
    /// Least and greatest TTL or hop limit.
    pub ttl: Option<(u8, u8)>,
    /// The DSCP values seen: bit N for value N.
    pub dscp: u64,
    /// Packets marked ECT(0). RFC 3168 §5
    pub ect0_packets: u32,
    /// Packets marked ECT(1). RFC 9331
    pub ect1_packets: u32,
    /// Packets marked CE.
    pub ce_packets: u32,
    /// Packets with wrong checksums; `None` where none was verified.
    pub checksum_errors: Option<u32>,
    /// When the last packet was seen.
    pub last_at: Option<Timestamp>,
    /// The longest silence between two packets.
    pub idle_max: Option<Span>,
}

/// What the flow's counters need of one packet.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// When; `None` where the record has no time.
    pub at: Option<Timestamp>,
    /// Length of the frame on the wire.
    pub frame_len: u32,
    /// Transport payload on the wire.
    pub payload_len: u32,
    /// Network and transport header bytes.
    pub header_len: u32,
    /// TTL or hop limit.
    pub ttl: u8,
    /// DSCP and ECN.
    pub tos: u8,
    /// Whether its checksums are right, where they were verified.
    pub checksums: Option<bool>,
}

impl Traffic {
    /// Counts a packet.
    #[inline(always)]
    pub fn on_packet(&mut self, sent: &Sent) {
        self.packets += 1;
        self.wire_bytes += u64::from(sent.frame_len);
        self.payload_bytes += u64::from(sent.payload_len);
        self.header_bytes += u64::from(sent.header_len);
        self.on_alike(1, sent.ttl, sent.tos, sent.checksums);
        if let Some(at) = sent.at {
            if let Some(last) = self.last_at {
                // None, or one that is none, is the least.
                self.idle_max = self.idle_max.max(Some(at.since(last).max(Span::ZERO)));
            }
            self.last_at = self.last_at.max(Some(at));
        }
    }

    /// Counts what `packets` of them have in common: the TTL, DSCP and ECN, and whether their checksums are right.
    #[inline(always)]
    pub(crate) fn on_alike(&mut self, packets: u32, ttl: u8, tos: u8, checksums: Option<bool>) {
        let (least, greatest) = self.ttl.unwrap_or((ttl, ttl));
        self.ttl = Some((least.min(ttl), greatest.max(ttl)));
        self.dscp |= 1 << (tos >> 2);
        if tos & 3 != 0 {
            self.on_marked(packets, tos & 3);
        }
        if let Some(right) = checksums {
            *self.checksum_errors.get_or_insert(0) += if right { 0 } else { packets };
        }
    }

    /// Packets marked in the ECN field. RFC 3168 §5
    fn on_marked(&mut self, packets: u32, ecn: u8) {
        match ecn {
            1 => self.ect1_packets += packets,
            2 => self.ect0_packets += packets,
            _ => self.ce_packets += packets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_marks_hops_and_silences() {
        let mut traffic = Traffic::default();
        let at = |seconds: i64| Some(Timestamp::from_nanos(seconds * 1_000_000_000));
        let sent = Sent {
            at: at(0),
            frame_len: 60,
            payload_len: 6,
            header_len: 40,
            ttl: 64,
            tos: 0xba,
            checksums: None,
        };
        traffic.on_packet(&sent);
        assert_eq!(traffic.checksum_errors, None);
        traffic.on_packet(&Sent { at: at(3), ttl: 62, tos: 3, checksums: Some(true), ..sent });
        assert_eq!(traffic.checksum_errors, Some(0));
        traffic.on_packet(&Sent { at: at(2), checksums: Some(false), ..sent });
        assert_eq!(traffic.checksum_errors, Some(1));
        assert_eq!((traffic.packets, traffic.wire_bytes, traffic.header_bytes), (3, 180, 120));
        assert_eq!((traffic.ttl, traffic.dscp), (Some((62, 64)), 1 << 46 | 1));
        assert_eq!((traffic.ect0_packets, traffic.ce_packets), (2, 1));
        assert_eq!(traffic.idle_max, Some(Span::from_secs(3)));
    }
}
