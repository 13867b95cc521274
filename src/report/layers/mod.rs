//! The layers of a packet, opened: as a tree for people, as JSON for programs; and its bytes.

mod hex;
mod json;
mod tree;

use crate::decode::describe;
use crate::pipeline::PacketRow;
use crate::report::fields::Packets;
use crate::report::rows::Annex;

/// What is shown of a packet beside its row.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Detail {
    /// Every layer with its fields.
    pub layers: bool,
    /// Every byte.
    pub hex: bool,
}

impl Detail {
    /// Whether anything is shown.
    pub const fn is_any(self) -> bool {
        self.layers || self.hex
    }
}

impl Annex<Packets> for Detail {
    fn lines<'r>(&self, row: &'r PacketRow<'r>, out: &mut Vec<u8>) {
        if self.layers {
            tree::write(row, &describe::layers(row.frame, row.packet, row.datagram), out);
        }
        if self.hex {
            hex::dump(row.frame.data, out);
            if let Some(datagram) = row.datagram {
                out.extend_from_slice(b"  the reassembled datagram:\n");
                hex::dump(datagram, out);
            }
        }
    }

    fn members<'r>(&self, row: &'r PacketRow<'r>, out: &mut Vec<u8>) {
        if self.layers {
            out.extend_from_slice(b",\"layers\":");
            json::write(&describe::layers(row.frame, row.packet, row.datagram), out);
        }
        if self.hex {
            out.extend_from_slice(b",\"hex\":\"");
            out.extend_from_slice(describe::hexadecimal(row.frame.data).as_bytes());
            out.push(b'"');
        }
    }
}
