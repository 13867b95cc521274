//! What the words of the command line ask for, checked before any file is read.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{Choice, Common, ListArgs, OutputFormat, Select, Show, TimeFormat, When};
use super::inputs;
use super::run::note;
use crate::capture::{self, Capture, FileInfo, LinkType};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::pipeline::{Bounds, Lifetime, Settings};
use crate::report::rows::{Format, Query};
use crate::report::schema::{Family, Field, Schema};
use crate::report::table::Terminal;
use crate::report::{Condition, Mistake, human, select, span};
use crate::time::{Span, Timestamp};

/// What is read, and how the report looks.
#[derive(Clone, Debug)]
pub struct Request {
    pub files: Vec<PathBuf>,
    pub look: Look,
    pub threads: usize,
    pub quiet: bool,
    pub verbose: bool,
    pub progress: bool,
    filter: Option<Arc<Filter>>,
    from: Option<Instant>,
    to: Option<Instant>,
    capture: capture::Options,
    /// What the run has to keep to.
    pub bounds: Bounds,
    /// Nothing is run after it.
    last: bool,
}

/// How the output looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub format: Format,
    pub terminal: Terminal,
    pub time: human::TimeFormat,
}

/// A point in time as `--from` and `--to` take it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Instant {
    At(Timestamp),
    AfterFirst(Span),
}

impl Request {
    /// Checks the arguments that every command has.
    pub fn new(args: &Common, choice: &Choice) -> Result<Self> {
        if args.files.len() > 1 && args.files.iter().any(|file| file.as_os_str() == "-") {
            return Err(Error::Usage("standard input (`-`) has to be the only input".into()));
        }
        let sizes = capture::Options::BLOCK_SIZES;
        if let Some(size) = args.block_size.filter(|size| !sizes.contains(size)) {
            let (least, greatest) = (sizes.start(), sizes.end());
            return Err(Error::Usage(format!("--block-size: {size} is not between {least} and {greatest}")));
        }
        let files = if args.recursive { inputs::within(&args.files)? } else { args.files.clone() };
        Ok(Self {
            files,
            look: Look::new(args.show),
            threads: args.threads,
            quiet: args.quiet,
            verbose: args.verbose,
            progress: !args.no_progress && !args.quiet && io::stderr().is_terminal(),
            filter: choice.filter.as_deref().map(filter).transpose()?,
            from: choice.from.as_deref().map(|text| instant("--from", text)).transpose()?,
            to: choice.to.as_deref().map(|text| instant("--to", text)).transpose()?,
            capture: capture::Options {
                block_size: args.block_size.unwrap_or(capture::Options::default().block_size),
                max_record: args.bounds.record(),
                max_decompressed: args.bounds.max_decompressed.map(|most| most as u64),
            },
            bounds: args.bounds.bounds(),
            last: true,
        })
    }

    /// Refuses standard input for what reads its input twice.
    pub fn refuse_standard_input(&self, option: &str) -> Result<()> {
        if self.files.iter().any(|file| file.as_os_str() == "-") {
            let why = "the input is read twice, which standard input cannot be; write it to a file first";
            return Err(Error::Usage(format!("{option}: {why}")));
        }
        Ok(())
    }

    /// The captures that are analysed on their own: all files together, or `each`.
    pub fn parts(&self, each: bool) -> Vec<Self> {
        if !each {
            return vec![self.clone()];
        }
        let one = |(index, file): (usize, &PathBuf)| {
            let last = index + 1 == self.files.len();
            Self { files: vec![file.clone()], last, ..self.clone() }
        };
        self.files.iter().enumerate().map(one).collect()
    }

    /// What the first file is called.
    pub fn name(&self) -> Arc<str> {
        self.files.first().map_or_else(Default::default, |file| file.to_string_lossy().into())
    }

    /// How many bytes there are to read, where that is known.
    pub fn size(&self) -> Option<u64> {
        let size = |file: &PathBuf| Some(std::fs::metadata(file).ok().filter(|file| file.is_file())?.len());
        self.files.iter().map(size).sum()
    }

    /// Opens the inputs. Says how the pipeline is to run on them, and when they begin.
    pub fn open(&self) -> (Capture, Settings, Option<Timestamp>) {
        let mut capture = Capture::open(&self.files, self.capture);
        let begin = capture.begin();
        let at = |instant| match instant {
            Instant::At(at) => at,
            Instant::AfterFirst(span) => begin.unwrap_or_default() + span,
        };
        let settings = Settings {
            threads: self.threads,
            filter: self.filter.clone(),
            from: self.from.map(at),
            to: self.to.map(at),
            bounds: self.bounds,
            last: self.last,
            ..Settings::default()
        };
        (capture, settings, begin)
    }
}

impl Request {
    /// Says of which link types the packet filter selects nothing because it asks for what they do not have, and why.
    pub fn tell_refusals(&self, capture: &Capture) {
        if self.quiet {
            return;
        }
        for (linktype, why) in self.refusals(capture) {
            note(&format!("--filter selects no packet of link type {}: {why}", linktype.0));
        }
    }

    fn refusals(&self, capture: &Capture) -> Vec<(LinkType, String)> {
        let Some(filter) = &self.filter else { return Vec::new() };
        let mut linktypes: Vec<_> = capture.files().iter().flat_map(FileInfo::linktypes).collect();
        linktypes.retain(|(_, packets)| *packets > 0);
        linktypes.sort_unstable();
        linktypes.dedup_by_key(|(linktype, _)| *linktype);
        linktypes
            .into_iter()
            .filter_map(|(linktype, _)| Some((linktype, filter.refusal(linktype)?.message)))
            .collect()
    }
}

impl Look {
    /// What the arguments and the terminal ask for.
    pub fn new(show: Show) -> Self {
        let format = match show.output {
            OutputFormat::Table => Format::Table,
            OutputFormat::Json => Format::Json,
            OutputFormat::Jsonl => Format::Jsonl,
            OutputFormat::Csv => Format::Csv,
            OutputFormat::Tsv => Format::Tsv,
        };
        let time = match show.time {
            TimeFormat::Relative => human::TimeFormat::Relative,
            TimeFormat::Utc => human::TimeFormat::Utc,
            TimeFormat::Local => human::TimeFormat::Local,
            TimeFormat::Epoch => human::TimeFormat::Epoch,
        };
        Self { format, terminal: terminal(show.color), time }
    }
}

/// When flows end, where rows are wanted as they do.
pub fn lifetime(after_close: &str, after_silence: &str) -> Result<Lifetime> {
    let time = |option: &str, text: &str| {
        let usage =
            || Error::Usage(format!("{option}: `{text}` is no length of time, as `30s` or `5min` is"));
        span(text).filter(|&span| span > Span::ZERO).ok_or_else(usage)
    };
    let silence = time("--after-silence", after_silence)?;
    Ok(Lifetime { after_close: time("--after-close", after_close)?, silence })
}

/// What is wanted of the rows of `schema`.
pub fn query<F: Family>(args: &Select, schema: &Schema<F>, format: Format) -> Result<Query<F>> {
    let all = schema.fields();
    let usual = match format {
        Format::Table => all.iter().filter(|field| field.rank() > 0).cloned().collect(),
        _ => all.clone(),
    };
    let columns = match &args.fields {
        Some(text) => named("--fields", text, select::fields(text, &all, usual))?,
        None => usual,
    };
    let condition = args.condition.as_ref();
    let condition = condition.map(|text| self::condition("--where", text, all.clone())).transpose()?;
    let sort = match &args.sort {
        Some(text) => named("--sort", text, select::order(text, &all))?,
        None => Vec::new(),
    };
    Ok(Query { columns, condition, sort, top: args.top })
}

/// What is wanted of the rows of a command that reads captures: the file of each stands in tables of several alone.
pub fn listed<F: Family>(args: &ListArgs, schema: &Schema<F>, format: Format) -> Result<Query<F>> {
    let mut query = query(&args.select, schema, format)?;
    if args.select.fields.is_none() && format == Format::Table {
        query.columns.retain(|field| field.name != "file");
        let file = schema.fields().into_iter().find(|field| field.name == "file");
        query.columns.splice(0..0, file.filter(|_| args.each));
    }
    Ok(query)
}

/// What rows have to fulfil.
pub fn condition<F: Family>(option: &str, text: &str, all: Vec<Field<F>>) -> Result<Condition<F>> {
    named(option, text, Condition::parse(text, all))
}

/// Names the option in which a mistake was made.
fn named<T>(option: &str, text: &str, result: std::result::Result<T, Mistake>) -> Result<T> {
    result.map_err(|mistake| Error::Usage(format!("{option}: {}", mistake.show(text))))
}

/// What standard output is.
fn terminal(color: When) -> Terminal {
    let is_terminal = io::stdout().is_terminal();
    let width = is_terminal.then(|| {
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        columns.or_else(|| comfy_table::Table::new().width().map(usize::from)).unwrap_or(80)
    });
    let color = match color {
        When::Always => true,
        When::Never => false,
        When::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    Terminal { width: width.map(|width: usize| width.max(1)), color }
}

/// The packet filter, or what is wrong with it.
fn filter(text: &str) -> Result<Arc<Filter>> {
    Filter::parse(text).map(Arc::new).map_err(|wrong| Error::Usage(format!("--filter: {wrong}")))
}

/// Seconds since 1970, a date, or a `+` and the time since the first packet.
fn instant(option: &str, text: &str) -> Result<Instant> {
    let wrong = || {
        let hint =
            "write seconds since 1970, 2024-05-01T12:00:00Z, or +1.5 for an offset from the first packet";
        Error::Usage(format!("{option}: `{text}` is no instant: {hint}"))
    };
    if let Some(offset) = text.strip_prefix('+') {
        return span(offset).map(Instant::AfterFirst).ok_or_else(wrong);
    }
    if let Some(since) = span(text) {
        return Ok(Instant::At(Timestamp::from_nanos(since.as_nanos())));
    }
    let local = || {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::system()).ok()?.timestamp())
    };
    let at: jiff::Timestamp = text.parse().ok().or_else(local).ok_or_else(wrong)?;
    i64::try_from(at.as_nanosecond())
        .map(|nanos| Instant::At(Timestamp::from_nanos(nanos)))
        .map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_absolute_or_offsets() {
        let at = |nanos| Some(Instant::At(Timestamp::from_nanos(nanos)));
        for (text, expected) in [
            ("1700000000.25", at(1_700_000_000_250_000_000)),
            ("2023-11-14T22:13:20Z", at(1_700_000_000_000_000_000)),
            ("+1.5", Some(Instant::AfterFirst(Span::from_millis(1500)))),
            ("+250ms", Some(Instant::AfterFirst(Span::from_millis(250)))),
            ("soon", None),
            ("+", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(instant("--from", text).ok(), expected, "{text}");
        }
    }
}
