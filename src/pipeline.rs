//! Read, decode, shard, analyse, merge. The only user of rayon.

mod rows;

pub use rows::{FlowRow, PacketRow, ResponseStats};
