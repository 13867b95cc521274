//! LISP: its data (RFC 9300) and the packets that its control messages carry (RFC 9301).

use super::walk::{At, Next, Step};
use super::{Layer, Packet};

/// Flags, nonce, instance and locator bits, then an IP packet.
pub(super) fn data<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<8>(Layer::LispData, packet)?;
    packet.push(Layer::LispData, at.offset, 8);
    let rest = at.after(8);
    // RFC 9300 §5.1
    if !matches!(rest.first(packet)?, 0x45..=0x4f | 0x60..=0x6f) {
        return None;
    }
    packet.push_tunnel(Layer::LispData);
    Some((Next::Ip, rest))
}

/// RFC 9301 §5.8: a message of type 8 holds an IP packet, in which there is another control message.
pub(super) fn control<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[first, ..] = at.header::<4>(Layer::Lisp, packet)?;
    let rest = at.after(4);
    let secured = first & 0x08 != 0;
    if first >> 4 != 8 || secured {
        packet.push(Layer::Lisp, at.offset, at.bytes.len());
        return None;
    }
    packet.push(Layer::Lisp, at.offset, 4);
    if !matches!(rest.first(packet)?, 0x45..=0x4f | 0x60..=0x6f) {
        return None;
    }
    packet.push_tunnel(Layer::Lisp);
    Some((Next::Ip, rest))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn data_and_encapsulated_control_carry_packets() {
        let over = |port, header: &str| ipv4(17, &udp(40_000, port, &[bytes(header), packet()].concat()));
        reads(IPV4, &over(4341, "88 00 00 01  00 00 00 01"), "ip:udp:lisp-data:ip:udp");
        reads(IPV4, &over(4342, "80 00 00 00"), "ip:udp:lisp:ip:udp");
        reads(IPV4, &over(4342, "10 00 00 01  00 00 00 00 00 00 00 07"), "ip:udp:lisp");
    }
}
