//! IEEE 802.11 as far as its data frames go.

use super::walk::{At, Next, Step, array};
use super::{Layer, Packet, StopReason};

/// IEEE 802.11 §9.2.4.1: the second byte of frame control.
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const MORE_FRAGMENTS: u8 = 0x04;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;

/// What the link type or the header before says of the frame.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quirks {
    /// The two bytes of frame control are swapped, as some access points send them in their tunnels.
    pub(super) swapped: bool,
    /// The header is padded to a multiple of four bytes.
    pub(super) padded: bool,
}

/// An 802.11 frame; what it carries, if it is a data frame in the clear and in one piece.
pub(super) fn wlan<'a>(quirks: Quirks, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let &[c0, c1] = at.header::<2>(Layer::Wlan, packet)?;
    let (control, flags) = if quirks.swapped { (c1, c0) } else { (c0, c1) };
    let (kind, subtype) = (control >> 2 & 3, control >> 4);
    if kind != 2 {
        return not_data(kind, subtype, at, packet);
    }
    let header = at.header::<24>(Layer::Wlan, packet)?;
    let qos = subtype & 8 != 0;
    let to_and_from = flags & (TO_DS | FROM_DS) == TO_DS | FROM_DS;
    let qos_at = if to_and_from { 30 } else { 24 };
    let len = qos_at + if qos { 2 } else { 0 } + if qos && flags & ORDER != 0 { 4 } else { 0 };
    addresses(header, flags, at, packet);
    packet.push(Layer::Wlan, at.offset, len.min(at.bytes.len()));
    if at.bytes.len() < len {
        packet.stop(at.short_of(len), Layer::Wlan, at.offset);
        return None;
    }
    let aggregated = qos && at.bytes.get(qos_at).is_some_and(|control| control & 0x80 != 0);
    let rest = at.after(if quirks.padded { len.next_multiple_of(4) } else { len });
    let fragment = flags & MORE_FRAGMENTS != 0 || header.get(22).is_some_and(|sequence| sequence & 0xf != 0);
    // A subtype with this bit carries nothing.
    if subtype & 4 != 0 || rest.wire == 0 {
        return None;
    }
    if flags & PROTECTED != 0 || fragment {
        packet.stop(StopReason::Unsupported(u32::from(control)), Layer::Wlan, rest.offset);
        return None;
    }
    if aggregated { first_subframe(rest, packet) } else { payload(rest) }
}

/// LLC; but some drivers put an Ethernet frame here.
fn payload(rest: At<'_>) -> Step<'_> {
    let ethernet = match array::<14>(rest.bytes) {
        Ok((_, &[.., k0, k1])) => {
            !matches!(rest.bytes, [0xaa, 0xaa, ..])
                && matches!(u16::from_be_bytes([k0, k1]), 0x0800 | 0x0806 | 0x86dd)
        }
        Err(_) => false,
    };
    Some((if ethernet { Next::Ethernet } else { Next::Llc }, rest))
}

/// IEEE 802.11 §9.3.2.2: several payloads in one frame, each with addresses and a length of its own. The first is read.
fn first_subframe<'a>(rest: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    let Ok((_, header)) = array::<14>(rest.bytes) else {
        return packet.stop_behind(rest.short_of(14), rest.offset);
    };
    let &[.., l0, l1] = header;
    let (destination, source) = header.split_at(6);
    packet.link(source.get(..6).unwrap_or_default(), destination);
    Some((Next::Llc, rest.after(14).cut(u32::from(u16::from_be_bytes([l0, l1])))))
}

/// Management and control frames carry no packets.
fn not_data<'a>(kind: u8, subtype: u8, at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    packet.push(Layer::Wlan, at.offset, at.bytes.len());
    if let (0, Some(destination), Some(source)) = (kind, at.bytes.get(4..10), at.bytes.get(10..16)) {
        packet.link(source, destination);
    }
    if kind == 3 {
        packet.stop(StopReason::Unsupported(u32::from(subtype)), Layer::Wlan, at.offset);
    }
    None
}

/// IEEE 802.11 §9.3.2.1: which of the addresses are source and destination depends on the distribution system.
fn addresses<'a>(header: &'a [u8; 24], flags: u8, at: At<'a>, packet: &mut Packet<'a>) {
    let field = |index: usize| header.get(4 + 6 * index..10 + 6 * index).unwrap_or_default();
    match flags & (TO_DS | FROM_DS) {
        0 => packet.link(field(1), field(0)),
        TO_DS => packet.link(field(1), field(2)),
        FROM_DS => packet.link(field(2), field(0)),
        _ => {
            if let Some(fourth) = at.bytes.get(24..30) {
                packet.link(fourth, field(2));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    const WLAN: u16 = 105;
    const ADDRESSES: &str = "02 00 00 00 00 0a  02 00 00 00 00 0b  02 00 00 00 00 0c";
    const SNAP: &str = "aa aa 03 00 00 00 08 00";

    #[test]
    fn data_frames_carry_packets() {
        for (control, between) in [
            ("08 00", ""),
            ("08 01", ""),
            ("08 02", ""),
            ("08 03", "02 00 00 00 00 0d"),
            ("88 01", "00 00"),
            ("88 03", "02 00 00 00 00 0d  00 00"),
            ("88 81", "00 00  00 00 00 00"),
        ] {
            carries(WLAN, &format!("{control} 00 00 {ADDRESSES} 10 00 {between} {SNAP}"), "wlan:llc");
        }
    }

    #[test]
    fn source_and_destination_depend_on_the_distribution_system() {
        for (control, fourth, source, destination) in [
            ("08 00", "", 0x0b, 0x0a),
            ("08 01", "", 0x0b, 0x0c),
            ("08 02", "", 0x0c, 0x0a),
            ("08 03", "02 00 00 00 00 0d", 0x0d, 0x0c),
        ] {
            let frame = bytes(&format!("{control} 00 00 {ADDRESSES} 10 00 {fourth} {SNAP}"));
            let (from, to) = decoded(WLAN, &frame).link.unwrap();
            assert_eq!((from[5], to[5]), (source, destination), "{control}");
        }
    }

    #[test]
    fn what_is_encrypted_in_pieces_or_empty_is_not_opened() {
        let frame = |control: &str, sequence: &str| {
            [bytes(&format!("{control} 00 00 {ADDRESSES} {sequence} {SNAP}")), packet()].concat()
        };
        for (control, sequence, stopped) in [
            ("08 41", "10 00", true),
            ("08 05", "10 00", true),
            ("08 01", "11 00", true),
            ("48 01", "10 00", false),
            ("80 00", "10 00", false),
            ("d4 00", "10 00", false),
        ] {
            let frame = frame(control, sequence);
            reads(WLAN, &frame, "wlan");
            assert_eq!(decoded(WLAN, &frame).stop.is_some(), stopped, "{control}");
        }
    }

    #[test]
    fn the_first_of_aggregated_payloads_is_read() {
        let header = format!(
            "88 01 00 00 {ADDRESSES} 10 00  80 00             | QoS control: aggregated
             02 00 00 00 00 02  02 00 00 00 00 01  00 24      | addresses and length of the first
             {SNAP}"
        );
        carries(WLAN, &header, "wlan:llc");
    }

    #[test]
    fn some_drivers_put_ethernet_behind_the_header() {
        let frame = [bytes(&format!("08 01 00 00 {ADDRESSES} 10 00")), ethernet(0x0800, &packet())].concat();
        assert_eq!(protocols(&decoded(WLAN, &frame)), "wlan:eth:ethertype:ip:udp");
    }
}
