//! What is kept of the packets of one flow: its opening and its close, and points spread over the rest.

use crate::decode::Transport;
use crate::flow::{Direction, Key};
use crate::pipeline::PacketRow;
use crate::tcp::{Flags, Tag, Tags};
use crate::time::{Span, Timestamp};

/// Packets kept from the beginning.
const FIRST: usize = 10;
/// Packets with SYN, FIN or RST, and those behind a FIN or RST, kept besides.
const ENDS: usize = 24;
/// Points kept; when there are more, every second one goes.
const MOST_POINTS: usize = 1 << 16;

/// A packet of the flow.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The frame's number.
    pub number: u64,
    /// When.
    pub at: Option<Timestamp>,
    /// Its clock ticks finer than a microsecond.
    pub fine_clock: bool,
    /// Who sent it.
    pub direction: Direction,
    /// TCP flags; none for other protocols.
    pub flags: Flags,
    /// Relative sequence number.
    pub seq_relative: u64,
    /// Relative acknowledgment number.
    pub ack_relative: Option<u64>,
    /// Payload bytes.
    pub payload_len: u32,
    /// What it is.
    pub tags: Tags,
    /// The round-trip sample that it gave.
    pub rtt: Option<Span>,
}

/// What is kept of the packets of one flow.
#[derive(Clone, Debug, Default)]
pub struct Track {
    packets: u64,
    steps: Vec<Step>,
    points: Vec<Step>,
    /// Every so many packets become a point, as a power of two.
    thinned: u32,
    ended: bool,
    ends: usize,
}

impl Step {
    /// A packet as a step of its flow; `None` where it has no IP header.
    pub fn new(row: &PacketRow<'_>) -> Option<Self> {
        let network = row.packet.network?;
        let (source_port, destination_port) = row.packet.ports().unwrap_or((0, 0));
        let source = (network.source, source_port);
        let (_, direction) = Key::new(network.protocol, source, (network.destination, destination_port));
        let flags = match row.packet.transport {
            Transport::Tcp(tcp) => Flags(tcp.flags),
            _ => Flags(0),
        };
        let verdict = row.verdict.copied().unwrap_or_default();
        Some(Self {
            number: row.frame.number,
            at: row.frame.at,
            fine_clock: row.frame.fine_clock,
            direction,
            flags,
            seq_relative: verdict.seq_relative,
            ack_relative: verdict.ack_relative,
            payload_len: row.packet.payload_len,
            tags: verdict.tags,
            rtt: verdict.rtt,
        })
    }
}

impl Track {
    /// Adds the next packet of the flow.
    pub fn push(&mut self, step: Step) {
        let is_end = step.flags.intersects(Flags(Flags::FIN.0 | Flags::RST.0));
        self.ended |= is_end;
        if self.steps.len() < FIRST {
            self.steps.push(step);
        } else if self.ends < ENDS && (self.ended || step.flags.contains(Flags::SYN)) {
            self.ends += 1;
            self.steps.push(step);
        }
        if self.packets.is_multiple_of(1 << self.thinned) {
            self.points.push(step);
            if self.points.len() >= MOST_POINTS {
                let mut index = 0_usize;
                self.points.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.thinned += 1;
            }
        }
        self.packets += 1;
    }

    /// Packets of the flow.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// The packets of its opening and its close, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Points of one direction: nanoseconds since the first, the value, and whether it was sent again.
    pub fn points(
        &self,
        direction: Direction,
        value: impl Fn(&Step) -> Option<u64>,
    ) -> Vec<(u64, u64, bool)> {
        let of_side = |step: &&Step| step.direction == direction;
        let first = self.points.iter().filter_map(|step| step.at).min();
        let point = |step: &Step| {
            let since = step.at?.since(first?).as_nanos();
            Some((u64::try_from(since).ok()?, value(step)?, step.tags.contains(Tag::Retransmission)))
        };
        self.points.iter().filter(of_side).filter_map(point).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(number: u64, flags: Flags) -> Step {
        Step {
            number,
            at: Some(Timestamp::from_nanos(number.cast_signed() * 1000)),
            fine_clock: false,
            direction: Direction::Forward,
            flags,
            seq_relative: number,
            ack_relative: None,
            payload_len: 1,
            tags: Tags::default(),
            rtt: None,
        }
    }

    #[test]
    fn a_long_flow_keeps_its_ends_and_bounded_points() {
        let mut track = Track::default();
        for number in 0..500_000 {
            track.push(step(number, if number < 400_000 { Flags::ACK } else { Flags::FIN }));
        }
        let numbers: Vec<u64> = track.steps().iter().map(|step| step.number).collect();
        assert_eq!((numbers.len(), numbers[9], numbers[10]), (FIRST + ENDS, 9, 400_000));
        let points = track.points(Direction::Forward, |step| Some(step.seq_relative));
        assert!((MOST_POINTS / 2..MOST_POINTS).contains(&points.len()), "{}", points.len());
        assert!(track.points(Direction::Reverse, |_| Some(1)).is_empty());
    }
}
