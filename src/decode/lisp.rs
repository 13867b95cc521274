//! LISP: its data (RFC 9300) and the packets that its control messages carry (RFC 9301).

use super::walk::{At, Next, Step};
use super::{Layer, Packet};

/// Flags, nonce, instance and locator bits, then an IP packet.
pub(super) fn data<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<8>(Layer::LispData, packet)?;
    packet.push(Layer::LispData, at.offset, 8);
    let rest = at.after(8);
    // RFC 9300 §5.1
    if !matches!(rest.bytes.first(), Some(0x45..=0x4f | 0x60..=0x6f)) {
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
    if first >> 4 != 8 || secured || !matches!(rest.bytes.first(), Some(0x45..=0x4f | 0x60..=0x6f)) {
        packet.push(Layer::Lisp, at.offset, at.bytes.len());
        return None;
    }
    packet.push(Layer::Lisp, at.offset, 4);
    packet.push_tunnel(Layer::Lisp);
    Some((Next::Ip, rest))
}
