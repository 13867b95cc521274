//! Quantiles, rates, and folds over events.
