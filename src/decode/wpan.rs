//! IEEE 802.15.4, and 6LoWPAN over it (RFC 4944).

use super::walk::{At, Next, Step};
use super::{Layer, Packet, StopReason};

/// Frame control, sequence number, addresses; `checksum` says that the frame ends with two bytes of one.
pub(super) fn wpan<'a>(checksum: bool, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[c0, c1, _] = at.header::<3>(Layer::Wpan, packet)?;
    let control = u16::from_le_bytes([c0, c1]);
    let at = if checksum { at.cut(at.wire.saturating_sub(2)) } else { at };
    let (destination_mode, source_mode) = (control >> 10 & 3, control >> 14);
    let address = |mode| match mode {
        2 => 2,
        3 => 8,
        _ => 0,
    };
    let (destination, source) = (address(destination_mode), address(source_mode));
    let destination_pan = if destination > 0 { 2 } else { 0 };
    // IEEE 802.15.4-2006 §7.2.1.1.5: the source's network is left out where it is the destination's.
    let source_pan = if source > 0 && (control & 0x40 == 0 || destination == 0) { 2 } else { 0 };
    let len = 3 + destination_pan + destination + source_pan + source;
    packet.push(Layer::Wpan, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Wpan, at.offset);
        return None;
    }
    if destination == 8 && source == 8 {
        let from = at.bytes.get(3 + destination_pan + 8 + source_pan..len).unwrap_or_default();
        packet.link(
            from,
            at.bytes.get(3 + destination_pan..).and_then(|rest| rest.get(..8)).unwrap_or_default(),
        );
    }
    let rest = at.after(len);
    let secured = control & 0x08 != 0;
    if control & 7 != 1 {
        return None;
    }
    match rest.first(packet)? {
        0x41 | 0x60..=0xbf | 0xc0..=0xc7 | 0xe0..=0xe7 if !secured => Some((Next::SixLowpan, rest)),
        first => packet.stop_behind(StopReason::Unsupported(u32::from(first)), rest.offset),
    }
}

/// RFC 4944 §5.1: only a packet that is not compressed can be read on.
pub(super) fn six_lowpan<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[dispatch] = at.header::<1>(Layer::SixLowpan, packet)?;
    packet.push(Layer::SixLowpan, at.offset, 1);
    if dispatch == 0x41 {
        return Some((Next::Ipv6, at.after(1)));
    }
    packet.stop(StopReason::Unsupported(u32::from(dispatch)), Layer::SixLowpan, at.offset);
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_packet_that_is_not_compressed_is_read() {
        let header =
            "41 d8  07  cd ab  ff ff  02 00 00 00 00 00 00 01  41 | data, to all, from a long address, IPv6";
        let frame = [bytes(header), ipv6(17, &udp(1, 2, &[]))].concat();
        reads(230, &frame, "wpan:6lowpan:ipv6:udp");
        reads(195, &[frame, vec![0xfc, 0xfc]].concat(), "wpan:6lowpan:ipv6:udp");
    }

    #[test]
    fn what_is_compressed_or_no_data_is_named() {
        reads(230, &bytes("41 88  07  cd ab  ff ff  01 00  7e 33"), "wpan:6lowpan");
        reads(230, &bytes("00 80  07  cd ab  01 00  ff cf 00 00 | a beacon"), "wpan");
        reads(230, &bytes("49 88  07  cd ab  ff ff  01 00  41 33 | secured"), "wpan");
    }
}
