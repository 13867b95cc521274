//! Numbers as decimal digits, appended to a buffer.

use super::Decimal;

/// Appends a whole number.
pub fn integer(number: u64, out: &mut Vec<u8>) {
    // Most numbers of a row are counters of what did not happen.
    match number {
        0..10 => out.push(b'0' + number as u8),
        _ => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
    }
}

/// Appends a decimal number with all its digits.
pub fn decimal(number: Decimal, out: &mut Vec<u8>) {
    let (negative, whole, mut fraction) = number.parts();
    if negative {
        out.push(b'-');
    }
    integer(whole, out);
    let mut text = [b'.'; 20];
    let text = text.get_mut(..=usize::from(number.digits)).unwrap_or_default();
    for digit in text.iter_mut().skip(1).rev() {
        *digit = b'0' + (fraction % 10) as u8;
        fraction /= 10;
    }
    if number.digits > 0 {
        out.extend_from_slice(text);
    }
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
