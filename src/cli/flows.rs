//! `flows` and `handshakes`: one row a flow, or a TCP connection.

use super::args::ListArgs;
use super::run::{Damage, Only, rows};
use crate::error::Result;
use crate::flow::Key;
use crate::pipeline::{FlowRow, Listener, Report, Services, Settings};
use crate::report::fields::{FLOWS, Flows, HANDSHAKES};
use crate::report::rows::{Part, Renderer, Shape};

/// Prints flows.
pub fn flows(args: ListArgs) -> Result<Damage> {
    rows(args, &FLOWS, wanted(), Shape::Lines, |renderer, only| Listed { renderer, only, tcp_alone: false })
}

/// Prints TCP connections.
pub fn handshakes(args: ListArgs) -> Result<Damage> {
    rows(args, &HANDSHAKES, wanted(), Shape::Lines, |renderer, only| Listed {
        renderer,
        only,
        tcp_alone: true,
    })
}

fn wanted() -> Settings {
    Settings { flows: true, ..Settings::default() }
}

struct Listed {
    renderer: Renderer<Flows>,
    only: Only,
    tcp_alone: bool,
}

impl Report for Listed {
    type Part = Part;
    type Row = ();

    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<()>>> {
        Some(Box::new(Services::of(key)?))
    }

    fn flows(&self, rows: &[FlowRow]) -> Part {
        let mut part = Part::default();
        for row in rows {
            if self.only.flow(row) && (row.tcp.is_some() || !self.tcp_alone) {
                self.renderer.row(row, &mut part);
            }
        }
        part
    }
}
