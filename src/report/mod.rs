//! Records to text: tables for people; JSON, JSON Lines, CSV and TSV for programs.
//!
//! [`schema`] says what fields are, [`fields`] which ones each command has.

mod escape;
pub mod fields;
mod info;
pub mod machine;
pub mod schema;
mod value;

pub use value::{Decimal, Value, Written};
