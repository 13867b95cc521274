//! Which format a capture has, by its first bytes, and how to walk it.

use std::sync::Arc;

use super::block::Piece;
use super::{FileInfo, Interface, classic};

/// The format of a capture file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// Classic pcap.
    #[default]
    Pcap,
    /// Classic pcap as Alexey Kuznetzov changed it: longer record headers.
    PcapModified,
    /// pcapng.
    Pcapng,
    /// Snoop, RFC 1761.
    Snoop,
}

/// Why a capture cannot be read on, and where.
#[derive(Debug)]
pub(super) struct Damage {
    /// Where in the bytes shown.
    pub at: usize,
    /// What is wrong.
    pub what: String,
}

/// How far a walk came.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Where the last whole record ends.
    pub end: usize,
    /// Packets passed.
    pub packets: u64,
    /// The length of the record at `end`, as far as it is known.
    pub next_len: usize,
    /// What makes it impossible to go on at `end`.
    pub damage: Option<Damage>,
}

/// Goes from record to record.
#[derive(Debug)]
pub(super) enum Walker {
    Classic(classic::Layout, Arc<Vec<Interface>>),
}

/// The bytes needed to tell the format and to read the header of a file.
pub(super) const HEADER_LEN: usize = 24;

impl Walker {
    /// The walker for a capture that starts with `start`, and the length of its header. Fills in the format.
    pub fn recognise(start: &[u8], info: &mut FileInfo) -> Result<(Self, usize), Damage> {
        if start.is_empty() {
            return Err(Damage { at: 0, what: "is empty".into() });
        }
        classic::recognise(start, info).unwrap_or_else(|| {
            Err(Damage { at: 0, what: "is not a capture: neither pcap, pcapng nor snoop".into() })
        })
    }

    /// Passes the whole records of `bytes` from `from` on.
    pub fn walk(&mut self, bytes: &[u8], from: usize, info: &mut FileInfo) -> Walked {
        match self {
            Self::Classic(layout, interfaces) => match interfaces.first() {
                Some(interface) => layout.walk(bytes, from, interface, info),
                None => Walked::default(),
            },
        }
    }

    /// What the records are that were passed since the last call, for the block that they go into.
    pub fn pieces(&mut self) -> Vec<Piece> {
        match self {
            Self::Classic(layout, interfaces) => {
                vec![Piece {
                    start: 0,
                    records: Records::Classic(*layout),
                    section: 0,
                    interfaces: Arc::clone(interfaces),
                }]
            }
        }
    }
}

/// How records are laid out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Records {
    Classic(classic::Layout),
}

impl Records {
    /// Whether their numbers stand in big-endian byte order.
    pub fn big_endian(self) -> bool {
        match self {
            Self::Classic(layout) => layout.big_endian,
        }
    }
}
