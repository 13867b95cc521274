//! `flows` and `handshakes`: one row a flow, or a TCP connection.

use super::args::{FlowsArgs, ListArgs, Verify};
use super::only::Only;
use super::options::lifetime;
use super::run::{Damage, rows};
use crate::error::Result;
use crate::pipeline::{FlowRow, Report, Settings};
use crate::report::fields::{FLOWS, Flows, HANDSHAKES};
use crate::report::rows::{Part, Renderer, Shape};

/// The memory that rows are written in as flows end, if nothing else is asked for: such a run may go on for months.
const MEMORY_AS_COMPLETED: usize = 512 << 20;

/// Prints flows.
pub fn flows(mut args: FlowsArgs) -> Result<Damage> {
    let wanted = wanted(&mut args)?;
    listed(args.list, wanted)
}

/// Prints flows, whenever they end.
pub fn all(args: ListArgs, verify: Verify) -> Result<Damage> {
    let verify_checksums = verify.verify_checksums;
    listed(args, Settings { flows: true, verify_checksums, ..Settings::default() })
}

fn listed(args: ListArgs, wanted: Settings) -> Result<Damage> {
    rows(args, &FLOWS, wanted, Shape::Lines, |renderer, only| Listed { renderer, only, tcp_alone: false })
}

/// Prints TCP connections.
pub fn handshakes(mut args: FlowsArgs) -> Result<Damage> {
    let wanted = wanted(&mut args)?;
    rows(args.list, &HANDSHAKES, wanted, Shape::Lines, |renderer, only| Listed {
        renderer,
        only,
        tcp_alone: true,
    })
}

fn wanted(args: &mut FlowsArgs) -> Result<Settings> {
    if args.as_completed {
        args.list.common.bounds.max_memory.get_or_insert(MEMORY_AS_COMPLETED);
    }
    let lifetime = lifetime(&args.after_close, &args.after_silence)?;
    let as_completed = args.as_completed.then_some(lifetime);
    let verify_checksums = args.verify.verify_checksums;
    Ok(Settings { flows: true, as_completed, verify_checksums, ..Settings::default() })
}

struct Listed {
    renderer: Renderer<Flows>,
    only: Only,
    tcp_alone: bool,
}

impl Report for Listed {
    type Part = Part;
    type Row = ();

    fn asks_for_services(&self) -> bool {
        true
    }

    fn flows(&self, rows: &mut dyn Iterator<Item = FlowRow>) -> Part {
        let mut part = self.renderer.part();
        loop {
            // A row is long, and so looked at where it was made.
            let made = rows.next();
            let Some(row) = &made else { break };
            if self.only.flow(row) && (row.tcp.is_some() || !self.tcp_alone) {
                self.renderer.row(row, &mut part);
            }
        }
        part
    }
}
