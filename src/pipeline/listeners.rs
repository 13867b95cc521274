//! Listeners: the bytes of a flow, put in order, and what is made of them.

mod happenings;
mod services;
mod speech;
mod transactions;
mod words;

pub use happenings::{Happened, Happenings, Loss, Tally, WindowSteps};
pub use services::Services;
pub use speech::{Speech, Speeches};
pub use transactions::{Said, Transactions};
pub use words::{Dictation, Words};
