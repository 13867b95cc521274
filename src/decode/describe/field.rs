//! A field of a header: its value, its text and the bytes it came from.

use std::fmt::Write;

use crate::decode::Address;

/// A field of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name, in `snake_case`.
    pub name: &'static str,
    /// What it holds.
    pub value: Value,
    /// The value for people: with its unit, its name, its meaning. Characters that the packet holds stand in it as
    /// they are: whoever prints it escapes them.
    pub text: String,
    /// Its first byte, counted from the start of the frame (or of the reassembled datagram).
    pub offset: u32,
    /// How many bytes it stands in; 0 for what the capture record says of the frame.
    pub length: u32,
    /// First bit and number of bits within these bytes, where it is not all of them. Bit 0 is the most
    /// significant bit of the first byte, as the RFCs count.
    pub bits: Option<(u8, u8)>,
    /// How deep it stands: 1 and more for a part of the field before it that stands less deep.
    pub depth: u8,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A flag.
    Bool(bool),
    /// An unsigned number.
    Number(u64),
    /// A number that may be negative.
    Signed(i64),
    /// A network address.
    Address(Address),
    /// A hardware address of any length.
    Hardware(Vec<u8>),
    /// Bytes that mean nothing more.
    Bytes(Vec<u8>),
    /// Characters of the packet, as they are.
    Characters(Vec<u8>),
    /// A word of ours.
    Text(String),
    /// None: the field is a heading for those below it.
    None,
}

impl Value {
    /// The value as a number, a flag as 0 or 1.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Bool(set) => Some(u64::from(*set)),
            _ => None,
        }
    }

    /// The value for people, where nothing more is known of it.
    pub fn text(&self) -> String {
        match self {
            Self::Bool(set) => String::from(if *set { "set" } else { "not set" }),
            Self::Number(number) => number.to_string(),
            Self::Signed(number) => number.to_string(),
            Self::Address(address) => address.to_string(),
            Self::Hardware(bytes) => hardware(bytes),
            Self::Bytes(bytes) => preview(bytes),
            Self::Characters(bytes) => String::from(String::from_utf8_lossy(bytes).trim_end_matches('\0')),
            Self::Text(text) => text.clone(),
            Self::None => String::new(),
        }
    }
}

/// A hardware address, as `00:1b:21:3c:9d:f8`.
pub fn hardware(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (place, byte) in bytes.iter().enumerate() {
        let _ = write!(text, "{}{byte:02x}", if place > 0 { ":" } else { "" });
    }
    text
}

/// Bytes in hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The first bytes in hexadecimal, and how many there are.
fn preview(bytes: &[u8]) -> String {
    const SHOWN: usize = 16;
    match bytes.get(..SHOWN) {
        Some(first) if bytes.len() > SHOWN => format!("{}… ({} bytes)", hexadecimal(first), bytes.len()),
        _ => hexadecimal(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_a_text() {
        for (value, expected) in [
            (Value::Bool(true), "set"),
            (Value::Number(7), "7"),
            (Value::Signed(-71), "-71"),
            (Value::Address(Address::v4([10, 0, 0, 1])), "10.0.0.1"),
            (Value::Hardware(vec![0, 0x1b, 0xff]), "00:1b:ff"),
            (Value::Bytes(vec![1, 2]), "0102"),
            (Value::Bytes(vec![0; 17]), "00000000000000000000000000000000… (17 bytes)"),
            (Value::Characters(b"eth0\0\0".to_vec()), "eth0"),
            (Value::None, ""),
        ] {
            assert_eq!(value.text(), expected);
        }
    }
}
