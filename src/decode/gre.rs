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

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Layer, StopReason};

    fn over(header: &str, inner: Vec<u8>) -> Vec<u8> {
        ipv4(47, &[bytes(header), inner].concat())
    }

    #[test]
    fn the_flags_say_which_fields_are_there() {
        for header in [
            "00 00  08 00",
            "80 00  08 00  00 00 00 00 | checksum",
            "20 00  08 00  00 00 00 07 | key",
            "b0 00  08 00  00 00 00 00  00 00 00 07  00 00 00 01 | checksum, key, sequence number",
            "40 00  08 00  00 00 00 00  08 00 00 04  0a 00 00 09  00 00 00 00 | a source route, and its end",
            "00 00  88 3e | WCCP, version 1",
            "00 00  88 3e  00 00 00 00 | WCCP, version 2",
        ] {
            let frame = over(header, packet());
            reads(IPV4, &frame, "ip:gre:ip:udp");
            assert_eq!(decoded(IPV4, &frame).tunnels.as_slice(), [Layer::Gre]);
        }
        reads(IPV4, &over("00 00  00 00", vec![]), "ip:gre");
        let unknown = over("00 05  08 00", packet());
        assert_eq!(decoded(IPV4, &unknown).stop.unwrap().reason, StopReason::Unsupported(5));
    }

    #[test]
    fn types_of_gre_alone() {
        let pptp =
            "30 81  88 0b  00 20 00 07  00 00 00 01  00 00 00 02  ff 03 00 21 | 32 bytes of payload, call 7";
        reads(IPV4, &over(pptp, [packet(), vec![0; 4]].concat()), "ip:gre:ppp:ip:udp");
        let frame = ethernet(0x0800, &packet());
        reads(IPV4, &over("20 00  65 58  00 00 2a 00 | NVGRE", frame), "ip:gre:eth:ethertype:ip:udp");
        let wlan = "00 00  82 10  08 01 00 00 02 00 00 00 00 0a 02 00 00 00 00 0b 02 00 00 00 00 0c 10 00
                    aa aa 03 00 00 00 08 00";
        reads(IPV4, &over(wlan, packet()), "ip:gre:wlan:llc:ip:udp");
    }

    #[test]
    fn erspan_of_three_types() {
        let frame = || ethernet(0x0800, &packet());
        let inside = "ip:gre:erspan:eth:ethertype:ip:udp";
        reads(IPV4, &over("00 00  88 be", frame()), inside);
        reads(IPV4, &over("10 00  88 be  00 00 00 01  10 05 00 07  00 00 00 02", frame()), inside);
        let three = "10 00  22 eb  00 00 00 01  20 05 00 07  00 00 00 02  00 00";
        reads(IPV4, &over(&format!("{three} 00 00"), frame()), inside);
        reads(IPV4, &over(&format!("{three} 00 01  00 00 00 00 00 00 00 00 | platform"), frame()), inside);
        reads(IPV4, &over(&format!("{three} 08 00 | an IP packet"), packet()), "ip:gre:erspan:ip:udp");
        reads(IPV4, &over(&format!("{three} 1c 00 | of type 7"), packet()), "ip:gre:erspan");
    }
}
