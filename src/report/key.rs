//! Values that can be compared: for sorting, and for conditions.

use super::machine::plain_value;
use super::{Decimal, Value};
use crate::decode::Address;

/// A value by which rows are sorted and compared. Numbers of any kind compare by what they are worth.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SortKey {
    /// A number in units of 10^-18, which hold every `u64` and every decimal exactly.
    Number(i128),
    /// An address.
    Address(Address),
    /// Text.
    Text(Vec<u8>),
}

/// 10^18.
const UNIT: i128 = 1_000_000_000_000_000_000;

impl SortKey {
    /// The key of a value; `None` where nothing is known. A list is compared as the text it is in CSV.
    pub fn of(value: &Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(yes) => Self::Number(i128::from(*yes) * UNIT),
            Value::Unsigned(number) => Self::Number(i128::from(*number) * UNIT),
            Value::Signed(number) => Self::Number(i128::from(*number) * UNIT),
            Value::Decimal(number) => Self::decimal(*number),
            Value::Address(address) => Self::Address(*address),
            Value::Text(text) => Self::Text(text.as_bytes().to_vec()),
            Value::Bytes(bytes) => Self::Text(bytes.to_vec()),
            Value::Written(_) | Value::List(_) => {
                let mut text = Vec::new();
                plain_value(value.clone(), &mut text);
                Self::Text(text)
            }
        })
    }

    /// The key of an exact number.
    pub fn decimal(number: Decimal) -> Self {
        let scale = 10_i128.pow(u32::from(18_u8.saturating_sub(number.digits)));
        Self::Number(i128::from(number.mantissa) * scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn numbers_compare_by_what_they_are_worth() {
        let key = |value| SortKey::of(&value);
        assert_eq!(key(1_u8.into()), key(Value::span(Span::from_secs(1), true)));
        assert!(key(u64::MAX.into()) > key((u64::MAX - 1).into()));
        assert!(key(Value::span(Span::from_nanos(i64::MIN), true)) < key(0_u8.into()));
        assert!(key(Address::v4([9, 0, 0, 0]).into()) < key(Address::v4([10, 0, 0, 0]).into()));
        assert_eq!(key(Value::Null), None);
    }
}
