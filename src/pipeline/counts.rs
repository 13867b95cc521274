//! What the frames of a capture add up to, whatever flow they belong to.

use std::collections::BTreeMap;

use arrayvec::ArrayVec;

use super::pulse::Pulse;
use crate::capture::Frame;
use crate::decode::{Layer, MAX_LAYERS, Packet, Plain, StopReason};
use crate::time::Timestamp;

/// Packets and bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Amount {
    /// Frames.
    pub packets: u64,
    /// Their length on the wire.
    pub bytes: u64,
}

impl Amount {
    #[inline]
    pub(super) fn add(&mut self, other: Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// The layers of a frame, outermost first.
pub type Stack = ArrayVec<Layer, MAX_LAYERS>;

/// Every frame of a capture, accounted for.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Frames read.
    pub read: Amount,
    /// Of these, frames that took part: those that passed the filter.
    pub chosen: Amount,
    /// Bytes of the chosen frames that were captured.
    pub captured_bytes: u64,
    /// Chosen frames whose innermost payload was reached.
    pub decoded: u64,
    /// Chosen frames in which something could not be decoded, by layer and reason.
    pub stopped: BTreeMap<(Layer, StopReason), u64>,
    /// Chosen frames that hold a fragment which did not complete its datagram.
    pub fragments: u64,
    /// Chosen frames that belong to no flow.
    pub flowless: Amount,
    /// Chosen frames by their layers, where the hierarchy is wanted.
    pub hierarchy: BTreeMap<Stack, Amount>,
    /// Least and greatest time of the chosen frames.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Chosen frames in the course of time, where that is wanted.
    pub pulse: Option<Pulse>,
    latest: Option<(Stack, Amount)>,
}

impl Counts {
    /// Counts a frame that was read, and whether it takes part.
    #[inline]
    pub(super) fn on_frame(&mut self, frame: Frame<'_>, chosen: bool) {
        let amount = Amount { packets: 1, bytes: u64::from(frame.orig_len) };
        self.read.add(amount);
        if !chosen {
            return;
        }
        self.chosen.add(amount);
        self.captured_bytes += frame.data.len() as u64;
        if let Some(pulse) = &mut self.pulse {
            pulse.on_frame(&frame);
        }
        if let Some(at) = frame.at {
            let (least, greatest) = self.span.unwrap_or((at, at));
            self.span = Some((least.min(at), greatest.max(at)));
        }
    }

    /// Counts frames that were read, chosen and decoded, and of which nothing else is wanted: `captured` bytes, all in the `span`.
    pub(super) fn on_decoded(&mut self, amount: Amount, captured: u64, span: Option<(Timestamp, Timestamp)>) {
        self.read.add(amount);
        self.chosen.add(amount);
        self.captured_bytes += captured;
        self.decoded += amount.packets;
        self.span = union(self.span, span);
    }

    /// Counts what a chosen frame turned out to hold.
    pub(super) fn on_packet(&mut self, frame: &Frame<'_>, packet: &Packet<'_>, hierarchy: bool) {
        let amount = Amount { packets: 1, bytes: u64::from(frame.orig_len) };
        match packet.stop {
            Some(stop) => *self.stopped.entry((stop.layer, stop.reason)).or_default() += 1,
            None => self.decoded += 1,
        }
        self.fragments += u64::from(packet.fragment.is_some());
        if packet.network.is_none() || packet.fragment.is_some() {
            self.flowless.add(amount);
            if let Some(pulse) = &mut self.pulse {
                pulse.on_flowless(frame);
            }
        }
        if hierarchy {
            self.on_layers(packet.layers.iter().map(|at| at.layer), amount);
        }
    }

    /// Counts a chosen frame that turned out to be a plain one.
    #[inline]
    pub(super) fn on_plain(&mut self, frame: &Frame<'_>, hierarchy: bool) {
        self.decoded += 1;
        if hierarchy {
            let amount = Amount { packets: 1, bytes: u64::from(frame.orig_len) };
            self.on_layers(Plain::LAYERS.into_iter(), amount);
        }
    }

    fn on_layers(&mut self, layers: impl Iterator<Item = Layer> + Clone, amount: Amount) {
        if let Some((stack, so_far)) = &mut self.latest
            && stack.iter().copied().eq(layers.clone())
        {
            so_far.add(amount);
            return;
        }
        self.settle();
        self.latest = Some((layers.take(MAX_LAYERS).collect(), amount));
    }

    /// Adds what was counted elsewhere.
    pub(super) fn merge(&mut self, mut other: Self) {
        other.settle();
        self.read.add(other.read);
        self.chosen.add(other.chosen);
        self.captured_bytes += other.captured_bytes;
        self.decoded += other.decoded;
        self.fragments += other.fragments;
        self.flowless.add(other.flowless);
        for (key, count) in other.stopped {
            *self.stopped.entry(key).or_default() += count;
        }
        for (stack, amount) in other.hierarchy {
            self.hierarchy.entry(stack).or_default().add(amount);
        }
        match (&mut self.pulse, other.pulse) {
            (Some(pulse), Some(more)) => pulse.merge(more),
            (pulse, more) => *pulse = pulse.take().or(more),
        }
        self.span = union(self.span, other.span);
    }

    fn settle(&mut self) {
        if let Some((stack, amount)) = self.latest.take() {
            self.hierarchy.entry(stack).or_default().add(amount);
        }
    }
}

/// From the earliest to the latest of both.
fn union(
    one: Option<(Timestamp, Timestamp)>,
    other: Option<(Timestamp, Timestamp)>,
) -> Option<(Timestamp, Timestamp)> {
    match (one, other) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, other) => one.or(other),
    }
}
