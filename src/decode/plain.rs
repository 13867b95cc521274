//! A short way through the frames that most captures consist of: Ethernet, IPv4 without options, TCP.
//!
//! It says of a frame what the walk says, or nothing; whatever is out of the ordinary is left to the walk.

use super::{Address, Layer, Limits, Network, Tcp};
use crate::capture::{Frame, LinkType};

/// A whole TCP segment in an IPv4 packet in an Ethernet frame. Every name means what it means in [`super::Packet`].
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// The IP header.
    pub network: Network,
    /// The TCP header.
    pub tcp: Tcp<'a>,
    /// The bytes of the payload that were captured.
    pub payload: &'a [u8],
    /// The length of the payload on the wire.
    pub payload_len: u32,
    /// Where `payload` begins in the frame.
    pub payload_offset: u32,
}

impl Plain<'_> {
    /// The layers of each of them.
    pub const LAYERS: [Layer; 3] = [Layer::Ethernet, Layer::Ipv4, Layer::Tcp];
}

/// The headers of a frame, if it is a plain one: nothing in it is cut but the payload, and the walk would note nothing else.
#[inline]
pub fn plain<'a>(frame: &Frame<'a>, limits: &Limits) -> Option<Plain<'a>> {
    if frame.linktype != LinkType::ETHERNET || limits.layers < Plain::LAYERS.len() {
        return None;
    }
    let (&[.., 0x08, 0x00], packet) = frame.data.split_first_chunk::<14>()? else { return None };
    let (header, rest) = packet.split_first_chunk::<20>()?;
    let &[0x45, tos, t0, t1, i0, i1, f0, f1, ttl, 6, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = header else {
        return None;
    };
    if u16::from_be_bytes([f0, f1]) & 0x3fff != 0 {
        return None;
    }
    // As in the walk: a record may claim less than it holds, and a total length of 0 was left to the network card.
    let wire = frame.orig_len.max(frame.data.len() as u32) - 14;
    let total = match u32::from(u16::from_be_bytes([t0, t1])) {
        0 => wire,
        total => total.min(wire),
    };
    let len = total.checked_sub(20)?;
    let rest = rest.get(..len as usize).unwrap_or(rest);
    let (header, behind) = rest.split_first_chunk::<20>()?;
    let &[p0, p1, r0, r1, q0, q1, q2, q3, a0, a1, a2, a3, b0, b1, w0, w1, c0, c1, u0, u1] = header;
    let bits = u16::from_be_bytes([b0, b1]);
    let options_len = (usize::from(bits >> 12) * 4).checked_sub(20)?;
    let (options, payload) = behind.split_at_checked(options_len)?;
    Some(Plain {
        network: Network {
            source: Address::v4([s0, s1, s2, s3]),
            destination: Address::v4([d0, d1, d2, d3]),
            protocol: 6,
            ttl,
            tos,
            id: Some(u16::from_be_bytes([i0, i1])),
            header_len: 20,
        },
        tcp: Tcp {
            source_port: u16::from_be_bytes([p0, p1]),
            destination_port: u16::from_be_bytes([r0, r1]),
            seq: u32::from_be_bytes([q0, q1, q2, q3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags: bits & 0xfff,
            window: u16::from_be_bytes([w0, w1]),
            checksum: u16::from_be_bytes([c0, c1]),
            urgent: u16::from_be_bytes([u0, u1]),
            options,
        },
        payload,
        payload_len: len - 20 - options_len as u32,
        payload_offset: 54 + options_len as u32,
    })
}
