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
    /// The values in order, as long as they are few.
    few: Vec<u64>,
    /// What more come to.
    many: Option<Box<Many>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Many {
    sums: Sums,
    /// Bucket and how many values fell into it, by bucket.
    buckets: Vec<(u16, u32)>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Sums {
    count: u32,
    /// The greatest number where there is none.
    min: u64,
    max: u64,
    sum: u64,
    squares: u128,
}

/// How values are spread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spread {
    /// The least value.
    pub min: Span,
    /// The mean, rounded down to a nanosecond.
    pub mean: Span,
    /// The standard deviation of the values themselves (not an estimate of that of others).
    pub stddev: Span,
    /// The greatest value.
    pub max: Span,
}

/// The squares of few values below this add up to no more than 64 bits.
const SMALL: u64 = 1 << 29;

impl Default for Sums {
    fn default() -> Self {
        Self { count: 0, min: u64::MAX, max: 0, sum: 0, squares: 0 }
    }
}

impl Sums {
    /// Of few values in order.
    fn of(values: &[u64]) -> Self {
        let (Some(&min), Some(&max)) = (values.first(), values.last()) else { return Self::default() };
        if max >= SMALL {
            let mut sums = Self::default();
            values.iter().for_each(|&value| sums.add(value));
            return sums;
        }
        let (mut sum, mut squares) = (0_u64, 0_u64);
        for value in values {
            sum += value;
            squares += value * value;
        }
        Self { count: values.len() as u32, min, max, sum, squares: squares.into() }
    }

    #[inline]
    fn add(&mut self, value: u64) {
        self.count = self.count.saturating_add(1);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum = self.sum.saturating_add(value);
        self.squares = self.squares.saturating_add(u128::from(value) * u128::from(value));
    }

    fn merge(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
    }

    fn mean(&self) -> Option<Span> {
        self.sum.checked_div(u64::from(self.count)).map(span)
    }

    fn stddev(&self) -> Span {
        let squares = self.squares.saturating_mul(u128::from(self.count));
        let variance = squares.saturating_sub(u128::from(self.sum) * u128::from(self.sum));
        // The same number from fewer bits, where they are enough, is made faster.
        let variance = u64::try_from(variance).map_or_else(|_| wide(variance), |variance| variance as f64);
        span((variance.sqrt() / f64::from(self.count)) as u64)
    }
}

/// Apart, so that it is not done where it is not needed.
#[cold]
#[inline(never)]
fn wide(number: u128) -> f64 {
    number as f64
}

impl Many {
    fn of(values: &[u64]) -> Box<Self> {
        let mut many = Self { buckets: Vec::with_capacity(FEW * 2), ..Self::default() };
        values.iter().for_each(|&value| many.add(value));
        Box::new(many)
    }

    fn add(&mut self, value: u64) {
        self.sums.add(value);
        count(&mut self.buckets, bucket(value), 1);
    }

    fn merge(&mut self, other: &Self) {
        self.sums.merge(other.sums);
        other.buckets.iter().for_each(|&(bucket, by)| count(&mut self.buckets, bucket, by));
    }
}

impl Quantiles {
    /// Adds a value.
    #[inline]
    pub fn record(&mut self, value: Span) {
        self.add(value.as_nanos().max(0) as u64);
    }

    #[inline]
    fn add(&mut self, value: u64) {
        if self.many.is_some() || self.few.len() >= FEW {
            self.many().add(value);
            return;
        }
        let in_order = self.few.last().is_none_or(|&last| last <= value);
        self.few.push(value);
        if !in_order {
            self.put_in_order();
        }
    }

    /// Brings the value that was added last to its place.
    fn put_in_order(&mut self) {
        for end in (2..=self.few.len()).rev() {
            match self.few.get_mut(..end) {
                Some([.., before, last]) if *before > *last => std::mem::swap(before, last),
                _ => return,
            }
        }
    }

    /// What they come to, once they are many.
    #[inline(never)]
    fn many(&mut self) -> &mut Many {
        let few = &mut self.few;
        self.many.get_or_insert_with(|| Many::of(&std::mem::take(few)))
    }

    /// Adds all values of `other`. What comes of it is the same in whatever order and grouping values are added.
    pub fn merge(&mut self, other: &Self) {
        match &other.many {
            None => other.few.iter().for_each(|&value| self.add(value)),
            Some(more) => self.many().merge(more),
        }
    }

    #[inline]
    fn sums(&self) -> Sums {
        self.many.as_ref().map_or_else(|| Sums::of(&self.few), |many| many.sums)
    }

    /// How many values there are.
    #[inline]
    pub fn count(&self) -> u32 {
        self.many.as_ref().map_or(self.few.len() as u32, |many| many.sums.count)
    }

    /// The least value.
    #[inline]
    pub fn min(&self) -> Option<Span> {
        self.many.as_ref().map_or(self.few.first(), |many| Some(&many.sums.min)).copied().map(span)
    }

    /// The greatest value.
    pub fn max(&self) -> Option<Span> {
        self.many.as_ref().map_or(self.few.last(), |many| Some(&many.sums.max)).copied().map(span)
    }

    /// The mean, rounded down to a nanosecond.
    pub fn mean(&self) -> Option<Span> {
        self.sums().mean()
    }

    /// How they are spread.
    pub fn spread(&self) -> Option<Spread> {
        let sums = self.sums();
        let mean = sums.mean()?;
        Some(Spread { min: span(sums.min), mean, stddev: sums.stddev(), max: span(sums.max) })
    }

    /// The value that `share` (0 to 1) of all values do not exceed: of rank ⌈share × count⌉, within 1 %.
    pub fn quantile(&self, share: f64) -> Option<Span> {
        self.quantiles([share]).map(|[value]| value)
    }

    /// The values that each of `shares` (0 to 1) of all values do not exceed; `None` where there are no values.
    pub fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[Span; N]> {
        let count = self.count();
        if count <= 1 {
            return self.min().map(|min| [min; N]);
        }
        let ranks = shares.map(|share| {
            let exact = share * f64::from(count);
            (exact as u32 + u32::from(exact > f64::from(exact as u32))).clamp(1, count)
        });
        let Some(many) = &self.many else {
            let value = |rank: u32| self.few.get(rank as usize - 1).copied().map_or(Span::ZERO, span);
            return Some(ranks.map(value));
        };
        Some(ranks.map(|rank| {
            let mut seen = 0_u32;
            let reached = many.buckets.iter().find(|&&(_, count)| {
                seen = seen.saturating_add(count);
                seen >= rank
            });
            let last = || many.buckets.last().map_or(0, |&(bucket, _)| bucket);
            let bucket = reached.map_or_else(last, |&(bucket, _)| bucket);
            span(middle(bucket).clamp(many.sums.min, many.sums.max))
        }))
    }

    /// Forgets all, but keeps the memory that it took.
    pub fn clear(&mut self) {
        let Self { few, many } = self;
        few.clear();
        *many = None;
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
        assert_eq!((none.min(), none.mean(), none.max(), none.quantile(0.5)), (None, None, None, None));
        assert_eq!(none.spread(), None);
    }

    #[test]
    fn few_values_are_exact() {
        let few = of([40, 10, 20, 30]);
        let nanos = |span: Option<Span>| span.unwrap().as_nanos();
        assert_eq!((nanos(few.min()), nanos(few.max()), nanos(few.mean())), (10, 40, 25));
        assert_eq!(few.spread().map(|spread| spread.stddev.as_nanos()), Some(11));
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
                (quantiles.count(), quantiles.max(), quantiles.spread(), of)
            };
            prop_assert_eq!(figures(&merged), figures(&whole));
        }

        #[test]
        fn few_values_are_summed_up_like_many(values in prop::collection::vec(0_u64..SMALL, 0..=FEW), large: bool) {
            let values = values.iter().map(|&value| if large { value << 32 } else { value });
            let few = of(values.clone());
            let mut sums = Sums::default();
            values.clone().for_each(|value| sums.add(value));
            prop_assert_eq!(format!("{:?}", few.sums()), format!("{sums:?}"));
            prop_assert_eq!(few.few, { let mut sorted: Vec<_> = values.collect(); sorted.sort_unstable(); sorted });
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
