//! Tags that switch chips put into frames on their way to the processor, and 802.3br's fragments of frames.

use super::walk::{At, Next, Step, array};
use super::{Layer, Packet, StopReason, ethernet};

/// Marvell's tag of four bytes behind the two addresses; the extended one stands behind an Ethernet type of its own and two zero bytes.
pub(super) fn dsa<'a>(extended: bool, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    tagged(Layer::DsaTag, if extended { 8 } else { 4 }, at, packet)
}

/// Broadcom's tag of four bytes behind the two addresses, or before the whole frame.
pub(super) fn broadcom<'a>(prepended: bool, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    if !prepended {
        return tagged(Layer::BrcmTag, 4, at, packet);
    }
    at.header::<4>(Layer::BrcmTag, packet)?;
    packet.push(Layer::BrcmTag, at.offset, 4);
    Some((Next::Ethernet, at.after(4)))
}

/// An Ethernet header with `len` bytes of a tag between its addresses and its type.
fn tagged<'a>(layer: Layer, len: usize, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let addresses = at.header::<12>(Layer::Ethernet, packet)?;
    let (destination, source) = addresses.split_at(6);
    packet.push(Layer::Ethernet, at.offset, 12);
    packet.link(source, destination);
    let tag = at.after(12);
    let Ok((_, kind)) = array::<2>(tag.after(len).bytes) else {
        packet.stop(at.short_of(14 + len), layer, tag.offset);
        return None;
    };
    packet.push(layer, tag.offset, len + 2);
    ethernet::typed(layer, u16::from_be_bytes(*kind), tag.after(len + 2))
}

/// IEEE 802.3br: preamble and the delimiter that says whether a whole frame or a fragment follows.
pub(super) fn mpacket<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let Some(preamble) = at.bytes.iter().take(8).position(|&byte| byte != 0x55) else {
        packet.stop(at.short_of(8), Layer::Mpacket, at.offset);
        return None;
    };
    let len = preamble + 1;
    packet.push(Layer::Mpacket, at.offset, len);
    match at.bytes.get(preamble) {
        // Express frames and the first delimiter of all begin a frame; others begin or go on with a preemptable one.
        Some(0xd5 | 0x07 | 0x19) => Some((Next::Ethernet, at.after(len))),
        other => {
            let delimiter = other.copied().unwrap_or_default();
            packet.stop(StopReason::Unsupported(u32::from(delimiter)), Layer::Mpacket, at.offset + len);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn switch_tags_stand_behind_the_addresses_or_before_them() {
        let addresses = "02 00 00 00 00 02  02 00 00 00 00 01";
        for (linktype, header, expected) in [
            (284, format!("{addresses}  00 08 00 00  08 00"), "eth:ethertype:dsa"),
            (285, format!("{addresses}  da da 00 00  00 08 00 00  08 00"), "eth:ethertype:dsa"),
            (281, format!("{addresses}  00 00 00 08  08 00"), "eth:ethertype:brcm-tag"),
            (282, format!("00 00 00 08  {addresses}  08 00"), "brcm-tag:eth:ethertype"),
            (274, format!("55 55 55 55 55 55 55 d5  {addresses}  08 00"), "mpacket:eth:ethertype"),
        ] {
            carries(linktype, &header, expected);
        }
        reads(274, &bytes("55 55 55 55 55 55 61 52  01 02 | goes on with a frame"), "mpacket");
    }
}
