//! GTP: its user plane (3GPP TS 29.281), which carries packets, and the headers of its others.

use super::walk::{At, Next, Step};
use super::{Layer, Packet};

/// The message type whose payload is a packet of the subscriber.
const T_PDU: u8 = 255;

/// GTP-U: flags, type, length, tunnel, perhaps four more bytes, extension headers.
pub(super) fn user<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[flags, kind, ..] = at.header::<8>(Layer::Gtp, packet)?;
    // Version 0 or 1, and the bit that tells GTP from GTP': else this is something else on GTP's port.
    let len = match flags >> 4 {
        0b0001 => 20,
        // E, S and PN: if any is set, all three fields are there. 3GPP TS 29.281 §5.1
        0b0011 if flags & 7 == 0 => 8,
        0b0011 => extensions(at, flags),
        _ => return None,
    };
    packet.push(Layer::Gtp, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Gtp, at.offset);
        return None;
    }
    if kind != T_PDU {
        return None;
    }
    carried(Layer::Gtp, at.after(len), packet)
}

/// 3GPP TS 29.281 §5.2.1: each has its length in units of four bytes, and the type of the next as its last byte; 0 ends them.
fn extensions(at: At<'_>, flags: u8) -> usize {
    let mut len = 12;
    let mut next = if flags & 4 != 0 { at.bytes.get(11).copied().unwrap_or(0) } else { 0 };
    while next != 0 {
        let words = at.bytes.get(len).copied().map_or(0, usize::from);
        if words == 0 {
            return len;
        }
        len += words * 4;
        next = at.bytes.get(len - 1).copied().unwrap_or(0);
    }
    len
}

/// An IP packet; what else a tunnel may carry cannot be told from its bytes.
fn carried<'a>(layer: Layer, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    match at.first(packet)? {
        0x45..=0x4f => {
            packet.push_tunnel(layer);
            Some((Next::Ipv4, at))
        }
        0x60..=0x6f => {
            packet.push_tunnel(layer);
            Some((Next::Ipv6, at))
        }
        other => Some((Next::Unknown(layer, u32::from(other)), at)),
    }
}

/// GTP-C, of either version: its header alone.
pub(super) fn control<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<8>(Layer::Gtp, packet)?;
    packet.push(Layer::Gtp, at.offset, at.bytes.len());
    None
}

/// The port that version 0 shared with GTP' (3GPP TS 32.295): the header is of 20 bytes, or of 6 where the flags say so.
pub(super) fn prime<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[flags, kind, ..] = at.header::<6>(Layer::GtpPrime, packet)?;
    let len = if flags >> 5 == 0 && flags & 1 == 0 { 20 } else { 6 };
    packet.push(Layer::GtpPrime, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::GtpPrime, at.offset);
        return None;
    }
    if kind != T_PDU {
        return None;
    }
    carried(Layer::GtpPrime, at.after(len), packet)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_t_pdu_carries_a_packet() {
        for header in [
            "30 ff 00 1c  00 00 00 07",
            "32 ff 00 20  00 00 00 07  00 01 00 00 | with a sequence number",
            "34 ff 00 28  00 00 00 07  00 00 00 85  01 10 01 00 | with one extension header",
            "36 ff 00 30  00 00 00 07  00 00 00 85  01 10 01 c0  01 00 00 00 | with two",
        ] {
            let frame = ipv4(17, &udp(2152, 2152, &[bytes(header), packet()].concat()));
            reads(IPV4, &frame, "ip:udp:gtp:ip:udp");
        }
    }

    #[test]
    fn other_messages_are_headers_alone() {
        let over = |port, header: &str| ipv4(17, &udp(2152, port, &[bytes(header), packet()].concat()));
        reads(IPV4, &over(2152, "32 01 00 04  00 00 00 00  00 01 00 00 | echo request"), "ip:udp:gtp");
        reads(IPV4, &over(2152, "6b cb 01 00  00 01 00 00 | something else"), "ip:udp");
        reads(IPV4, &over(53, "30 ff 00 1c  00 00 00 07 | on the port of DNS"), "ip:udp");
        let control = ipv4(17, &udp(2123, 2123, &bytes("48 20 00 08  00 00 00 00  00 00 01 00")));
        reads(IPV4, &control, "ip:udp:gtp");
        let zero = ipv4(17, &udp(3386, 3386, &[bytes("1e ff 00 1c"), vec![0; 16], packet()].concat()));
        reads(IPV4, &zero, "ip:udp:gtpprime:ip:udp");
    }
}
