//! Quantiles, rates, and folds over events.

mod quantiles;

pub use quantiles::Quantiles;
