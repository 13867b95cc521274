//! The clock of an interface: from the ticks of a record to an instant.

use crate::time::Timestamp;

const SECOND: i128 = 1_000_000_000;

/// What the time field of a record counts, and from when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Clock {
    ticks: Ticks,
    offset: i64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ticks {
    /// Seconds, and a fraction apart.
    Fraction(Fraction),
    /// 10^-n seconds.
    Decimal(u8),
    /// 2^-n seconds.
    Binary(u8),
}

/// Seconds in the upper 32 bits of a time field, and in the lower a fraction that counts so many nanoseconds.
// Of 16 bits, so that the compiler sees that no instant lies beyond 64-bit nanoseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Fraction(u16);

impl Fraction {
    /// Microseconds.
    pub const MICROS: Self = Self(1000);

    /// The instant of a record whose time field is `raw`.
    #[inline]
    pub fn at(self, raw: u64) -> Timestamp {
        let fraction = (raw & u64::from(u32::MAX)) * u64::from(self.0);
        Timestamp::from_nanos(((raw >> 32) * SECOND as u64 + fraction).cast_signed())
    }

    /// Whether a fraction reaches a second, though seconds are counted apart.
    #[inline]
    pub const fn overflows(self, fraction: u32) -> bool {
        fraction as u64 * self.0 as u64 >= SECOND as u64
    }
}

impl Clock {
    /// Seconds and microseconds.
    pub const MICROS: Self = Self { ticks: Ticks::Fraction(Fraction::MICROS), offset: 0 };
    /// Seconds and nanoseconds.
    pub const NANOS: Self = Self { ticks: Ticks::Fraction(Fraction(1)), offset: 0 };

    /// The clock of a pcapng interface: `if_tsresol` (a power of ten, with the top bit set of two) and `if_tsoffset`
    /// (seconds), draft-ietf-opsawg-pcapng §4.2.
    pub const fn pcapng(tsresol: u8, offset: i64) -> Self {
        let ticks = if tsresol & 0x80 == 0 { Ticks::Decimal(tsresol) } else { Ticks::Binary(tsresol & 0x7f) };
        Self { ticks, offset }
    }

    /// The instant of a record whose time field is `raw`; `None` where it does not fit 64-bit nanoseconds.
    #[inline]
    pub fn at(&self, raw: u64) -> Option<Timestamp> {
        match self.fraction() {
            Some(fraction) => Some(fraction.at(raw)),
            None => self.at_ticks(raw),
        }
    }

    /// How it counts, if it counts seconds and a fraction apart, as that of every classic file does.
    #[inline]
    pub(super) const fn fraction(self) -> Option<Fraction> {
        match self.ticks {
            Ticks::Fraction(fraction) => Some(fraction),
            _ => None,
        }
    }

    /// The same where all of the field counts ticks.
    #[inline(never)]
    fn at_ticks(&self, raw: u64) -> Option<Timestamp> {
        let ticks = i128::from(raw);
        let nanos = match self.ticks {
            _ if !self.is_usable() => return None,
            Ticks::Fraction(Fraction(unit)) => {
                (ticks >> 32) * SECOND + (ticks & 0xffff_ffff) * i128::from(unit)
            }
            Ticks::Decimal(n @ 0..=9) => ticks * 10i128.pow(u32::from(9 - n)),
            Ticks::Decimal(n) => ticks / 10i128.pow(u32::from(n - 9)),
            Ticks::Binary(n) => (ticks * SECOND) >> n,
        };
        i64::try_from(nanos + i128::from(self.offset) * SECOND).ok().map(Timestamp::from_nanos)
    }

    /// Whether 64 bits of its ticks are as long as a second: 10^-19 or 2^-63 seconds at the finest.
    pub const fn is_usable(self) -> bool {
        match self.ticks {
            Ticks::Fraction(_) => true,
            Ticks::Decimal(n) => n <= 19,
            Ticks::Binary(n) => n <= 63,
        }
    }

    /// Whether its instants need more than six decimal digits: it ticks finer than a microsecond, or in parts of a second
    /// that no microseconds add up to, as 2^-7 s and finer.
    pub const fn is_fine(self) -> bool {
        match self.ticks {
            Ticks::Fraction(Fraction(unit)) => unit < 1000,
            Ticks::Decimal(n) => n > 6,
            Ticks::Binary(n) => n > 6,
        }
    }

    /// Seconds to add to what a record says (`if_tsoffset`).
    pub const fn offset(self) -> i64 {
        self.offset
    }

    /// Its resolution as pcapng writes it (`if_tsresol`).
    pub const fn tsresol(self) -> u8 {
        match self.ticks {
            Ticks::Fraction(Fraction(1)) => 9,
            Ticks::Fraction(_) => 6,
            Ticks::Decimal(n) => n,
            Ticks::Binary(n) => n | 0x80,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_become_nanoseconds() {
        let table: &[(Clock, u64, Option<i64>)] = &[
            (Clock::MICROS, 5 << 32 | 7, Some(5_000_007_000)),
            (Clock::NANOS, 5 << 32 | 7, Some(5_000_000_007)),
            (Clock::MICROS, 5 << 32 | 1_500_000, Some(6_500_000_000)),
            (Clock::MICROS, u64::MAX, Some(4_294_967_295_000_000_000 + 4_294_967_295_000)),
            (Clock::pcapng(6, 0), 1_600_000_000_123_456, Some(1_600_000_000_123_456_000)),
            (Clock::pcapng(9, 0), 1_600_000_000_123_456_789, Some(1_600_000_000_123_456_789)),
            (Clock::pcapng(0, 0), 77, Some(77_000_000_000)),
            (Clock::pcapng(3, 0), 77, Some(77_000_000)),
            (Clock::pcapng(12, 0), 1_234_567_891, Some(1_234_567)),
            (Clock::pcapng(19, 0), u64::MAX, Some(1_844_674_407)),
            (Clock::pcapng(20, 0), 1, None),
            (Clock::pcapng(6, -2), 1_000_000, Some(-1_000_000_000)),
            (Clock::pcapng(6, 1_000_000_000), 1, Some(1_000_000_000_000_001_000)),
            (Clock::pcapng(0, 0), u64::MAX, None),
            (Clock::pcapng(6, i64::MAX), 0, None),
            (Clock::pcapng(6, i64::MIN), 0, None),
        ];
        for &(clock, raw, expected) in table {
            assert_eq!(clock.at(raw).map(Timestamp::as_nanos), expected, "{clock:?} {raw}");
        }
    }

    /// pcap-parser 0.17 resolves no power of two.
    #[test]
    fn powers_of_two_are_resolved() {
        for (tsresol, raw, expected) in [
            (0x80, 3, Some(3_000_000_000)),
            (0x88, 0x180, Some(1_500_000_000)),
            (0x88, 1, Some(3_906_250)),
            (0xa0, 1 << 31, Some(500_000_000)),
            (0xbf, u64::MAX, Some(1_999_999_999)),
            (0xc0, u64::MAX, None),
            (0xff, 1, None),
        ] {
            let at = Clock::pcapng(tsresol, 0).at(raw).map(Timestamp::as_nanos);
            assert_eq!(at, expected, "{tsresol:#x} {raw}");
        }
    }

    #[test]
    fn fine_is_what_six_digits_cannot_say() {
        for (clock, fine) in [
            (Clock::MICROS, false),
            (Clock::NANOS, true),
            (Clock::pcapng(6, 0), false),
            (Clock::pcapng(7, 0), true),
            (Clock::pcapng(0x80 | 6, 0), false),
            (Clock::pcapng(0x80 | 7, 0), true),
        ] {
            assert_eq!(clock.is_fine(), fine, "{clock:?}");
        }
    }

    #[test]
    fn a_resolution_is_told_as_pcapng_writes_it() {
        for (clock, tsresol) in [(Clock::MICROS, 6), (Clock::NANOS, 9), (Clock::pcapng(0x88, 4), 0x88)] {
            assert_eq!(clock.tsresol(), tsresol);
        }
    }
}
