//! Numbers with units, instants, and words, as the kind of a field wants them.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::decode::Address;
use crate::report::schema::Kind;
use crate::report::{Decimal, SortKey};
use crate::time::Span;

/// The key of a word or quoted text, for a field of `kind`; `None` where it is none of that kind.
pub(super) fn literal(text: &str, kind: Kind) -> Option<SortKey> {
    match kind {
        Kind::Bool => match text {
            "true" | "yes" => Some(number(1, 0)),
            "false" | "no" => Some(number(0, 0)),
            _ => None,
        },
        Kind::Address => {
            address(text).or_else(|| text.contains(':').then(|| words(&text.to_ascii_lowercase())))
        }
        Kind::Text | Kind::Texts => Some(words(text)),
        Kind::Instant => quantity(text, kind).or_else(|| instant(text)),
        kind => quantity(text, kind),
    }
}

/// What a value of `kind` looks like, to say so where one was expected.
pub(super) const fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "neither true nor false",
        Kind::Address => "no address",
        Kind::Seconds => "no length of time: write 0.1, 100ms, 2s or 5m",
        Kind::Bytes => "no number of bytes: write 1500, 10MB or 5KiB",
        Kind::BitsPerSecond => "no rate: write 1000000 or 1Mbit/s",
        Kind::Instant => "no instant: write seconds since 1970 or '2024-05-01T12:00:00Z'",
        Kind::Share => "no share: write 0.05 or 5%",
        _ => "no number and no field",
    }
}

/// A network, also one that is written as a single address.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// A length of time: seconds, or a number with a unit, as `1.5`, `250ms` or `2h`.
pub fn span(text: &str) -> Option<Span> {
    let Some(SortKey::Number(number)) = quantity(text, Kind::Seconds) else { return None };
    i64::try_from(number / 1_000_000_000).ok().map(Span::from_nanos)
}

fn words(text: &str) -> SortKey {
    SortKey::Text(text.as_bytes().to_vec())
}

fn address(text: &str) -> Option<SortKey> {
    let address = match text.parse().ok()? {
        IpAddr::V4(address) => Address::v4(address.octets()),
        IpAddr::V6(address) => Address::v6(address.octets()),
    };
    Some(SortKey::Address(address))
}

fn instant(text: &str) -> Option<SortKey> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(SortKey::Number(at.as_nanosecond().checked_mul(1_000_000_000)?))
}

/// A number with a unit that fits `kind`.
fn quantity(text: &str, kind: Kind) -> Option<SortKey> {
    let digits = |character: char| character.is_ascii_digit() || ".eE+-".contains(character);
    let unit_at = text.find(|character| !digits(character)).unwrap_or(text.len());
    // The `E` of `EB` is a unit, that of `1e6` is not.
    let unit_at = if text.get(..unit_at)?.ends_with(['E', 'e']) { unit_at - 1 } else { unit_at };
    let (digits, unit) = text.split_at_checked(unit_at)?;
    let (mantissa, exponent) = decimal(digits)?;
    let (factor, power) = unit_of(unit, kind)?;
    let scale = i32::from(power).checked_add(exponent)?.checked_add(18)?;
    let scaled = mantissa.checked_mul(factor)?;
    let key = match u32::try_from(scale) {
        Ok(scale) => scaled.checked_mul(10_i128.checked_pow(scale)?)?,
        Err(_) => scaled.checked_div(10_i128.checked_pow(scale.unsigned_abs())?)?,
    };
    Some(SortKey::Number(key))
}

/// A number as its digits and a power of ten.
fn decimal(text: &str) -> Option<(i128, i32)> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => {
            (digits, exponent.parse::<i32>().ok().filter(|exponent| exponent.abs() < 40)?)
        }
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.starts_with(['+', '-']) || fraction.len() > 18 {
        return None;
    }
    let mantissa = format!("{whole}{fraction}").parse().ok()?;
    Some((mantissa, exponent - i32::try_from(fraction.len()).ok()?))
}

/// A unit as a factor and a power of ten.
fn unit_of(unit: &str, kind: Kind) -> Option<(i128, i8)> {
    let seconds = || {
        Some(match unit {
            "" | "s" => (1, 0),
            "ms" => (1, -3),
            "us" | "µs" | "μs" => (1, -6),
            "ns" => (1, -9),
            "m" | "min" => (60, 0),
            "h" => (3600, 0),
            "d" => (86_400, 0),
            _ => return None,
        })
    };
    let prefix = |prefix: &str| {
        Some(match prefix {
            "" => (1, 0),
            "k" | "K" => (1, 3),
            "M" => (1, 6),
            "G" => (1, 9),
            "T" => (1, 12),
            "Ki" => (1 << 10, 0),
            "Mi" => (1 << 20, 0),
            "Gi" => (1 << 30, 0),
            "Ti" => (1 << 40, 0),
            _ => return None,
        })
    };
    match kind {
        Kind::Seconds => seconds(),
        Kind::Bytes => prefix(unit.strip_suffix('B').unwrap_or(unit)),
        Kind::BitsPerSecond => {
            let bits = unit.strip_suffix("/s").or(unit.strip_suffix("ps")).unwrap_or(unit);
            prefix(bits.strip_suffix("bit").or(bits.strip_suffix('b')).unwrap_or(bits))
        }
        Kind::Share => match unit {
            "" => Some((1, 0)),
            "%" => Some((1, -2)),
            _ => None,
        },
        Kind::Count => prefix(unit),
        _ => unit.is_empty().then_some((1, 0)),
    }
}

fn number(mantissa: i64, digits: u8) -> SortKey {
    SortKey::decimal(Decimal { mantissa, digits })
}
