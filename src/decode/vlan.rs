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
