//! Local networks before Ethernet: FDDI, token ring, ARCNET.

use super::walk::{At, Next, Step};
use super::{Layer, Packet};

/// Frame control, destination, source; LLC behind them where the control says so (RFC 1390).
pub(super) fn fddi<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let header = at.header::<13>(Layer::Fddi, packet)?;
    let &[control, ref addresses @ ..] = header;
    let (destination, source) = addresses.split_at(6);
    packet.push(Layer::Fddi, at.offset, 13);
    packet.link(source, destination);
    (control & 0xf0 == 0x50).then_some((Next::Llc, at.after(13)))
}

/// Access control, frame control, destination, source, and the route where the source's first bit is set. IEEE 802.5
pub(super) fn token_ring<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let header = at.header::<14>(Layer::TokenRing, packet)?;
    let &[_, control, ref addresses @ ..] = header;
    let (destination, source) = addresses.split_at(6);
    let routed = source.first().is_some_and(|first| first & 0x80 != 0);
    let route = match at.bytes.get(14) {
        Some(first) if routed => usize::from(first & 0x1f),
        _ => usize::from(routed),
    };
    let len = 14 + route;
    packet.push(Layer::TokenRing, at.offset, len.min(at.bytes.len()));
    packet.link(source, destination);
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::TokenRing, at.offset);
        return None;
    }
    let rest = at.after(len);
    (control & 0xc0 == 0x40 && rest.wire > 0).then_some((Next::Llc, rest))
}

/// Source, destination and protocol, as BSD captures them.
pub(super) fn arcnet<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, _, protocol] = at.header::<3>(Layer::Arcnet, packet)?;
    arcnet_payload(protocol, 3, at, packet)
}

/// Linux leaves the two bytes of offset before the protocol, and puts fragments together.
pub(super) fn arcnet_linux<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, _, _, _, protocol] = at.header::<5>(Layer::Arcnet, packet)?;
    arcnet_payload(protocol, 5, at, packet)
}

/// The protocols of RFC 1201 have a flag and a sequence number of their own, and perhaps an exception of four bytes before them.
fn arcnet_payload<'a>(protocol: u8, len: usize, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let (next, framed) = match protocol {
        0xd4 => (Next::Ipv4, true),
        0xd5 => (Next::Arp, true),
        0xd6 => (Next::Arp, true),
        0xc4 => (Next::Ipv6, true),
        0xf0 => (Next::Ipv4, false),
        0xf1 => (Next::Arp, false),
        other => (Next::Unknown(Layer::Arcnet, u32::from(other)), false),
    };
    let frame = match at.bytes.get(len) {
        _ if !framed => 0,
        Some(0xff) => 7,
        _ => 3,
    };
    packet.push(Layer::Arcnet, at.offset, (len + frame).min(at.bytes.len()));
    if at.bytes.len() < len + frame {
        packet.stop(at.short_of(len + frame), Layer::Arcnet, at.offset);
        return None;
    }
    let rest = at.after(len + frame);
    (rest.wire > 0).then_some((next, rest))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn local_networks_carry_packets() {
        let addresses = "02 00 00 00 00 02  02 00 00 00 00 01";
        let routed = "02 00 00 00 00 02  82 00 00 00 00 01  06 30 00 11 00 20";
        let snap = "aa aa 03 00 00 00 08 00";
        for (linktype, header, expected) in [
            (10, format!("50 {addresses} {snap}"), "fddi:llc"),
            (6, format!("10 40 {addresses} {snap}"), "tr:llc"),
            (6, format!("10 40 {routed} {snap}"), "tr:llc"),
            (7, "01 02 d4  00 00 07 | RFC 1201: flag, sequence".into(), "arcnet"),
            (7, "01 02 f0 | RFC 1051".into(), "arcnet"),
            (129, "01 02 00 f4 d4  00 00 07 | with the offset that Linux leaves".into(), "arcnet"),
            (129, "01 02 00 f4 d4  ff 00 00 00 00 00 07 | an exception before the flag".into(), "arcnet"),
        ] {
            carries(linktype, &header, expected);
        }
        reads(10, &bytes(&format!("41 {addresses} 00 00")), "fddi");
        reads(
            129,
            &bytes("01 02 00 f4 d5  00 00 07  00 07 08 00 01 04 00 01 01 0a 00 00 01 02 0a 00 00 02"),
            "arcnet:arp",
        );
    }
}
