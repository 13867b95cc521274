//! The tunnels between wireless access points and their controllers.

use super::notation::{Item, bits, flag, hex, named_part, number, part, scaled};
use super::reader::Reader;

/// CAPWAP: preamble and header. RFC 5415 §4.3
pub(super) fn capwap(reader: &mut Reader<'_>) {
    reader.item(bits(1, &[part("version", 4), part("preamble_type", 4)]));
    if reader.last("preamble_type") == 1 {
        return reader.rest("reserved");
    }
    const HEADER: Item<'_> = bits(
        3,
        &[
            scaled("header_length", 5, 4, "bytes"),
            part("radio", 5),
            named_part("wireless", 5, |value| match value {
                1 => Some("802.11"),
                3 => Some("EPCglobal"),
                _ => None,
            }),
            flag("native_frame"),
            flag("fragment"),
            flag("last_fragment"),
            flag("wireless_information_present"),
            flag("radio_address_present"),
            flag("keep_alive"),
            part("reserved", 3),
        ],
    );
    reader.read(&[
        HEADER,
        hex("fragment_id", 2),
        bits(2, &[part("fragment_offset", 13), part("reserved", 3)]),
    ]);
    for (present, length, content) in [
        ("radio_address_present", "radio_address_length", "radio_address"),
        ("wireless_information_present", "wireless_information_length", "wireless_information"),
    ] {
        if reader.last(present) == 1 && reader.left() > 0 {
            let len = reader.item(number(length, 1)) as usize;
            reader.bytes(content, (len + 1).next_multiple_of(4).saturating_sub(1).min(reader.left()));
        }
    }
}

/// LWAPP, before CAPWAP. RFC 5412 §3
pub(super) fn lwapp(reader: &mut Reader<'_>) {
    if reader.left() > 6 {
        reader.bytes("radio_address", reader.left().saturating_sub(6));
    }
    reader.read(&[
        bits(
            1,
            &[part("version", 2), part("radio", 3), flag("control"), flag("fragment"), flag("last_fragment")],
        ),
        number("fragment_id", 1),
        number("length", 2),
        hex("status", 2),
    ]);
}

#[cfg(test)]
mod tests {
    use super::super::Open;
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn a_capwap_header_names_what_it_carries() {
        let bytes = [0x00, 0x10, 0x43, 0x00, 0, 0, 0, 0];
        let found = fields(capwap, &bytes, 8);
        assert_eq!(texts(&found, "header_length"), ["8 bytes (2)"]);
        assert_eq!(texts(&found, "wireless"), ["1 (802.11)"]);
        assert_eq!(texts(&found, "native_frame"), ["set"]);
    }

    #[test]
    fn the_headers_cover_their_bytes() {
        let all: [(Open, usize); 3] = [(capwap, 16), (capwap, 8), (lwapp, 12)];
        for (open, len) in all {
            for fill in [0, 1, 0x21, 0x32, 0x55, 0xc3, 0xff] {
                opened(open, &vec![fill; len], len);
            }
        }
    }
}
