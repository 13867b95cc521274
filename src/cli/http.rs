//! `http`: one row an exchange.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};

use clap::Args;

use super::args::ListArgs;
use super::bounds::{at_least_one, size};
use super::only::{self, Only};
use super::options::{self, Request};
use super::run::{Damage, analyse, stdout, tell_reached};
use super::stream::ReassemblyArgs;
use crate::app::coding::{self, Ending};
use crate::app::http::{Exchange, Limits, Problem, Side};
use crate::error::{Error, Result};
use crate::flow::Key;
use crate::pipeline::{Bounds, HttpSaid, Listener, Reached, Report, Settings, Speaker, Spoken, Transactions};
use crate::report::fields::{HTTP, Http, Transaction};
use crate::report::folder::Folder;
use crate::report::har::{Archive, Bodies};
use crate::report::http::Totals;
use crate::report::human::Clock;
use crate::report::rows::{Format, Part, Renderer, Shape};

/// The most of one body that goes into an archive.
const MAX_ARCHIVED: usize = 1 << 20;

/// What `http` takes.
#[derive(Args, Clone, Debug)]
pub struct HttpArgs {
    #[command(flatten)]
    pub list: ListArgs,
    /// Show all header fields
    #[arg(long)]
    pub headers: bool,
    /// Write the bodies of the exchanges that are chosen to files in DIR: http_FLOW_NUMBER_request.bin and
    /// http_FLOW_NUMBER_response.bin
    #[arg(long, value_name = "DIR", conflicts_with = "each")]
    pub save: Option<PathBuf>,
    /// Write bodies as they were transferred, content codings not undone
    #[arg(long, requires = "save")]
    pub raw_bodies: bool,
    /// Write the exchanges as an HTTP Archive (HAR 1.2)
    #[arg(long, value_name = "FILE", conflicts_with = "each")]
    pub har: Option<PathBuf>,
    /// With --har: bodies, too, content codings undone; none of more than a mebibyte
    #[arg(long, requires = "har")]
    pub har_bodies: bool,
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
    /// Bytes that are kept of all connections together of heads that have not come whole and of requests that wait; beyond it
    /// connections let go what they keep, each of 64 groups of which has its share
    /// [default: 256M, or less by --max-memory]
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_messages: Option<usize>,
    /// Bytes that a body may become when its content coding is undone, and bytes of encoded bodies that are gathered for that at a
    /// time; what is more is not written, or written as it came under a name that ends in .encoded
    #[arg(long, value_name = "BYTES", default_value = "64M", value_parser = size)]
    pub max_body: usize,
}

struct Listed {
    renderer: Renderer<Http>,
    only: Only,
    file: Option<Arc<str>>,
    limits: Limits,
    bodies: bool,
    /// Exchanges are wanted, besides their rows.
    exchanges: bool,
    /// A flow that is wanted was there.
    found: AtomicBool,
    /// Exchanges of which a head was cut.
    cut_heads: Arc<AtomicU64>,
    /// Requests that were let go, since too many waited.
    let_go: Arc<AtomicU64>,
    /// Segments that had other content for bytes that came before.
    overlaps: Arc<AtomicU64>,
}

/// Rows, and what else is made of them, in order.
#[derive(Default)]
struct Batch {
    rows: Part,
    said: Vec<Aloud>,
}

/// What was said besides a row.
struct Aloud {
    flow: u64,
    speaker: Speaker,
    said: HttpSaid,
    /// The conditions let its row through; of a body that is not known.
    chosen: bool,
}

impl Report for Listed {
    type Part = Batch;
    type Row = HttpSaid;

    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<HttpSaid>>> {
        Some(Box::new(Transactions::of(key, self.limits, self.bodies)?))
    }

    fn is_choosy(&self) -> bool {
        self.only.is_some()
    }

    fn wants(&self, key: &Key, flow: u64, stream: Option<u64>) -> bool {
        let wanted = self.only.numbers(key.protocol(), flow, stream);
        self.found.fetch_or(wanted, Relaxed);
        wanted
    }

    fn spoken(&self, rows: &mut [Spoken<HttpSaid>]) -> Batch {
        let mut batch = Batch::default();
        for Spoken { flow, stream, speaker, row } in rows {
            if !self.only.numbers(speaker.key.protocol(), *flow, *stream) {
                continue;
            }
            let chosen = match row {
                HttpSaid::Exchange(exchange) => {
                    for (problem, count) in
                        [(Problem::HeadTooLarge, &self.cut_heads), (Problem::TooManyWaiting, &self.let_go)]
                    {
                        count.fetch_add(u64::from(exchange.problems.contains(problem)), Relaxed);
                    }
                    let file = self.file.as_deref();
                    let transaction = Transaction { file, flow: *flow, stream: *stream, speaker, exchange };
                    self.renderer.row(&transaction, &mut batch.rows)
                }
                HttpSaid::Overlaps(segments) => {
                    self.overlaps.fetch_add(*segments, Relaxed);
                    continue;
                }
                HttpSaid::Body { .. } => false,
            };
            if self.exchanges {
                batch.said.push(Aloud { flow: *flow, speaker: *speaker, said: row.clone(), chosen });
            }
        }
        batch
    }
}

/// Prints exchanges.
pub fn http(args: HttpArgs) -> Result<Damage> {
    let HttpArgs { list, headers, save, raw_bodies, har, har_bodies, reassembly, bounds } = args;
    let whole = Request::new(&list.common, &list.choice)?;
    let look = whole.look;
    let mut query = options::listed(&list, &HTTP, look.format)?;
    if headers && list.select.fields.is_none() && look.format == Format::Table {
        let is_list = |name: &str| name == "request_headers" || name == "response_headers";
        query.columns.extend(HTTP.fields().into_iter().filter(|field| is_list(&field.name)));
    }
    if let Some(text) = &list.only.flows {
        only::check(text, &whole)?;
    }
    let (bodies, exchanges) =
        (save.is_some() || har_bodies, save.is_some() || har.is_some() || look.format == Format::Table);
    let limits =
        Limits { head: bounds.max_head, waiting: bounds.max_waiting, keep_heads: headers || har.is_some() };
    let [cut_heads, let_go, overlaps] = [(); 3].map(|()| Arc::new(AtomicU64::new(0)));
    let mut aside = Aside::new(save, raw_bodies, har, har_bodies, bounds.max_body)?;
    let out = BufWriter::with_capacity(1 << 16, io::stdout());
    let (renderer, mut sheet) =
        Renderer::new(query, look.format, Shape::Lines, look.terminal, Clock::default(), out)
            .map_err(stdout)?;
    let mut damage = Damage::new();
    for request in whole.parts(list.each) {
        let only = Only::new(&list.only, &request, &Settings::default())?;
        let (mut capture, settings, begin) = request.open();
        let kept = bounds.max_messages.unwrap_or(settings.bounds.messages);
        let settings = Settings {
            overlap: reassembly.overlap(),
            bounds: Bounds { messages: kept, ..settings.bounds },
            ..settings
        };
        let report = Listed {
            renderer: renderer.at(Clock::new(look.time, begin)),
            only: only.clone(),
            file: list.each.then(|| request.name()),
            limits,
            bodies,
            exchanges,
            found: AtomicBool::new(false),
            cut_heads: Arc::clone(&cut_heads),
            let_go: Arc::clone(&let_go),
            overlaps: Arc::clone(&overlaps),
        };
        let mut failed = None;
        let mut give = |batch: Batch| {
            let taken = batch.said.into_iter().try_for_each(|said| aside.take(said));
            match taken.and_then(|()| sheet.take(batch.rows).map_err(stdout)) {
                Ok(true) => ControlFlow::Continue(()),
                Ok(false) => ControlFlow::Break(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        let outcome = analyse(&request, &mut capture, &settings, &report, &mut give)?;
        if let Some(error) = failed {
            return Err(error);
        }
        damage.extend(capture.into_errors());
        let found = report.found.into_inner() || list.each || outcome.stopped;
        damage.extend(only.missing().filter(|_| !found).map(Error::NotFound));
        if outcome.stopped {
            break;
        }
    }
    sheet.finish().map_err(stdout)?;
    let Gathering { limited, too_much, .. } = aside.encoded;
    let archived = aside.archived.as_ref().map_or((0, 0), |archived| (archived.limited, archived.too_much));
    let reached = [
        (Some("--max-head"), "exchanges have a head that was cut there", cut_heads.load(Relaxed)),
        (Some("--max-waiting"), "requests were let go before their answer", let_go.load(Relaxed)),
        (Some("--max-body"), "bodies unpack to more, and are written up to there", limited),
        (Some("--max-body"), "encoded bodies did not fit, and are written as they came", too_much),
        (Some("--max-body"), "bodies unpack to more, and are archived up to there", archived.0),
        (None, "bodies are not in the archive: longer than 1 MiB, or beyond --max-body together", archived.1),
    ];
    let reached =
        reached.into_iter().filter_map(|(option, what, times)| Reached::if_any(option, what, times));
    tell_reached(&whole, reached);
    reassembly.tell_overlaps(&whole, overlaps.load(Relaxed));
    let totals = aside.finish()?;
    if look.format == Format::Table {
        let mut out = io::stdout().lock();
        totals.write(&mut out).and_then(|()| out.flush()).map_err(stdout)?;
    }
    Ok(damage)
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
    /// Encoded bodies on their way to files.
    encoded: Gathering,
    /// Bodies on their way to the archive.
    archived: Option<Gathering>,
}

/// Bodies that are gathered until their exchange is complete.
struct Gathering {
    /// Each with its codings; none for those that became too much.
    bodies: HashMap<Place, Option<Gathered>>,
    len: usize,
    most: usize,
    most_of_one: usize,
    /// Bytes that a body may become when its content codings are undone.
    max_decoded: usize,
    /// Bodies that become more.
    limited: u64,
    /// Bodies that are too much to be gathered.
    too_much: u64,
}

impl Gathering {
    fn new(most_of_one: usize, most: usize) -> Self {
        let (limited, too_much) = (0, 0);
        Self { bodies: HashMap::new(), len: 0, most, most_of_one, max_decoded: most, limited, too_much }
    }

    /// Adds to a body. Where there is no room for it, gives back what there was of it; from then on that is nothing.
    fn add(&mut self, of: Place, codings: &[u8], bytes: &[u8]) -> std::result::Result<(), Vec<u8>> {
        let entry = self.bodies.entry(of).or_insert_with(|| Some((codings.into(), Vec::new())));
        match entry {
            Some((_, body))
                if self.len + bytes.len() <= self.most && body.len() + bytes.len() <= self.most_of_one =>
            {
                self.len += bytes.len();
                body.extend_from_slice(bytes);
                Ok(())
            }
            _ => {
                self.too_much += u64::from(entry.is_some());
                let body = entry.take().map(|(_, body)| body).unwrap_or_default();
                self.len -= body.len();
                Err(body)
            }
        }
    }

    /// Takes a body out, and if it is wanted gives it with its content codings undone.
    fn take(&mut self, of: Place, wanted: bool) -> Option<Vec<u8>> {
        let (codings, bytes) = self.bodies.remove(&of)??;
        self.len -= bytes.len();
        if !wanted {
            return None;
        }
        if codings.is_empty() {
            return Some(bytes);
        }
        let (decoded, ending) = coding::decode(&codings, &bytes, self.max_decoded);
        self.limited += u64::from(ending == Ending::Limited);
        Some(decoded)
    }
}

impl Aside {
    fn new(
        save: Option<PathBuf>,
        raw: bool,
        har: Option<PathBuf>,
        har_bodies: bool,
        max_body: usize,
    ) -> Result<Self> {
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
            encoded: Gathering::new(usize::MAX, max_body),
            archived: har_bodies.then(|| Gathering::new(MAX_ARCHIVED, max_body)),
        })
    }

    fn take(&mut self, aloud: Aloud) -> Result<()> {
        let Aloud { flow, speaker, said, chosen } = aloud;
        match said {
            HttpSaid::Exchange(exchange) => self.exchange(flow, &speaker, &exchange, chosen),
            HttpSaid::Overlaps(_) => Ok(()),
            HttpSaid::Body { number, side, codings, bytes } => {
                let of = (flow, number, side);
                if let Some(archived) = &mut self.archived {
                    let _too_much = archived.add(of, &codings, &bytes);
                }
                self.body(of, &codings, &bytes)
            }
        }
    }

    fn exchange(&mut self, flow: u64, speaker: &Speaker, exchange: &Exchange, chosen: bool) -> Result<()> {
        if chosen {
            self.totals.add(flow, exchange);
        }
        let [request, response] = [Side::Request, Side::Response].map(|side| (flow, exchange.number, side));
        let bodies = match &mut self.archived {
            Some(archived) => {
                Bodies { request: archived.take(request, chosen), response: archived.take(response, chosen) }
            }
            None => Bodies::default(),
        };
        if let Some((path, archive)) = self.archive.as_mut().filter(|_| chosen) {
            let fail =
                |source| Error::Output { path: path.clone(), what: "cannot be written".into(), source };
            archive.add(flow, speaker, exchange, &bodies).map_err(fail)?;
        }
        let Some(folder) = &mut self.folder else { return Ok(()) };
        for of in [request, response] {
            let (name, decoded) = (file_name(of), self.encoded.take(of, chosen));
            match decoded {
                Some(decoded) => folder.append(&name, &decoded)?,
                // Whether it is wanted is known only now.
                None if !chosen => {
                    folder.remove(&name)?;
                    folder.remove(&encoded_name(&name))?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn body(&mut self, of: Place, codings: &[u8], bytes: &[u8]) -> Result<()> {
        let Some(folder) = &mut self.folder else { return Ok(()) };
        if self.raw || codings.is_empty() {
            return folder.append(&file_name(of), bytes);
        }
        let Err(body) = self.encoded.add(of, codings, bytes) else { return Ok(()) };
        // Too much to be gathered: it is written as it came, under a name that says so.
        let name = encoded_name(&file_name(of));
        if !body.is_empty() {
            folder.append(&name, &body)?;
        }
        folder.append(&name, bytes)
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

/// The name of a body that is written as it came.
fn encoded_name(name: &str) -> String {
    format!("{name}.encoded")
}
