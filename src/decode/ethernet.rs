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
        [] if rest.wire == 0 => None,
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

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_type_or_a_length_says_what_follows() {
        let addresses = "02 00 00 00 00 02  02 00 00 00 00 01 | destination, source\n";
        carries(ETHERNET, &format!("{addresses} 08 00 | type: IPv4"), "eth:ethertype");
        carries(ETHERNET, &format!("{addresses} 00 24  aa aa 03 00 00 00 08 00 | length, SNAP"), "eth:llc");
        for (kind, expected) in [
            (0x88cc, "eth:ethertype:lldp"),
            (0x9000, "eth:ethertype:loop"),
            (0x1234, "eth:ethertype"),
            (0x05ff, "eth:llc"),
        ] {
            reads(ETHERNET, &ethernet(kind, &[0x42, 0x42, 3]), expected);
        }
        reads(ETHERNET, &ethernet(36, &[0xff, 0xff, 0, 30]), "eth:ipx");
    }

    #[test]
    fn padding_behind_the_length_is_no_payload() {
        let frame = ethernet(3, &[0xf0, 0xf0, 3, 0, 0, 0, 0, 0]);
        reads(ETHERNET, &frame, "eth:llc");
    }

    #[test]
    fn the_addresses_are_kept() {
        let frame = ethernet(0x0800, &packet());
        let (source, destination) = decoded(ETHERNET, &frame).link.unwrap();
        assert_eq!((source, destination), (&[2, 0, 0, 0, 0, 1][..], &[2, 0, 0, 0, 0, 2][..]));
    }

    #[test]
    fn an_unknown_type_is_told_by_its_number() {
        let frame = ethernet(0x1234, &[1, 2, 3]);
        let stop = decoded(ETHERNET, &frame).stop.unwrap();
        assert_eq!(
            (stop.reason, stop.layer, stop.offset),
            (StopReason::Unsupported(0x1234), Layer::Ethernet, 14)
        );
    }

    #[test]
    fn ciscos_inter_switch_link_wraps_a_whole_frame() {
        let header = "
            01 00 0c 00 00             | destination that stands for the protocol
            00                         | type: Ethernet, priority 0
            02 00 00 00 00 09          | source
            00 3e                      | length
            aa aa 03  00 00 0c         | SNAP, upper half of the source
            00 15                      | VLAN 10, BPDU
            00 00  00 00               | index, reserved
            02 00 00 00 00 02  02 00 00 00 00 01  08 00 | the frame";
        carries(ETHERNET, header, "eth:isl:eth:ethertype");
    }

    use super::super::{Layer, StopReason};
}
