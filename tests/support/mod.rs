//! A builder of captures, shared by tests, benchmarks and fuzz targets (`#[path = ".../support/mod.rs"] mod support;`).
//!
//! It knows nothing of the code it tests: what a test expects is what it had built.
//!
//! - [`ip`]: IPv4 and IPv6 packets, fragments, extension headers; TCP, UDP and ICMP with right checksums
//! - [`link`]: Ethernet, VLAN, Linux cooked, loopback, raw IP; PPPoE, MPLS; GRE, VXLAN and other tunnels
//! - [`conversation`]: one TCP connection segment by segment, with a clock
//! - [`script`]: the same from a text, one line a segment
//! - [`pcap`], [`pcapng`], [`snoop`]: capture files
//! - [`mutate`]: bits flipped, ends cut off, files spliced
//! - [`packed`]: gzip, zstd and lz4 around bytes
//! - [`random`]: numbers that are the same on every machine

#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

pub mod conversation;
pub mod ip;
pub mod link;
pub mod mutate;
pub mod packed;
pub mod pcap;
pub mod pcapng;
pub mod random;
pub mod script;
pub mod snoop;

/// 2026-01-01 00:00:00 UTC in nanoseconds: when every built capture begins.
pub const EPOCH: i64 = 1_767_225_600_000_000_000;

/// One capture record before it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Nanoseconds since 1970.
    pub at: i64,
    /// The bytes captured.
    pub data: Vec<u8>,
    /// Length on the wire.
    pub orig_len: u32,
}

impl Record {
    /// A whole frame.
    pub fn new(at: i64, data: Vec<u8>) -> Self {
        Self { at, orig_len: data.len() as u32, data }
    }

    /// The same frame, captured with a snap length.
    pub fn cut(mut self, snaplen: usize) -> Self {
        self.data.truncate(snaplen);
        self
    }
}

/// Whole frames, `step` nanoseconds apart.
pub fn records(step: i64, frames: impl IntoIterator<Item = Vec<u8>>) -> Vec<Record> {
    frames.into_iter().zip(0..).map(|(frame, index)| Record::new(EPOCH + index * step, frame)).collect()
}

/// The records of several sources as one capture point would have seen them.
pub fn merged(sources: impl IntoIterator<Item = Vec<Record>>) -> Vec<Record> {
    let mut all: Vec<Record> = sources.into_iter().flatten().collect();
    all.sort_by_key(|record| record.at);
    all
}
