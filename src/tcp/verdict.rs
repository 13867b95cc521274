//! What a segment is.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// Declares the tags with their names in `packets.analysis`.
macro_rules! tags {
    ($($tag:ident $name:literal $meaning:literal;)*) => {
        /// One thing that a segment is.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
        #[repr(u8)]
        pub enum Tag { $(#[doc = $meaning] $tag,)* }

        impl Tag {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$tag,)*];

            /// The name in `packets.analysis`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$tag => $name,)* }
            }
        }
    };
}

tags! {
    Retransmission "retransmission" "Sequence space sent again by the sender.";
    Rto "rto" "Sent again because the retransmission timer expired.";
    Fast "fast" "Sent again because ACKs reported a loss.";
    Tlp "tlp" "Sent again as a tail loss probe.";
    Syn "syn" "A SYN or SYN-ACK sent again.";
    Fin "fin" "A FIN sent again, for no reason that shows.";
    Unclassified "unclassified" "Sent again, for no reason that shows.";
    Spurious "spurious" "Sent again needlessly, as was proven.";
    LostBeforeCapture "lost_before_capture" "The original was not seen.";
    OutOfOrder "out_of_order" "Late, but sent once.";
    CaptureDuplicate "capture_duplicate" "The same packet twice, by the capture.";
    NetworkDuplicate "network_duplicate" "The same packet twice, by the network.";
    Gap "gap" "Sequence space before it was never seen.";
    AckedUnseen "acked_unseen" "Acknowledges what was never seen.";
    DuplicateAck "duplicate_ack" "A duplicate ACK. RFC 5681 section 2";
    WindowUpdate "window_update" "The same ACK with another window.";
    ZeroWindow "zero_window" "Advertises a window of 0.";
    WindowFull "window_full" "Uses all of the window that was advertised.";
    WindowProbe "window_probe" "Asks whether the window has opened.";
    WindowProbeAck "window_probe_ack" "Answers a window probe.";
    KeepAlive "keep_alive" "Asks whether the other side is there.";
    KeepAliveAck "keep_alive_ack" "Answers a keep-alive.";
    PortReuse "port_reuse" "Begins a new connection on the same ports.";
    Sack "sack" "Reports data received out of order.";
    Dsack "dsack" "Reports data received twice.";
    ChallengeAck "challenge_ack" "Answers an unacceptable RST or SYN.";
}

/// A set of tags.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tags(u32);

impl Tags {
    /// One tag.
    pub const fn of(tag: Tag) -> Self {
        Self(1 << tag as u8)
    }

    /// Adds a tag.
    pub fn insert(&mut self, tag: Tag) {
        self.0 |= 1 << tag as u8;
    }

    /// Takes a tag out.
    pub fn remove(&mut self, tag: Tag) {
        self.0 &= !(1 << tag as u8);
    }

    /// Whether it has a tag.
    pub const fn contains(self, tag: Tag) -> bool {
        self.0 >> tag as u8 & 1 == 1
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its tags, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = Tag> {
        Tag::ALL.iter().copied().filter(move |&tag| self.contains(tag))
    }
}

/// What one segment is, as far as it can be told when it is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Verdict {
    /// What it is.
    pub tags: Tags,
    /// A later segment may still change it: a [`super::Resolution`] for its number will come.
    pub pending: bool,
    /// Sequence number relative to the first: a SYN is 0.
    pub seq_relative: u64,
    /// Acknowledgment relative to the other side's first sequence number; without the ACK flag nothing.
    pub ack_relative: Option<u64>,
    /// The window, scaled.
    pub window_scaled: Option<u32>,
    /// The round-trip sample that this ACK gave.
    pub rtt: Option<Span>,
    /// The segment from which the sample was taken, or which it acknowledges.
    pub acks_packet: Option<u64>,
    /// Payload bytes outstanding in its direction after it.
    pub in_flight: Option<u64>,
}

/// What became clear later about a segment whose verdict was pending. It comes once, and settles it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    /// The frame's number.
    pub number: u64,
    /// The tags it ends with.
    pub tags: Tags,
}
