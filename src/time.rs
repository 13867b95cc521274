//! Instants and spans of capture time, the only clock there is.
//!
//! Both are integer nanoseconds, so that nothing is lost between a capture and a report. Captures are
//! not always in order: arithmetic saturates, and a [`Span`] may be negative.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::ops::{Add, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: nanoseconds since 1970-01-01 UTC, from the year 1677 to 2262.
///
/// It is kept as their distance from before the earliest one, which is never 0: so that there may be none takes no room.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(NonZeroU64);

/// A signed length of time in nanoseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Span(i64);

impl Timestamp {
    /// The earliest instant.
    pub const MIN: Self = Self(NonZeroU64::MIN);
    /// The latest instant.
    pub const MAX: Self = Self(NonZeroU64::MAX);

    /// The instant `nanos` nanoseconds after 1970; one before the earliest is the earliest.
    pub const fn from_nanos(nanos: i64) -> Self {
        match NonZeroU64::new(nanos.cast_unsigned() ^ SIGN) {
            Some(distance) => Self(distance),
            None => Self::MIN,
        }
    }

    /// Nanoseconds since 1970.
    pub const fn as_nanos(self) -> i64 {
        (self.0.get() ^ SIGN).cast_signed()
    }

    /// The time from `earlier` to `self`; negative where `earlier` is later.
    #[inline]
    pub const fn since(self, earlier: Self) -> Span {
        // Nearly always it is earlier.
        match self.0.get().checked_sub(earlier.0.get()) {
            Some(passed) if passed <= i64::MAX as u64 => Span(passed as i64),
            _ => Span(self.as_nanos().saturating_sub(earlier.as_nanos())),
        }
    }
}

/// What makes of a signed number an unsigned one in the same order.
const SIGN: u64 = 1 << 63;

impl Default for Timestamp {
    fn default() -> Self {
        Self::from_nanos(0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timestamp").field(&self.as_nanos()).finish()
    }
}

thread_local! {
    /// What instants are counted from where they are put aside.
    static ORIGIN: Cell<i64> = const { Cell::new(0) };
}

/// What `pack` writes or reads of instants is counted from `origin`, not from 1970. Near it, that is a few bytes each.
pub(crate) fn counted_from<T>(origin: Timestamp, pack: impl FnOnce() -> T) -> T {
    let before = ORIGIN.replace(origin.as_nanos());
    let packed = pack();
    ORIGIN.set(before);
    packed
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.as_nanos().wrapping_sub(ORIGIN.get()))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(|nanos| Self::from_nanos(nanos.wrapping_add(ORIGIN.get())))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span.
    pub const MAX: Self = Self(i64::MAX);

    /// A span of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// A span of `micros` microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// A span of `millis` milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A span of `secs` seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// The length in nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The length in seconds, for rates and statistics.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// This span `times` over.
    pub const fn times(self, times: i64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self::from_nanos(self.as_nanos().saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self::from_nanos(self.as_nanos().saturating_sub(span.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_saturate() {
        let (first, last) = (Timestamp::from_nanos(i64::MIN), Timestamp::from_nanos(i64::MAX));
        assert_eq!(last.since(first), Span::MAX);
        assert_eq!(first.since(last).as_nanos(), i64::MIN);
        assert_eq!(last + Span::from_secs(1), last);
        assert_eq!(Timestamp::from_nanos(i64::MIN), Timestamp::MIN);
        assert_eq!(size_of::<Option<Timestamp>>(), 8);
        let order = [Timestamp::MIN, Timestamp::from_nanos(-1), Timestamp::default(), Timestamp::MAX];
        assert!(order.is_sorted_by(|one, other| one < other));
        assert_eq!(order.map(Timestamp::as_nanos), [i64::MIN + 1, -1, 0, i64::MAX]);
        assert_eq!(Timestamp::from_nanos(5).since(Timestamp::from_nanos(8)).as_nanos(), -3);
    }
}
