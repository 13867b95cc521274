//! What must hold for any input: one function a fuzz target, each of which panics where its law is broken.
//!
//! The fuzz targets call them, and so does an ordinary test with all seeds and captures (`tests/laws.rs`).

#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

pub mod built;
pub mod containers;
pub mod decode;
pub mod filters;
pub mod fragments;
pub mod http;
pub mod journey;
pub mod segments;
pub mod stream;

use flowray::capture::{Clock, Frame, Interface, LinkType};

/// Panics where it is broken.
pub type Law = fn(&[u8]);

/// The name of each law and its function.
pub const ALL: [(&str, Law); 9] = [
    ("built", built::check),
    ("containers", containers::check),
    ("decode", decode::check),
    ("filters", filters::check),
    ("fragments", fragments::check),
    ("http", http::check),
    ("journey", journey::check),
    ("segments", segments::check),
    ("stream", stream::check),
];

/// A frame of a capture of its own.
pub fn frame(linktype: LinkType, data: &[u8], orig_len: u32) -> Frame<'_> {
    static INTERFACE: Interface =
        Interface { linktype: LinkType::ETHERNET, snaplen: 0, clock: Clock::MICROS, fcs_len: None };
    Frame {
        number: 1,
        file: 0,
        file_number: 1,
        at: None,
        fine_clock: false,
        linktype,
        section: 0,
        interface: 0,
        orig_len,
        data,
        raw_at: None,
        options: &[],
        big_endian: false,
        captured_on: &INTERFACE,
    }
}

/// A file with these bytes, of this thread, for as long as `with` runs.
pub fn file<T>(bytes: &[u8], with: impl FnOnce(&std::path::Path) -> T) -> T {
    let folder = ["/dev/shm", "/tmp"].iter().find(|folder| std::path::Path::new(folder).is_dir());
    let folder = folder.map_or_else(std::env::temp_dir, std::path::PathBuf::from);
    let path = folder.join(format!("flowray-law-{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::write(&path, bytes).expect("a temporary file");
    let result = with(&path);
    let _ = std::fs::remove_file(&path);
    result
}
