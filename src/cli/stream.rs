//! `stream`: the bytes that both sides of a flow said.

use std::io::{self, BufWriter, IsTerminal};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clap::{Args, ValueEnum};

use super::args::{Choice, Common, OneFlow, OutputFormat};
use super::only::Only;
use super::options::Request;
use super::run::{Damage, analyse, note, stdout};
use crate::error::{Error, Result};
use crate::flow::{Direction, Key, protocol_name};
use crate::pipeline::{Dictation, Listener, Report, Settings, Speech, Speeches, Spoken, Words};
use crate::report::digits;
use crate::report::folder::Folder;
use crate::report::human::{Clock, counted};
use crate::report::pieces::Pieces;
use crate::report::schema::Role;
use crate::report::stream::{Form, Piece, Speaking};
use crate::tcp::stream::Overlap;

/// What `stream` takes.
#[derive(Args, Clone, Debug)]
#[command(
    override_usage = "flowray stream [OPTIONS] N FILE...\n       flowray stream [OPTIONS] --all --out DIR FILE..."
)]
pub struct StreamArgs {
    #[command(flatten)]
    pub common: Common,
    /// Stream N is a UDP stream
    #[arg(long, conflicts_with = "all")]
    pub udp: bool,
    /// Whose bytes
    #[arg(long, value_enum, default_value_t)]
    pub side: Side,
    /// How bytes are shown: raw where standard output is no terminal, else as text
    #[arg(long = "as", value_name = "FORM", value_enum)]
    pub form: Option<Shown>,
    /// Every stream, TCP and UDP, into files: PROTOCOL_STREAM_SENDER_PORT_RECEIVER_PORT.bin, with `-` for `:`
    #[arg(long, requires = "out")]
    pub all: bool,
    /// Where the files are written; files that are there are not overwritten
    #[arg(long, value_name = "DIR", requires = "all")]
    pub out: Option<PathBuf>,
    /// Only flows for which this holds, as `service = http`: the input is read twice
    #[arg(long, value_name = "CONDITION", requires = "all")]
    pub flows: Option<String>,
    #[command(flatten)]
    pub reassembly: ReassemblyArgs,
    #[command(flatten)]
    pub choice: Choice,
}

/// How streams are put in order.
#[derive(Args, Clone, Copy, Debug)]
pub struct ReassemblyArgs {
    /// Which copy counts where segments overlap and differ
    #[arg(long, value_enum, default_value_t)]
    pub overlap: Copies,
}

impl ReassemblyArgs {
    /// Which copy counts.
    pub fn overlap(&self) -> Overlap {
        match self.overlap {
            Copies::First => Overlap::First,
            Copies::Last => Overlap::Last,
        }
    }

    /// Says that `segments` had other content for bytes that came before, and which copy counts.
    pub fn tell_overlaps(&self, request: &Request, segments: u64) {
        if segments == 0 || request.quiet {
            return;
        }
        let (counts, other) = match self.overlap {
            Copies::First => ("the first copy counts", "last"),
            Copies::Last => ("the last copy before it was acknowledged counts", "first"),
        };
        let segments = counted(segments, "segment");
        note(&format!(
            "{segments} had other content for bytes that came before: {counts}, with --overlap {other} the other"
        ));
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Copies {
    /// The first
    #[default]
    First,
    /// The last one before it was acknowledged
    Last,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Side {
    /// Who opened it
    Client,
    /// The other side
    Server,
    /// Both, in the order in which they spoke
    #[default]
    Both,
}

impl Side {
    /// Whether the bytes are wanted of who sends in `direction`, where the client sends in `client`.
    fn wants(self, direction: Direction, client: Direction) -> bool {
        match self {
            Self::Both => true,
            Self::Client => direction == client,
            Self::Server => direction != client,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Shown {
    /// The bytes as they are
    Raw,
    /// Text, with what a terminal would obey escaped
    Text,
    /// Offsets, hexadecimal digits and characters
    Hex,
    /// A JSON object a message, the bytes in base64
    Jsonl,
}

/// Prints one stream, or writes all.
pub fn stream(mut args: StreamArgs) -> Result<Damage> {
    if let (true, Some(out)) = (args.all, args.out.take()) {
        return all(&args, out);
    }
    let form = form(&args)?;
    let number = args.common.files.remove(0);
    let number: u64 = number.to_str().and_then(|number| number.parse().ok()).ok_or_else(|| {
        Error::Usage(format!("`{}` is no stream number: write `flowray stream N FILE`", number.display()))
    })?;
    if args.common.files.is_empty() {
        return Err(Error::Usage(format!("no file given: write `flowray stream {number} FILE`")));
    }
    one(&args, number, form)
}

fn form(args: &StreamArgs) -> Result<Form> {
    Ok(match (args.form, args.common.show.output) {
        (Some(Shown::Raw), _) => Form::Raw,
        (Some(Shown::Text), _) => Form::Text,
        (Some(Shown::Hex), _) => Form::Hex,
        (Some(Shown::Jsonl), _) | (None, OutputFormat::Jsonl) => Form::Jsonl,
        (None, OutputFormat::Table) if io::stdout().is_terminal() => Form::Text,
        (None, OutputFormat::Table) => Form::Raw,
        (None, _) => {
            return Err(Error::Usage("--output: a stream is shown --as raw, text, hex or jsonl".into()));
        }
    })
}

/// One stream, on its way to standard output.
struct One {
    protocol: u8,
    number: u64,
    side: Side,
    client: OnceLock<Direction>,
    found: AtomicBool,
    overlaps: AtomicU64,
}

impl Report for One {
    type Part = Vec<(Role, bool, Speech)>;
    type Row = Speech;

    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<Speech>>> {
        let wanted = key.protocol() == self.protocol;
        wanted.then(|| Speeches::of(key)).flatten().map(|speeches| Box::new(speeches) as Box<_>)
    }

    fn is_choosy(&self) -> bool {
        true
    }

    fn wants(&self, key: &Key, _flow: u64, stream: Option<u64>) -> bool {
        let wanted = stream == Some(self.number) && key.protocol() == self.protocol;
        self.found.fetch_or(wanted, Ordering::Relaxed);
        wanted
    }

    fn spoken(&self, rows: &mut [Spoken<Speech>]) -> Self::Part {
        let is_it = |spoken: &&Spoken<Speech>| {
            spoken.stream == Some(self.number) && spoken.speaker.key.protocol() == self.protocol
        };
        let mut part = Vec::new();
        for Spoken { speaker, row, .. } in rows.iter().filter(is_it) {
            if row.overlaps > 0 {
                self.overlaps.fetch_add(row.overlaps, Ordering::Relaxed);
                continue;
            }
            // Who is the client may become clear later: what was said so far stays as it was shown.
            let client = *self.client.get_or_init(|| speaker.client);
            if self.side.wants(row.direction, client) {
                let role = if row.direction == client { Role::Client } else { Role::Server };
                part.push((role, speaker.fine_clock, row.clone()));
            }
        }
        part
    }
}

fn one(args: &StreamArgs, number: u64, form: Form) -> Result<Damage> {
    let request = Request::new(&args.common, &args.choice)?;
    let (mut capture, settings, begin) = request.open();
    let settings = Settings { overlap: args.reassembly.overlap(), ..settings };
    let report = One {
        protocol: if args.udp { 17 } else { 6 },
        number,
        side: args.side,
        client: OnceLock::new(),
        found: AtomicBool::new(false),
        overlaps: AtomicU64::new(0),
    };
    let out = BufWriter::with_capacity(1 << 16, io::stdout());
    let mut speaking = Speaking::new(out, form, args.udp, Clock::new(request.look.time, begin));
    let mut failed = None;
    let mut give = |part: Vec<(Role, bool, Speech)>| {
        for (role, fine_clock, speech) in &part {
            let moment = speech.moment.map(|moment| (moment.at, moment.number));
            let (offset, bytes, missing) = (speech.offset, &*speech.bytes, speech.missing);
            let piece = Piece { role: *role, offset, moment, fine_clock: *fine_clock, bytes, missing };
            if let Err(error) = speaking.say(&piece) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    analyse(&request, &mut capture, &settings, &report, &mut give)?;
    if let Some(error) = failed {
        return Err(stdout(error));
    }
    let missing = speaking.finish().map_err(stdout)?;
    if missing > 0 && form == Form::Raw && !request.quiet {
        note(&format!(
            "{missing} bytes of the stream are missing in the capture; nothing is written for them"
        ));
    }
    args.reassembly.tell_overlaps(&request, report.overlaps.into_inner());
    let mut damage = capture.into_errors();
    if !report.found.into_inner() {
        let protocol = if args.udp { "UDP" } else { "TCP" };
        damage.push(Error::NotFound(format!("there is no {protocol} stream {number} in this capture")));
    }
    Ok(damage)
}

/// Threads that make the files of `--all`. The system makes one at a time in a folder: more would only wait.
const WRITERS: usize = 2;

/// All streams, on their way to files.
struct All {
    side: Side,
    only: Only,
    missing: AtomicU64,
    overlaps: AtomicU64,
}

impl Report for All {
    type Part = Vec<(String, Vec<u8>)>;
    type Row = Words;

    fn listen(&self, key: &Key) -> Option<Box<dyn Listener<Words>>> {
        // Who is the client is asked where something is said.
        Some(Box::new(Dictation::of(key, self.side != Side::Both)?))
    }

    fn is_choosy(&self) -> bool {
        self.only.is_some()
    }

    fn wants(&self, key: &Key, flow: u64, stream: Option<u64>) -> bool {
        self.only.numbers(key.protocol(), flow, stream)
    }

    fn spoken(&self, rows: &mut [Spoken<Words>]) -> Self::Part {
        let mut part = Vec::new();
        for Spoken { flow, stream, speaker, row } in rows {
            if !self.only.numbers(speaker.key.protocol(), *flow, *stream) {
                continue;
            }
            self.missing.fetch_add(row.missing, Ordering::Relaxed);
            self.overlaps.fetch_add(row.overlaps, Ordering::Relaxed);
            if self.side.wants(row.direction, speaker.client) && !row.bytes.is_empty() {
                let name = file_name(&speaker.key, stream.unwrap_or(*flow), row.direction);
                part.push((name, std::mem::take(&mut row.bytes)));
            }
        }
        part
    }
}

/// `tcp_12_10.0.0.1_40000_10.0.0.2_80.bin`: protocol, stream, the sender's address and port, the receiver's.
pub fn file_name(key: &Key, stream: u64, direction: Direction) -> String {
    let mut name = Vec::with_capacity(64);
    name.extend_from_slice(protocol_name(key.protocol()).unwrap_or("ip").as_bytes());
    name.push(b'_');
    digits::integer(stream, &mut name);
    for (address, port) in [key.sender(direction), key.sender(direction.reverse())] {
        name.push(b'_');
        let start = name.len();
        digits::address(address, &mut name);
        name.iter_mut().skip(start).filter(|byte| **byte == b':').for_each(|colon| *colon = b'-');
        name.push(b'_');
        digits::integer(u64::from(port), &mut name);
    }
    name.extend_from_slice(b".bin");
    String::from_utf8(name).unwrap_or_default()
}

fn all(args: &StreamArgs, out: PathBuf) -> Result<Damage> {
    let request = Request::new(&args.common, &args.choice)?;
    let only = OneFlow { flows: args.flows.clone(), ..OneFlow::default() };
    let only = Only::new(&only, &request, &Settings::default())?;
    let (mut capture, settings, _) = request.open();
    let settings = Settings { overlap: args.reassembly.overlap(), ..settings };
    let writers = if settings.threads == 1 { 0 } else { WRITERS };
    let mut pieces = Pieces::new(Folder::new(&out)?, writers);
    let report = All { side: args.side, only, missing: AtomicU64::new(0), overlaps: AtomicU64::new(0) };
    let mut failed = None;
    let mut give = |part: Vec<(String, Vec<u8>)>| {
        for (name, bytes) in part {
            if let Err(error) = pieces.append(name, bytes) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    analyse(&request, &mut capture, &settings, &report, &mut give)?;
    if let Some(error) = failed {
        return Err(error);
    }
    let files = pieces.finish()?;
    let missing = report.missing.into_inner();
    if missing > 0 && !request.quiet {
        note(&format!("{missing} bytes are missing in the capture; nothing is written for them"));
    }
    args.reassembly.tell_overlaps(&request, report.overlaps.into_inner());
    if request.verbose {
        note(&format!("{files} files were written"));
    }
    Ok(capture.into_errors())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Address;

    #[test]
    fn names_say_who_sent_to_whom() {
        let (key, direction) =
            Key::new(6, (Address::v4([10, 0, 0, 2]), 80), (Address::v4([10, 0, 0, 1]), 4000));
        assert_eq!(file_name(&key, 7, direction), "tcp_7_10.0.0.2_80_10.0.0.1_4000.bin");
        let six = |last| Address::v6([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        let (key, direction) = Key::new(17, (six(1), 53), (six(2), 4000));
        assert_eq!(file_name(&key, 0, direction.reverse()), "udp_0_2001-db8--2_4000_2001-db8--1_53.bin");
    }
}
