//! Amounts in the course of time.

use crate::time::Span;

/// Bits per second, rounded down, if so many bytes took so long; `None` where there is no duration, or beyond 2^64.
pub fn bits_per_second(bytes: u64, duration: Span) -> Option<u64> {
    let nanos = u128::try_from(duration.as_nanos()).ok().filter(|&nanos| nanos > 0)?;
    u64::try_from(u128::from(bytes) * 8_000_000_000 / nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_needs_a_duration_and_fits() {
        assert_eq!(bits_per_second(1000, Span::from_millis(3)), Some(2_666_666));
        assert_eq!(bits_per_second(1, Span::ZERO), None);
        assert_eq!(bits_per_second(1, Span::from_nanos(-1)), None);
        assert_eq!(bits_per_second(u64::MAX, Span::from_nanos(1)), None);
    }
}
