//! Reads a header from its first byte to its last, and notes each field.
//!
//! Nothing can be left out: bytes are read one after the other, and what no protocol claimed becomes the field
//! `data` when the reader is done. Nothing can be read twice or beyond the end: where bytes are missing, those
//! that are there become `data`, and everything read afterwards is 0 and leaves no field.

use nom::IResult;
use nom::bytes::complete::take;

use super::field::{Field, Value};
use super::notation::{Item, Part, Shape, Show};
use crate::decode::Address;

/// What the layers outside say of the one that is read, and it of those inside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    /// Source and destination of the innermost IP header, as its pseudo-header has them.
    pub(super) network: Option<(Address, Address)>,
    /// Where what is inside ends on the wire; the bytes behind it are padding or trailer of a layer outside.
    pub(super) end: usize,
    /// What is inside is a fragment of a datagram.
    pub(super) fragment: bool,
    /// Some header outside promised more than its own container holds: a quotation, or a frame cut before
    /// it was captured.
    pub(super) cut: bool,
}

/// A header being read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) around: Around,
    /// From the first byte of the header to the end of what was captured of its payload.
    input: &'a [u8],
    /// Bytes read.
    position: usize,
    /// Where the header ends.
    header_len: usize,
    /// What `input` begins at in the frame or datagram.
    base: usize,
    depth: u8,
    fields: Vec<Field>,
}

impl<'a> Reader<'a> {
    /// A reader of the first `header_len` bytes of `input`, which stands at `base` in its frame.
    pub(super) fn new(input: &'a [u8], header_len: usize, base: usize, around: Around) -> Self {
        let header_len = header_len.min(input.len());
        Self { around, input, position: 0, header_len, base, depth: 0, fields: Vec::new() }
    }

    /// The fields; what was not read is `data`.
    pub(super) fn finish(mut self) -> (Vec<Field>, usize, Around) {
        self.rest("data");
        (self.fields, self.header_len, self.around)
    }

    /// Bytes of the header read.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Bytes of the header not yet read.
    pub(super) fn left(&self) -> usize {
        self.header_len - self.position
    }

    /// Those bytes.
    pub(super) fn peek(&self) -> &'a [u8] {
        self.input.get(self.position..self.header_len).unwrap_or(&[])
    }

    /// Everything from the first byte of the header to the end of its payload, if all of it was captured.
    pub(super) fn whole(&self) -> Option<&'a [u8]> {
        let len = self.around.end.checked_sub(self.base).filter(|_| !self.around.cut)?;
        self.input.get(..len)
    }

    /// The header reaches to the end of what was captured.
    pub(super) fn take_payload(&mut self) {
        self.header_len = self.input.len();
    }

    /// The header, and all that is inside of it, ends `len` bytes behind its first.
    pub(super) fn end_at(&mut self, len: usize) {
        let end = self.base.saturating_add(len);
        self.around.cut |= end > self.around.end;
        self.around.end = self.around.end.min(end);
        self.input = self.input.get(..len).unwrap_or(self.input);
        self.header_len = self.header_len.min(self.input.len());
        self.position = self.position.min(self.header_len);
    }

    /// The last `len` bytes of the payload, as it was on the wire, are none of it.
    pub(super) fn shorten(&mut self, len: usize) {
        self.end_at(self.around.end.saturating_sub(self.base).saturating_sub(len).max(self.header_len));
    }

    /// Reads the fields of a table.
    pub(super) fn read(&mut self, items: &[Item<'_>]) {
        for item in items {
            self.item(*item);
        }
    }

    /// Reads a field and gives its number; 0 where it is none or is missing.
    pub(super) fn item(&mut self, item: Item<'_>) -> u64 {
        let at = self.position;
        let Some(bytes) = self.advance(item.len) else { return 0 };
        match item.shape {
            Shape::Number(show) => self.number(item, at, unsigned(bytes), show),
            Shape::Little(show) => {
                let swapped: Vec<u8> = bytes.iter().rev().copied().collect();
                self.number(item, at, unsigned(&swapped), show)
            }
            Shape::Signed(unit) => {
                let value = bytes.first().map_or(0, |&byte| byte as i8);
                self.note(item.name, at, 1, Value::Signed(value.into()), format!("{value} {unit}"), None);
                unsigned(bytes)
            }
            Shape::Bits { little, parts } => self.parts(item, at, bytes, little, parts),
            Shape::Hardware => self.value(item.name, at, Value::Hardware(bytes.to_vec())),
            Shape::Address => self.value(item.name, at, address(bytes)),
            Shape::Bytes => self.value(item.name, at, Value::Bytes(bytes.to_vec())),
            Shape::Characters => self.value(item.name, at, Value::Characters(bytes.to_vec())),
        }
    }

    /// Reads `len` bytes that mean nothing more; none leave no field.
    pub(super) fn bytes(&mut self, name: &'static str, len: usize) {
        if len > 0 {
            self.item(super::notation::bytes(name, len));
        }
    }

    /// Reads `len` bytes of characters; none leave no field.
    pub(super) fn characters(&mut self, name: &'static str, len: usize) {
        if len > 0 {
            self.item(super::notation::characters(name, len));
        }
    }

    /// Reads what is left of the header as bytes.
    pub(super) fn rest(&mut self, name: &'static str) {
        self.bytes(name, self.left());
    }

    /// Reads up to `len` bytes by `body`, as parts of a field `name`; what `body` leaves of them becomes `data`.
    /// `body` gives the text of the whole.
    pub(super) fn group(&mut self, name: &'static str, len: usize, body: impl FnOnce(&mut Self) -> String) {
        let (at, outer) = (self.position, self.header_len);
        let index = self.fields.len();
        self.note(name, at, 0, Value::None, String::new(), None);
        self.header_len = outer.min(at.saturating_add(len));
        self.depth += 1;
        let text = body(self);
        self.rest("data");
        self.depth -= 1;
        self.header_len = outer.max(self.position);
        if let Some(field) = self.fields.get_mut(index) {
            field.length = (self.position - at) as u32;
            field.text = text;
        }
    }

    /// The number in the next `len` bytes of the header, without reading them; `None` where they are not there.
    pub(super) fn ahead(&self, len: usize) -> Option<u64> {
        self.peek().get(..len).map(unsigned)
    }

    /// The number of the field of this name that was read last; 0 where there is none.
    pub(super) fn last(&self, name: &str) -> u64 {
        self.field(name).and_then(|field| field.value.number()).unwrap_or(0)
    }

    /// The text of the field of this name that was read last.
    pub(super) fn last_text(&self, name: &str) -> String {
        self.field(name).map(|field| field.text.clone()).unwrap_or_default()
    }

    /// The address in the field of this name that was read last.
    pub(super) fn last_address(&self, name: &str) -> Option<Address> {
        match self.field(name)?.value {
            Value::Address(address) => Some(address),
            _ => None,
        }
    }

    /// Says more in the text of the field that was read last.
    pub(super) fn remark(&mut self, more: &str) {
        if let Some(field) = self.fields.last_mut() {
            field.text.push_str(" (");
            field.text.push_str(more);
            field.text.push(')');
        }
    }

    /// Says in other words what the field read last holds.
    pub(super) fn replace_last(&mut self, value: Value, text: String) {
        if let Some(field) = self.fields.last_mut() {
            (field.value, field.text) = (value, text);
        }
    }

    /// Adds a field that follows from the one read last and stands in the same bytes.
    pub(super) fn derive(&mut self, name: &'static str, value: Value, text: String) {
        let Some(last) = self.fields.last() else { return };
        let field = Field { name, value, text, ..last.clone() };
        self.fields.push(field);
    }

    /// Adds a part of the field read last: bit `first` of its bytes, as a flag. Called again, one beside it.
    pub(super) fn flag(&mut self, name: &'static str, first: u8, set: bool) {
        self.share(name, (first, 1), Value::Bool(set));
    }

    /// Adds a part of the field read last: some bits of its bytes. Called again, one beside it.
    pub(super) fn share(&mut self, name: &'static str, bits: (u8, u8), value: Value) {
        let Some(last) = self.fields.last() else { return };
        let (text, bits, depth) = (value.text(), Some(bits), self.depth + 1);
        let field = Field { name, text, value, bits, depth, ..last.clone() };
        self.fields.push(field);
    }

    /// Adds the field `name` that stands in the last `len` bytes read, or in some bits of them.
    pub(super) fn over(
        &mut self,
        name: &'static str,
        len: usize,
        bits: Option<(u8, u8)>,
        value: Value,
        text: String,
    ) {
        self.note(name, self.position.saturating_sub(len), len, value, text, bits);
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().rev().find(|field| field.name == name)
    }

    fn advance(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken: IResult<&[u8], &[u8]> = take(len)(self.peek());
        if let Ok((_, bytes)) = taken {
            self.position += len;
            return Some(bytes);
        }
        let (at, rest) = (self.position, self.peek());
        if !rest.is_empty() {
            self.position = self.header_len;
            self.value("data", at, Value::Bytes(rest.to_vec()));
        }
        None
    }

    fn number(&mut self, item: Item<'_>, at: usize, number: u64, show: Show) -> u64 {
        self.note(item.name, at, item.len, Value::Number(number), show.text(number, item.len * 8), None);
        number
    }

    fn value(&mut self, name: &'static str, at: usize, value: Value) -> u64 {
        let text = value.text();
        self.note(name, at, self.position - at, value, text, None);
        0
    }

    fn parts(&mut self, item: Item<'_>, at: usize, bytes: &[u8], little: bool, parts: &[Part]) -> u64 {
        let word = if little { bytes.iter().rev().fold(0, shift_in) } else { bytes.iter().fold(0, shift_in) };
        let of = |place: usize, part: &Part| {
            let low = (item.len * 8).saturating_sub(place + usize::from(part.count));
            (word >> low & mask(part.count), low)
        };
        if !item.name.is_empty() {
            let mut place = 0;
            let mut set = Vec::new();
            for part in parts {
                if part.show.is_none() && of(place, part).0 == 1 && part.name != "reserved" {
                    set.push(part.name);
                }
                place += usize::from(part.count);
            }
            let text = format!("0x{word:0width$x} ({})", listed(&set), width = item.len * 2);
            self.note(item.name, at, item.len, Value::Number(word), text, None);
        }
        self.depth += u8::from(!item.name.is_empty());
        let mut place = 0;
        for part in parts {
            let (number, low) = of(place, part);
            let (value, text) = match part.show {
                None => (Value::Bool(number == 1), Value::Bool(number == 1).text()),
                Some(show) => (Value::Number(number), show.text(number, part.count.into())),
            };
            let bits = if little { little_range(low, part.count) } else { Some((place as u8, part.count)) };
            let all = usize::from(part.count) == item.len * 8;
            self.note(part.name, at, item.len, value, text, bits.filter(|_| !all));
            place += usize::from(part.count);
        }
        self.depth -= u8::from(!item.name.is_empty());
        word
    }

    fn note(
        &mut self,
        name: &'static str,
        at: usize,
        len: usize,
        value: Value,
        text: String,
        bits: Option<(u8, u8)>,
    ) {
        let offset = self.base.saturating_add(at) as u32;
        self.fields.push(Field { name, value, text, offset, length: len as u32, bits, depth: self.depth });
    }
}

/// Up to eight bytes as a number, most significant first; of more, the last eight.
fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, shift_in)
}

fn shift_in(number: u64, byte: &u8) -> u64 {
    number << 8 | u64::from(*byte)
}

fn mask(count: u8) -> u64 {
    u64::MAX.checked_shr(64 - u32::from(count.min(64))).unwrap_or(0)
}

/// Where the bits from `low` on (0 is the least significant) stand in a word whose least significant byte comes
/// first; `None` where they are not side by side.
fn little_range(low: usize, count: u8) -> Option<(u8, u8)> {
    let high = low + usize::from(count).saturating_sub(1);
    (low / 8 == high / 8).then_some(((low / 8 * 8 + 7 - high % 8) as u8, count))
}

fn address(bytes: &[u8]) -> Value {
    match (<[u8; 4]>::try_from(bytes), <[u8; 16]>::try_from(bytes)) {
        (Ok(four), _) => Value::Address(Address::v4(four)),
        (_, Ok(sixteen)) => Value::Address(Address::v6(sixteen)),
        _ => Value::Bytes(bytes.to_vec()),
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { String::from("none") } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::super::notation::{
        bits, flag, flags, hardware, hex, ipv4, little, little_bits, measure, number, part, scaled,
    };
    use super::*;

    fn shown(fields: &[Field]) -> Vec<String> {
        fields
            .iter()
            .map(|f| {
                let bits = f.bits.map(|(first, count)| format!(" [{first},{count}]")).unwrap_or_default();
                let indent = " ".repeat(f.depth.into());
                format!("{indent}{} {}+{}{bits}: {}", f.name, f.offset, f.length, f.text)
            })
            .collect()
    }

    fn read(bytes: &[u8], items: &[Item<'_>]) -> Vec<String> {
        let mut reader = Reader::new(bytes, bytes.len(), 100, Around::default());
        reader.read(items);
        shown(&reader.finish().0)
    }

    #[test]
    fn a_table_gives_each_field_with_its_bytes_and_bits() {
        const ITEMS: &[Item] = &[
            bits(1, &[part("version", 4), scaled("header_length", 4, 4, "bytes")]),
            flags("flags", 1, &[part("zero", 6), flag("more"), flag("less")]),
            number("port", 2),
            hex("checksum", 2),
            little("swapped", 2),
            little_bits(2, &[part("sequence", 12), part("fragment", 4)]),
            ipv4("source"),
            hardware("station"),
            measure("life", 1, 1, "s"),
        ];
        let bytes =
            [0x45, 0x03, 0x01, 0xbb, 0x00, 0xff, 0x01, 0x00, 0x21, 0x43, 10, 0, 0, 1, 0, 1, 2, 3, 4, 5, 9, 7];
        assert_eq!(
            read(&bytes, ITEMS),
            [
                "version 100+1 [0,4]: 4",
                "header_length 100+1 [4,4]: 20 bytes (5)",
                "flags 101+1: 0x03 (more, less)",
                " zero 101+1 [0,6]: 0",
                " more 101+1 [6,1]: set",
                " less 101+1 [7,1]: set",
                "port 102+2: 443",
                "checksum 104+2: 0x00ff",
                "swapped 106+2: 1",
                "sequence 108+2: 1074",
                "fragment 108+2 [4,4]: 1",
                "source 110+4: 10.0.0.1",
                "station 114+6: 00:01:02:03:04:05",
                "life 120+1: 9 s",
                "data 121+1: 07",
            ]
        );
    }

    #[test]
    fn what_is_cut_becomes_data_and_what_follows_leaves_no_field() {
        let items = [number("first", 2), number("second", 4), number("third", 1)];
        assert_eq!(read(&[0, 1, 2, 3, 4], &items), ["first 100+2: 1", "data 102+3: 020304"]);
        assert_eq!(read(&[], &items), [""; 0]);
    }

    #[test]
    fn a_group_covers_what_it_read_and_never_more_than_there_is() {
        let mut reader = Reader::new(&[1, 2, 3, 4], 4, 0, Around::default());
        reader.group("option", 3, |r| {
            let kind = r.item(number("kind", 1));
            format!("kind {kind}")
        });
        reader.group("option", 200, |r| {
            r.item(number("kind", 1));
            String::new()
        });
        let expected =
            ["option 0+3: kind 1", " kind 0+1: 1", " data 1+2: 0203", "option 3+1: ", " kind 3+1: 4"];
        assert_eq!(shown(&reader.finish().0), expected);
    }

    #[test]
    fn the_payload_ends_where_a_length_field_says() {
        let mut reader = Reader::new(&[0; 10], 4, 50, Around { end: 60, ..Around::default() });
        assert_eq!(reader.whole().map(<[u8]>::len), Some(10));
        reader.end_at(8);
        assert_eq!((reader.whole().map(<[u8]>::len), reader.around.end), (Some(8), 58));
        reader.end_at(100);
        assert_eq!((reader.whole(), reader.around.end), (None, 58));
        reader.around = Around { end: 70, ..Around::default() };
        assert_eq!(reader.whole(), None);
    }
}
