//! Quantiles, rates, and folds over events.

mod quantiles;
mod rate;
mod series;

pub use quantiles::Quantiles;
pub use rate::bits_per_second;
pub use series::{Grid, Series, Sum, round_width};
