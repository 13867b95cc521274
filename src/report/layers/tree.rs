//! Opened layers as an indented tree: which bytes, which field, what it says, and the bits it stands in.

use std::fmt::Write;

use crate::decode::describe::{Described, Field};
use crate::pipeline::PacketRow;
use crate::report::escape;

/// The most columns that the names of fields take.
const NAMES: usize = 34;

/// Appends the layers, outermost first, each with its OSI layer, its name and its bytes.
pub(super) fn write(row: &PacketRow<'_>, layers: &[Described], out: &mut Vec<u8>) {
    for layer in layers {
        let buffer = if layer.reassembled { row.datagram.unwrap_or_default() } else { row.frame.data };
        let kind = layer.layer;
        let mut line = format!("  OSI {}  {}  {}", kind.osi(), kind.name(), kind.full_name());
        let _ = write!(line, ", {} bytes", layer.length);
        if layer.offset > 0 {
            let _ = write!(line, " at {}", layer.offset);
        }
        if layer.reassembled {
            line.push_str(" of the reassembled datagram");
        }
        line.push('\n');
        out.extend_from_slice(line.as_bytes());
        let longest = layer.fields.iter().map(|field| field.name.len() + 2 * usize::from(field.depth)).max();
        for field in &layer.fields {
            one(field, longest.unwrap_or(0).min(NAMES), buffer, out);
        }
    }
}

fn one(field: &Field, width: usize, buffer: &[u8], out: &mut Vec<u8>) {
    let indent = 2 * usize::from(field.depth);
    let name = width.saturating_sub(indent);
    let start = out.len();
    out.extend_from_slice(
        format!("    {:>11}  {:indent$}{:<name$}  ", range(field), "", field.name).as_bytes(),
    );
    escape::plain(field.text.as_bytes(), out);
    if let Some(pattern) = pattern(field, buffer) {
        out.extend_from_slice(b"  [");
        out.extend_from_slice(pattern.as_bytes());
        out.push(b']');
    }
    while out.len() > start && out.last() == Some(&b' ') {
        out.pop();
    }
    out.push(b'\n');
}

/// The bytes of a field: the first and the last.
fn range(field: &Field) -> String {
    match field.length {
        0 => String::new(),
        1 => field.offset.to_string(),
        length => format!("{}-{}", field.offset, u64::from(field.offset) + u64::from(length) - 1),
    }
}

/// The bits of a field as they are, and a dot for each other bit of the bytes that it stands in.
fn pattern(field: &Field, buffer: &[u8]) -> Option<String> {
    let (first, count) = field.bits?;
    let (first, end) = (usize::from(first), usize::from(first) + usize::from(count));
    let bytes = buffer.get(field.offset as usize..)?.get(first / 8..end.div_ceil(8))?;
    let mut text = String::new();
    for (place, byte) in bytes.iter().enumerate() {
        for bit in 0..8 {
            if bit % 4 == 0 && !text.is_empty() {
                text.push(' ');
            }
            let within = (first..end).contains(&(first / 8 * 8 + place * 8 + bit));
            text.push(match byte >> (7 - bit) & 1 {
                _ if !within => '.',
                0 => '0',
                _ => '1',
            });
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::describe::Value;

    fn field(offset: u32, length: u32, bits: Option<(u8, u8)>, depth: u8) -> Field {
        Field { name: "name", value: Value::None, text: "text\u{7}".into(), offset, length, bits, depth }
    }

    #[test]
    fn a_line_shows_bytes_name_text_and_bits() {
        let bytes = [0, 0x45, 0b0100_0010, 0];
        for (given, expected) in [
            (field(1, 1, Some((0, 4)), 0), "              1  name      text\\x07  [0100 ....]\n"),
            (field(1, 2, Some((4, 12)), 0), "            1-2  name      text\\x07  [.... 0101 0100 0010]\n"),
            (field(1, 3, Some((14, 1)), 1), "            1-3    name    text\\x07  [.... ..1.]\n"),
            (field(0, 4, None, 0), "            0-3  name      text\\x07\n"),
            (field(0, 0, None, 0), "                 name      text\\x07\n"),
            (field(9, 1, Some((0, 1)), 0), "              9  name      text\\x07\n"),
        ] {
            let mut out = Vec::new();
            one(&given, 8, &bytes, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
