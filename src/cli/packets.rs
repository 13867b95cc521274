//! `packets`: one line a packet.

use super::args::ListArgs;
use super::run::{Damage, Only, rows};
use crate::error::Result;
use crate::pipeline::{PacketRows, Report, Settings};
use crate::report::fields::{PACKETS, Packets};
use crate::report::rows::{Part, Renderer};

/// Prints packets.
pub fn packets(args: ListArgs) -> Result<Damage> {
    let wanted = Settings { packets: true, ..Settings::default() };
    rows(args, &PACKETS, wanted, |renderer, only| Listed { renderer, only })
}

struct Listed {
    renderer: Renderer<Packets>,
    only: Only,
}

impl Report for Listed {
    type Part = Part;
    type Row = ();

    fn packets(&self, rows: PacketRows<'_>) -> Part {
        let mut part = Part::default();
        rows.for_each(|row| {
            if self.only.packet(row) {
                self.renderer.row(row, &mut part);
            }
        });
        part
    }
}
