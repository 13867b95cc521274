//! Quantiles, rates, and folds over events.

mod quantiles;
mod series;

pub use quantiles::Quantiles;
pub use series::{Grid, Series, Sum, round_width};
