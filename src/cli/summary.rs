//! `summary`: the page to read first.

use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;

use super::args::SummaryArgs;
use super::options::Request;
use super::run::{Damage, analyse, stdout, tell_reached};
use crate::error::{Error, Result};
use crate::pipeline::{FlowRow, Report, Settings};
use crate::report::rows::Format;
use crate::report::summary::{Fold, Summary};
use crate::stats::Grid;

/// Prints the summary.
pub fn summary(args: &SummaryArgs) -> Result<Damage> {
    let request = Request::new(&args.common, &args.choice)?;
    let look = request.look;
    if matches!(look.format, Format::Csv | Format::Tsv) {
        return Err(Error::Usage(
            "summary: it is no table of rows; use -o json, or `flowray flows -o csv`".into(),
        ));
    }
    let (mut capture, settings, begin) = request.open();
    let grid = Some(Grid::new(begin.unwrap_or_default(), None));
    let verify_checksums = args.verify.verify_checksums;
    let settings = Settings { flows: true, hierarchy: true, grid, verify_checksums, ..settings };
    let most = settings.bounds.groups;
    let mut fold = Fold::new(args.top, most);
    let mut give = |part: Option<Fold>| {
        part.into_iter().for_each(|part| fold.merge(part));
        ControlFlow::Continue(())
    };
    let outcome = analyse(&request, &mut capture, &settings, &Folded { keep: args.top, most }, &mut give)?;
    tell_reached(&request, fold.reached());
    let summary = Summary::new(capture.files(), outcome, fold, args.top);
    let mut out = BufWriter::new(io::stdout());
    let written = match look.format {
        Format::Json => out.write_all(&summary.json()),
        Format::Jsonl => {
            // One line: the newlines of the document stand between its tokens.
            let line: Vec<u8> = summary.json().into_iter().filter(|&byte| byte != b'\n').collect();
            out.write_all(&line).and_then(|()| out.write_all(b"\n"))
        }
        // Why nothing could be read is said on standard error; a page of zeros would say that something was.
        _ if capture.files().is_empty() => Ok(()),
        _ => summary.page(look.terminal, look.time, &mut out),
    };
    written.and_then(|()| out.flush()).map_err(stdout)?;
    Ok(capture.into_errors())
}

struct Folded {
    keep: usize,
    most: usize,
}

impl Report for Folded {
    type Part = Option<Fold>;
    type Row = ();

    fn flows(&self, rows: &mut dyn Iterator<Item = FlowRow>) -> Option<Fold> {
        let mut fold = Fold::new(self.keep, self.most);
        rows.for_each(|row| fold.on_flow(&row));
        Some(fold)
    }
}
