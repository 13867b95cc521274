//! Listeners: the bytes of a flow, put in order, and what is made of them.

mod services;
mod speech;
mod transactions;

pub use services::Services;
pub use speech::{Speech, Speeches};
pub use transactions::{Said, Transactions};
