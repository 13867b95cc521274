//! `http`: one row an exchange.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use clap::Args;

use super::args::ListArgs;
use super::bounds::{at_least_one, size};
use super::options::{self, Request};
use super::run::{Damage, Only, analyse, note, stdout};
use super::stream::ReassemblyArgs;
use crate::app::coding::{self, Ending};
use crate::app::http::{Exchange, Limits, Problem, Side};
use crate::error::{Error, Result};
use crate::flow::Key;
use crate::pipeline::{HttpSaid, Listener, Report, Settings, Speaker, Spoken, Transactions};
use crate::report::fields::{HTTP, Http, Transaction};
use crate::report::folder::Folder;
use crate::report::har::Archive;
use crate::report::http::Totals;
use crate::report::human::Clock;
use crate::report::rows::{Format, Part, Renderer, Shape};

/// What `http` takes.
#[derive(Args, Clone, Debug)]
pub struct HttpArgs {
    #[command(flatten)]
    pub list: ListArgs,
    /// Show all header fields
    #[arg(long)]
    pub headers: bool,
    /// Write bodies to files in DIR: http_FLOW_NUMBER_request.bin and http_FLOW_NUMBER_response.bin
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// Write bodies as they were transferred, content codings not undone
    #[arg(long, requires = "save")]
    pub raw_bodies: bool,
    /// Write the exchanges as an HTTP Archive (HAR 1.2)
    #[arg(long, value_name = "FILE")]
    pub har: Option<PathBuf>,
    #[command(flatten)]
    pub reassembly: ReassemblyArgs,
    #[command(flatten)]
    pub bounds: HttpBounds,
}

/// Bounds on what is kept of messages.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Bounds on messages")]
pub struct HttpBounds {
    /// Bytes of a head; it is cut there
    #[arg(long, value_name = "BYTES", default_value = "64K", value_parser = size)]
    pub max_head: usize,
    /// Requests of a connection that may wait for their answers; beyond it the oldest is let go
    #[arg(long, value_name = "N", default_value_t = Limits::default().waiting, value_parser = at_least_one)]
    pub max_waiting: usize,
    /// Bytes that a body may become when its content coding is undone, and bytes of encoded bodies that are gathered for that at a
    /// time; what is more is not written, or written as it came under a name that ends in .encoded
    #[arg(long, value_name = "BYTES", default_value = "64M", value_parser = size)]
    pub max_body: usize,
}

struct Listed {
    renderer: Renderer<Http>,
    only: Only,
    limits: Limits,
    bodies: bool,
    /// Exchanges are wanted, besides their rows.
    exchanges: bool,
    /// Exchanges of which a head was cut.
    cut_heads: AtomicU64,
    /// Requests that were let go, since too many waited.
    let_go: AtomicU64,
}

/// Rows, and what else is made of them, in order.
#[derive(Default)]
struct Batch {
    rows: Part,
    said: Vec<(u64, Speaker, HttpSaid)>,
}

impl Report for Listed {
    type Part = Batch;
    type Row = HttpSaid;

    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<HttpSaid>>> {
        Some(Box::new(Transactions::of(key, self.limits, self.bodies)?))
    }

    fn spoken(&self, rows: &[Spoken<HttpSaid>]) -> Batch {
        let mut batch = Batch::default();
        for Spoken { flow, stream, speaker, row } in rows {
            if !self.only.numbers(speaker.key.protocol, *flow, *stream) {
                continue;
            }
            if let HttpSaid::Exchange(exchange) = row {
                for (problem, count) in
                    [(Problem::HeadTooLarge, &self.cut_heads), (Problem::TooManyWaiting, &self.let_go)]
                {
                    count.fetch_add(u64::from(exchange.problems.contains(problem)), Relaxed);
                }
                let transaction = Transaction { flow: *flow, stream: *stream, speaker, exchange };
                self.renderer.row(&transaction, &mut batch.rows);
            }
            if self.exchanges {
                batch.said.push((*flow, *speaker, row.clone()));
            }
        }
        batch
    }
}

/// Prints exchanges.
pub fn http(args: HttpArgs) -> Result<Damage> {
    let HttpArgs { list, headers, save, raw_bodies, har, reassembly, bounds } = args;
    let request = Request::new(&list.common, &list.choice)?;
    let look = request.look;
    let mut query = options::query(&list.select, &HTTP, look.format)?;
    if headers && list.select.fields.is_none() && look.format == Format::Table {
        let is_list = |name: &str| name == "request_headers" || name == "response_headers";
        query.columns.extend(HTTP.fields().into_iter().filter(|field| is_list(&field.name)));
    }
    let (mut capture, settings, begin) = request.open();
    let settings = Settings { overlap: reassembly.overlap(), ..settings };
    let out = BufWriter::with_capacity(1 << 16, io::stdout());
    let clock = Clock::new(look.time, begin);
    let (renderer, mut sheet) =
        Renderer::new(query, look.format, Shape::Lines, look.terminal, clock, out).map_err(stdout)?;
    let report = Listed {
        renderer,
        only: Only::new(list.only),
        limits: Limits {
            head: bounds.max_head,
            waiting: bounds.max_waiting,
            keep_heads: headers || har.is_some(),
        },
        bodies: save.is_some(),
        exchanges: save.is_some() || har.is_some() || look.format == Format::Table,
        cut_heads: AtomicU64::new(0),
        let_go: AtomicU64::new(0),
    };
    let mut aside = Aside::new(save, raw_bodies, har, bounds.max_body)?;
    let mut failed = None;
    let mut give = |batch: Batch| {
        let taken =
            batch.said.into_iter().try_for_each(|(flow, speaker, said)| aside.take(flow, &speaker, said));
        match taken.and_then(|()| sheet.take(batch.rows).map_err(stdout)) {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => ControlFlow::Break(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    analyse(&request, &mut capture, &settings, &report, &mut give)?;
    if let Some(error) = failed {
        return Err(error);
    }
    sheet.finish().map_err(stdout)?;
    if !request.quiet {
        let counted = [
            ("--max-head", "exchanges have a head that was cut there", report.cut_heads.into_inner()),
            ("--max-waiting", "requests were let go before their answer", report.let_go.into_inner()),
            ("--max-body", "bodies unpack to more, and are written up to there", aside.limited),
            ("--max-body", "encoded bodies did not fit, and are written as they came", aside.as_they_came),
        ];
        for (option, what, times) in counted.into_iter().filter(|(.., times)| *times > 0) {
            note(&format!("{option} was reached: {times} {what}"));
        }
    }
    let mut totals = aside.finish()?;
    if look.format == Format::Table {
        let mut out = io::stdout().lock();
        totals.write(&mut out).and_then(|()| out.flush()).map_err(stdout)?;
    }
    Ok(capture.into_errors())
}

/// Flow, number of the exchange, side.
type Place = (u64, u64, Side);
/// Codings, and the body so far.
type Gathered = (Box<[u8]>, Vec<u8>);

/// What is made of exchanges besides rows.
struct Aside {
    totals: Totals,
    folder: Option<Folder>,
    raw: bool,
    archive: Option<(PathBuf, Archive<BufWriter<File>>)>,
    /// Encoded bodies that are gathered, each with its codings; none for those that became too much.
    gathered: HashMap<Place, Option<Gathered>>,
    gathered_len: usize,
    /// Bytes that a body may become, and bytes that are gathered.
    max_body: usize,
    /// Bodies that become more.
    limited: u64,
    /// Encoded bodies that are too much to be gathered.
    as_they_came: u64,
}

impl Aside {
    fn new(save: Option<PathBuf>, raw: bool, har: Option<PathBuf>, max_body: usize) -> Result<Self> {
        let archive = match har {
            Some(path) => {
                let fail =
                    |source| Error::Output { path: path.clone(), what: "cannot be written".into(), source };
                let file = File::create_new(&path).map_err(fail)?;
                let archive = Archive::new(BufWriter::new(file)).map_err(fail)?;
                Some((path, archive))
            }
            None => None,
        };
        let folder = save.map(|save| Folder::new(&save)).transpose()?;
        Ok(Self {
            totals: Totals::default(),
            folder,
            raw,
            archive,
            gathered: HashMap::new(),
            gathered_len: 0,
            max_body,
            limited: 0,
            as_they_came: 0,
        })
    }

    fn take(&mut self, flow: u64, speaker: &Speaker, said: HttpSaid) -> Result<()> {
        match said {
            HttpSaid::Exchange(exchange) => self.exchange(flow, speaker, &exchange),
            HttpSaid::Body { number, side, codings, bytes } => {
                self.body((flow, number, side), codings, &bytes)
            }
        }
    }

    fn exchange(&mut self, flow: u64, speaker: &Speaker, exchange: &Exchange) -> Result<()> {
        self.totals.add(flow, exchange);
        if let Some((path, archive)) = &mut self.archive {
            let fail =
                |source| Error::Output { path: path.clone(), what: "cannot be written".into(), source };
            archive.add(flow, speaker, exchange).map_err(fail)?;
        }
        for side in [Side::Request, Side::Response] {
            let of = (flow, exchange.number, side);
            if let (Some(Some((codings, bytes))), Some(folder)) =
                (self.gathered.remove(&of), &mut self.folder)
            {
                self.gathered_len -= bytes.len();
                let (decoded, ending) = coding::decode(&codings, &bytes, self.max_body);
                self.limited += u64::from(ending == Ending::Limited);
                folder.append(&file_name(of), &decoded)?;
            }
        }
        Ok(())
    }

    fn body(&mut self, of: Place, codings: Box<[u8]>, bytes: &[u8]) -> Result<()> {
        let Some(folder) = &mut self.folder else { return Ok(()) };
        if self.raw || codings.is_empty() {
            return folder.append(&file_name(of), bytes);
        }
        let entry = self.gathered.entry(of).or_insert_with(|| Some((codings, Vec::new())));
        let fits = self.gathered_len + bytes.len() <= self.max_body;
        match entry {
            Some((_, body)) if fits => {
                self.gathered_len += bytes.len();
                body.extend_from_slice(bytes);
                Ok(())
            }
            // Too much to be gathered: it is written as it came, under a name that says so.
            _ => {
                let name = format!("{}.encoded", file_name(of));
                if let Some((_, body)) = entry.take() {
                    self.as_they_came += 1;
                    self.gathered_len -= body.len();
                    folder.append(&name, &body)?;
                }
                folder.append(&name, bytes)
            }
        }
    }

    fn finish(self) -> Result<Totals> {
        if let Some((path, archive)) = self.archive {
            let fail = |source| Error::Output { path, what: "cannot be written".into(), source };
            archive.finish().map_err(fail)?;
        }
        Ok(self.totals)
    }
}

fn file_name((flow, number, side): Place) -> String {
    let side = if side == Side::Request { "request" } else { "response" };
    format!("http_{flow}_{number}_{side}.bin")
}
