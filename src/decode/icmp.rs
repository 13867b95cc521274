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
    quotation(IcmpError { v6: false, kind, code }, quote, usize::from(words) * 4, packet)
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
            quotation(error, quote, usize::from(words) * 8, packet)
        }
        137 => {
            let redirected = redirected_header(at, packet)?;
            quotation(error, redirected, 0, packet)
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

/// The quoted packet, of which `len` bytes are there if that is not 0.
fn quotation<'a>(error: IcmpError, quote: At<'a>, len: usize, packet: &mut Packet<'a>) -> Step<'a> {
    quote.first(packet)?;
    packet.quote(error);
    Some((Next::Ip, if len > 0 { quote.cut(len as u32) } else { quote }))
}

/// RFC 4861 §4.6.3: the option of type 4 holds the packet behind eight bytes of its own; options begin behind the two addresses.
fn redirected_header<'a>(message: At<'a>, packet: &mut Packet<'a>) -> Option<At<'a>> {
    let mut at = message.after(40);
    while at.wire > 0 {
        let Some((&[kind, words], _)) = at.bytes.split_first_chunk::<2>() else {
            packet.stop_behind(at.short_of(2), at.offset);
            return None;
        };
        let len = usize::from(words) * 8;
        match kind {
            _ if len == 0 => return None,
            4 => return Some(at.cut(len as u32).after(8)),
            _ => at = at.after(len),
        }
    }
    None
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
    if first != 0x21 {
        packet.push(Layer::Pim, at.offset, at.bytes.len());
        return None;
    }
    packet.push(Layer::Pim, at.offset, at.bytes.len().min(8));
    let register = at.after(8);
    // A null register holds at most a header of its own kind, and no IP packet need follow.
    if !matches!(register.first(packet)?, 0x45..=0x4f | 0x60..=0x6f) {
        return None;
    }
    packet.push_tunnel(Layer::Pim);
    Some((Next::Ip, register))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Address, IcmpError, Packet, Transport};

    fn quoted(packet: &Packet<'_>) -> (Address, (u16, u16), u8, IcmpError) {
        let quoted = packet.quoted.unwrap();
        (quoted.source, quoted.ports, quoted.protocol, quoted.error)
    }

    #[test]
    fn an_error_quotes_the_packet_it_is_about() {
        let tcp = bytes(
            "10 00 00 50  00 00 00 07 | ports 4096 and 80, sequence number: eight bytes, as RFC 792 has it",
        );
        let message = [bytes("03 01 00 00 00 00 00 00 | host unreachable"), ipv4(6, &tcp)].concat();
        let frame = ipv4(1, &message);
        let packet = decoded(IPV4, &frame);
        assert_eq!(protocols(&packet), "ip:icmp:ip:tcp");
        let error = IcmpError { v6: false, kind: 3, code: 1 };
        assert_eq!(quoted(&packet), (Address::v4([10, 0, 0, 1]), (4096, 80), 6, error));
        assert_eq!(packet.ports(), None);
        assert_eq!(packet.stop, None, "a quotation is cut by its sender");
        let [header] = packet.headers.as_slice() else { panic!("{:?}", packet.headers) };
        assert_eq!((header.quoted, header.protocol, header.tcp), (true, 6, None));
        assert!(packet.layers.iter().map(|at| at.quoted).eq([false, false, true, true]));
        holds_in_every_prefix(IPV4, &frame);
    }

    #[test]
    fn an_icmpv6_error_quotes_as_much_as_fits() {
        let tcp = bytes("10 00 00 50  00 00 00 07  00 00 00 08  50 10 01 00  00 00 00 00");
        let message = [bytes("03 00 00 00 00 00 00 00 | hop limit exceeded"), ipv6(6, &tcp)].concat();
        let frame = ipv6(58, &message);
        let packet = decoded(IPV6, &frame);
        let error = IcmpError { v6: true, kind: 3, code: 0 };
        assert_eq!((quoted(&packet).1, quoted(&packet).3), ((4096, 80), error));
        assert_eq!(packet.headers[0].tcp, Some((7, 0x010)));
        assert_eq!(packet.network.unwrap().protocol, 58);
        holds_in_every_prefix(IPV6, &frame);
    }

    #[test]
    fn a_quoted_length_ends_the_quotation() {
        let inner = ipv4(17, &udp(1, 2, &[0; 100]));
        let message = [
            bytes("0b 00 00 00 00 08 00 00 | time exceeded, 32 bytes quoted"),
            inner[..32].to_vec(),
            vec![0x20; 20],
        ];
        let frame = ipv4(1, &message.concat());
        assert_eq!(quoted(&decoded(IPV4, &frame)).1, (1, 2));
    }

    #[test]
    fn a_redirect_of_ipv6_quotes_in_an_option() {
        let redirect = [
            bytes("89 00 00 00 00 00 00 00"),
            vec![0; 32],
            bytes("02 01 02 00 00 00 00 01 | link address of the target"),
            bytes("04 07 00 00 00 00 00 00 | the packet"),
            ipv6(17, &udp(5, 6, &[])),
        ];
        let frame = ipv6(58, &redirect.concat());
        assert_eq!(quoted(&decoded(IPV6, &frame)).1, (5, 6));
        holds_in_every_prefix(IPV6, &frame);
    }

    #[test]
    fn other_messages_quote_nothing() {
        let frame = ipv4(1, &bytes("08 00 00 00 00 01 00 02 61 62"));
        let packet = decoded(IPV4, &frame);
        assert_eq!((protocols(&packet), packet.payload), ("ip:icmp".into(), &b"ab"[..]));
        assert!(matches!(packet.transport, Transport::Icmp { kind: 8, code: 0 }));
        reads(IPV4, &ipv4(2, &bytes("16 00 00 00 ef 00 00 01")), "ip:igmp");
    }

    #[test]
    fn a_register_carries_a_multicast_packet() {
        let register = [bytes("21 00 00 00 00 00 00 00"), packet()].concat();
        reads(IPV4, &ipv4(103, &register), "ip:pim:ip:udp");
        reads(IPV4, &ipv4(103, &bytes("20 00 00 00 00 01 00 02 00 69")), "ip:pim");
    }
}
