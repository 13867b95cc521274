//! Records to text: tables for people; JSON, JSON Lines, CSV and TSV for programs.
//!
//! [`schema`] says what fields are, [`fields`] which ones each command has.

mod escape;
mod condition;
pub mod fields;
pub mod human;
mod info;
mod key;
pub mod machine;
pub mod rows;
pub mod schema;
pub mod select;
pub mod table;
mod value;

pub use condition::{Condition, Mistake, span};
pub use key::SortKey;
pub use value::{Decimal, Value, Written};
