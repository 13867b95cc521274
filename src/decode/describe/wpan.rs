//! IEEE 802.15.4, and 6LoWPAN over it.

use super::Value;
use super::notation::{Item, Shape, bits, flag, hex, little_hex, named_part, number, part};
use super::reader::Reader;

/// A frame header. IEEE 802.15.4-2006 §7.2.1
pub(super) fn wpan(reader: &mut Reader<'_>) {
    reader.read(&[
        bits(
            1,
            &[
                flag("reserved"),
                flag("same_network"),
                flag("acknowledge"),
                flag("pending"),
                flag("secured"),
                named_part("frame_type", 3, |value| {
                    ["beacon", "data", "acknowledgment", "command"].get(value as usize).copied()
                }),
            ],
        ),
        bits(
            1,
            &[part("source_mode", 2), part("version", 2), part("destination_mode", 2), part("reserved", 2)],
        ),
        number("sequence", 1),
    ]);
    let (destination, source) = (reader.last("destination_mode"), reader.last("source_mode"));
    let same = reader.last("same_network") == 1 && destination >= 2;
    if destination >= 2 {
        reader.item(little_hex("destination_network", 2));
        address(reader, "destination", destination);
    }
    if source >= 2 {
        if !same {
            reader.item(little_hex("source_network", 2));
        }
        address(reader, "source", source);
    }
}

/// An address of two bytes or eight, the last one first.
fn address(reader: &mut Reader<'_>, name: &'static str, mode: u64) {
    if mode == 2 {
        reader.item(little_hex(name, 2));
        return;
    }
    let swapped: Option<Vec<u8>> = reader.peek().get(..8).map(|bytes| bytes.iter().rev().copied().collect());
    reader.item(Item { name, len: 8, shape: Shape::Bytes });
    if let Some(bytes) = swapped {
        let value = Value::Hardware(bytes);
        let text = value.text();
        reader.replace_last(value, text);
    }
}

/// The dispatch byte. RFC 4944 §5.1
pub(super) fn six_lowpan(reader: &mut Reader<'_>) {
    reader.item(hex("dispatch", 1));
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn addresses_are_shown_first_byte_first() {
        let bytes = [0x41, 0xcc, 7, 0xcd, 0xab, 8, 7, 6, 5, 4, 3, 2, 1, 9, 9, 9, 9, 9, 9, 9, 9];
        opened(wpan, &bytes, 21);
        let found = fields(wpan, &bytes, 21);
        assert_eq!(texts(&found, "destination_network"), ["0xabcd"]);
        assert_eq!(texts(&found, "destination"), ["01:02:03:04:05:06:07:08"]);
        assert_eq!(texts(&found, "source"), ["09:09:09:09:09:09:09:09"]);
        assert_eq!(texts(&found, "frame_type"), ["1 (data)"]);
        let short = [0x01, 0x88, 7, 1, 0, 2, 0, 3, 0, 4, 0];
        assert_eq!(texts(&fields(wpan, &short, 11), "source"), ["0x0004"]);
        opened(wpan, &short, 11);
    }
}
