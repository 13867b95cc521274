//! ICMP (RFC 792), ICMPv6 (RFC 4443) with the packets that they quote, IGMP, and PIM with the packets that it carries.

use super::walk::{At, Next, Step};
use super::{IcmpError, Layer, Packet, Transport};

/// An ICMP message. Destination unreachable, source quench, redirect, time exceeded and parameter problem quote the packet
/// that they are about. RFC 1122 §3.2.2
pub(super) fn icmp<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[kind, code, _, _] = at.header::<4>(Layer::Icmp, packet)?;
    let quote = message(Layer::Icmp, kind, code, at, packet);
    if !matches!(kind, 3 | 4 | 5 | 11 | 12) || packet.is_quoting() {
        return None;
    }
    // RFC 4884 §4.1: the length of the quotation in units of 4 bytes; 0 where nothing follows it.
    let words = if kind == 5 { 0 } else { at.bytes.get(5).copied().unwrap_or(0) };
    packet.quote(IcmpError { v6: false, kind, code });
    quotation(Next::Ip, quote, usize::from(words) * 4)
}

/// An ICMPv6 message. The errors quote the packet that they are about; a redirect does so in an option.
pub(super) fn icmpv6<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[kind, code, _, _] = at.header::<4>(Layer::Icmpv6, packet)?;
    let quote = message(Layer::Icmpv6, kind, code, at, packet);
    let error = IcmpError { v6: true, kind, code };
    match kind {
        _ if packet.is_quoting() => None,
        1..=4 => {
            // RFC 4884 §4.4: units of 8 bytes.
            let words = if matches!(kind, 1 | 3) { at.bytes.get(4).copied().unwrap_or(0) } else { 0 };
            packet.quote(error);
            quotation(Next::Ip, quote, usize::from(words) * 8)
        }
        137 => {
            let redirected = redirected_header(at)?;
            packet.quote(error);
            quotation(Next::Ip, redirected, 0)
        }
        _ => None,
    }
}

/// Notes a message, and gives what follows its eight bytes.
fn message<'a>(layer: Layer, kind: u8, code: u8, at: At<'a>, packet: &mut Packet<'a>) -> At<'a> {
    packet.push(layer, at.offset, at.bytes.len().min(8));
    let rest = at.after(8.min(at.bytes.len()));
    packet.enter_transport(Transport::Icmp { kind, code }, rest);
    rest
}

fn quotation(next: Next, quote: At<'_>, len: usize) -> Step<'_> {
    let quote = if len > 0 { quote.cut(len as u32) } else { quote };
    (!quote.bytes.is_empty()).then_some((next, quote))
}

/// RFC 4861 §4.6.3: the option of type 4 holds the packet behind eight bytes of its own; options begin behind the two addresses.
fn redirected_header(message: At<'_>) -> Option<At<'_>> {
    let mut at = message.after(40);
    loop {
        let (&[kind, words], _) = at.bytes.split_first_chunk::<2>()?;
        let len = usize::from(words) * 8;
        match kind {
            _ if len == 0 => return None,
            4 => return Some(at.cut(len as u32).after(8)),
            _ => at = at.after(len),
        }
    }
}

/// IGMP, whatever its version. RFC 3376 §4
pub(super) fn igmp<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<8>(Layer::Igmp, packet)?;
    packet.push(Layer::Igmp, at.offset, at.bytes.len());
    None
}

/// PIM. A register message carries a multicast packet to the rendezvous point. RFC 7761 §4.9.3
pub(super) fn pim<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[first, ..] = at.header::<4>(Layer::Pim, packet)?;
    if first != 0x21 || at.bytes.len() <= 8 {
        packet.push(Layer::Pim, at.offset, at.bytes.len());
        return None;
    }
    packet.push(Layer::Pim, at.offset, 8);
    let register = at.after(8);
    // A null register holds at most a header of its own kind, and no IP packet need follow.
    if !matches!(register.bytes.first(), Some(0x45..=0x4f | 0x60..=0x6f)) {
        return None;
    }
    packet.push_tunnel(Layer::Pim);
    Some((Next::Ip, register))
}
