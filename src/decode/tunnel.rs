//! Tunnels over UDP: which ports are theirs, and the smaller ones.

use super::walk::{At, Next, Step};
use super::{Layer, Packet, StopReason, extension};

/// What stands in a UDP payload, if one of its ports belongs to a tunnel. The lower port is asked first.
#[inline]
pub(super) fn behind(source: u16, destination: u16, payload: At<'_>) -> Step<'_> {
    let (low, high) = (source.min(destination), source.max(destination));
    let next = match (by_port(low), by_port(high)) {
        (Some(next), _) => next,
        (None, Some(next)) if !is_taken(low) => next,
        _ => return None,
    };
    let next = match next {
        Next::Lwapp { .. } => Next::Lwapp { identified: destination == 12223 },
        next => next,
    };
    (payload.wire > 0).then_some((next, payload))
}

/// Whether a port belongs to a protocol that answers clients on any port, so that theirs says nothing.
fn is_taken(port: u16) -> bool {
    matches!(
        port,
        53 | 67
            ..=69
                | 88
                | 111
                | 123
                | 137
                | 138
                | 161
                | 162
                | 389
                | 443
                | 464
                | 500
                | 514
                | 520
                | 521
                | 546
                | 547
                | 853
                | 1194
                | 1812
                | 1813
                | 1900
                | 2049
                | 3478
    )
}

/// The ports of IANA's registry.
#[inline]
fn by_port(port: u16) -> Option<Next> {
    Some(match port {
        1701 => Next::L2tpUdp,
        2123 => Next::GtpControl,
        2152 => Next::GtpUser,
        3386 => Next::GtpPrime,
        3544 => Next::Teredo,
        4341 => Next::LispData,
        4342 => Next::LispControl,
        4500 => Next::UdpEncap,
        4754 => Next::Gre,
        4789 => Next::Vxlan,
        4790 => Next::VxlanGpe,
        5072 => Next::Ayiya,
        5247 => Next::Capwap,
        6081 => Next::Geneve,
        6635 => Next::Mpls,
        // The second is for control; what comes from access points there tells theirs.
        12222 | 12223 => Next::Lwapp { identified: false },
        _ => return None,
    })
}

/// RFC 3948 §2: a byte that keeps the mapping alive, four zeros before a key exchange, else ESP.
pub(super) fn udp_encap<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    match at.bytes {
        [0xff] => packet.push(Layer::Udpencap, at.offset, 1),
        [0, 0, 0, 0, ..] => packet.push(Layer::Udpencap, at.offset, 4),
        _ => {
            packet.push(Layer::Udpencap, at.offset, 0);
            packet.push_tunnel(Layer::Udpencap);
            return extension::encrypted(at, packet);
        }
    }
    None
}

/// RFC 5415 §4.3: preamble, length of the header in units of four bytes, flags; then an 802.11 or 802.3 frame.
pub(super) fn capwap<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[preamble, h0, h1, flags, ..] = at.header::<8>(Layer::Capwap, packet)?;
    // The rest is encrypted by DTLS.
    if preamble & 0x0f != 0 {
        packet.push(Layer::Capwap, at.offset, 4);
        packet.stop(StopReason::Unsupported(u32::from(preamble)), Layer::Capwap, at.offset + 4);
        return None;
    }
    let len = usize::from(h0 >> 3) * 4;
    let (native, fragment, keep_alive) = (h1 & 1 != 0, flags & 0x80 != 0, flags & 0x08 != 0);
    packet.push(Layer::Capwap, at.offset, len.clamp(8, at.bytes.len()));
    if len < 8 || at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Capwap, at.offset);
        return None;
    }
    let rest = at.after(len);
    if keep_alive || rest.wire == 0 {
        return None;
    }
    if fragment {
        packet.stop(StopReason::Unsupported(5247), Layer::Capwap, rest.offset);
        return None;
    }
    packet.push_tunnel(Layer::Capwap);
    Some((if native { Next::WlanSwapped } else { Next::Ethernet }, rest))
}

/// RFC 5412 §4.2: flags, fragment, length, signal; C says that what follows is control, else it is an 802.11 frame. An access
/// point that is `identified` has put its address before that.
pub(super) fn lwapp<'a>(identified: bool, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let at = if identified { at.after(6) } else { at };
    let &[flags, ..] = at.header::<6>(Layer::Lwapp, packet)?;
    packet.push(Layer::Lwapp, at.offset, 6);
    if flags & 0x04 != 0 {
        return None;
    }
    packet.push_tunnel(Layer::Lwapp);
    let rest = at.after(6);
    (rest.wire > 0).then_some((Next::WlanSwapped, rest))
}
