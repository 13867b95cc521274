//! Values for people: one word a cell, with human units, so that awk finds its columns.

use std::fmt::Write as _;

use jiff::tz::TimeZone;

use super::machine::plain_value;
use super::schema::Kind;
use super::{Decimal, Value};
use crate::time::Timestamp;

/// How tables show instants.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TimeFormat {
    /// Seconds since the first packet.
    #[default]
    Relative,
    /// Date and time in UTC.
    Utc,
    /// Date and time where the program runs.
    Local,
    /// Seconds since 1970.
    Epoch,
}

/// Shows instants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    format: TimeFormat,
    begin: Timestamp,
}

impl Clock {
    /// A clock of this format, for a capture that begins at `begin`.
    pub fn new(format: TimeFormat, begin: Option<Timestamp>) -> Self {
        Self { format, begin: begin.unwrap_or_default() }
    }

    /// Writes an instant, with as many digits as it has.
    pub fn instant(&self, at: Decimal, out: &mut String) {
        let unit = 10_i64.saturating_pow(u32::from(9_u8.saturating_sub(at.digits)));
        let nanos = at.mantissa.saturating_mul(unit);
        let shown = match self.format {
            TimeFormat::Epoch => None,
            TimeFormat::Relative => {
                let since = nanos.saturating_sub(self.begin.as_nanos()).div_euclid(unit);
                Some(Decimal { mantissa: since, digits: at.digits }.to_string())
            }
            TimeFormat::Utc => date(nanos, at.digits, TimeZone::UTC),
            TimeFormat::Local => date(nanos, at.digits, TimeZone::system()),
        };
        let _ = write!(out, "{}", shown.unwrap_or_else(|| at.to_string()));
    }
}

fn date(nanos: i64, digits: u8, zone: TimeZone) -> Option<String> {
    let at = jiff::Timestamp::from_nanosecond(i128::from(nanos)).ok()?;
    let utc = if zone == TimeZone::UTC { "Z" } else { "%:z" };
    Some(at.to_zoned(zone).strftime(&format!("%Y-%m-%dT%H:%M:%S%.{digits}f{utc}")).to_string())
}

/// A value of `kind` for people; `-` where nothing is known. `grouped` puts commas between thousands.
pub fn cell(value: &Value<'_>, kind: Kind, clock: &Clock, grouped: bool) -> String {
    let mut out = String::new();
    match (kind, value) {
        (_, Value::Null) => {}
        (Kind::Instant, Value::Decimal(at)) => clock.instant(*at, &mut out),
        (Kind::Seconds, Value::Decimal(span)) => seconds(*span, &mut out),
        (Kind::Share, Value::Decimal(share)) => {
            let _ = write!(out, "{:.1}%", float(*share) * 100.0);
        }
        (Kind::Bytes, Value::Unsigned(bytes)) => scaled(*bytes, "B", &mut out),
        (Kind::BitsPerSecond, Value::Unsigned(bits)) => scaled(*bits, "bit/s", &mut out),
        (Kind::Count, Value::Unsigned(count)) if grouped => thousands(*count, &mut out),
        (_, Value::Bool(yes)) => out.push_str(if *yes { "yes" } else { "no" }),
        (_, value) => {
            let mut bytes = Vec::new();
            plain_value(value.clone(), &mut bytes);
            out = String::from_utf8(bytes).unwrap_or_default();
        }
    }
    if out.is_empty() {
        out.push('-');
    }
    out
}

/// A length of time: `850ns`, `12.3us`, `1.23ms`, `4.567s`, `2m03s`, `1h02m`, `3d04h`.
pub fn seconds(span: Decimal, out: &mut String) {
    let value = float(span);
    let size = value.abs();
    let _ = match size {
        0.0 => write!(out, "0s"),
        _ if size < 1e-6 => write!(out, "{:.0}ns", value * 1e9),
        _ if size < 1e-3 => write!(out, "{}us", three(value * 1e6)),
        _ if size < 1.0 => write!(out, "{}ms", three(value * 1e3)),
        _ if size < 60.0 => write!(out, "{}s", three(value)),
        _ => {
            let (sign, whole) = (if value < 0.0 { "-" } else { "" }, size.round() as u64);
            match whole {
                ..3600 => write!(out, "{sign}{}m{:02}s", whole / 60, whole % 60),
                3600..86_400 => write!(out, "{sign}{}h{:02}m", whole / 3600, whole % 3600 / 60),
                _ => write!(out, "{sign}{}d{:02}h", whole / 86_400, whole % 86_400 / 3600),
            }
        }
    };
}

/// A number with the unit's prefix: `999B`, `1.50kB`, `12.3MB`. Prefixes are powers of 1000.
pub fn scaled(number: u64, unit: &str, out: &mut String) {
    let mut value = number as f64;
    let mut prefix = "";
    for next in ["k", "M", "G", "T", "P", "E"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        prefix = next;
    }
    let _ = match prefix {
        "" => write!(out, "{number}{unit}"),
        prefix => write!(out, "{}{prefix}{unit}", three(value)),
    };
}

/// A count with commas between thousands.
pub fn thousands(count: u64, out: &mut String) {
    let digits = count.to_string();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
}

/// Three significant digits, of a number below 1000.
fn three(value: f64) -> String {
    let size = value.abs();
    let digits = match size {
        _ if size < 9.995 => 2,
        _ if size < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

fn float(number: Decimal) -> f64 {
    number.mantissa as f64 / 10_f64.powi(i32::from(number.digits))
}

/// So many of something: `1 flow`, `2 flows`.
pub fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn units_fit_the_size() {
        let clock = Clock::default();
        for (value, kind, expected) in [
            (999_u64.into(), Kind::Bytes, "999B"),
            (1500_u64.into(), Kind::Bytes, "1.50kB"),
            (999_999_u64.into(), Kind::Bytes, "1.00MB"),
            (u64::MAX.into(), Kind::Bytes, "18.4EB"),
            (12_345_678_u64.into(), Kind::BitsPerSecond, "12.3Mbit/s"),
            (12_345_678_u64.into(), Kind::Count, "12,345,678"),
            (443_u16.into(), Kind::Number, "443"),
            (Value::share(1, 3), Kind::Share, "33.3%"),
            (Value::Null, Kind::Count, "-"),
            (true.into(), Kind::Bool, "yes"),
            (Value::list(["a", "b"]), Kind::Texts, "a,b"),
            (Value::List(Vec::new()), Kind::Texts, "-"),
        ] {
            assert_eq!(cell(&value, kind, &clock, true), expected);
        }
    }

    #[test]
    fn spans_are_short() {
        for (nanos, expected) in [
            (0, "0s"),
            (850, "850ns"),
            (12_340, "12.3us"),
            (1_234_000, "1.23ms"),
            (-1_234_000, "-1.23ms"),
            (999_000_000, "999ms"),
            (4_567_000_000, "4.57s"),
            (123_000_000_000, "2m03s"),
            (3_720_000_000_000, "1h02m"),
            (273_600_000_000_000, "3d04h"),
        ] {
            let span = Value::span(Span::from_nanos(nanos), true);
            assert_eq!(cell(&span, Kind::Seconds, &Clock::default(), false), expected);
        }
    }

    #[test]
    fn instants_have_a_format_and_their_digits() {
        let at = Timestamp::from_nanos(1_700_000_001_500_000_000);
        for (format, fine, expected) in [
            (TimeFormat::Relative, false, "1.500000"),
            (TimeFormat::Relative, true, "1.500000000"),
            (TimeFormat::Epoch, false, "1700000001.500000"),
            (TimeFormat::Utc, false, "2023-11-14T22:13:21.500000Z"),
        ] {
            let clock = Clock::new(format, Some(Timestamp::from_nanos(1_700_000_000_000_000_000)));
            assert_eq!(cell(&Value::instant(at, fine), Kind::Instant, &clock, false), expected);
        }
    }
}
