//! Serial lines: Cisco HDLC, Frame Relay (Q.922, RFC 2427), its multilink (FRF.16), and SLIP as BSD captures it.

use super::walk::{At, Directed, Next, Step};
use super::{Layer, Packet, StopReason, ethernet};

/// RFC 1547 §4.3.1: address, control, and an Ethernet type or one of Cisco's own.
pub(super) fn chdlc<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, _, k0, k1] = at.header::<4>(Layer::Chdlc, packet)?;
    packet.push(Layer::Chdlc, at.offset, 4);
    let kind = u16::from_be_bytes([k0, k1]);
    let next = match kind {
        0x8035 => Next::Named(Layer::Slarp, u32::from(kind)),
        0xfefe => Next::Named(Layer::Osi, u32::from(kind)),
        _ => ethernet::by_type(Layer::Chdlc, kind),
    };
    Some((next, at.after(4)))
}

/// An address of two to four bytes, of which the last has its lowest bit set. Behind it stands the control field and the network
/// protocol's identifier of RFC 2427, or Cisco's Ethernet type.
pub(super) fn frame_relay<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let Some(address) = at.bytes.iter().take(4).position(|byte| byte & 1 == 1).map(|last| last + 1) else {
        packet.push(Layer::FrameRelay, at.offset, at.bytes.len().min(4));
        packet.stop(at.short_of(5), Layer::FrameRelay, at.offset);
        return None;
    };
    let rest = at.after(address);
    match *rest.bytes {
        // Unnumbered information, perhaps a byte of padding, then the identifier.
        [0x03, 0x00, id, ..] => identified(id, at, address + 3, packet),
        [0x03, id, ..] if id != 0 => identified(id, at, address + 2, packet),
        [k0, k1, ..] if k0 != 0x03 => {
            packet.push(Layer::FrameRelay, at.offset, address + 2);
            let kind = u16::from_be_bytes([k0, k1]);
            Some((ethernet::by_type(Layer::FrameRelay, kind), at.after(address + 2)))
        }
        _ => {
            packet.push(Layer::FrameRelay, at.offset, at.bytes.len());
            packet.stop(at.short_of(address + 3), Layer::FrameRelay, at.offset);
            None
        }
    }
}

/// RFC 2427 §4: what follows a network layer protocol identifier that ends at `len`.
fn identified<'a>(id: u8, at: At<'a>, len: usize, packet: &mut Packet<'a>) -> Step<'a> {
    let number = u32::from(id);
    let next = match id {
        0xcc => Next::Ipv4,
        0x8e => Next::Ipv6,
        0xcf => Next::Ppp,
        0x80 => return snap(at, len, packet),
        0x81..=0x83 => Next::Named(Layer::Osi, number),
        _ => Next::Unknown(Layer::FrameRelay, number),
    };
    packet.push(Layer::FrameRelay, at.offset, len);
    Some((next, at.after(len)))
}

/// An organisation and its number stand behind the identifier, as behind LLC.
fn snap<'a>(at: At<'a>, len: usize, packet: &mut Packet<'a>) -> Step<'a> {
    let &[o0, o1, o2, p0, p1] = at.after(len).header::<5>(Layer::FrameRelay, packet)?;
    packet.push(Layer::FrameRelay, at.offset, len + 5);
    let kind = u16::from_be_bytes([p0, p1]);
    let next = match ([o0, o1, o2], kind) {
        ([0, 0, 0], kind) => ethernet::by_type(Layer::FrameRelay, kind),
        ([0, 0x80, 0xc2], 1 | 7) => Next::Ethernet,
        _ => Next::Unknown(Layer::FrameRelay, u32::from(kind)),
    };
    Some((next, at.after(len + 5)))
}

/// FRF.16.1 §3: begin, end and control bits, and a sequence number; only a frame in one piece can be read on.
pub(super) fn mfr<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[bits, _] = at.header::<2>(Layer::Mfr, packet)?;
    packet.push(Layer::Mfr, at.offset, 2);
    match bits >> 5 {
        0b110 => Some((Next::FrameRelay, at.after(2))),
        other => {
            packet.stop(StopReason::Unsupported(u32::from(other)), Layer::Mfr, at.offset + 2);
            None
        }
    }
}

/// Direction and the bytes that were on the line, 16 in all, then an IP packet; one whose header was compressed begins with 7 or 8.
pub(super) fn slip<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<16>(Layer::Slip, packet)?;
    packet.push(Layer::Slip, at.offset, 16);
    let rest = at.after(16);
    (rest.wire > 0).then_some((Next::Ip, rest))
}

/// A byte that tells the direction, then a frame of that line.
pub(super) fn directed<'a>(line: Directed, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let (next, layer) = match line {
        Directed::Ppp => (Next::PppHdlc, Layer::Ppp),
        Directed::Chdlc => (Next::Chdlc, Layer::Chdlc),
        Directed::FrameRelay => (Next::FrameRelay, Layer::FrameRelay),
    };
    at.header::<1>(layer, packet)?;
    Some((next, at.after(1)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn serial_lines_carry_packets() {
        for (linktype, header, expected) in [
            (104, "0f 00  08 00 | unicast, IPv4", "chdlc"),
            (107, "18 41  03 cc | DLCI 100, control, IPv4", "fr"),
            (107, "18 41  03 00 cc | with padding", "fr"),
            (107, "18 40 41  03 cc | an address of three bytes", "fr"),
            (107, "18 41  03 00 80 00 00 00 08 00 | SNAP", "fr"),
            (107, "18 41  08 00 | Cisco", "fr"),
            (182, "c0 01  18 41  03 cc | begin and end, sequence 1", "mfr:fr"),
            (8, "00  c0 00 00 00 00 00 00 00 00 00 00 00 00 00 00 | received, header on the line", "slip"),
            (204, "00  ff 03  00 21 | received", "ppp"),
            (205, "01  0f 00  08 00 | sent", "chdlc"),
            (206, "01  18 41  03 cc", "fr"),
        ] {
            carries(linktype, header, expected);
        }
        reads(104, &bytes("8f 00  80 35  00 00 00 02 | keep-alive"), "chdlc:slarp");
        reads(182, &bytes("80 01  18 41  03 cc | the first of several pieces"), "mfr");
    }
}
