//! Opens a header in a test, and shows its fields one a line.

use super::reader::{Around, Reader};
use super::{Field, Open};
use crate::decode::Address;

/// The fields of the header that `bytes` begin with, as `name offset+length [first,count]: text`.
pub(super) fn opened(open: Open, bytes: &[u8], header_len: usize) -> String {
    every_prefix(open, bytes, header_len);
    shown(&fields(open, bytes, header_len))
}

/// Those fields as they are.
pub(super) fn fields(open: Open, bytes: &[u8], header_len: usize) -> Vec<Field> {
    let network = Some((Address::v4([10, 0, 0, 1]), Address::v4([10, 0, 0, 2])));
    let around = Around { network, end: bytes.len(), ..Around::default() };
    let mut reader = Reader::new(bytes, header_len, 0, around);
    open(&mut reader);
    reader.finish().0
}

/// The texts of the fields of one name.
pub(super) fn texts(fields: &[Field], name: &str) -> Vec<String> {
    fields.iter().filter(|field| field.name == name).map(|field| field.text.clone()).collect()
}

pub(super) fn shown(fields: &[Field]) -> String {
    let line = |f: &Field| {
        let bits = f.bits.map(|(first, count)| format!(" [{first},{count}]")).unwrap_or_default();
        let indent = "  ".repeat(f.depth.into());
        format!("{indent}{} {}+{}{bits}: {}\n", f.name, f.offset, f.length, f.text)
    };
    fields.iter().map(line).collect()
}

/// The fields of every prefix of a header cover its bytes, and nothing but its bytes.
pub(super) fn every_prefix(open: Open, bytes: &[u8], header_len: usize) {
    for len in 0..=bytes.len() {
        every_part(open, &bytes[..len], header_len);
    }
}

/// The fields of a header cover its bytes, and nothing but its bytes.
pub(super) fn every_part(open: Open, bytes: &[u8], header_len: usize) {
    let around = Around { end: bytes.len(), ..Around::default() };
    let mut reader = Reader::new(bytes, header_len, 0, around);
    open(&mut reader);
    let (fields, header_len, _) = reader.finish();
    assert_covered(&fields, 0, header_len.min(bytes.len()));
}

/// The fields at the top cover the bytes from `offset` on, `len` of them, without a hole.
pub(super) fn assert_covered(fields: &[Field], offset: usize, len: usize) {
    let mut covered = vec![false; len];
    for field in fields {
        let start = field.offset as usize - offset;
        let end = start + field.length as usize;
        assert!(end <= len, "{} {start}..{end} is outside of the {len} bytes", field.name);
        if let Some((first, count)) = field.bits {
            assert!(u32::from(first) + u32::from(count) <= field.length * 8, "{}: bits", field.name);
        }
        if field.depth == 0 {
            covered[start..end].fill(true);
        }
    }
    let hole = covered.iter().position(|covered| !covered);
    assert_eq!(hole, None, "no field has this byte of {len}: {}", shown(fields));
}
