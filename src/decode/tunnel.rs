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
#[inline]
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
        [0xff] if at.wire == 1 => packet.push(Layer::Udpencap, at.offset, 1),
        [0, 0, 0, 0, ..] => packet.push(Layer::Udpencap, at.offset, 4),
        _ => {
            at.header::<4>(Layer::Udpencap, packet)?;
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

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    const SNAP: &str = "aa aa 03 00 00 00 08 00";
    const ADDRESSES: &str = "02 00 00 00 00 0a  02 00 00 00 00 0b  02 00 00 00 00 0c  10 00";

    fn over(port: u16, header: &str) -> Vec<u8> {
        ipv4(17, &udp(40_000, port, &[bytes(header), packet()].concat()))
    }

    #[test]
    fn ipsec_over_udp() {
        reads(IPV4, &over(4500, "00 00 00 07  00 00 00 01"), "ip:udp:udpencap:esp");
        reads(IPV4, &over(4500, "00 00 00 00  00 00 00 01"), "ip:udp:udpencap");
        reads(IPV4, &ipv4(17, &udp(4500, 4500, &[0xff])), "ip:udp:udpencap");
    }

    #[test]
    fn access_points_send_their_frames_to_a_controller() {
        // 802.11 with the two bytes of frame control swapped
        let wlan = format!("01 08 00 00 {ADDRESSES} {SNAP}");
        reads(
            IPV4,
            &over(5247, &format!("00  10 03 00  00 00 00 00 {wlan}")),
            "ip:udp:capwap:wlan:llc:ip:udp",
        );
        let ethernet = "00  10 02 00  00 00 00 00  02 00 00 00 00 02 02 00 00 00 00 01 08 00";
        reads(IPV4, &over(5247, ethernet), "ip:udp:capwap:eth:ethertype:ip:udp");
        reads(IPV4, &over(5247, "01  00 00 00 | DTLS"), "ip:udp:capwap");
        reads(IPV4, &over(5247, "00  10 03 08  00 00 00 00 | keep-alive"), "ip:udp:capwap");
        reads(IPV4, &over(12_222, &format!("00 00 00 3c 00 00 {wlan}")), "ip:udp:lwapp:wlan:llc:ip:udp");
        reads(
            IPV4,
            &over(12_223, "02 00 00 00 00 09  04 00 00 08 00 00 | control, behind an address"),
            "ip:udp:lwapp",
        );
    }

    #[test]
    fn the_lower_port_is_asked_first() {
        for (low, opened) in [(53, false), (443, false), (1024, true), (0, true)] {
            let frame = ipv4(
                17,
                &udp(low, 4789, &[&[8, 0, 0, 0, 0, 0, 0, 0][..], &ethernet(0x0800, &packet())].concat()),
            );
            assert_eq!(protocols(&decoded(IPV4, &frame)).contains("vxlan"), opened, "{low}");
        }
        reads(IPV4, &over(6635, "00 01 11 40"), "ip:udp:mpls:ip:udp");
        reads(IPV4, &over(4754, "00 00 08 00"), "ip:udp:gre:ip:udp");
    }
}
