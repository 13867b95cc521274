//! Ethernet, IEEE 802.2 and their relatives, and what stands behind the payload of a frame.

use super::checksum::frame_check_sequence;
use super::field::{Field, Value};
use super::names::{ethertype, sap};
use super::notation::{Item, bits, code, flag, hardware, hardware_of, hex, number, part};
use super::reader::Reader;

/// The EtherType of the payload.
pub(super) const TYPE: Item<'_> = code("type", 2, ethertype);

/// Ethernet II, and IEEE 802.3 where the last field is a length.
pub(super) fn ethernet(reader: &mut Reader<'_>) {
    station(reader, "destination");
    station(reader, "source");
    type_or_length(reader, 14);
}

/// A station's address, with the flags in its first byte.
pub(super) fn station(reader: &mut Reader<'_>, name: &'static str) {
    let first = reader.ahead(1).unwrap_or(0);
    let whole = reader.left() >= 6;
    reader.item(hardware(name));
    if whole {
        reader.flag("locally_administered", 6, first & 2 != 0);
        reader.flag("group", 7, first & 1 != 0);
    }
}

/// The field behind the addresses: up to 1500 the length of what follows in the frame, which then ends there.
pub(super) fn type_or_length(reader: &mut Reader<'_>, header_len: usize) {
    match reader.ahead(2) {
        Some(length @ 1..=1500) => {
            reader.item(number("length", 2));
            reader.end_at(header_len + length as usize);
        }
        _ => reader.read(&[TYPE]),
    }
}

/// A type alone in front of the payload.
pub(super) fn type_alone(reader: &mut Reader<'_>) {
    reader.item(TYPE);
}

/// IEEE 802.2 with the SNAP header where there is one.
pub(super) fn llc(reader: &mut Reader<'_>) {
    reader.read(&[code("dsap", 1, sap), code("ssap", 1, sap)]);
    if reader.ahead(1).is_some_and(|control| control & 3 == 3) {
        reader.item(code("control", 1, unnumbered));
    } else {
        reader.read(&[bits(
            2,
            &[part("send_sequence", 7), flag("supervisory"), part("receive_sequence", 7), flag("poll_final")],
        )]);
    }
    if reader.left() >= 5 {
        reader.read(&[hex("oui", 3), TYPE]);
    }
}

/// Unnumbered frames. IEEE 802.2 §5.4
fn unnumbered(control: u64) -> Option<&'static str> {
    Some(match control {
        0x03 | 0x13 => "UI",
        0x0f | 0x1f => "DM",
        0x43 | 0x53 => "DISC",
        0x63 | 0x73 => "UA",
        0x6f | 0x7f => "SABME",
        0x87 | 0x97 => "FRMR",
        0xaf | 0xbf => "XID",
        0xe3 | 0xf3 => "TEST",
        _ => return None,
    })
}

/// FDDI, of which the stations have their bits swapped only on the medium.
pub(super) fn fddi(reader: &mut Reader<'_>) {
    reader.item(hex("frame_control", 1));
    station(reader, "destination");
    station(reader, "source");
}

/// Token ring. IEEE 802.5
pub(super) fn token_ring(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(1, &[part("priority", 3), flag("token"), flag("monitor"), part("reservation", 3)]),
        hex("frame_control", 1),
    ]);
    station(reader, "destination");
    station(reader, "source");
    reader.rest("routing_information");
}

/// ARCNET, as Linux and BSD give it. RFC 1201
pub(super) fn arcnet(reader: &mut Reader<'_>) {
    reader.read(&[hardware_of("source", 1), hardware_of("destination", 1)]);
    if reader.left() >= 6 {
        reader.item(hex("offset", 2));
    }
    reader.item(hex("protocol", 1));
    if reader.left() >= 3 {
        reader.read(&[hex("split_flag", 1), number("sequence", 2)]);
    }
}

/// The bytes of a frame behind its payload: what fills it up, and the frame check sequence, if the file says that
/// there is one (`fcs_len`) or the last four bytes are. `frame` are its bytes from the destination address to
/// the end; the last `trailer` of them, which begin at `offset`, are not payload.
pub(super) fn trailer(frame: &[u8], trailer: usize, offset: usize, fcs_len: Option<usize>) -> Vec<Field> {
    let Some((before, tail)) = frame.len().checked_sub(trailer).and_then(|at| frame.split_at_checked(at))
    else {
        return Vec::new();
    };
    let right = frame.len().checked_sub(4).and_then(|end| frame.get(..end)).map(frame_check_sequence);
    let found = tail.last_chunk::<4>().map(|last| u32::from_le_bytes(*last));
    let sequence = found.filter(|_| fcs_len == Some(4) || fcs_len.is_none() && found == right);
    let filled = tail.len() - if sequence.is_some() { 4 } else { 0 };
    let mut fields = Vec::new();
    let mut add = |name, at: usize, length: usize, value: Value, text| {
        let offset = (offset + at) as u32;
        fields.push(Field { name, value, text, offset, length: length as u32, bits: None, depth: 0 });
    };
    if let Some(bytes) = tail.get(..filled).filter(|bytes| !bytes.is_empty()) {
        // IEEE 802.3 §3.2.8: frames of less than 60 bytes are padded to 60.
        let padding = before.len() + filled <= 60 || bytes.iter().all(|&byte| byte == 0);
        let value = Value::Bytes(bytes.to_vec());
        let text = value.text();
        add(if padding { "padding" } else { "trailer" }, 0, filled, value, text);
    }
    if let (Some(found), Some(right)) = (sequence, right) {
        let check =
            if found == right { String::from("correct") } else { format!("wrong, should be 0x{right:08x}") };
        add(
            "frame_check_sequence",
            filled,
            4,
            Value::Number(found.into()),
            format!("0x{found:08x} ({check})"),
        );
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::super::testing::opened;
    use super::*;

    const FRAME: [u8; 14] =
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x1b, 0x21, 0x3c, 0x9d, 0xf8, 0x08, 0x06];

    #[test]
    fn an_ethernet_header_shows_stations_with_their_flags() {
        assert_eq!(
            opened(ethernet, &FRAME, 14),
            "destination 0+6: ff:ff:ff:ff:ff:ff\n\
            \x20 locally_administered 0+6 [6,1]: set\n\
            \x20 group 0+6 [7,1]: set\n\
            source 6+6: 02:1b:21:3c:9d:f8\n\
            \x20 locally_administered 6+6 [6,1]: set\n\
            \x20 group 6+6 [7,1]: not set\n\
            type 12+2: 0x0806 (ARP)\n"
        );
    }

    #[test]
    fn llc_has_a_long_or_a_short_control_field_and_maybe_snap() {
        for (bytes, expected) in [
            (
                &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..],
                "dsap 0+1: 0xaa (SNAP)\nssap 1+1: 0xaa (SNAP)\ncontrol 2+1: 0x03 (UI)\noui 3+3: 0x000000\n\
                 type 6+2: 0x0800 (IPv4)\n",
            ),
            (
                &[0xf0, 0xf0, 0x02, 0x05],
                "dsap 0+1: 0xf0 (NetBIOS)\nssap 1+1: 0xf0 (NetBIOS)\nsend_sequence 2+2 [0,7]: 1\n\
                 supervisory 2+2 [7,1]: not set\nreceive_sequence 2+2 [8,7]: 2\npoll_final 2+2 [15,1]: set\n",
            ),
        ] {
            assert_eq!(opened(llc, bytes, bytes.len()), expected);
        }
    }

    #[test]
    fn what_stands_behind_the_payload_is_padding_trailer_or_check_sequence() {
        let names = |frame: &[u8], len| {
            let fields = trailer(frame, len, 100, None);
            fields.iter().map(|f| format!("{} {}+{}", f.name, f.offset, f.length)).collect::<Vec<_>>()
        };
        assert_eq!(names(&[1; 60], 18), ["padding 100+18"]);
        assert_eq!(names(&[1; 90], 8), ["trailer 100+8"]);
        assert_eq!(names(&[1; 90], 0), [""; 0]);
        assert_eq!(names(&[1; 3], 8), [""; 0]);
        let mut whole = vec![7; 60];
        whole.extend(frame_check_sequence(&whole).to_le_bytes());
        assert_eq!(names(&whole, 4), ["frame_check_sequence 100+4"]);
        assert_eq!(names(&whole, 22), ["padding 100+18", "frame_check_sequence 118+4"]);
        whole[0] = 8;
        assert_eq!(names(&whole, 4), ["trailer 100+4"]);
        let said = trailer(&whole, 4, 100, Some(4));
        assert!(said[0].text.contains("wrong, should be 0x"), "{said:?}");
    }
}
