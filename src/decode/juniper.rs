//! The headers that Juniper routers put before what they capture.

use super::walk::{At, Next, Step};
use super::{Layer, Packet, StopReason};

/// The magic number "MGC", flags, perhaps extensions, perhaps a cookie of the line card, then a frame of the link type's kind.
pub(super) fn juniper<'a>(linktype: u16, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[m0, m1, m2, flags] = at.header::<4>(Layer::Juniper, packet)?;
    if [m0, m1, m2] != *b"MGC" {
        packet.push(Layer::Juniper, at.offset, 4);
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

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn extensions_and_cookies_stand_before_the_frame() {
        let ethernet = "02 00 00 00 00 02  02 00 00 00 00 01  08 00";
        let snap = "aa aa 03 00 00 00 08 00";
        for (linktype, header, expected) in [
            (178, format!("4d 47 43 00 {ethernet}"), "juniper:eth:ethertype"),
            (178, format!("4d 47 43 81 00 04 01 02 00 07 {ethernet}"), "juniper:eth:ethertype"),
            (137, format!("4d 47 43 00 20 00 00 00 {snap}"), "juniper:llc"),
            (135, format!("4d 47 43 00 20 00 00 00 00 00 00 00 {snap}"), "juniper:llc"),
            (179, "4d 47 43 01 ff 03 00 21".into(), "juniper:ppp"),
            (180, "4d 47 43 01 18 41 03 cc".into(), "juniper:fr"),
            (181, "4d 47 43 01 0f 00 08 00".into(), "juniper:chdlc"),
            (178, "4d 47 43 02 02 00 00 00 | without a link header".into(), "juniper"),
        ] {
            carries(linktype, &header, expected);
        }
        reads(132, &bytes("4d 47 43 00  01 02"), "juniper");
        reads(178, &bytes("4d 47 44 00  01 02"), "juniper");
    }
}
