//! The notation in which a protocol's layout is written: a table, one line a field.
//!
//! ```text
//! const HEADER: &[Item] = &[
//!     number("source_port", 2),
//!     bits(2, &[scaled("header_length", 4, 4, "bytes"), part("reserved", 4), flag("fin"), ...]),
//!     ipv4("source"),
//! ];
//! ```
//!
//! Lengths are bytes, those of parts and flags bits, from the most significant on.

/// The names of a code point; `None` for one without a name, which is shown by its number.
pub(super) type Names = fn(u64) -> Option<&'static str>;

/// One field, or one word of several bit fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) name: &'static str,
    pub(super) len: usize,
    pub(super) shape: Shape<'a>,
}

/// What the bytes of an item are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape<'a> {
    /// A number in network byte order.
    Number(Show),
    /// A number, the least significant byte first.
    Little(Show),
    /// A number in two's complement, with its unit.
    Signed(&'static str),
    /// Bit fields. Without a name they stand by themselves; with one it is the word's, and its text names the
    /// flags that are set.
    Bits { little: bool, parts: &'a [Part] },
    /// A hardware address.
    Hardware,
    /// An IPv4 or IPv6 address, by its length.
    Address,
    /// Bytes.
    Bytes,
    /// Characters.
    Characters,
}

/// Some bits of a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) count: u8,
    /// `None` for a flag.
    pub(super) show: Option<Show>,
}

/// How a number is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Show {
    /// As it is.
    Decimal,
    /// In hexadecimal.
    Hexadecimal,
    /// With its name.
    Named(Names),
    /// In hexadecimal, with its name.
    Code(Names),
    /// Times a factor, with a unit. The value is the number as it stands in the header.
    Scaled(u64, &'static str),
}

pub(super) const fn number(name: &'static str, len: usize) -> Item<'static> {
    Item { name, len, shape: Shape::Number(Show::Decimal) }
}

pub(super) const fn hex(name: &'static str, len: usize) -> Item<'static> {
    Item { name, len, shape: Shape::Number(Show::Hexadecimal) }
}

pub(super) const fn named(name: &'static str, len: usize, names: Names) -> Item<'static> {
    Item { name, len, shape: Shape::Number(Show::Named(names)) }
}

pub(super) const fn code(name: &'static str, len: usize, names: Names) -> Item<'static> {
    Item { name, len, shape: Shape::Number(Show::Code(names)) }
}

pub(super) const fn measure(
    name: &'static str,
    len: usize,
    factor: u64,
    unit: &'static str,
) -> Item<'static> {
    Item { name, len, shape: Shape::Number(Show::Scaled(factor, unit)) }
}

/// A number of one byte that may be negative.
pub(super) const fn signed(name: &'static str, unit: &'static str) -> Item<'static> {
    Item { name, len: 1, shape: Shape::Signed(unit) }
}

pub(super) const fn little(name: &'static str, len: usize) -> Item<'static> {
    Item { name, len, shape: Shape::Little(Show::Decimal) }
}

pub(super) const fn little_hex(name: &'static str, len: usize) -> Item<'static> {
    Item { name, len, shape: Shape::Little(Show::Hexadecimal) }
}

pub(super) const fn little_named(name: &'static str, len: usize, names: Names) -> Item<'static> {
    Item { name, len, shape: Shape::Little(Show::Named(names)) }
}

pub(super) const fn bits<'a>(len: usize, parts: &'a [Part]) -> Item<'a> {
    Item { name: "", len, shape: Shape::Bits { little: false, parts } }
}

pub(super) const fn flags<'a>(name: &'static str, len: usize, parts: &'a [Part]) -> Item<'a> {
    Item { name, len, shape: Shape::Bits { little: false, parts } }
}

pub(super) const fn little_bits<'a>(len: usize, parts: &'a [Part]) -> Item<'a> {
    Item { name: "", len, shape: Shape::Bits { little: true, parts } }
}

pub(super) const fn little_flags<'a>(name: &'static str, len: usize, parts: &'a [Part]) -> Item<'a> {
    Item { name, len, shape: Shape::Bits { little: true, parts } }
}

pub(super) const fn hardware(name: &'static str) -> Item<'static> {
    Item { name, len: 6, shape: Shape::Hardware }
}

pub(super) const fn hardware_of(name: &'static str, len: usize) -> Item<'static> {
    Item { name, len, shape: Shape::Hardware }
}

pub(super) const fn ipv4(name: &'static str) -> Item<'static> {
    Item { name, len: 4, shape: Shape::Address }
}

pub(super) const fn ipv6(name: &'static str) -> Item<'static> {
    Item { name, len: 16, shape: Shape::Address }
}

pub(super) const fn bytes(name: &'static str, len: usize) -> Item<'static> {
    Item { name, len, shape: Shape::Bytes }
}

pub(super) const fn characters(name: &'static str, len: usize) -> Item<'static> {
    Item { name, len, shape: Shape::Characters }
}

pub(super) const fn flag(name: &'static str) -> Part {
    Part { name, count: 1, show: None }
}

pub(super) const fn part(name: &'static str, count: u8) -> Part {
    Part { name, count, show: Some(Show::Decimal) }
}

pub(super) const fn hex_part(name: &'static str, count: u8) -> Part {
    Part { name, count, show: Some(Show::Hexadecimal) }
}

pub(super) const fn named_part(name: &'static str, count: u8, names: Names) -> Part {
    Part { name, count, show: Some(Show::Named(names)) }
}

pub(super) const fn scaled(name: &'static str, count: u8, factor: u64, unit: &'static str) -> Part {
    Part { name, count, show: Some(Show::Scaled(factor, unit)) }
}

impl Show {
    /// The number for people; `bits` is how many it stands in.
    pub(super) fn text(self, number: u64, bits: usize) -> String {
        match self {
            Self::Decimal => number.to_string(),
            Self::Hexadecimal => format!("0x{number:0width$x}", width = bits.div_ceil(4)),
            Self::Named(names) => with_name(number.to_string(), names(number)),
            Self::Code(names) => with_name(Self::Hexadecimal.text(number, bits), names(number)),
            Self::Scaled(1, unit) => format!("{number} {unit}"),
            Self::Scaled(factor, unit) => {
                format!("{} {unit} ({number})", number.saturating_mul(factor))
            }
        }
    }
}

fn with_name(number: String, name: Option<&str>) -> String {
    name.map_or(number.clone(), |name| format!("{number} ({name})"))
}
