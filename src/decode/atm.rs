//! ATM: what was put together from the cells of a circuit.

use super::walk::{At, Next, Step};
use super::{Layer, Packet};

/// SunATM: traffic type, virtual path and circuit, then the AAL5 payload.
pub(super) fn sun_atm<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[flags, ..] = at.header::<4>(Layer::Atm, packet)?;
    packet.push(Layer::Atm, at.offset, 4);
    let rest = at.after(4);
    let next = match flags & 0x0f {
        // LAN emulation: two bytes of its own before the frame.
        1 if rest.bytes.get(..2) != Some(&[0xff, 0x00]) => return Some((Next::Ethernet, rest.after(2))),
        2 => Next::Llc,
        other => Next::Unknown(Layer::Atm, u32::from(other)),
    };
    (rest.wire > 0).then_some((next, rest))
}

/// RFC 2684 §5.1: LLC before every protocol.
pub(super) fn rfc1483<'a>(at: At<'a>, _: &mut Packet<'a>) -> Step<'a> {
    Some((Next::Llc, at))
}

/// Classical IP over ATM: an IP packet, or LLC before it. RFC 2225
pub(super) fn clip<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    packet.push(Layer::Clip, at.offset, 0);
    let next = if matches!(at.bytes, [0xaa, 0xaa, 3, ..]) { Next::Llc } else { Next::Ipv4 };
    (at.wire > 0).then_some((next, at))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn circuits_carry_packets() {
        let snap = "aa aa 03 00 00 00 08 00";
        carries(123, &format!("02 00 00 20  {snap} | LLC, VPI 0, VCI 32"), "atm:llc");
        carries(
            123,
            "01 00 00 20  00 05  02 00 00 00 00 02 02 00 00 00 00 01 08 00 | LAN emulation",
            "atm:eth:ethertype",
        );
        carries(100, snap, "llc");
        carries(106, snap, "clip:llc");
        carries(106, "", "clip");
        reads(123, &bytes("06 00 00 05  09 03 00 00 | signalling"), "atm");
    }
}
