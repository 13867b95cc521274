//! A connection in numbers: what `flows` and `handshakes` print of it.
//!
//! Grouped by question. Everything that may be unknown is an `Option`; counts are of segments, lengths of bytes.

use arrayvec::ArrayString;
use serde::{Deserialize, Serialize};

use super::history::MAX_LETTERS;
use crate::flow::{Direction, Pair};
use crate::time::{Span, Timestamp};

/// A packet and when it was seen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// The frame's number.
    pub number: u64,
}

/// A connection.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The direction in which the client sends; `None` where nothing in the segments tells.
    pub client: Option<Direction>,
    /// `client` is a guess: no SYN without ACK was seen.
    pub client_inferred: bool,
    /// How it opened.
    pub opening: Opening,
    /// The handshake's details.
    pub handshake: Handshake,
    /// The close.
    pub close: Close,
    /// Explicit congestion notification, as agreed.
    pub ecn_negotiated: Option<EcnNegotiated>,
    /// Each direction: what its sender sent.
    pub halves: Pair<HalfSummary>,
    /// First payload of either side, without SYN or RST.
    pub first_data: Option<Moment>,
    /// The connection in Zeek's history letters.
    pub history: ArrayString<MAX_LETTERS>,
    /// Zeek's connection state.
    pub conn_state: Option<&'static str>,
    /// By how much at least the capture's clock jumped forward meanwhile, as the timestamps of both hosts show it.
    pub clock_jump: Option<Span>,
}

/// How a connection opened.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Opening {
    /// SYN, SYN-ACK, ACK.
    Complete,
    /// A SYN-ACK was seen, its acknowledgment never.
    HalfOpen,
    /// SYNs alone.
    NoAnswer,
    /// A SYN answered by a RST.
    Refused,
    /// No SYN was seen.
    #[default]
    Midstream,
    /// SYNs that crossed. RFC 9293 §3.5
    Simultaneous,
}

impl Opening {
    /// Whether the capture shows that it began, and not that it came about.
    pub const fn has_failed(self) -> bool {
        matches!(self, Self::NoAnswer | Self::Refused | Self::HalfOpen)
    }
}

/// The handshake.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Handshake {
    /// The client's first SYN.
    pub syn: Option<Moment>,
    /// The first SYN-ACK.
    pub syn_ack: Option<Moment>,
    /// The client's first ACK of the SYN-ACK.
    pub ack: Option<Moment>,
    /// SYN to SYN-ACK; `None` when ambiguous (Karn).
    pub to_server: Option<Span>,
    /// SYN-ACK to ACK; `None` when ambiguous.
    pub to_client: Option<Span>,
    /// The SYN carried data, and the server accepted it. RFC 7413
    pub fast_open: bool,
}

/// How a connection closed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum Closing {
    /// FIN both ways, both acknowledged.
    Graceful,
    /// A RST by the client came first.
    ClientReset,
    /// A RST by the server came first.
    ServerReset,
    /// One FIN, or two of which one was never acknowledged.
    HalfClosed,
    /// Nothing closed it in this capture.
    Open,
    /// A RST behind a graceful close.
    ResetAfterClose,
}

/// The close.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Close {
    /// How; `None` where the connection never opened.
    pub closing: Option<Closing>,
    /// Who sent the first FIN; without one, the RST.
    pub first: Option<Direction>,
    /// First FIN to the last ACK of the close.
    pub duration: Option<Span>,
    /// The first FIN of each side.
    pub fin: Pair<Option<Moment>>,
    /// The first RST.
    pub reset: Option<Moment>,
    /// The ACK that ended the close.
    pub last_ack: Option<Moment>,
}

/// What the SYNs agreed on congestion notification.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum EcnNegotiated {
    /// Nothing.
    None,
    /// RFC 3168.
    Ecn,
    /// RFC 9768.
    AccEcn,
}

/// The states of RFC 9293 §3.3.2, as an observer infers them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum State {
    /// Nothing was seen of this side, or it reset.
    #[default]
    Closed,
    /// Waits for a SYN.
    Listen,
    /// Sent a SYN.
    SynSent,
    /// Sent a SYN-ACK.
    SynReceived,
    /// Open.
    Established,
    /// Sent a FIN.
    FinWait1,
    /// Its FIN was acknowledged.
    FinWait2,
    /// Received a FIN.
    CloseWait,
    /// FINs crossed.
    Closing,
    /// Received a FIN and sent one.
    LastAck,
    /// Waits for stragglers.
    TimeWait,
    /// Joined midway.
    Partial,
}

/// What one side sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct HalfSummary {
    /// Its state at the end.
    pub state: State,
    /// What its SYN offered; `None` where its SYN was not seen.
    pub offer: Option<Offer>,
    /// SYNs or SYN-ACKs sent again.
    pub syn_retransmissions: u32,
    /// Stream bytes seen for the first time.
    pub unique_bytes: u64,
    /// Stream bytes never seen, though acknowledged or followed by later ones.
    pub missing_bytes: u64,
    /// Last less first sequence number of the stream, measured apart from the two above, which it is the sum of.
    pub sent_bytes: u64,
    /// Of the missing bytes, those that the other side acknowledged: the capture lost them.
    pub lost_bytes: u64,
    /// First and last data segment.
    pub data_span: Option<(Timestamp, Timestamp)>,
    /// Segments by kind.
    pub data_segments: u32,
    /// With payload and PSH.
    pub pushes: u32,
    /// With RST.
    pub resets: u32,
    /// With URG.
    pub urgent_segments: u32,
    /// Sizes of data segments.
    pub sizes: Option<SegmentSizes>,
    /// The initial window.
    pub initial_window: Option<InitialWindow>,
    /// The most that was in flight, in bytes.
    pub in_flight_max: Option<u64>,
    /// The mean in flight from the first payload to the last change, in bytes, weighted by time.
    pub in_flight_mean: Option<u64>,
    /// ACKs it sent.
    pub acks: AckStats,
    /// What was lost, late or twice of what it sent.
    pub loss: LossStats,
    /// The windows it advertised.
    pub window: WindowStats,
    /// Probes.
    pub probes: ProbeStats,
    /// ECN echoes it sent.
    pub ecn: EcnStats,
    /// How often a bound on what is remembered of it was reached: holes, outstanding segments, open questions.
    pub bounds_reached: u32,
    /// Samples from segments that it sent, to the other side's ACK: the distance to the *other* side.
    pub rtt: RttStats,
}

/// The options of a SYN.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Offer {
    /// Maximum segment size.
    pub mss: Option<u16>,
    /// Window scale shift count.
    pub window_scale: Option<u8>,
    /// SACK permitted.
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: bool,
}

/// Payload of data segments, in bytes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SegmentSizes {
    /// The smallest.
    pub min: u32,
    /// The mean, rounded down.
    pub mean: u32,
    /// The largest.
    pub max: u32,
    /// All of them together.
    pub sum: u64,
}

/// Data sent before the first ACK of data, without what was sent again.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct InitialWindow {
    /// Bytes.
    pub bytes: u64,
    /// Segments.
    pub segments: u32,
}

/// ACKs that one side sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct AckStats {
    /// Segments with the ACK flag.
    pub ack_segments: u32,
    /// ACK alone: no payload, SYN, FIN or RST.
    pub pure_acks: u32,
    /// RFC 5681 §2, all five conditions.
    pub duplicate_acks: u32,
    /// With SACK blocks.
    pub sack_segments: u32,
    /// With a DSACK block. RFC 2883 §4
    pub dsack_segments: u32,
}

/// What was lost, late or twice of what one side sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct LossStats {
    /// Sequence space sent again, SYNs and FINs included.
    pub retransmitted_segments: u32,
    /// Payload bytes sent again.
    pub retransmitted_bytes: u64,
    /// By cause.
    pub fast: u32,
    /// By cause.
    pub rto: u32,
    /// By cause.
    pub tlp: u32,
    /// By cause.
    pub fin: u32,
    /// By cause.
    pub unclassified: u32,
    /// Of the retransmissions, those proven needless.
    pub spurious: u32,
    /// Retransmissions whose original was not seen.
    pub lost_before_capture: u32,
    /// Retransmissions whose original was seen, and that are not proven spurious.
    pub lost_after_capture: u32,
    /// Late, but sent once.
    pub out_of_order: u32,
    /// Copies made by the network.
    pub network_duplicates: u32,
    /// Copies made by the capture.
    pub capture_duplicates: u32,
}

/// The windows that one side advertised, in bytes, without those of SYN and RST.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct WindowStats {
    /// Least, mean and greatest; `None` while the scale is not known.
    pub min_mean_max: Option<(u32, u32, u32)>,
    /// Times it closed its window.
    pub zero_windows: u32,
    /// For how long in all.
    pub zero_window_time: Span,
    /// Window updates it sent.
    pub updates: u32,
    /// Segments it sent that filled the other side's window.
    pub full_segments: u32,
}

/// Probes that one side sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProbeStats {
    /// Window probes.
    pub window_probes: u32,
    /// Keep-alives.
    pub keep_alives: u32,
}

/// ECN echoes that one side sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct EcnStats {
    /// With ECE.
    pub ece_segments: u32,
    /// With CWR.
    pub cwr_segments: u32,
}

/// Round-trip samples.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct RttStats {
    /// How many.
    pub samples: u32,
    /// The figures; `None` without samples.
    pub figures: Option<RttFigures>,
}

/// Figures over round-trip samples. Quantiles are within 1 %.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct RttFigures {
    /// Least.
    pub min: Span,
    /// Mean.
    pub mean: Span,
    /// Standard deviation.
    pub stddev: Span,
    /// Median.
    pub p50: Span,
    /// 95th percentile.
    pub p95: Span,
    /// 99th percentile.
    pub p99: Span,
    /// Greatest.
    pub max: Span,
}
