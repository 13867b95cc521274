//! `flow N`: one flow on one page.

use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;

use super::args::{FlowArgs, ListArgs, OneFlow, Select};
use super::flows;
use super::options::Request;
use super::run::{Damage, analyse, stdout};
use crate::error::{Error, Result};
use crate::pipeline::{FlowRow, PacketRows, Report, Settings};
use crate::report::flow_page::{self, Step, Track};
use crate::report::human::Clock;
use crate::report::rows::Format;

/// Prints everything about one flow: the page, or in other formats its row.
pub fn flow(args: FlowArgs) -> Result<Damage> {
    let FlowArgs { number, verify, choice, common } = args;
    let request = Request::new(&common, &choice)?;
    let look = request.look;
    if look.format != Format::Table {
        let only = OneFlow { flow: Some(number), ..OneFlow::default() };
        let select = Select::default();
        return flows::all(ListArgs { select, only, each: false, choice, common }, verify);
    }
    let (mut capture, settings, begin) = request.open();
    let verify_checksums = verify.verify_checksums;
    let settings = Settings { flows: true, packets: true, verify_checksums, ..settings };
    let (mut track, mut found) = (Track::default(), None);
    let mut give = |part: Part| {
        part.steps.into_iter().for_each(|step| track.push(step));
        found = found.take().or(part.row);
        ControlFlow::Continue(())
    };
    analyse(&request, &mut capture, &settings, &Wanted { number }, &mut give)?;
    let mut damage = capture.into_errors();
    let Some(row) = found else {
        damage.push(Error::NotFound(format!("there is no flow {number} in this capture")));
        return Ok(damage);
    };
    let mut out = BufWriter::new(io::stdout());
    let clock = Clock::new(look.time, begin);
    let written = flow_page::write(&row, &track, look.terminal, &clock, &mut out);
    written.and_then(|()| out.flush()).map_err(stdout)?;
    Ok(damage)
}

struct Wanted {
    number: u64,
}

#[derive(Default)]
struct Part {
    steps: Vec<Step>,
    row: Option<Box<FlowRow>>,
}

impl Report for Wanted {
    type Part = Part;
    type Row = ();

    fn packets(&self, rows: PacketRows<'_>) -> Part {
        let mut part = Part::default();
        rows.for_each(|row| {
            if row.flow == Some(self.number) {
                part.steps.extend(Step::new(row));
            }
        });
        part
    }

    fn flows(&self, mut rows: &mut dyn Iterator<Item = FlowRow>) -> Part {
        let row = Iterator::find(&mut rows, |row| row.flow == self.number);
        Part { steps: Vec::new(), row: row.map(Box::new) }
    }
}
