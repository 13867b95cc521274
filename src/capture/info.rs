//! What kind of file a capture is, and what was met on the way through it.

use std::path::PathBuf;

use super::tally::Tally;
use super::{Compression, Format, Interface, LinkType};
use crate::time::{Span, Timestamp};

/// One input file: what it is, and counts over what was read of it so far.
#[derive(Clone, Debug, Default)]
pub struct FileInfo {
    /// The file, `-` for standard input.
    pub path: PathBuf,
    /// Its size in bytes on the disk; `None` for a pipe.
    pub size: Option<u64>,
    /// How it is compressed.
    pub compression: Option<Compression>,
    /// Its format.
    pub format: Format,
    /// Bytes of the (decompressed) capture up to the last whole record read.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes captured of the packets.
    pub captured_bytes: u64,
    /// Length on the wire of the packets, as their records say.
    pub wire_bytes: u64,
    /// Time of the first packet that has one.
    pub first: Option<Timestamp>,
    /// Time of the last packet that has one.
    pub last: Option<Timestamp>,
    /// Least time of its packets.
    pub earliest: Option<Timestamp>,
    /// Greatest time of its packets.
    pub latest: Option<Timestamp>,
    /// How far its first packet lies before the last one of the file read before it; `None` where it does not.
    pub overlap: Option<Span>,
    /// Its sections, in order; every format but pcapng has one.
    pub sections: Vec<SectionInfo>,
    /// Sections and interfaces of which nothing was kept, because there were too many or their texts too long.
    pub forgotten: u64,
    /// pcapng blocks that are neither packets nor descriptions: their types, and how many of each.
    pub other_blocks: Vec<(u32, u64)>,
    /// Things that are odd but no damage.
    pub notes: Notes,
}

/// A section of a capture file: all that one machine wrote in one go.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SectionInfo {
    /// Its numbers stand in big-endian byte order.
    pub big_endian: bool,
    /// Major and minor version of the format.
    pub version: (u16, u16),
    /// The machine (`shb_hardware`).
    pub hardware: Option<String>,
    /// Its operating system (`shb_os`).
    pub os: Option<String>,
    /// The program that wrote it (`shb_userappl`).
    pub application: Option<String>,
    /// Comments on the section.
    pub comments: Vec<String>,
    /// The options of its header, as they stand in the file.
    pub options: Vec<u8>,
    /// Its interfaces, by number.
    pub interfaces: Vec<InterfaceInfo>,
}

/// An interface that packets were captured on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InterfaceInfo {
    /// Link type, snap length, clock.
    pub interface: Interface,
    /// Its name (`if_name`).
    pub name: Option<String>,
    /// What a person called it (`if_description`).
    pub description: Option<String>,
    /// The capture filter (`if_filter`), where it is a text.
    pub filter: Option<String>,
    /// Its operating system (`if_os`).
    pub os: Option<String>,
    /// What it is made of (`if_hardware`).
    pub hardware: Option<String>,
    /// Bits per second (`if_speed`).
    pub speed: Option<u64>,
    /// Comments on the interface.
    pub comments: Vec<String>,
    /// The options of its description, as they stand in the file.
    pub options: Vec<u8>,
    /// Packets captured on it.
    pub packets: u64,
    /// The last statistics that the capturing program gave of it.
    pub statistics: Statistics,
}

/// What the capturing program counted on an interface (draft-ietf-opsawg-pcapng §4.6), from the start of the capture.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Statistics {
    /// Packets received (`isb_ifrecv`).
    pub received: Option<u64>,
    /// Packets that the interface dropped (`isb_ifdrop`).
    pub dropped: Option<u64>,
    /// Packets that the filter accepted (`isb_filteraccept`).
    pub accepted: Option<u64>,
    /// Packets that the operating system dropped (`isb_osdrop`).
    pub os_dropped: Option<u64>,
    /// Packets delivered to the capturing program (`isb_usrdeliv`).
    pub delivered: Option<u64>,
    /// When the capture began (`isb_starttime`).
    pub start: Option<Timestamp>,
    /// When the capture ended (`isb_endtime`).
    pub end: Option<Timestamp>,
}

/// Counts of packets that are odd, or that say something of the others.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Notes {
    /// Earlier than the packet before.
    pub time_backwards: u64,
    /// The most that one is earlier than the packet before.
    pub time_backwards_most: Span,
    /// Without a time, or with one beyond 64-bit nanoseconds.
    pub untimed: u64,
    /// Their fraction of a second is a second or more.
    pub fraction_beyond_second: u64,
    /// Fewer bytes captured than were on the wire.
    pub cut: u64,
    /// More bytes captured than were on the wire.
    pub captured_beyond_length: u64,
    /// More bytes captured than the snap length allows.
    pub captured_beyond_snaplen: u64,
    /// Comments on packets.
    pub comments: u64,
    /// Packets that were not captured, as the records of those that were say.
    pub dropped: u64,
    /// It was not read on, since a record claimed to be longer than [`super::Options::max_record`].
    pub record_too_long: bool,
    /// It was not read on, since it unpacks to more than [`super::Options::max_decompressed`].
    pub unpacks_to_too_much: bool,
}

impl FileInfo {
    /// Its interfaces, over all sections.
    pub fn interfaces(&self) -> impl Iterator<Item = &InterfaceInfo> {
        self.sections.iter().flat_map(|section| &section.interfaces)
    }

    /// Whether one of its interfaces has a clock that ticks finer than a microsecond.
    pub fn has_fine_clock(&self) -> bool {
        self.interfaces().any(|one| one.interface.clock.is_fine())
    }

    /// Its link types in order of first sight, with the packets of each.
    pub fn linktypes(&self) -> Vec<(LinkType, u64)> {
        let mut found: Vec<(LinkType, u64)> = Vec::new();
        for one in self.interfaces() {
            match found.iter_mut().find(|(linktype, _)| *linktype == one.interface.linktype) {
                Some((_, packets)) => *packets += one.packets,
                None => found.push((one.interface.linktype, one.packets)),
            }
        }
        found
    }

    /// Packets that the capturing program or machine lost, where the file says: by the interfaces' statistics, else by
    /// what the packets' records say.
    pub fn drops(&self) -> Option<u64> {
        let told = self.interfaces().map(|one| one.statistics).filter_map(|one| {
            match (one.dropped, one.os_dropped) {
                (None, None) => None,
                (by_interface, by_os) => Some(by_interface.unwrap_or(0).saturating_add(by_os.unwrap_or(0))),
            }
        });
        let told = told.reduce(u64::saturating_add);
        told.or((self.notes.dropped > 0).then_some(self.notes.dropped))
    }

    /// Counts a pcapng block that is neither packet nor description.
    pub(super) fn count_block(&mut self, kind: u32) {
        const MAX_KINDS: usize = 64;
        let known = self.other_blocks.iter_mut().find(|(known, _)| *known == kind);
        if let Some((_, blocks)) = known {
            *blocks += 1;
        } else if self.other_blocks.len() < MAX_KINDS {
            self.other_blocks.push((kind, 1));
        }
    }

    /// Adds the packets that a walk passed.
    pub(super) fn add(&mut self, tally: &Tally) {
        self.packets += tally.packets;
        self.captured_bytes += tally.captured_bytes;
        self.wire_bytes += tally.wire_bytes;
        let notes = &mut self.notes;
        notes.cut += tally.cut;
        notes.captured_beyond_length += tally.captured_beyond_length;
        notes.captured_beyond_snaplen += tally.captured_beyond_snaplen;
        notes.untimed += tally.untimed;
        notes.time_backwards += tally.time_backwards;
        notes.time_backwards_most = notes.time_backwards_most.max(tally.time_backwards_most);
        let Some(first) = tally.first else { return };
        self.first = self.first.or(tally.first);
        self.last = Some(tally.last);
        self.earliest = Some(self.earliest.unwrap_or(first).min(tally.earliest));
        self.latest = Some(self.latest.unwrap_or(first).max(tally.latest).max(tally.last));
    }
}

impl From<Interface> for InterfaceInfo {
    fn from(interface: Interface) -> Self {
        Self {
            interface,
            name: None,
            description: None,
            filter: None,
            os: None,
            hardware: None,
            speed: None,
            comments: Vec::new(),
            options: Vec::new(),
            packets: 0,
            statistics: Statistics::default(),
        }
    }
}
