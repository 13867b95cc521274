//! The one step between decoding and analysis: fragments are put together in file order, and the datagrams that
//! they complete are sent on to the shards of their flows.

use std::hash::BuildHasher;

use super::opened::{Opened, shard_of};
use super::record::{Payload, records};
use super::settings::Settings;
use crate::capture::Frame;
use crate::decode::{self, Datagram, Packet, Reassembler};

/// Datagrams within datagrams that are followed: a tunnel's packets may be in fragments, too.
const MAX_NESTED: usize = 4;

/// A frame that completed a datagram.
#[derive(Debug)]
pub(super) struct Completed {
    /// The frame's number.
    pub number: u64,
    /// The datagram, and behind it those that were completed within it.
    pub datagrams: Vec<Datagram>,
}

/// Puts the fragments of a block together.
pub(super) fn complete(
    opened: &mut Opened,
    reassembler: &mut Reassembler,
    settings: &Settings,
    state: &impl BuildHasher,
) {
    let Opened { block, buckets, fragments, completed, beside, counts, .. } = opened;
    // The one thing that is not done in parallel: blocks without fragments, nearly all, are not looked at.
    let Some(&last) = fragments.last() else { return };
    let mut places = fragments.iter().copied().peekable();
    let frames = (0..=last).zip(block.frames()).filter(|(index, _)| places.next_if_eq(index).is_some());
    // The buckets with records that are not in their place: one insertion each would be quadratic.
    let mut touched = 0u64;
    let mut packet = Packet::within(settings.bounds.depth);
    for (_, frame) in frames {
        decode::frame(&frame, &mut packet);
        let mut datagrams = Vec::new();
        let place = u16::try_from(completed.len() + 1).unwrap_or(u16::MAX);
        follow(&frame, &packet, None, 0, reassembler, &mut datagrams, &mut |innermost, datagram, nested| {
            counts.on_packet(&frame, innermost, settings.hierarchy);
            if nested == 0 {
                return;
            }
            let len = innermost.payload.len() as u32;
            // Of datagrams within datagrams it is not known which one the IP header stands in.
            let datagram = datagram.filter(|_| nested == 1).map(|datagram| &*datagram.bytes);
            let checksums = datagram.and_then(|bytes| settings.checksums_of(&frame, innermost, Some(bytes)));
            let payload = Payload { checksums, datagram: place, offset: innermost.payload_offset, len };
            records(&frame, innermost, payload, beside, state, |record| {
                let shard = shard_of(&record.key);
                if let Some(bucket) = buckets.get_mut(shard) {
                    bucket.push(record);
                    touched |= 1 << shard;
                }
            });
        });
        if !datagrams.is_empty() {
            datagrams.reverse();
            completed.push(Completed { number: frame.number, datagrams });
        }
    }
    for (_, bucket) in (0..).zip(buckets).filter(|(shard, _)| touched >> shard & 1 == 1) {
        bucket.sort_by_key(|record| (record.number, record.order));
    }
}

/// Follows a packet, in which `nested` datagrams were completed so far, into the datagram that it completes, and shows
/// `found` the innermost packet, the datagram it is in, and how many of them there are around it. Those are added to
/// `datagrams`, innermost first.
fn follow(
    frame: &Frame<'_>,
    packet: &Packet<'_>,
    last: Option<&Datagram>,
    nested: usize,
    reassembler: &mut Reassembler,
    datagrams: &mut Vec<Datagram>,
    found: &mut dyn FnMut(&Packet<'_>, Option<&Datagram>, usize),
) {
    let at = frame.at.unwrap_or_default();
    if let (Some(network), Some(fragment)) = (&packet.network, &packet.fragment)
        && nested < MAX_NESTED
        && let Some(datagram) = reassembler.add(network, fragment, at, frame.number)
    {
        let mut inner = Packet::default();
        decode::datagram(packet, &datagram, &mut inner);
        follow(frame, &inner, Some(&datagram), nested + 1, reassembler, datagrams, found);
        datagrams.push(datagram);
    } else {
        found(packet, last, nested);
    }
}

impl Completed {
    /// Shows `each` the innermost packet of a frame, of which `packet` is what was read without the datagrams, and the
    /// datagram in which it stands.
    pub fn show(&self, packet: &Packet<'_>, each: &mut dyn FnMut(&Packet<'_>, Option<&[u8]>)) {
        show(packet, None, &self.datagrams, each);
    }
}

fn show(
    packet: &Packet<'_>,
    last: Option<&[u8]>,
    rest: &[Datagram],
    each: &mut dyn FnMut(&Packet<'_>, Option<&[u8]>),
) {
    let Some((datagram, rest)) = rest.split_first() else { return each(packet, last) };
    let mut inner = Packet::default();
    decode::datagram(packet, datagram, &mut inner);
    show(&inner, Some(&datagram.bytes), rest, each);
}
