//! HTTP/1.0 and HTTP/1.1: bytes and gaps of both directions in, exchanges out. RFC 9110, RFC 9112.
//!
//! A [`Connection`] has two readers, one a direction, that cut the bytes into heads and bodies; it ties each
//! answer to its request and gives [`Exchange`]s.

mod body;
mod connection;
mod exchange;
mod extent;
mod head;
mod message;
mod pairing;
mod problem;
mod reader;
mod start;

pub use connection::{Connection, Limits, Sink};
pub use exchange::{Exchange, Message};
pub use extent::Extent;
pub use head::{Fields, StartLine, request_line, status_line};
pub use message::{Head, Kept, Length, Side};
pub use problem::{Problem, Problems};

pub use start::begins_message;
