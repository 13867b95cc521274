//! Listeners: the bytes of a flow, put in order, and what is made of them.

mod happenings;
mod services;
mod speech;
mod transactions;

pub use happenings::{Happened, Happenings, Loss, Tally, WindowSteps};
pub use services::Services;
pub use speech::{Speech, Speeches};
pub use transactions::{Said, Transactions};
