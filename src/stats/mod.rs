//! Quantiles, rates, and folds over events.

mod bounded;
mod quantiles;
mod rate;
mod series;

pub use bounded::Bounded;
pub use quantiles::{Quantiles, Spread};
pub use rate::bits_per_second;
pub use series::{Grid, Series, Sum, round_width};
