//! The fields of each command, in the order in which every format has them.

mod endpoints;
mod flows;
mod handshakes;
mod http;
mod icmp;
mod identity;
mod info;
mod listing;
mod names;
mod packets;
mod tcp;
mod timeline;

pub use endpoints::{ENDPOINTS, Endpoints};
pub use flows::{FLOWS, Flows};
pub use handshakes::HANDSHAKES;
pub use http::{HTTP, Http, Transaction};
pub use icmp::icmp_error_name;
pub use identity::{Identified, endpoints, start};
pub use info::{Files, INFO};
pub use listing::{Describe, Described, FIELDS, Listing, json_schema, schemas};
pub use packets::{PACKETS, Packets};
pub use timeline::{Intervals, TIMELINE};
