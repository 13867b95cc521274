//! Tags between an Ethernet header and its payload that are no VLAN tags.

use super::walk::{At, Next, Step, array};
use super::{Layer, Packet, StopReason, ethernet};

/// IEEE 802.1AE §9: tag control information, short length, packet number and perhaps the channel's identifier; the payload can be
/// read where it is only authenticated. It ends before the integrity check value.
pub(super) fn macsec<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[control, short_len, ..] = at.header::<6>(Layer::Macsec, packet)?;
    let len = if control & 0x20 == 0 { 6 } else { 14 };
    packet.push(Layer::Macsec, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Macsec, at.offset);
        return None;
    }
    let rest = at.after(len);
    // E and C: encrypted, or changed in another way.
    if control & 0x0c != 0 {
        packet.stop(StopReason::Unsupported(0x88e5), Layer::Macsec, rest.offset);
        return None;
    }
    let secure = match short_len & 0x3f {
        0 => rest.wire.saturating_sub(16),
        short => u32::from(short),
    };
    by_ethertype(Layer::Macsec, rest.cut(secure), packet)
}

/// Cisco VN-Tag: direction, pointer, looped, destination and source virtual interface, then a type.
pub(super) fn vntag<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[.., k0, k1] = at.header::<6>(Layer::Vntag, packet)?;
    packet.push(Layer::Vntag, at.offset, 6);
    ethernet::typed(Layer::Vntag, u16::from_be_bytes([k0, k1]), at.after(6))
}

/// Cisco FabricPath: the forwarding tag and time to live behind the outer addresses, then the whole inner Ethernet frame.
pub(super) fn fabric_path<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<2>(Layer::Cfp, packet)?;
    packet.push(Layer::Cfp, at.offset, 2);
    Some((Next::Ethernet, at.after(2)))
}

/// Cisco MetaData: version, length in units of four bytes, options, then a type; in GRE the type stands first.
pub(super) fn cisco_meta_data<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[version, words, ..] = at.header::<8>(Layer::CiscoMetaData, packet)?;
    if version != 1 {
        packet.push(Layer::CiscoMetaData, at.offset, 8);
        return ethernet::typed(Layer::CiscoMetaData, u16::from_be_bytes([version, words]), at.after(8));
    }
    let len = (usize::from(words) * 4 + 2).max(6);
    packet.push(Layer::CiscoMetaData, at.offset, len.min(at.bytes.len()));
    by_ethertype(Layer::CiscoMetaData, at.after(len), packet)
}

/// Arista's timestamp: subtype, version, a time of 48 or 64 bits, then a type.
pub(super) fn arista<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[s0, s1, _, format] = at.header::<4>(Layer::AristaTag, packet)?;
    let len = match (u16::from_be_bytes([s0, s1]), format) {
        (1, 0x10) => 14,
        (1, 0x20) => 12,
        (subtype, _) => {
            packet.stop(StopReason::Unsupported(u32::from(subtype)), Layer::AristaTag, at.offset);
            return None;
        }
    };
    packet.push(Layer::AristaTag, at.offset, len.min(at.bytes.len()));
    by_ethertype(Layer::AristaTag, at.after(len - 2), packet)
}

/// An Ethernet type, and what follows it.
fn by_ethertype<'a>(layer: Layer, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    match array::<2>(at.bytes) {
        Ok((_, kind)) => ethernet::typed(layer, u16::from_be_bytes(*kind), at.after(2)),
        Err(_) => {
            packet.stop(at.short_of(2), layer, at.offset);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::StopReason;
    use super::super::testing::*;

    const ADDRESSES: &str = "02 00 00 00 00 02  02 00 00 00 00 01 | destination, source\n";

    #[test]
    fn tags_say_what_follows_them() {
        for (header, expected) in [
            ("89 26  00 00 00 0c  08 00 | VN-Tag to interface 12", "eth:ethertype:vntag:ethertype"),
            (
                "89 03  04 20 | forwarding tag 16, TTL 32\n 02 00 00 00 00 04  02 00 00 00 00 03  08 00",
                "eth:cfp:eth:ethertype",
            ),
            ("89 09  01 01  00 01 00 2a  08 00 | version, length, option, group 42", "eth:ethertype:cmd"),
            ("d2 8b  00 01 00 10  00 00 00 01 00 00 00 02  08 00 | time of 64 bits", "eth:ethertype:avsp"),
            ("d2 8b  00 01 00 20  00 01 00 00 00 02  08 00 | time of 48 bits", "eth:ethertype:avsp"),
        ] {
            carries(ETHERNET, &format!("{ADDRESSES}{header}"), expected);
        }
    }

    #[test]
    fn in_gre_the_type_stands_before_ciscos_metadata() {
        let gre =
            bytes("00 00  89 09 | GRE\n 08 00  01 01 00 01 00 2a | type, version, length, option, group");
        reads(IPV4, &ipv4(47, &[gre, packet()].concat()), "ip:gre:cmd:ip:udp");
    }

    #[test]
    fn macsec_is_read_where_it_is_not_encrypted() {
        let header =
            |control: &str| format!("{ADDRESSES} 88 e5  {control} 00  00 00 00 01  02 00 00 00 00 01 00 01");
        let icv = vec![0xee; 16];
        let integrity = [bytes(&header("20")), bytes("08 00"), packet(), icv.clone()].concat();
        reads(ETHERNET, &integrity, "eth:ethertype:macsec:ethertype:ip:udp");
        let encrypted = [bytes(&header("2c")), vec![0x99; 40], icv].concat();
        reads(ETHERNET, &encrypted, "eth:ethertype:macsec:ethertype");
        assert_eq!(decoded(ETHERNET, &encrypted).stop.unwrap().reason, StopReason::Unsupported(0x88e5));
    }
}
