//! Headers that a capturing host puts before a frame to say how it was received.

use super::walk::{At, Next, Step};
use super::{Layer, Packet, StopReason, link};

/// Radiotap: version, length, and a bit for each field that is there. <https://www.radiotap.org/>
pub(super) fn radiotap<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, _, l0, l1, ..] = at.header::<8>(Layer::Radiotap, packet)?;
    let len = usize::from(u16::from_le_bytes([l0, l1]));
    let Some(header) = at.bytes.get(..len).filter(|_| len >= 8) else {
        packet.push(Layer::Radiotap, at.offset, at.bytes.len());
        packet.stop(at.short_of(len.max(8)), Layer::Radiotap, at.offset);
        return None;
    };
    packet.push(Layer::Radiotap, at.offset, len);
    let flags = radiotap_flags(header).unwrap_or(0);
    let mut rest = at.after(len);
    // The frame ends with its check sequence.
    if flags & 0x10 != 0 {
        rest = rest.cut(rest.wire.saturating_sub(4));
    }
    // The 802.11 header is padded to a multiple of four bytes.
    let next = if flags & 0x20 != 0 { Next::WlanPadded } else { Next::Wlan };
    (rest.wire > 0).then_some((next, rest))
}

/// The flags field stands behind all words of bits, and behind the 64-bit time if that is there.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let mut words =
        header.get(4..)?.chunks_exact(4).filter_map(|word| Some(u32::from_le_bytes(*word.first_chunk()?)));
    let first = words.next()?;
    let mut at = 8;
    let mut word = first;
    while word & 1 << 31 != 0 {
        word = words.next()?;
        at += 4;
    }
    if first & 1 != 0 {
        at = usize::next_multiple_of(at, 8) + 8;
    }
    (first & 2 != 0).then(|| header.get(at).copied()).flatten()
}

/// Prism monitoring header: message code, length, device, and values.
pub(super) fn prism<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[c0, c1, c2, c3, l0, l1, l2, l3] = at.header::<8>(Layer::Prism, packet)?;
    // Some drivers write an AVS header under this link type.
    if u32::from_be_bytes([c0, c1, c2, c3]) & 0xffff_f000 == 0x8021_1000 {
        return Some((Next::Avs, at));
    }
    // The byte order is the host's.
    let (little, big) = (u32::from_le_bytes([l0, l1, l2, l3]), u32::from_be_bytes([l0, l1, l2, l3]));
    sized(Layer::Prism, little.min(big) as usize, 8, Next::Wlan, at, packet)
}

/// AVS capture header: version and length in network byte order.
pub(super) fn avs<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, _, _, _, l0, l1, l2, l3] = at.header::<8>(Layer::Avs, packet)?;
    sized(Layer::Avs, u32::from_be_bytes([l0, l1, l2, l3]) as usize, 8, Next::Wlan, at, packet)
}

/// CACE's per-packet information: version, flags, length, link type, then typed fields.
pub(super) fn ppi<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[_, _, l0, l1, k0, k1, k2, k3] = at.header::<8>(Layer::Ppi, packet)?;
    let next = inner(Layer::Ppi, u32::from_le_bytes([k0, k1, k2, k3]));
    sized(Layer::Ppi, usize::from(u16::from_le_bytes([l0, l1])), 8, next, at, packet)
}

/// Apple's packet tap: length, record type, link type, interface and process.
pub(super) fn pktap<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[l0, l1, l2, l3, _, _, _, _, k0, k1, k2, k3] = at.header::<12>(Layer::Pktap, packet)?;
    let next = inner(Layer::Pktap, u32::from_le_bytes([k0, k1, k2, k3]));
    sized(Layer::Pktap, u32::from_le_bytes([l0, l1, l2, l3]) as usize, 12, next, at, packet)
}

/// The link type of the frame behind such a header, which cannot be another of them.
fn inner(layer: Layer, number: u32) -> Next {
    match u16::try_from(number).map(link::first) {
        Ok(Next::Ppi | Next::Pktap | Next::Unknown(..)) | Err(_) => Next::Unknown(layer, number),
        Ok(next) => next,
    }
}

/// A header that tells its own length, which is at least `least`.
fn sized<'a>(
    layer: Layer,
    len: usize,
    least: usize,
    next: Next,
    at: At<'a>,
    packet: &mut Packet<'a>,
) -> Step<'a> {
    packet.push(layer, at.offset, len.clamp(least, at.bytes.len()));
    if len < least {
        packet.stop(StopReason::Malformed, layer, at.offset);
        return None;
    }
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), layer, at.offset);
        return None;
    }
    let rest = at.after(len);
    (rest.wire > 0).then_some((next, rest))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::radiotap_flags;

    const DATA: &str = "
        08 01  00 00                                                  | data, to the distribution system
        02 00 00 00 00 09  02 00 00 00 00 01  02 00 00 00 00 02  10 00 | three addresses, sequence
        aa aa 03 00 00 00 08 00                                       | SNAP";

    #[test]
    fn what_a_radio_says_stands_before_the_frame() {
        for (linktype, header, expected) in [
            (127, "00 00  09 00  02 00 00 00  00 | version, length, flags are there, none set", "radiotap"),
            (163, "80 21 10 01  00 00 00 0c  00 00 00 00 | AVS", "wlancap"),
            (119, "44 00 00 00  0c 00 00 00  00 00 00 00 | Prism", "prism"),
            (119, "80 21 10 01  00 00 00 0c  00 00 00 00 | AVS under Prism's number", "wlancap"),
            (192, "00 00 08 00  69 00 00 00 | of 8 bytes, 802.11", "ppi"),
            (258, "0c 00 00 00  01 00 00 00  69 00 00 00", "pktap"),
            (149, "0c 00 00 00  01 00 00 00  69 00 00 00", "pktap"),
        ] {
            carries(linktype, &format!("{header}\n{DATA}"), &format!("{expected}:wlan:llc"));
        }
        carries(
            192,
            "00 00 08 00  01 00 00 00\n 02 00 00 00 00 02 02 00 00 00 00 01 08 00",
            "ppi:eth:ethertype",
        );
    }

    #[test]
    fn radiotap_tells_of_padding_and_of_the_check_sequence() {
        // Both flags; the fields begin with a 64-bit time, which is aligned.
        let header = "00 00  11 00  03 00 00 00  00 00 00 00 00 00 00 00  30 | length 17, time, flags";
        let padded = DATA.replace("08 01", "88 01").replace("10 00 |", "10 00  00 00  00 00 |");
        let frame = [bytes(header), bytes(&padded), packet(), vec![0xfc; 4]].concat();
        reads(127, &frame, "radiotap:wlan:llc:ip:udp");
        assert_eq!(radiotap_flags(&bytes(header)), Some(0x30));
        let extended = "00 00  19 00  03 00 00 80  00 00 00 00  00 00 00 00  00 00 00 00 00 00 00 00  10";
        assert_eq!(radiotap_flags(&bytes(extended)), Some(0x10));
    }

    #[test]
    fn a_tap_holds_no_tap() {
        reads(192, &bytes("00 00 08 00  c0 00 00 00  00 00 08 00  c0 00 00 00"), "ppi");
        reads(258, &bytes("07 00 00 00  01 00 00 00  01 00 00 00  00 | shorter than itself"), "pktap");
    }
}
