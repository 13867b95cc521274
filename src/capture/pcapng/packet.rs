//! The three kinds of packet blocks.

use super::super::Interface;
use super::{OBSOLETE_PACKET, SIMPLE_PACKET, word};

/// Which of the packet blocks one is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Enhanced Packet Block, draft-ietf-opsawg-pcapng §4.3.
    Enhanced,
    /// Packet Block, obsolete, §A: as the Enhanced one, but the interface and a count of drops share a word.
    Obsolete,
    /// Simple Packet Block, §4.4: of interface 0, without time, options, or captured length.
    Simple,
}

/// A packet block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub interface: u32,
    pub raw_at: Option<u64>,
    pub orig_len: u32,
    pub data: &'a [u8],
    /// Packets lost before this one; what the block itself has, not its options.
    pub drops: Option<u16>,
    /// The captured length that it claims, where the block has no room for that much.
    pub excess: Option<u32>,
    /// Where in the block options may begin.
    options_at: usize,
}

impl Kind {
    pub fn of(block_type: u32) -> Self {
        match block_type {
            OBSOLETE_PACKET => Self::Obsolete,
            SIMPLE_PACKET => Self::Simple,
            _ => Self::Enhanced,
        }
    }
}

impl<'a> Packet<'a> {
    /// The packet in `block`, which is whole.
    #[inline]
    pub fn read(
        kind: Kind,
        block: &'a [u8],
        big_endian: bool,
        interfaces: &[Interface],
    ) -> Result<Self, String> {
        let field = |at: usize| {
            let bytes = block.get(at..).and_then(|rest| rest.first_chunk());
            bytes.map_or(0, |bytes| word(*bytes, big_endian))
        };
        let first = field(8);
        let (interface, drops) = match kind {
            Kind::Enhanced => (first, None),
            // The interface stands in the first two bytes; all ones mean that the drops are not known.
            Kind::Obsolete => {
                let [a, b, c, d] = if big_endian { first.to_be_bytes() } else { first.to_le_bytes() };
                let half =
                    |half| if big_endian { u16::from_be_bytes(half) } else { u16::from_le_bytes(half) };
                (u32::from(half([a, b])), Some(half([c, d])).filter(|&drops| drops != u16::MAX))
            }
            Kind::Simple => (0, None),
        };
        let Some(described) = interfaces.get(interface as usize) else {
            return Err(format!("is damaged: a packet is of interface {interface}, which is not described"));
        };
        let (raw_at, captured, orig_len, data_at) = match kind {
            Kind::Simple => {
                let captured = if described.snaplen == 0 { first } else { first.min(described.snaplen) };
                (None, captured, first, 12)
            }
            _ => (Some(u64::from(field(12)) << 32 | u64::from(field(16))), field(20), field(24), 28),
        };
        // A packet that claims more than its block has what is there.
        let room = block.len().saturating_sub(4 + data_at);
        let end = data_at + room.min(captured as usize);
        let data = block.get(data_at..end).unwrap_or_default();
        let excess = (captured as usize > room).then_some(captured);
        // Data are padded to four bytes.
        let options_at = end + (4 - data.len() % 4) % 4;
        Ok(Self { interface, raw_at, orig_len, data, drops, excess, options_at })
    }

    /// The options that `block`, of which it is, ends with.
    #[inline]
    pub fn options(&self, block: &'a [u8]) -> &'a [u8] {
        match self.raw_at {
            Some(_) => block.get(self.options_at..block.len() - 4).unwrap_or_default(),
            None => &[],
        }
    }
}
