//! Ethernet II, IEEE 802.3, and what an EtherType says of the next header.

use super::walk::{At, Next, Step};
use super::{Layer, Packet};

/// IEEE 802.3 §3.2.6: from here on the field is a type, up to 1500 it is a length.
pub(super) const LEAST_ETHERTYPE: u16 = 0x0600;

/// An Ethernet frame.
#[inline]
pub(super) fn ethernet<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let header = at.header::<14>(Layer::Ethernet, packet)?;
    let &[d0, d1, d2, d3, d4, _, .., k0, k1] = header;
    let (destination, rest) = header.split_at(6);
    let (source, _) = rest.split_at(6);
    packet.push(Layer::Ethernet, at.offset, 14);
    packet.link(source, destination);
    let kind = u16::from_be_bytes([k0, k1]);
    if kind < LEAST_ETHERTYPE && matches!([d0, d1, d2, d3, d4], [0x01 | 0x0c, 0x00, 0x0c, 0x00, 0x00]) {
        return inter_switch_link(at, packet);
    }
    typed(Layer::Ethernet, kind, at.after(14))
}

/// What follows a type or length field that belongs to `layer`.
#[inline]
pub(super) fn typed(layer: Layer, kind: u16, rest: At<'_>) -> Step<'_> {
    match kind {
        0x0800 => Some((Next::Ipv4, rest)),
        0x86dd => Some((Next::Ipv6, rest)),
        0x8100 => Some((Next::Vlan(Layer::Vlan), rest)),
        LEAST_ETHERTYPE.. => Some((by_type(layer, kind), rest)),
        length => by_length(length, rest),
    }
}

/// The header that an EtherType announces, for a field that belongs to `layer`.
pub(super) fn by_type(layer: Layer, kind: u16) -> Next {
    let name = match kind {
        0x0800 => return Next::Ipv4,
        0x86dd => return Next::Ipv6,
        // RARP differs in its operation alone.
        0x0806 | 0x8035 => return Next::Arp,
        0x8100 | 0x9100 | 0x9200 => return Next::Vlan(Layer::Vlan),
        0x88a8 => return Next::Vlan(Layer::Ieee8021ad),
        0x88e7 => return Next::BackboneTag,
        0x88e5 => return Next::Macsec,
        0x8926 => return Next::Vntag,
        0x8909 => return Next::CiscoMetaData,
        0x8903 => return Next::FabricPath,
        0xd28b => return Next::AristaTag,
        0x8847 | 0x8848 => return Next::Mpls,
        0x8863 => return Next::PppoeDiscovery,
        0x8864 => return Next::PppoeSession,
        0x894f => return Next::Nsh,
        0x6558 => return Next::Ethernet,
        0x8870 => return Next::Llc,
        0x890d => return Next::Wlan,
        0x88bb => return Next::Lwapp { identified: false },
        0xa0ed => return Next::SixLowpan,
        0x22f4 | 0x00fe => Layer::Osi,
        0x2000 => Layer::Cdp,
        0x2001 => Layer::Nhrp,
        0x8137 => Layer::Ipx,
        0x8181 => Layer::Stp,
        0x8809 => Layer::Slow,
        0x888e => Layer::Eapol,
        0x88a2 => Layer::Aoe,
        0x88cc => Layer::Lldp,
        0x88f7 => Layer::Ptp,
        0x9000 => Layer::Loop,
        _ => return Next::Unknown(layer, u32::from(kind)),
    };
    Next::Named(name, u32::from(kind))
}

/// IEEE 802.3 with a length; Novell's raw IPX begins with a checksum of all ones where LLC would stand.
fn by_length(length: u16, rest: At<'_>) -> Step<'_> {
    let rest = rest.cut(u32::from(length));
    match rest.bytes {
        [] => None,
        [0xff, 0xff, ..] => Some((Next::Named(Layer::Ipx, 0x8137), rest)),
        _ => Some((Next::Llc, rest)),
    }
}

/// Cisco's Inter-Switch Link: 26 bytes, of which the first 14 look like an 802.3 header, around an Ethernet frame.
fn inter_switch_link<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let rest = at.after(14);
    let &[.., v0, v1, _, _, _, _] = rest.header::<12>(Layer::Isl, packet)?;
    packet.push(Layer::Isl, rest.offset, 12);
    packet.push_vlan(u16::from_be_bytes([v0, v1]) >> 1);
    Some((Next::Ethernet, rest.after(12)))
}
