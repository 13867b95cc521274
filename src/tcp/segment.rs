//! A TCP segment, with what the analysis needs of the packet around it.

use serde::{Deserialize, Serialize};

use super::{Moment, Seq};
use crate::decode::SackBlocks;
use crate::time::Timestamp;

/// The twelve flag bits of a TCP header; FIN is bit 0.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Flags(pub u16);

impl Flags {
    /// No more data from the sender. RFC 9293 §3.1
    pub const FIN: Self = Self(0x001);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Reset the connection.
    pub const RST: Self = Self(0x004);
    /// Push.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgment field is significant.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer is significant.
    pub const URG: Self = Self(0x020);
    /// ECN echo. RFC 3168 §6.1
    pub const ECE: Self = Self(0x040);
    /// Congestion window reduced. RFC 3168 §6.1
    pub const CWR: Self = Self(0x080);
    /// Accurate ECN, once the nonce sum. RFC 9768 §3.1
    pub const AE: Self = Self(0x100);

    /// FIN and RST: what ends a connection.
    pub const CLOSING: Self = Self(0x005);

    /// Whether all of `flags` are set.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether it asks for a connection: SYN without ACK. RFC 9293 §3.5
    pub const fn opens(self) -> bool {
        self.contains(Self::SYN) && !self.contains(Self::ACK)
    }

    /// Whether any of `flags` is set.
    pub const fn intersects(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }
}

/// A segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// The frame's number.
    pub number: u64,
    /// When it was captured. Where the record has no time, that of the packet before.
    pub at: Timestamp,
    /// SEG.SEQ.
    pub seq: Seq,
    /// SEG.ACK; means nothing without the ACK flag.
    pub ack: Seq,
    /// SEG.WND as on the wire, not scaled.
    pub window: u16,
    /// The flags.
    pub flags: Flags,
    /// Payload bytes on the wire: SEG.LEN without SYN and FIN.
    pub payload_len: u32,
    /// The urgent pointer.
    pub urgent: u16,
    /// The checksum field: part of what makes two packets the same.
    pub checksum: u16,
    /// IPv4 identification.
    pub ip_id: Option<u16>,
    /// DSCP and ECN of the IP header.
    pub tos: u8,
    /// TSval and TSecr. RFC 7323 §3
    pub timestamps: Option<(u32, u32)>,
    /// MSS option, in a SYN.
    pub mss: Option<u16>,
    /// Window scale option, in a SYN, as on the wire.
    pub window_scale: Option<u8>,
    /// SACK-permitted option.
    pub sack_permitted: bool,
    /// Fast Open option: how many bytes its cookie has. RFC 7413 §4.1.1
    pub fast_open: Option<u8>,
    /// SACK blocks, edges as on the wire.
    pub sack: SackBlocks,
}

impl Segment {
    /// Its packet, and when it was seen.
    pub fn moment(&self) -> Moment {
        Moment { at: self.at, number: self.number }
    }

    /// Whether it has options that SYNs alone have.
    pub fn has_offer(&self) -> bool {
        self.mss.is_some() || self.window_scale.is_some() || self.sack_permitted || self.fast_open.is_some()
    }
}
