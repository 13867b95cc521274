//! GRE (RFC 2784, RFC 2890), its PPTP form (RFC 2637), and ERSPAN (draft-foschiano-erspan).

use super::walk::{At, Next, Step, array};
use super::{Layer, Packet, StopReason, ethernet};

/// RFC 1701: the bits of the first two bytes that make the header longer.
const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGMENT: u16 = 0x0080;

/// PPP in GRE version 1, whose key holds the length of the payload. RFC 2637 §4.1
const PPTP: u16 = 0x880b;
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;
const WCCP: u16 = 0x883e;

/// A GRE header with the fields that its flags announce.
pub(super) fn gre<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[f0, f1, p0, p1] = at.header::<4>(Layer::Gre, packet)?;
    let (flags, protocol) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([p0, p1]));
    let enhanced = flags & 7 == 1;
    let field = |bit: u16| if flags & bit == 0 { 0 } else { 4 };
    let mut len = 4 + field(KEY) + field(SEQUENCE) + field(CHECKSUM | ROUTING);
    if enhanced {
        len += field(ACKNOWLEDGMENT);
    } else if flags & ROUTING != 0 {
        len = source_routes(at, len);
    }
    packet.push(Layer::Gre, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Gre, at.offset);
        return None;
    }
    if flags & 7 > 1 {
        packet.stop(StopReason::Unsupported(u32::from(flags & 7)), Layer::Gre, at.offset);
        return None;
    }
    let mut rest = at.after(len);
    if let (true, PPTP, Some(&[l0, l1])) = (enhanced, protocol, at.bytes.get(4..6)) {
        rest = rest.cut(u32::from(u16::from_be_bytes([l0, l1])));
    }
    if rest.wire == 0 {
        return None;
    }
    packet.push_tunnel(Layer::Gre);
    match protocol {
        // Without a sequence number nothing of ERSPAN stands before the frame: type I.
        ERSPAN if flags & SEQUENCE == 0 => Some((Next::Erspan(1), rest)),
        ERSPAN => Some((Next::Erspan(2), rest)),
        ERSPAN_III => Some((Next::Erspan(3), rest)),
        // The redirect header of version 2 stands before the packet.
        WCCP if rest.bytes.first().is_some_and(|first| first >> 4 != 4) => Some((Next::Ipv4, rest.after(4))),
        _ => Some((by_protocol(protocol), rest)),
    }
}

/// RFC 1701: source route entries up to an empty one.
fn source_routes(at: At<'_>, mut len: usize) -> usize {
    while let Ok((_, &[f0, f1, _, entry])) = array::<4>(at.bytes.get(len..).unwrap_or_default()) {
        len += 4;
        if (f0, f1, entry) == (0, 0, 0) {
            return len;
        }
        len += usize::from(entry);
    }
    len + 4
}

/// What a GRE protocol type announces: an Ethernet type, or one of GRE's own.
pub(super) fn by_protocol(protocol: u16) -> Next {
    match protocol {
        PPTP => Next::Ppp,
        WCCP => Next::Ipv4,
        0x6400 => Next::Ethernet,
        0x6559 => Next::FrameRelay,
        // 3GPP2, and Ericsson's before it.
        0x8881 | 0x88d2 => Next::PppHdlc,
        // Aruba access points, one number for each of their queues.
        0x8200..=0x83f0 if protocol & 0x000f == 0 => Next::Wlan,
        _ => ethernet::by_type(Layer::Gre, protocol),
    }
}

/// ERSPAN of type I (nothing), II (8 bytes) or III (12 bytes, and 8 more where the last bit says so), then the mirrored frame.
pub(super) fn erspan<'a>(kind: u16, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    packet.push_tunnel(Layer::Erspan);
    if kind == 1 {
        packet.push(Layer::Erspan, at.offset, 0);
        return Some((Next::Ethernet, at));
    }
    let &[version, _, _, _, _, _, _, _] = at.header::<8>(Layer::Erspan, packet)?;
    let (len, bits) = match version >> 4 {
        1 => (8, 0),
        2 => match at.bytes.get(10..12) {
            Some(&[b0, b1]) => (if b1 & 1 == 0 { 12 } else { 20 }, u16::from_be_bytes([b0, b1])),
            _ => (12, 0),
        },
        other => {
            packet.push(Layer::Erspan, at.offset, 8);
            packet.stop(StopReason::Unsupported(u32::from(other)), Layer::Erspan, at.offset);
            return None;
        }
    };
    packet.push(Layer::Erspan, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Erspan, at.offset);
        return None;
    }
    let rest = at.after(len);
    // The frame type of type III: 0 is Ethernet, 2 an IP packet.
    match bits >> 10 & 0x1f {
        _ if rest.wire == 0 => None,
        0 => Some((Next::Ethernet, rest)),
        2 => Some((Next::Ip, rest)),
        other => Some((Next::Unknown(Layer::Erspan, u32::from(other)), rest)),
    }
}
