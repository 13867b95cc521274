//! L2TP, versions 2 (RFC 2661) and 3 (RFC 3931).

use super::walk::{At, Next, Step};
use super::{Layer, Packet, StopReason};

/// RFC 2661 §3.1: the bits of the first two bytes.
const CONTROL: u16 = 0x8000;
const LENGTH: u16 = 0x4000;
const SEQUENCE: u16 = 0x0800;
const OFFSET: u16 = 0x0200;

/// In UDP: flags and version; the fields that the flags announce; in version 2 PPP behind a data header.
pub(super) fn over_udp<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[f0, f1] = at.header::<2>(Layer::L2tp, packet)?;
    let flags = u16::from_be_bytes([f0, f1]);
    if flags & CONTROL != 0 {
        return control(at, packet);
    }
    match flags & 0xf {
        2 => data_v2(flags, at, packet),
        3 => session(8, at, packet),
        other => {
            packet.stop(StopReason::Unsupported(u32::from(other)), Layer::L2tp, at.offset);
            None
        }
    }
}

/// Directly in IP, a session identifier of 0 means a control message. RFC 3931 §4.1.1
pub(super) fn over_ip<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    match at.header::<4>(Layer::L2tp, packet)? {
        [0, 0, 0, 0] => control(at, packet),
        _ => session(4, at, packet),
    }
}

/// Control messages are read no further.
fn control<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    packet.push(Layer::L2tp, at.offset, at.bytes.len());
    None
}

fn data_v2<'a>(flags: u16, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let mut len = 6;
    let mut rest = at;
    if flags & LENGTH != 0 {
        len += 2;
        if let Some(&[l0, l1]) = at.bytes.get(2..4) {
            rest = rest.cut(u32::from(u16::from_be_bytes([l0, l1])));
        }
    }
    if flags & SEQUENCE != 0 {
        len += 4;
    }
    if flags & OFFSET != 0 {
        let padding = at.bytes.get(len..len + 2).and_then(|field| <[u8; 2]>::try_from(field).ok());
        len += 2 + padding.map_or(0, |field| usize::from(u16::from_be_bytes(field)));
    }
    packet.push(Layer::L2tp, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::L2tp, at.offset);
        return None;
    }
    let rest = rest.after(len);
    if rest.wire == 0 {
        return None;
    }
    packet.push_tunnel(Layer::L2tp);
    Some((Next::Ppp, rest))
}

/// Version 3: how long the cookie is and what the session carries was said when it was set up, not here. RFC 3931 §4.1
fn session<'a>(len: usize, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    packet.push(Layer::L2tp, at.offset, len.min(at.bytes.len()));
    packet.stop(StopReason::Unsupported(3), Layer::L2tp, at.offset + len);
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn data_of_version_2_is_ppp() {
        for header in [
            "00 02  00 07 00 08  ff 03 00 21 | tunnel 7, session 8",
            "40 02  00 28  00 07 00 08  ff 03 00 21 | with its length",
            "08 02  00 07 00 08  00 01 00 02  ff 03 00 21 | with sequence numbers",
            "02 02  00 07 00 08  00 02 ee ee  ff 03 00 21 | with two bytes of offset",
        ] {
            let frame = ipv4(17, &udp(1701, 1701, &[bytes(header), packet()].concat()));
            reads(IPV4, &frame, "ip:udp:l2tp:ppp:ip:udp");
        }
    }

    #[test]
    fn control_messages_and_sessions_of_version_3_are_not_opened() {
        let over = |bytes: &[u8]| ipv4(17, &udp(1701, 1701, bytes));
        reads(IPV4, &over(&bytes("c8 02  00 0c  00 07 00 00  00 01 00 02")), "ip:udp:l2tp");
        reads(IPV4, &over(&bytes("00 03  00 00  00 00 00 07  01 02")), "ip:udp:l2tp");
        reads(IPV4, &over(&bytes("00 04  00 00")), "ip:udp");
        reads(IPV4, &ipv4(115, &bytes("00 00 00 07  01 02 03")), "ip:l2tp");
        reads(IPV4, &ipv4(115, &bytes("00 00 00 00  c8 03 00 0c")), "ip:l2tp");
    }
}
