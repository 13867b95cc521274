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
