//! `timeline`: one row an interval, below a plot of what matters.

use std::io::{self, Write as _};
use std::ops::ControlFlow;

use clap::{Args, ValueEnum};

use super::args::ListArgs;
use super::only::Only;
use super::run::{Damage, Gathering, stdout};
use crate::error::{Error, Result};
use crate::flow::Key;
use crate::pipeline::{FlowRow, Happened, Happenings, Listener, Report, Settings, Spoken};
use crate::report::fields::TIMELINE;
use crate::report::rows::Format;
use crate::report::timeline::{By, Interval, MOST_ROWS, Timeline};
use crate::report::{span, timeline};
use crate::stats::Grid;
use crate::time::Span;

/// What `timeline` takes.
#[derive(Args, Clone, Debug)]
pub struct TimelineArgs {
    /// How long an interval is, as `1s` or `500ms`; without it there are about 60 rows
    #[arg(long, value_name = "TIME")]
    pub every: Option<String>,
    /// One row for each of these in every interval in which it has packets; a flow counts at both hosts
    #[arg(long, value_name = "WHAT", value_enum)]
    pub by: Option<Grouping>,
    #[command(flatten)]
    pub list: ListArgs,
}

/// What intervals are split by.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Grouping {
    /// Each host
    Host,
    /// The transport protocol and the server's port
    ServerPort,
    /// The application protocol that the bytes showed
    Service,
}

impl Grouping {
    const fn by(self) -> By {
        match self {
            Self::Host => By::Host,
            Self::ServerPort => By::ServerPort,
            Self::Service => By::Service,
        }
    }

    /// The fields that say whose row it is.
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Host => &["host"],
            Self::ServerPort => &["protocol", "server_port"],
            Self::Service => &["service"],
        }
    }
}

struct Happening {
    grid: Grid,
    by: Option<By>,
    only: Only,
}

impl Report for Happening {
    type Part = Option<Timeline>;
    type Row = Happened;

    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<Happened>>> {
        Some(Box::new(Happenings::of(key, &self.grid, self.by == Some(By::Service))))
    }

    fn spoken(&self, rows: &mut [Spoken<Happened>]) -> Option<Timeline> {
        let mut timeline = Timeline::new(self.by, &self.grid);
        for Spoken { flow, stream, speaker, row } in rows {
            if self.only.numbers(speaker.key.protocol(), *flow, *stream) {
                timeline.on_happened(&speaker.key, row);
            }
        }
        Some(timeline)
    }

    fn flows(&self, rows: &mut dyn Iterator<Item = FlowRow>) -> Option<Timeline> {
        let mut timeline = Timeline::new(self.by, &self.grid);
        rows.filter(|row| self.only.flow(row)).for_each(|row| timeline.on_flow(&row));
        Some(timeline)
    }
}

/// Prints intervals.
pub fn timeline(args: TimelineArgs) -> Result<Damage> {
    let TimelineArgs { every, by, list } = args;
    let width = every.as_deref().map(interval).transpose()?;
    let columns = by.map_or(&[][..], Grouping::columns);
    // Of the fields by which rows are split, a table shows those by which these are.
    let of_any = |name: &str| Grouping::value_variants().iter().any(|one| one.columns().contains(&name));
    let usual = |name: &str| !of_any(name) || columns.contains(&name);
    let gathering = Gathering::new(list, &TIMELINE, usual)?;
    let by = by.map(Grouping::by);
    let mut input = gathering.open();
    let grid = Grid::new(input.begin.unwrap_or_default(), width);
    let mut timeline = Timeline::new(by, &grid);
    let mut give = |part: Option<Timeline>| {
        part.into_iter().for_each(|part| timeline.merge(part));
        ControlFlow::Continue(())
    };
    let wanted = Settings { flows: true, grid: Some(grid.clone()), ..Settings::default() };
    let report = Happening { grid: grid.clone(), by, only: gathering.only.clone() };
    let outcome = gathering.read(&mut input, &wanted, &report, &mut give)?;
    let pulse = outcome.counts.pulse.filter(|_| !gathering.only.is_some()).map(|pulse| pulse.into_series());
    let duration = outcome.counts.span.map(|(start, end)| end.since(start)).filter(|&span| span > Span::ZERO);
    let rows = timeline.into_rows(&grid, pulse, duration, input.fine_clock()).map_err(|rows| {
        let asked = every.map_or("--by".into(), |every| format!("--every {every}"));
        Error::Usage(format!("{asked} would give {rows} rows, and at most {MOST_ROWS} are given"))
    })?;
    let look = gathering.request.look;
    if let (Format::Table, Some(width), None) = (look.format, look.terminal.width, by) {
        let plot = timeline::plot(&rows, width);
        io::stdout().write_all(plot.as_bytes()).map_err(stdout)?;
    }
    gathering.print(input, |renderer, part| {
        rows.iter().for_each(|row: &Interval| {
            renderer.row(row, part);
        })
    })
}

fn interval(text: &str) -> Result<Span> {
    let usage = || Error::Usage(format!("--every: `{text}` is no length of time, as `1s` or `500ms` is"));
    span(text).filter(|&span| span > Span::ZERO).ok_or_else(usage)
}
