//! What the pipeline hands to a report: flows and packets with everything known of them.

use std::sync::Arc;

use crate::capture::Frame;
use crate::decode::{IcmpError, Layer, Packet};
use crate::flow::{Direction, Key, Pair, Traffic};
use crate::stats::Quantiles;
use crate::tcp;
use crate::time::{Span, Timestamp};

/// A finished flow: one row of `flows` and `handshakes`.
#[derive(Clone, Debug)]
pub struct FlowRow {
    /// The file it is of, where each of several is analysed on its own.
    pub file: Option<Arc<str>>,
    /// 0-based number in order of first packet, over all protocols.
    pub flow: u64,
    /// The number that Wireshark gives it, TCP and UDP each their own.
    pub stream: Option<u64>,
    /// Endpoints and protocol.
    pub key: Key,
    /// The direction in which the client sends.
    pub client: Direction,
    /// `client` is a guess.
    pub client_inferred: bool,
    /// It goes on with a flow already written.
    pub continued: bool,
    /// A bound finished it early.
    pub evicted: bool,
    /// The application protocol that its bytes showed.
    pub service: Option<&'static str>,
    /// Outer VLAN ids.
    pub vlans: Vec<u16>,
    /// Tunnel headers passed, outermost first.
    pub tunnels: Vec<Layer>,
    /// Number of its first frame.
    pub first_packet: u64,
    /// Least time of its packets.
    pub start: Option<Timestamp>,
    /// Greatest time of its packets.
    pub end: Option<Timestamp>,
    /// Some clock ticked finer than a microsecond: times have nine decimal digits, else six.
    pub fine_clock: bool,
    /// ICMP errors that quote it.
    pub icmp_errors: u32,
    /// What the last of them said.
    pub icmp_error: Option<IcmpError>,
    /// What each side sent.
    pub traffic: Pair<Traffic>,
    /// How long the side that sends in this direction took to begin its answers.
    pub responses: Pair<ResponseStats>,
    /// The TCP connection.
    pub tcp: Option<Box<tcp::Summary>>,
    /// Its samples, where they are wanted.
    pub samples: Option<Box<Samples>>,
}

/// The samples behind a flow's figures, to be added to those of others.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    /// Round trips from the capture point to the receiver of what is sent in this direction, and back.
    pub rtt: Pair<Quantiles>,
    /// How long the side that sends in this direction took to begin its answers.
    pub responses: Pair<Quantiles>,
}

/// Response times.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ResponseStats {
    /// How many.
    pub samples: u32,
    /// Least, median, 95th percentile, greatest; `None` without samples.
    pub min_p50_p95_max: Option<[Span; 4]>,
}

/// One row of `packets`.
#[derive(Clone, Copy, Debug)]
pub struct PacketRow<'a> {
    /// The record.
    pub frame: &'a Frame<'a>,
    /// The name of its file, where there are several.
    pub file: Option<&'a str>,
    /// Its headers.
    pub packet: &'a Packet<'a>,
    /// The reassembled datagram that it completed, in which the layers marked `in_datagram` stand.
    pub datagram: Option<&'a [u8]>,
    /// Time since the frame before.
    pub delta: Option<Span>,
    /// The flow it belongs to.
    pub flow: Option<u64>,
    /// The stream number.
    pub stream: Option<u64>,
    /// What it is, of TCP.
    pub verdict: Option<&'a tcp::Verdict>,
}
