//! Listeners: the bytes of a flow, put in order, and what is made of them.

mod services;
mod transactions;

pub use services::Services;
pub use transactions::{Said, Transactions};
