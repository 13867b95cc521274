//! The head of a block: its type, its length, and for a section header the byte order that holds from there on.
//! draft-ietf-opsawg-pcapng §3.1, §4.1.

use super::{
    BYTE_ORDER_MAGIC, ENHANCED_PACKET, FRAME_LEN, INTERFACE_DESCRIPTION, OBSOLETE_PACKET, SECTION_HEADER,
    SIMPLE_PACKET, word,
};
use crate::capture::Notes;

/// What a block is, as its first bytes tell.
pub(super) struct Head {
    pub kind: u32,
    pub len: usize,
    pub big_endian: bool,
}

impl Head {
    /// `None` if `rest` is too short for it.
    pub fn read(
        rest: &[u8],
        big_endian: bool,
        max_record: usize,
        notes: &mut Notes,
    ) -> Result<Option<Self>, String> {
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
        if len > max_record {
            notes.record_too_long = true;
            return Err(format!("is damaged: a block claims to be {len} bytes long, beyond --max-record"));
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
