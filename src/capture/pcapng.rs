//! pcapng files: sections of blocks.
//!
//! Read first: draft-ietf-opsawg-pcapng. Blocks that are no packets are parsed by pcap-parser. Packets are opened here:
//! its parsers collect the options of every packet, and know nothing of the obsolete Packet Block. Whatever depends on
//! the byte order inside an option is read here too: it reads `if_tsoffset` and the counters of statistics as
//! little-endian always.

mod describe;
mod packet;

use std::sync::Arc;

use self::packet::{Kind, Packet};
use super::block::{Piece, Record};
use super::format::{Damage, Records, Walked};
use super::options::BlockOptions;
use super::{FileInfo, Interface, MAX_RECORD};

/// The type of a section header: the same in either byte order.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// Type and length before, length behind.
const FRAME_LEN: usize = 12;
/// Options that concern a reader of packet blocks.
const OPTION_COMMENT: u16 = 1;
const OPTION_DROPCOUNT: u16 = 4;

/// Where in a pcapng file a walk stands.
#[derive(Debug, Default)]
pub(super) struct Sections {
    big_endian: bool,
    /// Sections begun.
    begun: u32,
    interfaces: Arc<Vec<Interface>>,
    /// Of what was passed since pieces were last taken: whole sections, and where the present one starts.
    pieces: Vec<Piece>,
    start: usize,
    /// Memory that descriptions take.
    described: usize,
    /// There was no room for a description: no later one is kept, for they are found by their numbers.
    forgetful: bool,
}

/// Whether a capture that begins with `start` may be pcapng.
pub(super) fn recognise(start: &[u8]) -> bool {
    start.first_chunk() == Some(&SECTION_HEADER.to_be_bytes())
}

/// What a block is, as its first bytes tell.
struct Head {
    kind: u32,
    len: usize,
    big_endian: bool,
}

impl Sections {
    /// Passes the whole blocks of `bytes` from `from` on.
    pub fn walk(&mut self, bytes: &[u8], from: usize, info: &mut FileInfo) -> Walked {
        let mut walked = Walked { end: from, next_len: FRAME_LEN, ..Walked::default() };
        while let Some(rest) = bytes.get(walked.end..) {
            match self.pass(rest, walked.end, info, &mut walked.fault) {
                Ok(Passed::Packet(len)) => {
                    (walked.end, walked.packets) = (walked.end + len, walked.packets + 1)
                }
                Ok(Passed::Other(len)) => walked.end += len,
                Ok(Passed::Short(len)) => {
                    walked.next_len = len;
                    break;
                }
                Err(what) => {
                    walked.damage = Some(Damage { at: walked.end, what });
                    break;
                }
            }
        }
        walked
    }

    /// What the blocks are that were passed since the last call.
    pub fn pieces(&mut self) -> Vec<Piece> {
        self.end_piece();
        self.start = 0;
        std::mem::take(&mut self.pieces)
    }

    fn end_piece(&mut self) {
        self.pieces.push(Piece {
            start: self.start,
            records: Records::Pcapng { big_endian: self.big_endian },
            section: self.begun.saturating_sub(1),
            interfaces: Arc::clone(&self.interfaces),
        });
    }

    /// Passes the block at the start of `rest`, which is at `at` in the bytes of the walk.
    fn pass(
        &mut self,
        rest: &[u8],
        at: usize,
        info: &mut FileInfo,
        fault: &mut Option<Damage>,
    ) -> Result<Passed, String> {
        let Some(head) = Head::read(rest, self.big_endian)? else { return Ok(Passed::Short(FRAME_LEN)) };
        let Head { kind, len, big_endian } = head;
        let Some(block) = rest.get(..len) else { return Ok(Passed::Short(len)) };
        let trailer = block.last_chunk().map_or(0, |bytes| word(*bytes, big_endian) as usize);
        if trailer != len {
            return Err(format!(
                "is damaged: a block is {len} bytes long by its start, and {trailer} by its end"
            ));
        }
        match kind {
            ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET => {
                let packet = Packet::read(Kind::of(kind), block, big_endian, &self.interfaces)?;
                self.count(&packet, block, info);
                return Ok(Passed::Packet(len));
            }
            SECTION_HEADER => {
                if at > self.start {
                    self.end_piece();
                }
                (self.start, self.big_endian) = (at, big_endian);
                self.begin_section(block, info)?;
            }
            INTERFACE_DESCRIPTION => {
                *fault = self.describe(block, info)?.map(|what| Damage { at, what }).or(fault.take());
            }
            INTERFACE_STATISTICS => self.keep_statistics(block, info),
            _ => {}
        }
        if kind != SECTION_HEADER && kind != INTERFACE_DESCRIPTION {
            info.count_block(kind);
        }
        Ok(Passed::Other(len))
    }

    fn count(&self, packet: &Packet<'_>, block: &[u8], info: &mut FileInfo) {
        let Some(interface) = self.interfaces.get(packet.interface as usize) else { return };
        let at = packet.raw_at.and_then(|raw| interface.clock.at(raw));
        info.count(at, packet.data.len() as u32, packet.orig_len, interface.snaplen);
        info.notes.dropped += u64::from(packet.drops.unwrap_or(0));
        for option in BlockOptions::new(packet.options(block), self.big_endian) {
            match option.code {
                OPTION_COMMENT => info.notes.comments += 1,
                OPTION_DROPCOUNT => info.notes.dropped += option.number().unwrap_or(0),
                _ => {}
            }
        }
        let section = info.sections.last_mut().filter(|_| !self.forgetful);
        if let Some(kept) = section.and_then(|section| section.interfaces.get_mut(packet.interface as usize))
        {
            kept.packets += 1;
        }
    }
}

/// What a step passed.
enum Passed {
    Packet(usize),
    Other(usize),
    /// Nothing: the block is so long, as far as is known, and its end is not there.
    Short(usize),
}

impl Head {
    /// `None` if `rest` is too short for it.
    fn read(rest: &[u8], big_endian: bool) -> Result<Option<Self>, String> {
        let Some(&[k0, k1, k2, k3, l0, l1, l2, l3, magic @ ..]) = rest.first_chunk::<FRAME_LEN>() else {
            return Ok(None);
        };
        let kind = word([k0, k1, k2, k3], big_endian);
        let big_endian = match (kind, u32::from_be_bytes(magic)) {
            (SECTION_HEADER, BYTE_ORDER_MAGIC) => true,
            (SECTION_HEADER, magic) if magic == BYTE_ORDER_MAGIC.swap_bytes() => false,
            (SECTION_HEADER, magic) => {
                return Err(format!(
                    "is damaged: a section header has {magic:#010x} for its byte-order magic"
                ));
            }
            _ => big_endian,
        };
        let len = word([l0, l1, l2, l3], big_endian) as usize;
        if len > MAX_RECORD {
            return Err(format!("is damaged: a block claims to be {len} bytes long"));
        }
        let least = match kind {
            SECTION_HEADER => 28,
            INTERFACE_DESCRIPTION => 20,
            ENHANCED_PACKET | OBSOLETE_PACKET => 32,
            SIMPLE_PACKET => 16,
            _ => FRAME_LEN,
        };
        if len < least || !len.is_multiple_of(4) {
            return Err(format!("is damaged: a block of type {kind} claims to be {len} bytes long"));
        }
        Ok(Some(Self { kind, len, big_endian }))
    }
}

/// What is at `at` in a block of records, and where the next block is. All were passed by a walk.
#[inline]
pub(super) fn open<'a>(
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
    interfaces: &[Interface],
) -> Option<(Option<Record<'a>>, usize)> {
    let rest = bytes.get(at..)?;
    let &[k0, k1, k2, k3, l0, l1, l2, l3] = rest.first_chunk()?;
    let kind = word([k0, k1, k2, k3], big_endian);
    let len = word([l0, l1, l2, l3], big_endian) as usize;
    let block = rest.get(..len)?;
    let record = match kind {
        ENHANCED_PACKET | OBSOLETE_PACKET | SIMPLE_PACKET => {
            let packet = Packet::read(Kind::of(kind), block, big_endian, interfaces).ok()?;
            Some(Record {
                raw_at: packet.raw_at,
                interface: packet.interface,
                orig_len: packet.orig_len,
                data: packet.data,
                options: packet.options(block),
            })
        }
        _ => None,
    };
    Some((record, at + len))
}

#[inline]
fn word(bytes: [u8; 4], big_endian: bool) -> u32 {
    if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}
