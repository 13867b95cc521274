//! PPP (RFC 1661), over Ethernet (RFC 2516), in HDLC-like frames (RFC 1662), and its multilink (RFC 1990).

use nom::IResult;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::{opt, verify};
use nom::number::complete::{be_u8, be_u16};

use super::walk::{At, Next, Step};
use super::{Layer, Packet, StopReason};

/// Address and control, if they are there, and the protocol: one byte where it was compressed. RFC 1661 §2, §6.5, §6.6
fn header(input: &[u8]) -> IResult<&[u8], u16> {
    let compressed = verify(be_u8, |first| first & 1 == 1 && *first != 0xff).map(u16::from);
    let (rest, (_, protocol)) = (opt(tag(&[0xff, 0x03][..])), alt((compressed, be_u16))).parse(input)?;
    Ok((rest, protocol))
}

/// A PPP frame, from its address or from its protocol on.
pub(super) fn ppp<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let Ok((rest, protocol)) = header(at.bytes) else {
        packet.push(Layer::Ppp, at.offset, at.bytes.len());
        packet.stop(at.short_of(at.bytes.len() + 1), Layer::Ppp, at.offset);
        return None;
    };
    let len = at.bytes.len() - rest.len();
    packet.push(Layer::Ppp, at.offset, len);
    let number = u32::from(protocol);
    let next = match protocol {
        0x0021 | 0x0800 => Next::Ipv4,
        0x0057 | 0x86dd => Next::Ipv6,
        0x0281 | 0x0283 => Next::Mpls,
        0x003d => Next::PppMultilink,
        0x0023 => Next::Named(Layer::Osi, number),
        0x002b => Next::Named(Layer::Ipx, number),
        0x0207 => Next::Named(Layer::Cdp, number),
        0x8021 => Next::Named(Layer::Ipcp, number),
        0x8057 => Next::Named(Layer::Ipv6cp, number),
        0xc021 => Next::Named(Layer::Lcp, number),
        0xc023 => Next::Named(Layer::Pap, number),
        0xc223 => Next::Named(Layer::Chap, number),
        _ => Next::Unknown(Layer::Ppp, number),
    };
    let rest = at.after(len);
    (rest.wire > 0).then_some((next, rest))
}

/// A serial line that may speak Cisco's HDLC in place of PPP: RFC 1547 §4.3.1 has its addresses.
pub(super) fn ppp_hdlc<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    match at.bytes.first() {
        Some(0x0f | 0x8f) => Some((Next::Chdlc, at)),
        Some(_) => Some((Next::Ppp, at)),
        None => {
            packet.stop(at.short_of(1), Layer::Ppp, at.offset);
            None
        }
    }
}

/// RFC 1990 §3: only a packet that is in one piece can be read on.
pub(super) fn multilink<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[bits, ..] = at.header::<4>(Layer::PppMultilink, packet)?;
    packet.push(Layer::PppMultilink, at.offset, 4);
    if bits & 0xc0 == 0xc0 {
        return Some((Next::Ppp, at.after(4)));
    }
    packet.stop(StopReason::Unsupported(0x3d), Layer::PppMultilink, at.offset + 4);
    None
}

/// RFC 2516 §5: tags, which say who offers the service.
pub(super) fn pppoe_discovery<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<6>(Layer::Pppoed, packet)?;
    packet.push(Layer::Pppoed, at.offset, at.bytes.len());
    None
}

/// RFC 2516 §6: six bytes, then a PPP frame without address and control.
pub(super) fn pppoe_session<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, _, _, _, l0, l1] = at.header::<6>(Layer::Pppoes, packet)?;
    packet.push(Layer::Pppoes, at.offset, 6);
    let rest = at.after(6).cut(u32::from(u16::from_be_bytes([l0, l1])));
    (rest.wire > 0).then_some((Next::Ppp, rest))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    const PPP: u16 = 9;

    #[test]
    fn address_and_control_may_be_left_out_and_the_protocol_compressed() {
        for header in ["ff 03  00 21", "00 21", "ff 03  21", "21"] {
            carries(PPP, header, "ppp");
        }
        carries(PPP, "ff 03  00 3d  c0 00 00 07  00 21 | multilink, begin and end", "ppp:mp:ppp");
        carries(PPP, "ff 03  02 81  00 01 11 40 | MPLS", "ppp:mpls");
        reads(PPP, &bytes("ff 03  c0 21  01 01 00 04"), "ppp:lcp");
        reads(PPP, &bytes("ff 03  00 3d  80 00 00 07  00 21 | multilink, the first of several"), "ppp:mp");
    }

    #[test]
    fn a_serial_line_may_speak_ciscos_hdlc() {
        carries(50, "ff 03  00 21", "ppp");
        carries(50, "0f 00  08 00", "chdlc");
    }

    #[test]
    fn pppoe_ends_where_its_length_says() {
        let session = "
            02 00 00 00 00 02  02 00 00 00 00 01  88 64 | Ethernet
            11 00                                       | version and type, session data
            00 2a  00 1e                                | session 42, length
            00 21                                       | PPP: IPv4\n";
        carries(ETHERNET, session, "eth:ethertype:pppoes:ppp");
        let mut longer = [bytes(session), packet(), vec![0; 6]].concat();
        longer[22 + 3] += 6;
        let packet = decoded(ETHERNET, &longer);
        assert_eq!(
            (packet.payload_len, packet.payload),
            (0, &[][..]),
            "IP claims what PPPoE says is padding"
        );
        let discovery = "02 00 00 00 00 02 02 00 00 00 00 01 88 63  11 09 00 00 00 04  01 01 00 00";
        reads(ETHERNET, &bytes(discovery), "eth:ethertype:pppoed");
    }
}
