//! Tags that say to which virtual LAN a frame belongs: IEEE 802.1Q, 802.1ad, 802.1ah.

use super::walk::{At, Step};
use super::{Layer, Packet, ethernet};

/// IEEE 802.1Q §9.6: priority, drop eligibility and VLAN id, then the type of what follows.
#[inline]
pub(super) fn vlan<'a>(layer: Layer, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[t0, t1, k0, k1] = at.header::<4>(layer, packet)?;
    packet.push(layer, at.offset, 4);
    packet.push_vlan(u16::from_be_bytes([t0, t1]) & 0xfff);
    ethernet::typed(layer, u16::from_be_bytes([k0, k1]), at.after(4))
}

/// IEEE 802.1Q §9.7: the tag of a backbone service instance, then the customer's two addresses and type.
pub(super) fn backbone_tag<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let header = at.header::<18>(Layer::Ieee8021ah, packet)?;
    let &[.., k0, k1] = header;
    packet.push(Layer::Ieee8021ah, at.offset, 18);
    if let (Some(destination), Some(source)) = (header.get(4..10), header.get(10..16)) {
        packet.link(source, destination);
    }
    ethernet::typed(Layer::Ieee8021ah, u16::from_be_bytes([k0, k1]), at.after(18))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    const ADDRESSES: &str = "02 00 00 00 00 02  02 00 00 00 00 01 | destination, source\n";

    #[test]
    fn tags_stack() {
        for (header, expected, vlans) in [
            ("81 00  20 05  08 00 | priority 1, VLAN 5", "eth:ethertype:vlan:ethertype", vec![5]),
            (
                "88 a8  00 64  81 00  0f ff  08 00 | 802.1ad 100, 802.1Q 4095",
                "eth:ethertype:ieee8021ad:ethertype:vlan:ethertype",
                vec![100, 4095],
            ),
            ("91 00  00 01  81 00  00 02  08 00", "eth:ethertype:vlan:ethertype:vlan:ethertype", vec![1, 2]),
            ("81 00  00 07  00 24  aa aa 03 00 00 00 08 00 | a length", "eth:ethertype:vlan:llc", vec![7]),
        ] {
            let header = format!("{ADDRESSES}{header}");
            carries(ETHERNET, &header, expected);
            let frame = [bytes(&header), packet()].concat();
            assert_eq!(decoded(ETHERNET, &frame).vlans.as_slice(), vlans);
        }
    }

    #[test]
    fn a_backbone_tag_holds_the_customers_addresses() {
        let header = format!(
            "{ADDRESSES}
            88 e7                                 | 802.1ah
            00 00 2a f8                           | priority, service 11000
            02 00 00 00 00 04  02 00 00 00 00 03  | customer's destination and source
            08 00                                 | type"
        );
        carries(ETHERNET, &header, "eth:ethertype:ieee8021ah:ethertype");
        let frame = [bytes(&header), packet()].concat();
        assert_eq!(decoded(ETHERNET, &frame).link.unwrap().0, [2, 0, 0, 0, 0, 3]);
    }
}
