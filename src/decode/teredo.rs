//! IPv6 over UDP: Teredo (RFC 4380) and AYIYA (draft-massar-v6ops-ayiya).

use super::walk::{At, Next, Step, array};
use super::{Layer, Packet};

/// RFC 4380 §5.1.1: perhaps an authentication and an origin indication, then an IPv6 packet.
pub(super) fn teredo<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let mut len = 0;
    if let Ok((_, &[0, 1, client, value])) = array::<4>(at.bytes) {
        len += 13 + usize::from(client) + usize::from(value);
    }
    if let Some([0, 0]) = at.bytes.get(len..len + 2) {
        len += 8;
    }
    packet.push(Layer::Teredo, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Teredo, at.offset);
        return None;
    }
    let rest = at.after(len);
    (rest.first(packet)? >> 4 == 6).then(|| {
        packet.push_tunnel(Layer::Teredo);
        (Next::Ipv6, rest)
    })
}

/// Lengths of identity and signature, operation, next protocol and time, then the packet where the operation is to forward it.
pub(super) fn ayiya<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[identity, signature, operation, next, ..] = at.header::<8>(Layer::Ayiya, packet)?;
    let len = 8 + (1 << (identity >> 4)) + usize::from(signature >> 4) * 4;
    packet.push(Layer::Ayiya, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Ayiya, at.offset);
        return None;
    }
    let rest = at.after(len);
    if operation & 0x0f != 1 || rest.wire == 0 {
        return None;
    }
    packet.push_tunnel(Layer::Ayiya);
    let next = match next {
        4 => Next::Ipv4,
        41 => Next::Ipv6,
        59 => return None,
        other => Next::Unknown(Layer::Ayiya, u32::from(other)),
    };
    Some((next, rest))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn indications_stand_before_the_packet() {
        let six = ipv6(17, &udp(1, 2, &[]));
        for header in [
            "",
            "00 00  ef ff  f5 ff ff fe | origin",
            "00 01  00 00  00 00 00 00 00 00 00 00  00 | authentication",
            "00 01  01 02  aa bb cc  00 00 00 00 00 00 00 00  00  00 00  ef ff  f5 ff ff fe | both",
        ] {
            let frame = ipv4(17, &udp(3544, 40_000, &[bytes(header), six.clone()].concat()));
            assert_eq!(protocols(&decoded(IPV4, &frame)), "ip:udp:teredo:ipv6:udp", "{header}");
        }
        reads(IPV4, &ipv4(17, &udp(3544, 40_000, &[0x50; 60])), "ip:udp:teredo");
    }

    #[test]
    fn ayiya_forwards_a_packet() {
        let header = format!("42 52 11 29  00 00 00 07  {} {}", "01 ".repeat(16), "02 ".repeat(20));
        let frame = ipv4(17, &udp(40_000, 5072, &[bytes(&header), ipv6(17, &udp(1, 2, &[]))].concat()));
        reads(IPV4, &frame, "ip:udp:ayiya:ipv6:udp");
        let idle = ipv4(17, &udp(40_000, 5072, &bytes(&header.replacen("11 29", "10 3b", 1))));
        reads(IPV4, &idle, "ip:udp:ayiya");
    }
}
