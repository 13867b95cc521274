//! `flow N`: everything about one flow on one page.

mod ladder;
mod track;

use std::io::{self, Write};

use super::fields::{FLOWS, Flows, Identified};
use super::human::{self, Clock};
use super::plot::Plot;
use super::schema::{Field, Role};
use super::table::Terminal;
use super::{Decimal, SortKey, escape};
use crate::flow::protocol_name;
use crate::pipeline::FlowRow;

pub use track::{Step, Track};

/// Lines of a plot.
const PLOT_HEIGHT: usize = 10;
/// Columns of a page that is shown on no terminal.
const USUAL_WIDTH: usize = 80;
/// Points below which a plot does not help.
const FEWEST_POINTS: usize = 10;

/// Writes the page of a flow, of whose packets `track` was kept.
pub fn write(
    row: &FlowRow,
    track: &Track,
    terminal: Terminal,
    clock: &Clock,
    out: &mut impl Write,
) -> io::Result<()> {
    heading(row, out)?;
    whole(row, clock, out)?;
    if !track.steps().is_empty() {
        ladder::write(row, track, clock, out)?;
    }
    sides(row, clock, terminal, out)?;
    plots(row, track, terminal, out)
}

/// `Flow 3: tcp 10.0.0.1:40000 -> 10.0.0.2:80`.
fn heading(row: &FlowRow, out: &mut impl Write) -> io::Result<()> {
    let protocol =
        protocol_name(row.key.protocol()).map_or_else(|| row.key.protocol().to_string(), Into::into);
    let end = |role| {
        let (address, port) = row.key.sender(row.direction(role));
        match (port, address.is_v6()) {
            (0, _) => address.to_string(),
            (port, true) => format!("[{address}]:{port}"),
            (port, false) => format!("{address}:{port}"),
        }
    };
    let guess = if row.client_inferred { " (roles are a guess)" } else { "" };
    writeln!(out, "Flow {}: {protocol} {} -> {}{guess}", row.flow, end(Role::Client), end(Role::Server))
}

/// What is known of the flow as a whole.
fn whole(row: &FlowRow, clock: &Clock, out: &mut impl Write) -> io::Result<()> {
    const IN_THE_HEADING: [&str; 3] = ["flow", "protocol", "client_inferred"];
    for field in FLOWS.fields() {
        let said = IN_THE_HEADING.contains(&field.name.as_str()) || field.side().is_some();
        if !said && tells(&field, row) {
            writeln!(out, "{:<30}  {}", field.name, cell(&field, row, clock))?;
        }
    }
    Ok(())
}

/// What each side sent, beside each other.
fn sides(row: &FlowRow, clock: &Clock, terminal: Terminal, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{:<30}  {:>16}  {:>16}", "", "client", "server")?;
    let fields = FLOWS.fields();
    for field in fields.iter().filter(|field| field.side() == Some(Role::Client)) {
        let twin = fields.iter().find(|other| other.is_twin_of(field));
        let Some(twin) = twin.filter(|twin| tells(field, row) || tells(twin, row)) else { continue };
        let (red, plain) = match field.paint(&field.value(row)).or(twin.paint(&twin.value(row))) {
            Some(_) if terminal.color => ("\x1b[31m", "\x1b[0m"),
            _ => ("", ""),
        };
        let (one, other) = (cell(field, row, clock), cell(twin, row, clock));
        writeln!(out, "{red}{:<30}  {one:>16}  {other:>16}{plain}", field.common_name())?;
    }
    Ok(())
}

/// Whether a field says anything: neither nothing nor zero, no, or an empty list.
fn tells(field: &Field<Flows>, row: &FlowRow) -> bool {
    match SortKey::of(&field.value(row)) {
        None => false,
        Some(SortKey::Number(number)) => number != 0 || field.name.ends_with("_port"),
        Some(SortKey::Text(text)) => !text.is_empty(),
        Some(SortKey::Address(_)) => true,
    }
}

fn cell(field: &Field<Flows>, row: &FlowRow, clock: &Clock) -> String {
    human::cell(&field.value(row), field.kind(), clock, true)
}

/// Sequence numbers and round trips over time, where there are enough of them.
fn plots(row: &FlowRow, track: &Track, terminal: Terminal, out: &mut impl Write) -> io::Result<()> {
    let width = terminal.width.unwrap_or(USUAL_WIDTH).saturating_sub(12).clamp(20, 120);
    for role in [Role::Client, Role::Server] {
        let direction = row.direction(role);
        let sent = track.points(direction, |step| (step.payload_len > 0).then_some(step.seq_relative));
        plot(
            &format!("what the {} sent: sequence over time", role.name()),
            &sent,
            width,
            terminal,
            out,
            |bytes| {
                let mut text = String::new();
                human::scaled(bytes, "B", &mut text);
                text
            },
        )?;
    }
    for role in [Role::Client, Role::Server] {
        // A sample stands at the ACK that gave it, which the far side sent.
        let samples = track.points(row.direction(role), |step| u64::try_from(step.rtt?.as_nanos()).ok());
        plot(
            &format!("round trip to the {} over time", role.name()),
            &samples,
            width,
            terminal,
            out,
            |nanos| {
                let mut text = String::new();
                human::seconds(Decimal { mantissa: nanos.cast_signed(), digits: 9 }, &mut text);
                text
            },
        )?;
    }
    Ok(())
}

fn plot(
    title: &str,
    points: &[(u64, u64, bool)],
    width: usize,
    terminal: Terminal,
    out: &mut impl Write,
    label: impl Fn(u64) -> String,
) -> io::Result<()> {
    let (least, greatest) = points
        .iter()
        .fold((u64::MAX, 0), |(least, greatest), point| (least.min(point.1), greatest.max(point.1)));
    if points.len() < FEWEST_POINTS || least == greatest {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    let lines = Plot::new(width, PLOT_HEIGHT, points).lines(terminal.color);
    for (index, line) in lines.iter().enumerate() {
        let label = match index {
            0 => label(greatest),
            _ if index + 1 == lines.len() => label(least),
            _ => String::new(),
        };
        writeln!(out, "{}", format!("{label:>8} |{line}").trim_end())?;
    }
    Ok(())
}

/// Text that came out of a packet, for the page.
fn harmless(text: &str) -> String {
    let mut bytes = Vec::new();
    escape::plain(text.as_bytes(), &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
