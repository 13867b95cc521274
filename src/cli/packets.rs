//! `packets`: one line a packet.

use super::args::{OutputFormat, PacketArgs};
use super::carve;
use super::only::Only;
use super::run::{Damage, rows};
use crate::error::{Error, Result};
use crate::pipeline::{PacketRows, Report, Settings};
use crate::report::fields::{PACKETS, Packets};
use crate::report::layers::Detail;
use crate::report::rows::{Part, Renderer, Shape};

/// Prints packets, or writes them as a capture.
pub fn packets(args: PacketArgs) -> Result<Damage> {
    if let Some(path) = &args.write {
        return carve::carve(path, &args);
    }
    let detail = Detail { layers: args.layers, hex: args.hex };
    if detail.is_any() && matches!(args.list.common.show.output, OutputFormat::Csv | OutputFormat::Tsv) {
        return Err(Error::Usage(
            "--layers and --hex do not fit into rows: use -o table, json or jsonl".into(),
        ));
    }
    let wanted = Settings { packets: true, ..Settings::default() };
    let shape = if detail.is_any() { Shape::Headed } else { Shape::Lines };
    rows(args.list, &PACKETS, wanted, shape, |renderer, only| {
        let renderer = if detail.is_any() { renderer.with_annex(detail) } else { renderer };
        Listed { renderer, only }
    })
}

struct Listed {
    renderer: Renderer<Packets>,
    only: Only,
}

impl Report for Listed {
    type Part = Part;
    type Row = ();

    fn packets(&self, rows: PacketRows<'_>) -> Part {
        let mut part = self.renderer.part();
        rows.for_each(|row| {
            if self.only.packet(row) {
                self.renderer.row(row, &mut part);
            }
        });
        part
    }
}
