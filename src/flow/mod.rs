//! Which flow a packet belongs to: the key, the two directions, and the table of flows.

mod community;
mod direction;
mod key;
mod roles;
mod table;
mod traffic;

pub use community::community_id;
pub use direction::{Direction, Pair};
pub use key::{Key, icmp_ports, protocol_name};
pub use roles::guess_client;
pub use table::{Slot, Table};
pub use traffic::{Sent, Traffic};
