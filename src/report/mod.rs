//! Records to text: tables for people; JSON, JSON Lines, CSV and TSV for programs.
//!
//! [`schema`] says what fields are, [`fields`] which ones each command has.

mod bars;
mod escape;
mod card;
mod condition;
pub mod digits;
pub mod endpoints;
pub mod fields;
pub mod flow_page;
pub mod folder;
pub mod har;
pub mod http;
pub mod human;
mod info;
mod key;
pub mod layers;
pub mod machine;
pub mod pieces;
mod plot;
pub mod rows;
pub mod schema;
#[cfg(test)]
mod sample;
pub mod select;
pub mod stream;
pub mod summary;
pub mod table;
pub mod timeline;
mod value;

pub(crate) use condition::nearest;
pub use condition::{Condition, Mistake, span};
pub use key::SortKey;
pub use value::{Decimal, Value, Written};
