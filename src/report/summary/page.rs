//! The summary as a page of text.

use std::io::{self, Write};

use super::rate::Beats;
use super::{Summary, parts, talkers, top_fields};
use crate::report::Value;
use crate::report::bars::bars;
use crate::report::card::Cards;
use crate::report::fields::INFO;
use crate::report::human::{self, Clock, TimeFormat};
use crate::report::schema::{Family, Field, Kind};
use crate::report::table::{Cells, Layout, Terminal};

/// Protocols shown of a capture; JSON has all.
const MOST_PROTOCOLS: usize = 30;
/// Characters of the line of bars.
const MOST_BARS: usize = 60;
/// Files described one by one.
const MOST_FILES: usize = 3;

impl Summary {
    /// Writes the page.
    pub fn page(&self, terminal: Terminal, time: TimeFormat, out: &mut impl Write) -> io::Result<()> {
        // The page says when the capture was made: dates, unless something else is asked for.
        let time = if time == TimeFormat::Relative { TimeFormat::Utc } else { time };
        let clock = Clock::new(time, self.whole.span.map(|(start, _)| start));
        let page = &mut Page { terminal, clock, out, begun: false };
        page.capture(self)?;
        page.rate(self)?;
        page.soundness(self)?;
        page.protocols(self)?;
        page.flows(self)?;
        page.findings(self)
    }
}

struct Page<'a, W> {
    terminal: Terminal,
    clock: Clock,
    out: &'a mut W,
    begun: bool,
}

impl<W: Write> Page<'_, W> {
    fn capture(&mut self, summary: &Summary) -> io::Result<()> {
        self.title("Capture")?;
        let fields = ["file", "format", "compression", "interfaces", "filters", "application", "comments"];
        for file in summary.files.iter().take(MOST_FILES) {
            self.card(INFO.fields(), &fields, file)?;
        }
        if let Some(more) = summary.files.len().checked_sub(MOST_FILES).filter(|&more| more > 0) {
            writeln!(self.out, "and {more} more files: see flowray info")?;
        }
        self.card(parts::WHOLE.fields(), &[], &summary.whole)
    }

    /// The rate as a line of bars.
    fn rate(&mut self, summary: &Summary) -> io::Result<()> {
        // Bytes, not rates: a rate below one bit a second would be none.
        let bytes: Vec<Option<u64>> = summary.rate.iter().map(|beats| Some(beats.wire_bytes())).collect();
        let [first, _, ..] = summary.rate.as_slice() else { return Ok(()) };
        let rate = summary.rate.iter().filter_map(Beats::bits_per_second).max().filter(|&rate| rate > 0);
        let most = bytes.iter().copied().flatten().max().unwrap_or(0);
        let (most, kind) = rate.map_or((most, Kind::Bytes), |rate| (rate, Kind::BitsPerSecond));
        let clock = Clock::default();
        let most = human::cell(&Value::Unsigned(most), kind, &clock, false);
        let each = human::cell(&Value::span(first.width(), first.fine_clock()), Kind::Seconds, &clock, false);
        for line in bars(&bytes, MOST_BARS, 1) {
            writeln!(self.out, "rate  {line}  at most {most}, {each} each: see flowray timeline")?;
        }
        Ok(())
    }

    /// How far the capture can be trusted, where something speaks against it.
    fn trust(&mut self, summary: &Summary) -> io::Result<()> {
        let artefacts = summary.trust.artefacts();
        let verdict = match (artefacts.is_empty(), summary.trust.evidence.connections) {
            (false, _) => artefacts.join(", "),
            (true, 0) => "nothing speaks against it, but it has no TCP that could tell".into(),
            (true, _) => "nothing speaks against it".into(),
        };
        writeln!(self.out, "trust    {verdict}")
    }

    fn soundness(&mut self, summary: &Summary) -> io::Result<()> {
        let sound = &summary.soundness;
        self.title("Accounted for")?;
        let undecoded = sound.cut + sound.malformed + sound.unsupported + sound.too_deep;
        let filtered = match sound.filtered {
            0 => String::new(),
            filtered => format!(" + {filtered} left out"),
        };
        let verdict = |adds_up: bool| match adds_up {
            true => "",
            false => " (these do not add up: a fault of flowray)",
        };
        writeln!(
            self.out,
            "packets  {} read = {} decoded + {undecoded} not decoded{filtered}{}",
            sound.read,
            sound.decoded,
            verdict(sound.unaccounted() == 0)
        )?;
        writeln!(
            self.out,
            "streams  {} bytes sent = {} seen + {} missing from the capture{}",
            sound.sent_bytes,
            sound.seen_bytes,
            sound.missing_bytes,
            verdict(sound.unaccounted_streams == 0)
        )?;
        self.trust(summary)?;
        if !summary.bounds.is_empty() {
            self.title("Bounds reached")?;
            self.table(parts::BOUNDS.fields(), &summary.bounds)?;
        }
        if !summary.undecoded.is_empty() {
            self.title("Not decoded")?;
            self.table(parts::UNDECODED.fields(), &summary.undecoded)?;
        }
        Ok(())
    }

    fn protocols(&mut self, summary: &Summary) -> io::Result<()> {
        self.title("Protocols")?;
        let shown = summary.protocols.get(..MOST_PROTOCOLS).unwrap_or(&summary.protocols);
        self.table(parts::PROTOCOLS.fields(), shown)?;
        let more = summary.protocols.len() - shown.len();
        if more > 0 {
            writeln!(self.out, "and {more} more: flowray summary -o json has all")?;
        }
        if !summary.transports.is_empty() {
            self.title("Transport")?;
            self.table(parts::TRANSPORTS.fields(), &summary.transports)?;
        }
        if summary.tcp.all > 0 {
            self.title("TCP")?;
            self.card(parts::TCP.fields(), &[], &summary.tcp)?;
        }
        Ok(())
    }

    fn flows(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.talkers.len() > 1 {
            self.title("Top hosts by bytes")?;
            self.table(talkers::HOSTS.fields(), &summary.talkers)?;
        }
        if summary.top.is_empty() {
            return Ok(());
        }
        let (shown, all) = (summary.top.len(), summary.whole.flows);
        self.title(&format!("Top {shown} of {all} flows by bytes"))?;
        self.table(top_fields(), &summary.top)
    }

    fn findings(&mut self, summary: &Summary) -> io::Result<()> {
        self.title("Findings")?;
        if summary.findings.is_empty() {
            return writeln!(self.out, "nothing stands out");
        }
        for finding in &summary.findings {
            write!(self.out, "- {}", finding.text)?;
            if let Some(worst) = finding.worst_flow {
                write!(self.out, "; see flow {worst}")?;
            }
            writeln!(self.out)?;
            if let Some(command) = &finding.command {
                let (dim, plain) = if self.terminal.color { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
                writeln!(self.out, "  {dim}flowray {command}{plain}")?;
            }
        }
        Ok(())
    }

    fn title(&mut self, title: &str) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            writeln!(self.out)?;
        }
        let (bold, plain) = if self.terminal.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        writeln!(self.out, "{bold}{title}{plain}")
    }

    /// A row, a line a field: those of `names`, or all.
    fn card<'r, F: Family>(
        &mut self,
        fields: Vec<Field<F>>,
        names: &[&str],
        row: &'r F::Row<'r>,
    ) -> io::Result<()> {
        let wanted = |field: &Field<F>| names.is_empty() || names.contains(&field.name.as_str());
        let mut text = Vec::new();
        Cards::new(fields.into_iter().filter(wanted).collect(), self.terminal.width.is_some()).row(
            row,
            &self.clock,
            &mut text,
        );
        self.out.write_all(&text)
    }

    fn table<'r, F: Family>(&mut self, fields: Vec<Field<F>>, rows: &'r [F::Row<'r>]) -> io::Result<()> {
        let fields: Vec<Field<F>> = match fields.iter().any(|field| field.rank() > 0) {
            true => fields.into_iter().filter(|field| field.rank() > 0 || field.name == "packets").collect(),
            false => fields,
        };
        let mut layout = Layout::new(&fields, self.terminal);
        let cells = Cells::new(fields, self.terminal);
        for row in rows {
            let mut bytes = Vec::new();
            cells.row(row, &self.clock, &mut bytes);
            layout.row(&bytes, self.out)?;
        }
        layout.finish(self.out)
    }
}
