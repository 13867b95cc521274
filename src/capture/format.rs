//! Which format a capture has, by its first bytes, and how to walk it.

use std::sync::Arc;

use super::block::{Piece, Record};
use super::classic::Layout;
use super::{FileInfo, Interface, classic, pcapng, snoop};

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
    /// What is wrong, but does not keep the records from being read.
    pub fault: Option<Damage>,
    /// What makes it impossible to go on at `end`.
    pub damage: Option<Damage>,
}

/// Goes from record to record.
#[derive(Debug)]
pub(super) enum Walker {
    Classic(Layout, Arc<Vec<Interface>>),
    Snoop(Arc<Vec<Interface>>),
    Pcapng(pcapng::Sections),
}

/// The bytes needed to tell the format and to read the header of a file.
pub(super) const HEADER_LEN: usize = 24;

impl Walker {
    /// The walker for a capture that starts with `start`, and the length of its header. Fills in the format.
    pub fn recognise(start: &[u8], info: &mut FileInfo) -> Result<(Self, usize), Damage> {
        if start.is_empty() {
            return Err(Damage { at: 0, what: "is empty".into() });
        }
        if pcapng::recognise(start) {
            info.format = Format::Pcapng;
            return Ok((Self::Pcapng(pcapng::Sections::default()), 0));
        }
        let found = classic::recognise(start, info).or_else(|| snoop::recognise(start, info));
        found.unwrap_or_else(|| Err(Damage { at: 0, what: foreign(start) }))
    }

    /// Passes the whole records of `bytes` from `from` on, none of which is longer than `max_record`.
    pub fn walk(&mut self, bytes: &[u8], from: usize, max_record: usize, info: &mut FileInfo) -> Walked {
        match self {
            Self::Classic(layout, interfaces) => match interfaces.first() {
                Some(interface) => classic::walk(*layout, bytes, from, max_record, interface, info),
                None => Walked::default(),
            },
            Self::Snoop(_) => snoop::walk(bytes, from, max_record, info),
            Self::Pcapng(sections) => sections.walk(bytes, from, max_record, info),
        }
    }

    /// What the records are that were passed since the last call, for the block that they go into.
    pub fn pieces(&mut self) -> Vec<Piece> {
        let (records, interfaces) = match self {
            Self::Classic(Layout::USUAL, interfaces) => (Records::Usual, interfaces),
            Self::Classic(layout, interfaces) => (Records::Classic(*layout), interfaces),
            Self::Snoop(interfaces) => (Records::Snoop, interfaces),
            Self::Pcapng(sections) => return sections.pieces(),
        };
        vec![Piece::new(0, records, 0, Arc::clone(interfaces))]
    }
}

/// How records are laid out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Records {
    /// Those of nearly all classic files.
    Usual,
    Classic(Layout),
    Snoop,
    Pcapng {
        big_endian: bool,
    },
}

impl Records {
    /// What is at `at`, which a walk has passed, and where the next record is. Not every one is a packet.
    #[inline(always)]
    pub fn open<'a>(
        &self,
        bytes: &'a [u8],
        at: usize,
        interfaces: &[Interface],
    ) -> Option<(Option<Record<'a>>, usize)> {
        match self {
            Self::Usual => {
                let (record, end) = Layout::USUAL.open(bytes, at)?;
                Some((Some(record), end))
            }
            Self::Classic(layout) => {
                let (record, end) = layout.open(bytes, at)?;
                Some((Some(record), end))
            }
            Self::Snoop => {
                let (record, end) = snoop::open(bytes, at)?;
                Some((Some(record), end))
            }
            // Taken apart, so that the records of the others need not be put where these are put.
            Self::Pcapng { big_endian } => {
                let (record, end) = pcapng::open(bytes, at, *big_endian, interfaces)?;
                let Some(Record { raw_at, interface, orig_len, data, options }) = record else {
                    return Some((None, end));
                };
                Some((Some(Record { raw_at, interface, orig_len, data, options }), end))
            }
        }
    }

    /// Whether their numbers stand in big-endian byte order.
    pub fn big_endian(self) -> bool {
        match self {
            Self::Usual => Layout::USUAL.big_endian,
            Self::Classic(layout) => layout.big_endian,
            Self::Snoop => true,
            Self::Pcapng { big_endian } => big_endian,
        }
    }
}

/// What is said of a file that begins with `start` and is no capture that can be read.
fn foreign(start: &[u8]) -> String {
    const PACKED: &[(&[u8], &str)] = &[
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"PK\x03\x04", "zip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x1f\x9d", "compress"),
    ];
    const CAPTURES: &[(&[u8], &str)] = &[
        (b"GMBU", "Microsoft Network Monitor"),
        (b"RTSS", "Microsoft Network Monitor"),
        (b"TRSNIFF data", "Sniffer"),
        (b"XCP\0", "NetXRay"),
        (b"iptrace", "AIX iptrace"),
        (b"\x7fver", "EtherPeek"),
    ];
    let is = |(magic, _): &&(&[u8], &str)| start.starts_with(magic);
    if let Some((_, packer)) = PACKED.iter().find(is) {
        return format!("is compressed with {packer}: only gzip, zstd and lz4 are read as they are");
    }
    if let Some((_, program)) = CAPTURES.iter().find(is) {
        return format!("is a capture of {program}: only pcap, pcapng and snoop are read");
    }
    "is not a capture: neither pcap, pcapng nor snoop".into()
}
