//! Geneve. RFC 8926 §3.4

use super::walk::{At, Step};
use super::{Layer, Packet, StopReason, ethernet};

/// Version and length of the options, flags, protocol type, network identifier, options.
pub(super) fn geneve<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[first, _, p0, p1, ..] = at.header::<8>(Layer::Geneve, packet)?;
    if first >> 6 != 0 {
        packet.stop(StopReason::Unsupported(u32::from(first >> 6)), Layer::Geneve, at.offset);
        return None;
    }
    let len = 8 + usize::from(first & 0x3f) * 4;
    packet.push(Layer::Geneve, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Geneve, at.offset);
        return None;
    }
    packet.push_tunnel(Layer::Geneve);
    let rest = at.after(len);
    let next = ethernet::by_type(Layer::Geneve, u16::from_be_bytes([p0, p1]));
    (rest.wire > 0).then_some((next, rest))
}

#[cfg(test)]
mod tests {
    use super::super::StopReason;
    use super::super::testing::*;

    #[test]
    fn options_stand_before_the_frame() {
        for (header, inner, expected) in [
            ("00 00 65 58  00 00 2a 00", ethernet(0x0800, &packet()), "geneve:eth:ethertype:ip:udp"),
            ("00 00 08 00  00 00 2a 00", packet(), "geneve:ip:udp"),
            ("02 40 08 00  00 00 2a 00  01 02 80 01  00 00 00 07", packet(), "geneve:ip:udp"),
            ("00 00 12 34  00 00 2a 00", packet(), "geneve"),
        ] {
            let frame = ipv4(17, &udp(40_000, 6081, &[bytes(header), inner].concat()));
            reads(IPV4, &frame, &format!("ip:udp:{expected}"));
        }
        let later = ipv4(17, &udp(40_000, 6081, &[0x80; 60]));
        assert_eq!(decoded(IPV4, &later).stop.unwrap().reason, StopReason::Unsupported(2));
    }
}
