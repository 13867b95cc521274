//! The headers that Juniper routers put before what they capture.

use super::walk::{At, Next, Step};
use super::{Layer, Packet, StopReason};

/// The magic number "MGC", flags, perhaps extensions, perhaps a cookie of the line card, then a frame of the link type's kind.
pub(super) fn juniper<'a>(linktype: u16, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[m0, m1, m2, flags] = at.header::<4>(Layer::Juniper, packet)?;
    if [m0, m1, m2] != *b"MGC" {
        packet.stop(StopReason::Malformed, Layer::Juniper, at.offset);
        return None;
    }
    let extensions = match (flags & 0x80 != 0).then(|| at.bytes.get(4..6)) {
        Some(Some(&[e0, e1])) => 2 + usize::from(u16::from_be_bytes([e0, e1])),
        Some(_) => at.bytes.len(),
        None => 0,
    };
    let fixed = 4 + extensions;
    // Without a link header the frame begins with the packet, and its protocol stands before it.
    let bare = flags & 0x02 != 0;
    let (next, cookie) = match linktype {
        _ if bare => (Next::Ip, 4),
        178 => (Next::Ethernet, 0),
        179 => (Next::Ppp, 0),
        180 => (Next::FrameRelay, 0),
        181 => (Next::Chdlc, 0),
        // The card's own words, of 4 or 8 bytes, before LLC.
        135 => (Next::Llc, 8),
        137 => (Next::Llc, 4),
        other => (Next::Unknown(Layer::Juniper, u32::from(other)), 0),
    };
    let len = fixed + cookie;
    packet.push(Layer::Juniper, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Juniper, at.offset);
        return None;
    }
    let rest = at.after(len);
    (rest.wire > 0).then_some((next, rest))
}
