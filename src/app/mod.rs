//! Stream bytes and gaps to messages. Knows no flows, no files, no terminals.
//!
//! An [`Application`] takes the bytes of both directions of a connection, finds out from the first of them which
//! protocol is spoken ([`probe`]), and hands them to its parser ([`http`]).

mod application;
pub mod coding;
pub mod http;
pub mod probe;
pub mod proxy;
mod service;

pub use application::{Application, Depth};
pub use service::Service;
