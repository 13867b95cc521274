//! IEEE 802.2 LLC and its sub-network access protocol.

use super::walk::{At, Next, Step, array};
use super::{Layer, Packet, ethernet};

/// An LLC header with one or two bytes of control, and SNAP's five bytes behind it.
pub(super) fn llc<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[destination, source, control] = at.header::<3>(Layer::Llc, packet)?;
    let unnumbered = control & 3 == 3;
    if (destination, source, control) == (0xaa, 0xaa, 3) {
        return snap(at, packet);
    }
    let len = if unnumbered { 3 } else { 4 };
    packet.push(Layer::Llc, at.offset, len.min(at.bytes.len()));
    let rest = at.after(len);
    // Only information frames, numbered or not, carry a protocol.
    let carries = control & 1 == 0 || control & 0xef == 3;
    if !carries || rest.wire == 0 {
        return None;
    }
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Llc, at.offset);
        return None;
    }
    let number = u32::from(destination);
    let next = match destination {
        0x06 => Next::Ipv4,
        0x42 => Next::Named(Layer::Stp, number),
        0x10 | 0xe0 => Next::Named(Layer::Ipx, number),
        0xf0 => Next::Named(Layer::Netbios, number),
        0x14 | 0x20 | 0x34 | 0x54 | 0xfe => Next::Named(Layer::Osi, number),
        _ => Next::Unknown(Layer::Llc, number),
    };
    Some((next, rest))
}

/// IEEE 802 §9.2: an organisation, and a number that it gave out.
fn snap<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    packet.push(Layer::Llc, at.offset, at.bytes.len().min(8));
    let rest = at.after(3);
    let Ok((_, &[o0, o1, o2, p0, p1])) = array::<5>(rest.bytes) else {
        packet.stop(at.short_of(8), Layer::Llc, at.offset);
        return None;
    };
    let (kind, rest) = (u16::from_be_bytes([p0, p1]), at.after(8));
    let next = match [o0, o1, o2] {
        // RFC 1042, IEEE 802.1H, and Cisco's way of writing 802.3 frames.
        [0, 0, 0] | [0, 0, 0xf8] => ethernet::by_type(Layer::Llc, kind),
        // RFC 2427 §4.2: bridged 802.3 with and without its checksum.
        [0, 0x80, 0xc2] if matches!(kind, 1 | 7) => Next::Ethernet,
        [0, 0x80, 0xc2] if matches!(kind, 0xe | 0xf) => Next::Named(Layer::Stp, u32::from(kind)),
        [0, 0, 0xc] => cisco(kind),
        _ => Next::Unknown(Layer::Llc, u32::from(kind)),
    };
    (rest.wire > 0).then_some((next, rest))
}

fn cisco(kind: u16) -> Next {
    let number = u32::from(kind);
    match kind {
        0x0108..=0x0109 | 0x010b..=0x010c => Next::Named(Layer::Stp, number),
        0x2000 => Next::Named(Layer::Cdp, number),
        _ => Next::Unknown(Layer::Llc, number),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_service_access_point_or_a_type_says_what_follows() {
        // 802.3 header with the length of what follows
        let frame = |payload: &[u8]| ethernet(payload.len() as u16, payload);
        reads(ETHERNET, &frame(&[&[0x06, 0x06, 0x03][..], &packet()].concat()), "eth:llc:ip:udp");
        let snap = |header: [u8; 5]| frame(&[&[0xaa, 0xaa, 0x03][..], &header, &packet()].concat());
        reads(ETHERNET, &snap([0, 0, 0, 8, 0]), "eth:llc:ip:udp");
        reads(ETHERNET, &snap([0, 0, 0xf8, 8, 0]), "eth:llc:ip:udp");
        reads(ETHERNET, &snap([0, 0, 0x0c, 0x20, 0]), "eth:llc:cdp");
        reads(ETHERNET, &snap([0, 1, 2, 8, 0]), "eth:llc");
        reads(ETHERNET, &frame(&[0x42, 0x42, 0x03, 0, 0]), "eth:llc:stp");
        // An information frame has two bytes of control.
        reads(ETHERNET, &frame(&[0xf0, 0xf0, 0x02, 0x00, 0xff]), "eth:llc:netbios");
        // A supervisory frame carries nothing.
        reads(ETHERNET, &frame(&[0xf0, 0xf0, 0x01, 0x00, 0xff]), "eth:llc");
    }
}
