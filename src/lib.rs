//! flowray, an X-ray for packet captures.
//!
//! The modules stand in the order in which data travels; each uses only those above it.
//!
//! ```text
//! capture  ->  decode  ->  flow  ->  tcp  ->  app  ->  report
//! frames       segments    connections  events  messages  text
//! ```
//!
//! [`capture`] cuts files and pipes into blocks of whole records, [`decode`] reads the headers of each
//! frame, [`flow`] finds the flow that a packet belongs to, [`tcp`] says what each segment is, [`app`]
//! reads the messages in the stream, and [`report`] writes what is known as a table, JSON or CSV.
//! [`pipeline`] joins them and is the only module that knows threads.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod time;
pub mod error;
pub mod capture;
pub mod decode;
pub mod filter;
pub mod flow;
pub mod stats;
pub mod tcp;
pub mod app;
pub mod pipeline;
pub mod report;
pub mod cli;

// The builder of captures that tests share.
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
