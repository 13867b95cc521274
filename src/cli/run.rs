//! Runs the pipeline for a command that prints rows.

use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::args::ListArgs;
use super::interrupt;
use super::only::{self, Only};
use super::options::{self, Request};
use super::progress::Progress;
use crate::capture::{Capture, FileInfo};
use crate::decode::{Layer, StopReason};
use crate::error::{Error, Result};
use crate::pipeline::{self, Outcome, Reached, Report, Settings};
use crate::report::human::Clock;
use crate::report::rows::{Format, Part, Query, Renderer, Shape, Sheet};
use crate::report::schema::{Family, Schema};
use crate::time::Timestamp;

/// What could not be read, though the rest was reported.
pub type Damage = Vec<Error>;

/// Prints the rows of a command: `report` makes of the renderer what the pipeline asks for parts.
pub fn rows<F: Family, R: Report<Part = Part>>(
    args: ListArgs,
    schema: &Schema<F>,
    wanted: Settings,
    shape: Shape,
    report: impl Fn(Renderer<F>, Only) -> R,
) -> Result<Damage> {
    let whole = Request::new(&args.common, &args.choice)?;
    let query = options::listed(&args, schema, whole.look.format)?;
    if let Some(text) = &args.only.flows {
        only::check(text, &whole)?;
    }
    let out = BufWriter::with_capacity(1 << 16, io::stdout());
    let (look, clock) = (whole.look, Clock::default());
    let (renderer, mut sheet) =
        Renderer::new(query, look.format, shape, look.terminal, clock, out).map_err(stdout)?;
    let mut damage = Damage::new();
    for request in whole.parts(args.each) {
        let only = Only::new(&args.only, &request, &wanted)?;
        let (mut capture, settings, begin) = request.open();
        let settings = Settings {
            packets: wanted.packets,
            flows: wanted.flows,
            as_completed: wanted.as_completed,
            verify_checksums: wanted.verify_checksums,
            file: args.each.then(|| request.name()),
            ..settings
        };
        let report = report(renderer.at(Clock::new(look.time, begin)), only.clone());
        let written = sheet.counts().1;
        let more = print_one(&request, &mut capture, &settings, &report, &mut sheet)?;
        damage.extend(capture.into_errors());
        if let Some(missing) = only.missing().filter(|_| more && sheet.counts().1 == written && !args.each) {
            damage.push(Error::NotFound(missing));
        }
        if !more {
            break;
        }
    }
    sheet.finish().map_err(stdout)?;
    Ok(damage)
}

/// Prints the rows of one capture. Whether more rows are wanted.
fn print_one<R: Report<Part = Part>, W: io::Write + Send>(
    request: &Request,
    capture: &mut Capture,
    settings: &Settings,
    report: &R,
    sheet: &mut Sheet<W>,
) -> Result<bool> {
    let at_once = settings.as_completed.is_some();
    let mut failed = None;
    let mut give = |part: Part| match sheet.take(part).and_then(|more| {
        if at_once {
            sheet.flush()?;
        }
        Ok(more)
    }) {
        Ok(true) => ControlFlow::Continue(()),
        Ok(false) => ControlFlow::Break(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    };
    let outcome = analyse(request, capture, settings, report, &mut give)?;
    match failed {
        Some(error) => Err(stdout(error)),
        None => Ok(!outcome.stopped),
    }
}

/// A command whose rows are known when the input has ended.
pub struct Gathering<F: Family> {
    pub request: Request,
    pub only: Only,
    query: Query<F>,
}

/// What is read for a [`Gathering`].
pub struct Input {
    capture: Capture,
    settings: Settings,
    /// When it begins.
    pub begin: Option<Timestamp>,
}

impl Input {
    /// Some clock, of what was read so far, ticks finer than a microsecond.
    pub fn fine_clock(&self) -> bool {
        self.capture.files().iter().any(FileInfo::has_fine_clock)
    }
}

impl<F: Family> Gathering<F> {
    /// Checks the arguments. Of the fields that tables show unless others are asked for, those that are `usual`.
    pub fn new(args: ListArgs, schema: &Schema<F>, usual: impl Fn(&str) -> bool) -> Result<Self> {
        if args.each {
            return Err(Error::Usage(format!(
                "{}: --each is for rows of single packets and flows",
                schema.command
            )));
        }
        let request = Request::new(&args.common, &args.choice)?;
        let mut query = options::query(&args.select, schema, request.look.format)?;
        if request.look.format == Format::Table && args.select.fields.is_none() {
            query.columns.retain(|field| usual(&field.name));
        }
        let only = Only::new(&args.only, &request, &Settings::default())?;
        Ok(Self { request, only, query })
    }

    /// Opens the input.
    pub fn open(&self) -> Input {
        let (capture, settings, begin) = self.request.open();
        Input { capture, settings, begin }
    }

    /// Reads the input.
    pub fn read<R: Report>(
        &self,
        input: &mut Input,
        wanted: &Settings,
        report: &R,
        give: &mut (dyn FnMut(R::Part) -> ControlFlow<()> + Send),
    ) -> Result<Outcome> {
        let Settings { flows, samples, ref grid, .. } = *wanted;
        let settings = Settings { flows, samples, grid: grid.clone(), ..input.settings.clone() };
        analyse(&self.request, &mut input.capture, &settings, report, give)
    }

    /// Prints the rows that `render` gives to the renderer.
    pub fn print(self, input: Input, render: impl FnOnce(&Renderer<F>, &mut Part)) -> Result<Damage> {
        let look = self.request.look;
        let clock = Clock::new(look.time, input.begin);
        let out = BufWriter::with_capacity(1 << 16, io::stdout());
        let (renderer, mut sheet) =
            Renderer::new(self.query, look.format, Shape::Lines, look.terminal, clock, out)
                .map_err(stdout)?;
        let mut part = Part::default();
        render(&renderer, &mut part);
        sheet.take(part).and_then(|_| sheet.finish()).map_err(stdout)?;
        let mut damage = input.capture.into_errors();
        if let Some(missing) = self.only.missing()
            && sheet.counts().0 == 0
        {
            damage.push(Error::NotFound(missing));
        }
        Ok(damage)
    }
}

/// Runs the pipeline, and says so where that is wanted.
pub fn analyse<R: Report>(
    request: &Request,
    capture: &mut Capture,
    settings: &Settings,
    report: &R,
    give: &mut (dyn FnMut(R::Part) -> ControlFlow<()> + Send),
) -> Result<Outcome> {
    let began = Instant::now();
    interrupt::end(&settings.watch);
    let progress = request.progress.then(|| Progress::of(Arc::clone(&settings.watch), request.size()));
    let outcome = pipeline::run(capture, settings, report, give)?;
    drop(progress);
    for (&(layer, reason), &packets) in &outcome.counts.stopped {
        if let (Layer::Frame, StopReason::Unsupported(linktype), false) = (layer, reason, request.quiet) {
            let has = |file: &&FileInfo| file.linktypes().iter().any(|(of, _)| u32::from(of.0) == linktype);
            let file = capture
                .files()
                .iter()
                .find(has)
                .map_or(String::new(), |file| format!("{}: ", file.path.display()));
            note(&format!("{file}{packets} packets were not decoded: link type {linktype} is not known"));
        }
    }
    request.tell_refusals(capture);
    tell_reached(request, outcome.reached());
    if request.verbose {
        let (read, took) = (outcome.counts.read, began.elapsed().as_secs_f64());
        let rate = read.bytes as f64 / took.max(1e-9) / 1e6;
        note(&format!(
            "read {} packets, {} bytes in {took:.3} s ({rate:.0} MB/s), {} flows",
            read.packets, read.bytes, outcome.flows
        ));
    }
    Ok(outcome)
}

/// Says which bounds were reached, and in which file, or in how many.
pub fn tell_reached(request: &Request, reached: impl IntoIterator<Item = Reached>) {
    if request.quiet {
        return;
    }
    let read = match request.files.as_slice() {
        [file] => file.display().to_string(),
        files => format!("{} files", files.len()),
    };
    for Reached { option, what, times } in reached {
        let option = option.map_or(String::new(), |option| format!("{option} was reached: "));
        note(&format!("{read}: {option}{times} {what}"));
    }
}

/// Prints text that is no rows.
pub fn print(text: &str) -> Result<Damage> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(stdout)?;
    Ok(Damage::new())
}

/// A note on standard error; nobody may be listening.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "flowray: {text}");
}

/// What standard output would not take.
pub fn stdout(source: io::Error) -> Error {
    Error::Output { path: PathBuf::from("standard output"), what: "cannot be written".into(), source }
}
