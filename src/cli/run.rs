//! Runs the pipeline for a command that prints rows.

use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::args::{ListArgs, OneFlow};
use super::interrupt;
use super::options::{self, Request};
use super::progress::Progress;
use crate::capture::{Capture, FileInfo};
use crate::decode::{Layer, StopReason};
use crate::error::{Error, Result};
use crate::pipeline::{self, FlowRow, Outcome, PacketRow, Reached, Report, Settings};
use crate::report::human::Clock;
use crate::report::rows::{Format, Part, Query, Renderer, Shape};
use crate::report::schema::{Family, Schema};
use crate::time::Timestamp;

/// What could not be read, though the rest was reported.
pub type Damage = Vec<Error>;

/// Which flow's rows are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Only {
    flow: Option<u64>,
    /// The protocol number, and the stream.
    stream: Option<(u8, u64)>,
}

impl Only {
    /// The flow that the arguments name, or all.
    pub fn new(args: OneFlow) -> Self {
        let protocol = if args.udp { 17 } else { 6 };
        Self { flow: args.flow, stream: args.stream.map(|stream| (protocol, stream)) }
    }

    /// Whether it is not all of them.
    pub fn is_some(&self) -> bool {
        self.flow.is_some() || self.stream.is_some()
    }

    /// Whether a flow is wanted.
    pub fn flow(&self, row: &FlowRow) -> bool {
        let of_stream = |(protocol, stream)| row.key.protocol == protocol && row.stream == Some(stream);
        self.flow.is_none_or(|flow| row.flow == flow) && self.stream.is_none_or(of_stream)
    }

    /// Whether the flow of this protocol and these numbers is wanted.
    pub fn numbers(&self, protocol: u8, flow: u64, stream: Option<u64>) -> bool {
        let of_stream = |(wanted, number)| protocol == wanted && stream == Some(number);
        self.flow.is_none_or(|wanted| flow == wanted) && self.stream.is_none_or(of_stream)
    }

    /// Whether a packet is wanted.
    pub fn packet(&self, row: &PacketRow<'_>) -> bool {
        let protocol = row.packet.network.map(|network| network.protocol);
        let of_stream = |(wanted, stream)| protocol == Some(wanted) && row.stream == Some(stream);
        self.flow.is_none_or(|flow| row.flow == Some(flow)) && self.stream.is_none_or(of_stream)
    }

    /// What it is called where there is none; `None` where all are wanted.
    pub fn missing(&self) -> Option<String> {
        match (self.flow, self.stream) {
            (Some(flow), _) => Some(format!("there is no flow {flow} in this capture")),
            (None, Some((17, stream))) => Some(format!("there is no UDP stream {stream} in this capture")),
            (None, Some((_, stream))) => Some(format!("there is no TCP stream {stream} in this capture")),
            (None, None) => None,
        }
    }
}

/// Prints the rows of a command: `report` makes of the renderer what the pipeline asks for parts.
pub fn rows<F: Family, R: Report<Part = Part>>(
    args: ListArgs,
    schema: &Schema<F>,
    wanted: Settings,
    shape: Shape,
    report: impl FnOnce(Renderer<F>, Only) -> R,
) -> Result<Damage> {
    let request = Request::new(&args.common, &args.choice)?;
    let look = request.look;
    let query = options::query(&args.select, schema, look.format)?;
    let only = Only::new(args.only);
    let (mut capture, settings, begin) = request.open();
    let Settings { packets, flows, as_completed, .. } = wanted;
    let settings = Settings { packets, flows, as_completed, ..settings };
    let at_once = as_completed.is_some();
    let clock = Clock::new(look.time, begin);
    let out = BufWriter::with_capacity(1 << 16, io::stdout());
    let (renderer, mut sheet) =
        Renderer::new(query, look.format, shape, look.terminal, clock, out).map_err(stdout)?;
    let report = report(renderer, only);
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
    let outcome = analyse(&request, &mut capture, &settings, &report, &mut give)?;
    if let Some(error) = failed {
        return Err(stdout(error));
    }
    sheet.finish().map_err(stdout)?;
    let mut damage = capture.into_errors();
    if let Some(missing) = only.missing()
        && sheet.counts().0 == 0
        && !outcome.stopped
    {
        damage.push(Error::NotFound(missing));
    }
    Ok(damage)
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
        let mut interfaces = self.capture.files().iter().flat_map(FileInfo::interfaces);
        interfaces.any(|one| one.interface.clock.is_fine())
    }
}

impl<F: Family> Gathering<F> {
    /// Checks the arguments. Of the fields that tables show unless others are asked for, those that are `usual`.
    pub fn new(args: ListArgs, schema: &Schema<F>, usual: impl Fn(&str) -> bool) -> Result<Self> {
        let request = Request::new(&args.common, &args.choice)?;
        let mut query = options::query(&args.select, schema, request.look.format)?;
        if request.look.format == Format::Table && args.select.fields.is_none() {
            query.columns.retain(|field| usual(&field.name));
        }
        Ok(Self { request, only: Only::new(args.only), query })
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
    if !request.quiet {
        for Reached { option, what, times } in outcome.reached(capture.files()) {
            let option = option.map_or(String::new(), |option| format!("{option} was reached: "));
            note(&format!("{option}{times} {what}"));
        }
    }
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
