//! What one field of one row holds, before it is text.

use std::borrow::Cow;
use std::fmt;

use crate::decode::{Address, Packet, TcpOption, TcpOptions};
use crate::tcp::Flags;
use crate::time::{Span, Timestamp};

/// The value of a field.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Not known.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Unsigned(u64),
    /// A whole number that may be negative.
    Signed(i64),
    /// An exact decimal number.
    Decimal(Decimal),
    /// A network address.
    Address(Address),
    /// Text that may have come out of a packet: the writers escape it.
    Text(Cow<'a, str>),
    /// Text as its bytes stand in a packet, which need not be UTF-8.
    Bytes(Cow<'a, [u8]>),
    /// Text of our own making.
    Written(Written<'a>),
    /// Several values.
    List(Vec<Value<'a>>),
}

/// `mantissa` / 10^`digits`, printed with all its digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Decimal {
    /// The number without its point.
    pub mantissa: i64,
    /// How many of its digits stand behind the point, at most 18.
    pub digits: u8,
}

/// Text that is written straight from what it shows: ASCII without quotes, backslashes and control characters.
#[derive(Clone, Debug)]
pub enum Written<'a> {
    /// The short names of layers, outermost first, with colons between them.
    Layers(&'a Packet<'a>),
    /// TCP flags as letters, in the order `FSRPAUECN`; `-` for none.
    Flags(Flags),
    /// TCP options, in short.
    Options(TcpOptions<'a>),
    /// A link address.
    Link(&'a [u8]),
    /// A SACK block, edges as on the wire.
    Edges(u32, u32),
}

impl<'a> Value<'a> {
    /// A length of time in seconds, with nine decimal digits where the clock was `fine`, else six.
    pub fn span(span: impl Into<Option<Span>>, fine: bool) -> Self {
        match span.into() {
            Some(span) => Self::nanos(span.as_nanos(), fine),
            None => Self::Null,
        }
    }

    /// An instant in seconds since 1970, with nine decimal digits where the clock was `fine`, else six.
    pub fn instant(at: impl Into<Option<Timestamp>>, fine: bool) -> Self {
        match at.into() {
            Some(at) => Self::nanos(at.as_nanos(), fine),
            None => Self::Null,
        }
    }

    /// `part` / `whole` with four digits; null where there is no whole.
    pub fn share(part: u64, whole: u64) -> Self {
        if whole == 0 {
            return Self::Null;
        }
        let share = (u128::from(part) * 10_000 + u128::from(whole) / 2) / u128::from(whole);
        Self::Decimal(Decimal { mantissa: i64::try_from(share).unwrap_or(i64::MAX), digits: 4 })
    }

    /// A list of whatever the iterator gives.
    pub fn list<T: Into<Self>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }

    /// The numbers of the bits that are set, the least first.
    pub fn bits(mut set: u64) -> Self {
        Self::list(std::iter::from_fn(|| {
            let least = set.trailing_zeros() as u8;
            set &= set.checked_sub(1)?;
            Some(least)
        }))
    }

    /// Whether nothing is known.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Spans that were computed, such as means, are rounded to what the clock shows.
    fn nanos(nanos: i64, fine: bool) -> Self {
        let decimal = match fine {
            true => Decimal { mantissa: nanos, digits: 9 },
            false => Decimal { mantissa: nanos.saturating_add(500).div_euclid(1000), digits: 6 },
        };
        Self::Decimal(decimal)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    #[inline]
    fn from(value: Option<T>) -> Self {
        match value {
            Some(value) => value.into(),
            None => Self::Null,
        }
    }
}

macro_rules! from {
    ($($from:ty => $variant:ident),*) => {
        $(impl<'a> From<$from> for Value<'a> {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! {
    bool => Bool, u8 => Unsigned, u16 => Unsigned, u32 => Unsigned, u64 => Unsigned, i64 => Signed,
    Address => Address, &'a str => Text, String => Text, Cow<'a, str> => Text, &'a [u8] => Bytes, Written<'a> => Written,
    Decimal => Decimal
}

impl Decimal {
    /// The digits before and behind the point, and whether it is negative.
    pub fn parts(self) -> (bool, u64, u64) {
        let magnitude = self.mantissa.unsigned_abs();
        let split = |unit: u64| (self.mantissa < 0, magnitude / unit, magnitude % unit);
        match self.digits {
            0 => split(1),
            // Seconds: by a number that is known here, division is multiplication.
            6 => split(1_000_000),
            digits => split(10_u64.saturating_pow(u32::from(digits))),
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (negative, whole, fraction) = self.parts();
        let sign = if negative { "-" } else { "" };
        match self.digits {
            0 => write!(f, "{sign}{whole}"),
            digits => write!(f, "{sign}{whole}.{fraction:0digits$}", digits = usize::from(digits)),
        }
    }
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layers(packet) => {
                for (index, name) in packet.protocols().enumerate() {
                    f.write_str(if index == 0 { "" } else { ":" })?;
                    f.write_str(name)?;
                }
                Ok(())
            }
            Self::Flags(flags) => write_flags(*flags, f),
            Self::Options(options) => write_options(options.clone(), f),
            Self::Link(bytes) => {
                for (index, byte) in bytes.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ":" })?;
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
            Self::Edges(left, right) => write!(f, "{left}-{right}"),
        }
    }
}

fn write_flags(flags: Flags, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let letters = ["F", "S", "R", "P", "A", "U", "E", "C", "N"];
    let mut any = false;
    for (bit, letter) in letters.iter().enumerate() {
        if flags.0 >> bit & 1 == 1 {
            f.write_str(letter)?;
            any = true;
        }
    }
    if any { Ok(()) } else { f.write_str("-") }
}

fn write_options(options: TcpOptions<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, option) in options.enumerate() {
        f.write_str(if index == 0 { "" } else { " " })?;
        match option {
            TcpOption::Mss(mss) => write!(f, "mss={mss}")?,
            TcpOption::WindowScale(shift) => write!(f, "wscale={shift}")?,
            TcpOption::SackPermitted => f.write_str("sack_ok")?,
            TcpOption::Sack(blocks) => {
                f.write_str("sack=")?;
                for (index, (left, right)) in blocks.iter().enumerate() {
                    write!(f, "{}{left}-{right}", if index == 0 { "" } else { ";" })?;
                }
            }
            TcpOption::Timestamps(value, echo) => write!(f, "ts={value}/{echo}")?,
            TcpOption::FastOpen(cookie) | TcpOption::FastOpenExperimental(cookie) => {
                write!(f, "tfo={}", cookie.len())?;
            }
            TcpOption::Multipath(subtype, _) => match subtype.name() {
                Some(name) => write!(f, "mptcp={}", name)?,
                None => write!(f, "mptcp={}", subtype.0)?,
            },
            TcpOption::UserTimeout(seconds) => write!(f, "uto={seconds}")?,
            TcpOption::Md5(_) => f.write_str("md5")?,
            TcpOption::Authentication(key, next, _) => write!(f, "ao={key}/{next}")?,
            TcpOption::AccurateEcn(_, counters) => write!(f, "accecn={}", counters.len())?,
            TcpOption::Other(kind, body) => write!(f, "opt{kind}={}", body.len())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit() {
        for (mantissa, digits, expected) in [
            (1_500_000, 6, "1.500000"),
            (-1, 9, "-0.000000001"),
            (i64::MAX, 9, "9223372036.854775807"),
            (i64::MIN, 9, "-9223372036.854775808"),
            (7, 0, "7"),
        ] {
            assert_eq!(Decimal { mantissa, digits }.to_string(), expected);
        }
    }

    #[test]
    fn times_have_the_digits_of_the_clock() {
        let text = |value| match value {
            Value::Decimal(decimal) => decimal.to_string(),
            other => panic!("{other:?}"),
        };
        let span = Span::from_nanos(1_234_567_891);
        assert_eq!(text(Value::span(span, true)), "1.234567891");
        assert_eq!(text(Value::span(span, false)), "1.234568");
        assert_eq!(text(Value::instant(Timestamp::from_nanos(-1_000), false)), "-0.000001");
        assert!(Value::span(None, true).is_null());
        assert_eq!(text(Value::share(1, 3)), "0.3333");
        assert!(Value::share(0, 0).is_null());
    }

    #[test]
    fn bits_are_listed_by_their_numbers() {
        for (set, expected) in
            [(0, "[]"), (1, "[0]"), (1 << 63 | 1 << 46 | 1, "[0,46,63]"), (u64::MAX, "[0,1,2,")]
        {
            let mut text = Vec::new();
            crate::report::machine::json_value(Value::bits(set), &mut text);
            assert!(String::from_utf8(text).unwrap().starts_with(expected), "{set:#x}");
        }
    }

    #[test]
    fn flags_are_letters_from_fin_to_ns() {
        assert_eq!(Written::Flags(Flags(0x012)).to_string(), "SA");
        assert_eq!(Written::Flags(Flags(0x1ff)).to_string(), "FSRPAUECN");
        assert_eq!(Written::Flags(Flags(0)).to_string(), "-");
        assert_eq!(Written::Link(&[0, 0x1b, 0x21]).to_string(), "00:1b:21");
    }
}
