//! Least, mean, spread and quantiles of durations, in a few bytes.
//!
//! Up to [`FEW`] values are kept as they are, and every quantile is exact. Beyond, values are counted in buckets that
//! divide each power of two into 64, so that a bucket is at most 1/64 of its value wide and its middle at most 0.8 %
//! away from any value in it. Least, greatest, mean and deviation are exact always.

use serde::{Deserialize, Serialize};

use crate::time::Span;

/// How many values are kept as they are.
const FEW: usize = 24;

/// Bits of a value that choose the bucket within its power of two.
const BITS: u32 = 6;

/// Durations, summed up. Those below zero count as zero.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Quantiles {
    count: u32,
    min: u64,
    max: u64,
    sum: u64,
    squares: u128,
    kept: Kept,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
enum Kept {
    /// Values as they came.
    Few(Vec<u64>),
    /// Bucket and how many values fell into it, by bucket.
    Many(Vec<(u16, u32)>),
}

impl Default for Kept {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Kept {
    fn into_buckets(self) -> Vec<(u16, u32)> {
        match self {
            Self::Many(buckets) => buckets,
            Self::Few(values) => {
                let mut buckets = Vec::with_capacity(FEW * 2);
                values.into_iter().for_each(|value| count(&mut buckets, bucket(value), 1));
                buckets
            }
        }
    }
}

impl Quantiles {
    /// Adds a value.
    pub fn record(&mut self, value: Span) {
        let value = value.as_nanos().max(0) as u64;
        (self.min, self.max) = match self.count {
            0 => (value, value),
            _ => (self.min.min(value), self.max.max(value)),
        };
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(value);
        self.squares = self.squares.saturating_add(u128::from(value) * u128::from(value));
        match &mut self.kept {
            Kept::Few(values) if values.len() < FEW => values.push(value),
            Kept::Few(_) => {
                let mut buckets = std::mem::take(&mut self.kept).into_buckets();
                count(&mut buckets, bucket(value), 1);
                self.kept = Kept::Many(buckets);
            }
            Kept::Many(buckets) => count(buckets, bucket(value), 1),
        }
    }

    /// Adds all values of `other`. What comes of it is the same in whatever order and grouping values are added.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        (self.min, self.max) = match self.count {
            0 => (other.min, other.max),
            _ => (self.min.min(other.min), self.max.max(other.max)),
        };
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
        match (&mut self.kept, &other.kept) {
            (Kept::Few(values), Kept::Few(more)) if values.len() + more.len() <= FEW => {
                values.extend_from_slice(more);
            }
            (kept, more) => {
                let mut buckets = std::mem::take(kept).into_buckets();
                match more {
                    Kept::Few(values) => {
                        values.iter().for_each(|&value| count(&mut buckets, bucket(value), 1))
                    }
                    Kept::Many(more) => more.iter().for_each(|&(bucket, by)| count(&mut buckets, bucket, by)),
                }
                *kept = Kept::Many(buckets);
            }
        }
    }

    /// How many values there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The least value.
    pub fn min(&self) -> Option<Span> {
        (self.count > 0).then(|| span(self.min))
    }

    /// The greatest value.
    pub fn max(&self) -> Option<Span> {
        (self.count > 0).then(|| span(self.max))
    }

    /// The mean, rounded down to a nanosecond.
    pub fn mean(&self) -> Option<Span> {
        self.sum.checked_div(u64::from(self.count)).map(span)
    }

    /// The standard deviation of the values themselves (not an estimate of that of others).
    pub fn stddev(&self) -> Option<Span> {
        let count = u128::from(self.count);
        let squares = self.squares.saturating_mul(count);
        let variance = squares.saturating_sub(u128::from(self.sum) * u128::from(self.sum));
        (count > 0).then(|| span(((variance as f64).sqrt() / count as f64) as u64))
    }

    /// The value that `share` (0 to 1) of all values do not exceed: of rank ⌈share × count⌉, within 1 %.
    pub fn quantile(&self, share: f64) -> Option<Span> {
        self.quantiles([share]).map(|[value]| value)
    }

    /// The values that each of `shares` (0 to 1) of all values do not exceed; `None` where there are no values.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[Span; N]> {
        if self.count == 0 {
            return None;
        }
        let ranks = shares.map(|share| {
            let (exact, count) = (share * f64::from(self.count), self.count);
            (exact as u32 + u32::from(exact > f64::from(exact as u32))).clamp(1, count)
        });
        match &self.kept {
            Kept::Few(values) => {
                let mut sorted = [u64::MAX; FEW];
                sorted.iter_mut().zip(values).for_each(|(sorted, &value)| *sorted = value);
                let sorted = sorted.get_mut(..values.len())?;
                sorted.sort_unstable();
                Some(ranks.map(|rank| sorted.get(rank as usize - 1).copied().map_or(Span::ZERO, span)))
            }
            Kept::Many(buckets) => Some(ranks.map(|rank| {
                let mut seen = 0_u32;
                let reached = buckets.iter().find(|&&(_, count)| {
                    seen = seen.saturating_add(count);
                    seen >= rank
                });
                let last = || buckets.last().map_or(0, |&(bucket, _)| bucket);
                let bucket = reached.map_or_else(last, |&(bucket, _)| bucket);
                span(middle(bucket).clamp(self.min, self.max))
            })),
        }
    }

    /// Forgets all, but keeps the memory that it took.
    pub fn clear(&mut self) {
        let Self { count, min, max, sum, squares, kept } = self;
        match kept {
            Kept::Few(values) => values.clear(),
            Kept::Many(_) => *kept = Kept::default(),
        }
        (*count, *min, *max, *sum, *squares) = (0, 0, 0, 0, 0);
    }
}

fn span(nanos: u64) -> Span {
    Span::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

fn count(buckets: &mut Vec<(u16, u32)>, bucket: u16, by: u32) {
    match buckets.binary_search_by_key(&bucket, |&(bucket, _)| bucket) {
        Ok(at) => {
            if let Some((_, count)) = buckets.get_mut(at) {
                *count = count.saturating_add(by);
            }
        }
        Err(at) => buckets.insert(at, (bucket, by)),
    }
}

/// Values below 64 are their own bucket; above, the place of the highest bit and the six bits behind it.
fn bucket(value: u64) -> u16 {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(BITS + 1);
    ((u64::from(shift) << BITS) + (value >> shift)) as u16
}

fn middle(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    let shift = (bucket >> BITS).saturating_sub(1);
    let lower = (bucket - (shift << BITS)) << shift;
    lower + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Quantiles {
        let mut quantiles = Quantiles::default();
        values.into_iter().for_each(|value| quantiles.record(Span::from_nanos(value as i64)));
        quantiles
    }

    #[test]
    fn nothing_has_no_figures() {
        let none = Quantiles::default();
        assert_eq!((none.min(), none.mean(), none.stddev(), none.quantile(0.5)), (None, None, None, None));
    }

    #[test]
    fn few_values_are_exact() {
        let few = of([40, 10, 20, 30]);
        let nanos = |span: Option<Span>| span.unwrap().as_nanos();
        assert_eq!((nanos(few.min()), nanos(few.max()), nanos(few.mean())), (10, 40, 25));
        assert_eq!(nanos(few.stddev()), 11);
        let quantiles = [0.0, 0.25, 0.5, 0.51, 0.99, 1.0].map(|share| nanos(few.quantile(share)));
        assert_eq!(quantiles, [10, 10, 20, 30, 40, 40]);
    }

    #[test]
    fn every_bucket_holds_its_middle_and_the_order_of_values() {
        let values =
            (0..64).flat_map(|shift| [1_u64 << shift, (1 << shift) + (1 << shift) / 3, u64::MAX >> shift]);
        for value in values {
            let middle = middle(bucket(value));
            assert_eq!(bucket(middle), bucket(value), "{value}");
            assert!(middle.abs_diff(value) as f64 <= value as f64 * 0.008, "{value} {middle}");
            assert!(bucket(value.saturating_add(value / 32)) >= bucket(value));
        }
    }

    proptest! {
        #[test]
        fn parts_merge_to_the_whole(
            values in prop::collection::vec(0_u64..2_000_000_000, 0..80), cuts in prop::collection::vec(1_usize..40, 1..6)
        ) {
            let (mut merged, mut rest) = (Quantiles::default(), &values[..]);
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let (part, behind) = rest.split_at(cut.min(rest.len()));
                merged.merge(&of(part.iter().copied()));
                rest = behind;
            }
            let whole = of(values.iter().copied());
            let figures = |quantiles: &Quantiles| {
                let of = [0.0, 0.1, 0.5, 0.95, 1.0].map(|share| quantiles.quantile(share));
                (quantiles.count(), quantiles.min(), quantiles.max(), quantiles.mean(), quantiles.stddev(), of)
            };
            prop_assert_eq!(figures(&merged), figures(&whole));
        }

        #[test]
        fn quantiles_are_within_one_percent(
            mut values in prop::collection::vec(0_u64..2_000_000_000, 1..400), share in 0.0..=1.0_f64
        ) {
            let quantiles = of(values.iter().copied());
            values.sort_unstable();
            let rank = ((share * values.len() as f64).ceil() as usize).clamp(1, values.len());
            let exact = values[rank - 1] as f64;
            let got = quantiles.quantile(share).unwrap().as_nanos() as f64;
            prop_assert!((got - exact).abs() <= exact * 0.01, "{} {}", got, exact);
        }
    }
}
