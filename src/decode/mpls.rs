//! MPLS label stacks. RFC 3032 §2.1

use super::walk::{At, Next, Step, array};
use super::{Layer, Packet};

/// A stack of labels down to the one that is marked as its bottom. Nothing in it says what follows.
pub(super) fn mpls<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let mut len = 0;
    loop {
        let Ok((_, &[_, _, bottom, _])) = array::<4>(at.bytes.get(len..).unwrap_or_default()) else {
            if len > 0 {
                packet.push(Layer::Mpls, at.offset, len);
            }
            packet.stop(at.short_of(len + 4), Layer::Mpls, at.offset);
            return None;
        };
        len += 4;
        if bottom & 1 == 1 {
            break;
        }
    }
    packet.push(Layer::Mpls, at.offset, len);
    below(at.after(len), packet)
}

/// What lies below the stack is guessed from its first nibble, as routers do (RFC 4928 §2): 4 and 6 are IP, 1 is an associated
/// channel (RFC 4385 §5); 0 may be the control word of a pseudo-wire, which is believed where an Ethernet frame follows.
fn below<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let first = at.first(packet)?;
    match first >> 4 {
        4 => return Some((Next::Ipv4, at)),
        6 => return Some((Next::Ipv6, at)),
        0 if looks_like_ethernet(at.after(4).bytes) => {
            packet.push(Layer::PseudoWire, at.offset, 4);
            packet.push_tunnel(Layer::PseudoWire);
            return Some((Next::Ethernet, at.after(4)));
        }
        1 => {}
        _ if looks_like_ethernet(at.bytes) => {
            packet.push_tunnel(Layer::Mpls);
            return Some((Next::Ethernet, at));
        }
        _ => {}
    }
    Some((Next::Unknown(Layer::Mpls, u32::from(first >> 4)), at))
}

/// Whether an Ethernet header stands here and behind it what its type promises.
fn looks_like_ethernet(bytes: &[u8]) -> bool {
    let Some((&[.., k0, k1], rest)) = bytes.split_first_chunk::<14>() else { return false };
    let kind = |k0, k1, rest: &[u8]| match (u16::from_be_bytes([k0, k1]), rest) {
        (0x0800, [first, ..]) => matches!(first, 0x45..=0x4f),
        (0x86dd, [first, ..]) => first >> 4 == 6,
        (0x0806, [0, 1, 8, 0, ..]) => true,
        _ => false,
    };
    match (u16::from_be_bytes([k0, k1]), rest) {
        (0x8100, &[_, _, k0, k1, ref rest @ ..]) => kind(k0, k1, rest),
        _ => kind(k0, k1, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    const STACK: &str = "
        02 00 00 00 00 02  02 00 00 00 00 01  88 47 | Ethernet
        00 01 00 40                                 | label 16, TTL 64
        00 01 11 40                                 | label 17, bottom of the stack\n";

    #[test]
    fn what_lies_below_is_told_by_its_first_nibble() {
        carries(ETHERNET, STACK, "eth:ethertype:mpls");
        let six = [bytes(STACK), ipv6(17, &udp(1, 2, &[]))].concat();
        reads(ETHERNET, &six, "eth:ethertype:mpls:ipv6:udp");
        let channel = [bytes(STACK), bytes("10 00 00 07 | associated channel")].concat();
        reads(ETHERNET, &channel, "eth:ethertype:mpls");
    }

    #[test]
    fn an_ethernet_pseudo_wire_is_believed_where_a_packet_follows() {
        let inner = ethernet(0x0800, &packet());
        for (word, expected) in [("00 00 00 00", "mpls:pwethcw:eth"), ("", "mpls:eth")] {
            let frame = [bytes(STACK), bytes(word), inner.clone()].concat();
            assert_eq!(
                protocols(&decoded(ETHERNET, &frame)),
                format!("eth:ethertype:{expected}:ethertype:ip:udp")
            );
        }
        let other = [bytes(STACK), bytes("00 00 00 00"), ethernet(0x0800, &[0x11; 20])].concat();
        assert_eq!(protocols(&decoded(ETHERNET, &other)), "eth:ethertype:mpls");
    }
}
