//! Numbers and addresses, appended to a buffer without the detours of formatting.

use std::fmt::Display;

use super::Decimal;
use crate::decode::Address;

/// Appends a whole number.
#[inline]
pub fn integer(number: u64, out: &mut Vec<u8>) {
    // Most numbers of a row are counters of what did not happen.
    match number {
        0..10 => out.push(b'0' + number as u8),
        _ => longer(number, out),
    }
}

fn longer(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a decimal number with all its digits.
pub fn decimal(number: Decimal, out: &mut Vec<u8>) {
    let (negative, whole, fraction) = number.parts();
    if negative {
        out.push(b'-');
    }
    integer(whole, out);
    let digits = usize::from(number.digits);
    if digits == 0 {
        return;
    }
    out.push(b'.');
    let mut text = itoa::Buffer::new();
    let text = text.format(fraction).as_bytes();
    let zeros = b"000000000000000000";
    out.extend_from_slice(zeros.get(..digits.saturating_sub(text.len())).unwrap_or(zeros));
    out.extend_from_slice(text);
}

/// Appends a network address.
pub fn address(address: Address, out: &mut Vec<u8>) {
    if address.is_v6() {
        return display(&address, out);
    }
    for (index, byte) in address.bytes().iter().take(4).enumerate() {
        if index > 0 {
            out.push(b'.');
        }
        integer(u64::from(*byte), out);
    }
}

/// Appends what formats itself.
pub fn display(shown: &impl Display, out: &mut Vec<u8>) {
    let written = std::io::Write::write_fmt(out, format_args!("{shown}"));
    debug_assert!(written.is_ok(), "a buffer takes everything");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(mantissa in any::<i64>(), small in -2000..2000_i64, digits in 0..=18_u8) {
            for mantissa in [mantissa, small] {
                let mut out = Vec::new();
                decimal(Decimal { mantissa, digits }, &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), Decimal { mantissa, digits }.to_string());
                let mut out = Vec::new();
                integer(mantissa.unsigned_abs(), &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), mantissa.unsigned_abs().to_string());
            }
        }
    }
}
