//! What stands above IP, by its protocol number, and the headers that extend IP itself: those of RFC 8200 §4, AH and ESP.

use super::walk::{At, Next, Step};
use super::{Fragment, Layer, Packet, StopReason};
use super::{dccp, icmp, sctp, udp};

/// Whatever has this IP protocol number.
pub(super) fn protocol<'a>(number: u8, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let layer = match number {
        0 => return options(Layer::HopByHop, at, packet),
        43 => return options(Layer::Routing, at, packet),
        60 => return options(Layer::DestinationOptions, at, packet),
        44 => return fragment(at, packet),
        51 => return authentication(at, packet),
        50 => return encrypted(at, packet),
        135 => return options(Layer::Mobility, at, packet),
        139 => return options(Layer::Hip, at, packet),
        140 => return options(Layer::Shim6, at, packet),
        // RFC 8200 §4.7: nothing follows.
        59 => return None,
        1 => return icmp::icmp(at, packet),
        2 => return icmp::igmp(at, packet),
        58 => return icmp::icmpv6(at, packet),
        4 => return inner(Next::Ipv4, at, packet),
        41 => return inner(Next::Ipv6, at, packet),
        33 => return dccp::dccp(at, packet),
        132 => return sctp::sctp(at, packet),
        136 => return udp::udp_lite(at, packet),
        47 => return Some((Next::Gre, at)),
        115 => return Some((Next::L2tpIp, at)),
        137 => return Some((Next::Mpls, at)),
        143 => return Some((Next::Ethernet, at)),
        97 => return ether_ip(at, packet),
        103 => return icmp::pim(at, packet),
        46 => Layer::Rsvp,
        54 => Layer::Nhrp,
        88 => Layer::Eigrp,
        89 => Layer::Ospf,
        108 => Layer::Ipcomp,
        112 => Layer::Vrrp,
        113 => Layer::Pgm,
        other => return packet.stop_behind(StopReason::Unsupported(u32::from(other)), at.offset),
    };
    Some((Next::Named(layer, u32::from(number)), at))
}

/// An IP packet directly in an IP packet: the outer header is the tunnel. RFC 2003, RFC 4213 §3, RFC 2473
fn inner<'a>(next: Next, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let outer = packet.layers.iter().rev().find(|at| matches!(at.layer, Layer::Ipv4 | Layer::Ipv6));
    if let Some(outer) = outer.map(|at| at.layer) {
        packet.push_tunnel(outer);
    }
    Some((next, at))
}

/// A header that begins with the next protocol and its own length in units of 8 bytes, the first not counted. RFC 6564
fn options<'a>(layer: Layer, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[next, len] = at.header::<2>(layer, packet)?;
    extension(layer, next, (usize::from(len) + 1) * 8, at, packet)
}

/// RFC 4302 §2: the length is in units of 4 bytes, less 2.
fn authentication<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[next, len] = at.header::<2>(Layer::Ah, packet)?;
    extension(Layer::Ah, next, (usize::from(len) + 2) * 4, at, packet)
}

fn extension<'a>(layer: Layer, next: u8, len: usize, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    if !packet.takes_extension() {
        packet.stop(StopReason::TooManyExtensions, layer, at.offset);
        return None;
    }
    packet.push(layer, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), layer, at.offset);
        return None;
    }
    packet.extend_network(next, len);
    let rest = at.after(len);
    (rest.wire > 0).then_some((Next::Protocol(next), rest))
}

/// RFC 8200 §4.5. A fragment that is the whole datagram (RFC 6946) is read like any other packet.
fn fragment<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[next, _, o0, o1, i0, i1, i2, i3] = at.header::<8>(Layer::FragmentHeader, packet)?;
    packet.push(Layer::FragmentHeader, at.offset, 8);
    packet.extend_network(next, 8);
    let (bits, rest) = (u16::from_be_bytes([o0, o1]), at.after(8));
    if bits & 0xfff9 != 0 {
        packet.enter_fragment(Fragment {
            protocol: next,
            id: u32::from_be_bytes([i0, i1, i2, i3]),
            offset: u32::from(bits & 0xfff8),
            more: bits & 1 != 0,
            bytes: rest.bytes,
            len: rest.wire,
        });
        if !packet.is_quoting() || bits & 0xfff8 != 0 {
            return None;
        }
    }
    (rest.wire > 0).then_some((Next::Protocol(next), rest))
}

/// RFC 4303 §2: what follows the sequence number is encrypted.
pub(super) fn encrypted<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<8>(Layer::Esp, packet)?;
    packet.push(Layer::Esp, at.offset, 8);
    None
}

/// RFC 3378 §3: version 3 in the first four bits.
fn ether_ip<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[first, _] = at.header::<2>(Layer::EtherIp, packet)?;
    if first >> 4 != 3 {
        packet.stop(StopReason::Malformed, Layer::EtherIp, at.offset);
        return None;
    }
    packet.push(Layer::EtherIp, at.offset, 2);
    packet.push_tunnel(Layer::EtherIp);
    Some((Next::Ethernet, at.after(2)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Layer, Limits, StopReason, Transport};

    #[test]
    fn headers_chain_in_any_order() {
        // Each: next header, length, and what is left of 8 bytes.
        let chain = bytes(
            "2b 00 01 04 00 00 00 00 | hop-by-hop: routing follows
             3c 00 00 00 00 00 00 00 | routing: destination options follow
             33 00 01 04 00 00 00 00 | destination options: AH follows
             87 04 00 00  00 00 00 07  00 00 00 01  00 00 00 00 00 00 00 00 00 00 00 00 | AH of 24 bytes
             11 00 00 00 00 00 00 00 | mobility: UDP follows",
        );
        let frame = ipv6(0, &[chain, udp(1, 2, &[])].concat());
        reads(IPV6, &frame, "ipv6:ipv6.hopopts:ipv6.routing:ipv6.dstopts:ah:mipv6:udp");
        let network = decoded(IPV6, &frame).network.unwrap();
        assert_eq!((network.protocol, network.header_len), (17, 40 + 4 * 8 + 24));
        reads(IPV6, &ipv6(59, &[1, 2, 3]), "ipv6");
    }

    #[test]
    fn a_fragment_header_around_the_whole_datagram_hides_nothing() {
        let whole =
            [bytes("11 00 00 00  00 00 00 07 | UDP, offset 0, the last, identification 7"), udp(1, 2, &[])]
                .concat();
        reads(IPV6, &ipv6(44, &whole), "ipv6:ipv6.fraghdr:udp");
        let first = [bytes("11 00 00 01  00 00 00 07"), udp(1, 2, &[])].concat();
        let frame = ipv6(44, &first);
        let packet = decoded(IPV6, &frame);
        assert!(matches!(packet.transport, Transport::None));
        let fragment = packet.fragment.unwrap();
        assert_eq!((fragment.id, fragment.offset, fragment.more, fragment.protocol), (7, 0, true, 17));
        let second = ipv6(44, &bytes("11 00 05 a8  00 00 00 07  ff"));
        assert_eq!(decoded(IPV6, &second).fragment.unwrap().offset, 1448);
    }

    #[test]
    fn packets_in_packets() {
        let six = ipv6(17, &udp(1, 2, &[]));
        for (frame, expected) in [
            (ipv4(4, &packet()), "ip:ip:udp"),
            (ipv4(41, &six), "ip:ipv6:udp"),
            (
                ipv4(97, &[&[0x30, 0][..], &ethernet(0x0800, &packet())].concat()),
                "ip:etherip:eth:ethertype:ip:udp",
            ),
            (ipv4(143, &ethernet(0x0800, &packet())), "ip:eth:ethertype:ip:udp"),
            (ipv4(137, &[&[0, 1, 1, 64][..], &packet()].concat()), "ip:mpls:ip:udp"),
        ] {
            reads(IPV4, &frame, expected);
        }
        reads(IPV6, &ipv6(41, &six), "ipv6:ipv6:udp");
        let frame = ipv6(4, &packet());
        let packet = decoded(IPV6, &frame);
        assert_eq!(packet.tunnels.as_slice(), [Layer::Ipv6]);
        assert_eq!(packet.network.unwrap().source.to_string(), "10.0.0.1");
    }

    #[test]
    fn a_transport_around_a_tunnel_is_kept_for_the_numbering_of_streams() {
        let inner = ipv4(17, &udp(1, 2, &[]));
        let vxlan = [bytes("08 00 00 00 00 00 07 00"), ethernet(0x0800, &inner)].concat();
        let frame = ipv6(17, &udp(40_000, 4789, &vxlan));
        let packet = decoded(IPV6, &frame);
        assert_eq!(packet.ports(), Some((1, 2)));
        let [outer] = packet.headers.as_slice() else { panic!("{:?}", packet.headers) };
        assert_eq!((outer.source_port, outer.destination_port, outer.quoted), (40_000, 4789, false));
        assert!(outer.source.is_v6());
    }

    #[test]
    fn nesting_without_end_is_bounded() {
        let mut frame = ipv4(17, &udp(1, 2, &[]));
        for _ in 0..200 {
            frame = ipv4(4, &frame);
        }
        let packet = decoded(IPV4, &frame);
        assert_eq!(packet.stop.unwrap().reason, StopReason::TooManyTunnels);
        assert_eq!(packet.tunnels.len(), Limits::default().tunnels);
        let tags = ethernet(0x8100, &[0, 7, 0x81, 0].repeat(300));
        assert_eq!(decoded(ETHERNET, &tags).stop.unwrap().reason, StopReason::TooDeep);
        let options = ipv6(0, &[0; 4000]);
        assert_eq!(decoded(IPV6, &options).stop.unwrap().reason, StopReason::TooManyExtensions);
    }

    #[test]
    fn what_esp_hides_stays_hidden() {
        reads(IPV4, &ipv4(50, &[1, 2, 3, 4, 0, 0, 0, 1, 9, 9, 9]), "ip:esp");
    }
}
