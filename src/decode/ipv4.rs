//! IPv4. RFC 791.

use super::walk::{At, Next, Step};
use super::{Address, Fragment, Layer, Network, Packet, StopReason};

/// An IPv4 header, its options and what it says of the payload.
#[inline]
pub(super) fn ipv4<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[first, tos, t0, t1, i0, i1, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        at.header::<20>(Layer::Ipv4, packet)?;
    if first >> 4 != 4 {
        return other_version(first, at, packet);
    }
    let header_len = usize::from(first & 0xf) * 4;
    if header_len < 20 {
        packet.push(Layer::Ipv4, at.offset, 20);
        packet.stop(StopReason::Malformed, Layer::Ipv4, at.offset);
        return None;
    }
    let id = u16::from_be_bytes([i0, i1]);
    packet.enter_network(Network {
        source: Address::v4([s0, s1, s2, s3]),
        destination: Address::v4([d0, d1, d2, d3]),
        protocol,
        ttl,
        tos,
        id: Some(id),
        header_len: header_len as u32,
    });
    packet.push(Layer::Ipv4, at.offset, header_len.min(at.bytes.len()));
    let rest = payload(at, header_len, u16::from_be_bytes([t0, t1]), packet)?;
    let fragment = u16::from_be_bytes([f0, f1]);
    if fragment & 0x3fff != 0 {
        packet.enter_fragment(Fragment {
            protocol,
            id: u32::from(id),
            offset: u32::from(fragment & 0x1fff) * 8,
            more: fragment & 0x2000 != 0,
            bytes: rest.bytes,
            len: rest.wire,
        });
        if !packet.is_quoting() || fragment & 0x1fff != 0 {
            return None;
        }
    }
    (rest.wire > 0).then_some((Next::Protocol(protocol), rest))
}

/// What stands behind the header, by its total length. That is believed even where it exceeds the frame, as in captures
/// that were shortened without saying so, but not where a header around it says otherwise; 0 was left to be filled in by the
/// network card (segmentation offload).
fn payload<'a>(at: At<'a>, header_len: usize, total: u16, packet: &mut Packet<'a>) -> Option<At<'a>> {
    let total = match u32::from(total) {
        0 => at.wire,
        total if at.firm => total.min(at.wire),
        total => total,
    };
    if at.bytes.len() < header_len {
        packet.stop(at.short_of(header_len), Layer::Ipv4, at.offset);
        return None;
    }
    let Some(len) = total.checked_sub(header_len as u32) else {
        packet.stop(StopReason::Malformed, Layer::Ipv4, at.offset);
        return None;
    };
    let rest = at.after(header_len);
    Some(At { wire: len, ..rest.cut(len) })
}

/// A packet whose IP version is not told by what stands before it.
pub(super) fn by_version<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    match at.bytes.first().map(|first| first >> 4) {
        Some(4) => Some((Next::Ipv4, at)),
        Some(6) => Some((Next::Ipv6, at)),
        None => packet.stop_behind(at.short_of(1), at.offset),
        _ => packet.stop_behind(StopReason::Malformed, at.offset),
    }
}

/// The number before says IPv4, the packet does not.
#[cold]
fn other_version<'a>(first: u8, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    if first >> 4 == 6 {
        return Some((Next::Ipv6, at));
    }
    packet.push(Layer::Ipv4, at.offset, 20);
    packet.stop(StopReason::Malformed, Layer::Ipv4, at.offset);
    None
}
