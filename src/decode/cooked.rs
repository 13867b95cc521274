//! Headers that an operating system puts before a packet in place of what was on the wire.

use super::walk::{At, Next, Step, array};
use super::{Layer, Packet, ethernet, gre};

/// ARPHRD_IPGRE and ARPHRD_IP6GRE: the protocol is that of a GRE header.
const GRE_DEVICES: [u16; 2] = [778, 823];

/// Linux cooked capture: packet type, device type, address, protocol.
pub(super) fn sll<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let header = at.header::<16>(Layer::Sll, packet)?;
    let &[_, _, h0, h1, l0, l1, .., k0, k1] = header;
    packet.push(Layer::Sll, at.offset, 16);
    source(header.get(6..14), u16::from_be_bytes([l0, l1]), packet);
    behind(Layer::Sll, u16::from_be_bytes([h0, h1]), u16::from_be_bytes([k0, k1]), at.after(16))
}

/// Linux cooked capture, version 2: protocol, interface, device type, packet type, address.
pub(super) fn sll2<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let header = at.header::<20>(Layer::Sll2, packet)?;
    let &[k0, k1, _, _, _, _, _, _, h0, h1, _, len, ..] = header;
    packet.push(Layer::Sll2, at.offset, 20);
    source(header.get(12..20), u16::from(len), packet);
    behind(Layer::Sll2, u16::from_be_bytes([h0, h1]), u16::from_be_bytes([k0, k1]), at.after(20))
}

/// The sender's address, of which up to eight bytes are kept. The receiver's is not captured.
fn source<'a>(field: Option<&'a [u8]>, len: u16, packet: &mut Packet<'a>) {
    if let Some(address) =
        field.and_then(|field| field.get(..usize::from(len))).filter(|bytes| bytes.len() >= 6)
    {
        packet.link(address, &[]);
    }
}

/// Small numbers are Linux's own: frames without an Ethernet type.
fn behind(layer: Layer, device: u16, kind: u16, rest: At<'_>) -> Step<'_> {
    let next = match kind {
        _ if GRE_DEVICES.contains(&device) => gre::by_protocol(kind),
        1 => Next::Named(Layer::Ipx, u32::from(kind)),
        3 => Next::Ethernet,
        4 => Next::Llc,
        7 | 8 => Next::Ppp,
        _ => ethernet::by_type(layer, kind),
    };
    (rest.wire > 0).then_some((next, rest))
}

/// BSD loopback: an address family in the byte order of the host that captured, which its value gives away.
pub(super) fn null<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &bytes = at.header::<4>(Layer::Null, packet)?;
    if bytes[..2] == [0xff, 0x03] {
        return Some((Next::Ppp, at));
    }
    packet.push(Layer::Null, at.offset, 4);
    let little = u32::from_le_bytes(bytes);
    let family = if little > 0xffff { u32::from_be_bytes(bytes) } else { little };
    let next = match family {
        2 => Next::Ipv4,
        // AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, and macOS.
        10 | 23 | 24 | 28 | 30 => Next::Ipv6,
        1501..=0xffff => ethernet::by_type(Layer::Null, family as u16),
        other => Next::Unknown(Layer::Null, other),
    };
    Some((next, at.after(4)))
}

/// An IP packet with nothing before it.
pub(super) fn raw<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    packet.push(Layer::Raw, at.offset, 0);
    Some((Next::Ip, at))
}

/// Linux Netfilter log: family, version, resource, then typed values, of which one is the packet.
pub(super) fn nflog<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    /// NFULA_PAYLOAD.
    const PAYLOAD: u16 = 9;
    let &[family, version, _, _] = at.header::<4>(Layer::Nflog, packet)?;
    let mut rest = at.after(4);
    while let Ok((_, &[l0, l1, k0, k1])) = array::<4>(rest.bytes) {
        // The numbers are in the byte order of the host; a length with a small low byte first is little-endian.
        let (little, big) = (u16::from_le_bytes([l0, l1]), u16::from_be_bytes([l0, l1]));
        let (len, kind) = if u32::from(little) <= rest.wire {
            (usize::from(little), u16::from_le_bytes([k0, k1]))
        } else {
            (usize::from(big), u16::from_be_bytes([k0, k1]))
        };
        if len < 4 {
            break;
        }
        if kind == PAYLOAD {
            packet.push(Layer::Nflog, at.offset, rest.offset + 4 - at.offset);
            let payload = rest.after(4);
            let payload = payload.cut(len as u32 - 4);
            let next = match family {
                2 => Next::Ipv4,
                10 => Next::Ipv6,
                7 => Next::Ethernet,
                other => Next::Unknown(Layer::Nflog, u32::from(other)),
            };
            return (version == 0 && payload.wire > 0).then_some((next, payload));
        }
        rest = rest.after(len.next_multiple_of(4));
    }
    packet.push(Layer::Nflog, at.offset, at.bytes.len());
    match rest.wire {
        0 => None,
        _ => packet.stop_behind(rest.short_of(4), rest.offset),
    }
}

/// Solaris IPNET: version, family, hook, length, interfaces and zones. Its AF_INET6 is 26.
pub(super) fn ipnet<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, family, ..] = at.header::<24>(Layer::Ipnet, packet)?;
    packet.push(Layer::Ipnet, at.offset, 24);
    let next = match family {
        2 => Next::Ipv4,
        26 => Next::Ipv6,
        other => Next::Unknown(Layer::Ipnet, u32::from(other)),
    };
    Some((next, at.after(24)))
}

/// IP over InfiniBand: a global routing header, then the type of RFC 4391 §6.
pub(super) fn ipoib<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[.., k0, k1, _, _] = at.header::<44>(Layer::Ipoib, packet)?;
    packet.push(Layer::Ipoib, at.offset, 44);
    Some((ethernet::by_type(Layer::Ipoib, u16::from_be_bytes([k0, k1])), at.after(44)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn linux_cooked_captures() {
        let first = "
            00 00  00 01  00 06             | to us, Ethernet device, address of 6 bytes
            02 00 00 00 00 01 00 00  08 00  | address, IPv4";
        carries(113, first, "sll:ethertype");
        let second = "
            08 00  00 00  00 00 00 02       | IPv4, reserved, interface 2
            00 01  00  06                   | Ethernet device, to us, address of 6 bytes
            02 00 00 00 00 01 00 00         | address";
        carries(276, second, "sll:ethertype");
        let frame = [bytes(first), packet()].concat();
        assert_eq!(decoded(113, &frame).link, Some((&[2, 0, 0, 0, 0, 1][..], &[][..])));
        let gre = "00 04  03 0a  00 00  00 00 00 00 00 00 00 00  88 0b | GRE device: PPP\n 00 21";
        assert_eq!(protocols(&decoded(113, &[bytes(gre), packet()].concat())), "sll:ethertype:ppp:ip:udp");
    }

    #[test]
    fn an_address_family_is_in_either_byte_order() {
        for family in ["02 00 00 00", "00 00 00 02", "00 00 08 00"] {
            carries(0, family, "null");
        }
        for family in [10, 23, 24, 28, 30] {
            reads(108, &[&[0, 0, 0, family][..], &ipv6(17, &udp(1, 2, &[]))].concat(), "null:ipv6:udp");
        }
        reads(0, &bytes("07 00 00 00 01 02"), "null");
    }

    #[test]
    fn raw_packets_tell_their_version() {
        for linktype in [12, 14, 101] {
            reads(linktype, &packet(), "raw:ip:udp");
            reads(linktype, &ipv6(17, &udp(1, 2, &[])), "raw:ipv6:udp");
            reads(linktype, &[0x20; 40], "raw");
        }
        reads(IPV4, &packet(), "ip:udp");
        reads(IPV6, &ipv6(17, &udp(1, 2, &[])), "ipv6:udp");
    }

    #[test]
    fn packets_of_other_systems() {
        let nflog = "
            02 00 00 00             | IPv4, version, resource
            08 00 01 00 08 00 01 00 | packet header, of 8 bytes
            05 00 0a 00 61 00 00 00 | prefix, of 5 bytes and 3 of padding
            20 00 09 00             | payload";
        carries(239, nflog, "nflog");
        let ipnet = "01 02 00 00  00 00 00 1c  00 00 00 01  00 00 00 00  00 00 00 00  00 00 00 00";
        carries(226, ipnet, "ipnet");
        carries(242, &format!("{} 08 00  00 00", "00 ".repeat(40)), "ipoib");
        reads(239, &bytes("02 00 00 00  02 00 01 00 | a length of 2"), "nflog");
    }
}
