//! The packets of a flow's opening and close as a ladder between its two sides.

use std::io::{self, Write};

use super::harmless;
use super::track::{Step, Track};
use crate::pipeline::FlowRow;
use crate::report::human::Clock;
use crate::report::{Value, Written};
use crate::tcp::Tag;

/// Writes the ladder. What lies between the steps is counted.
pub(super) fn write(row: &FlowRow, track: &Track, clock: &Clock, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{:>9}  {:>14}  client       server", "packet", "time")?;
    let mut shown = 0;
    let mut before: Option<u64> = None;
    for (index, step) in track.steps().iter().enumerate() {
        let is_gap = track.packets() > track.steps().len() as u64 && before.is_some() && index == 10;
        if is_gap {
            writeln!(out, "{:>9}  {:>14}     ...", "", "")?;
        }
        line(row, step, clock, out)?;
        before = Some(step.number);
        shown += 1;
    }
    match track.packets() - shown {
        0 => Ok(()),
        more => writeln!(out, "{more} more: flowray packets --flow {}", row.flow),
    }
}

fn line(row: &FlowRow, step: &Step, clock: &Clock, out: &mut impl Write) -> io::Result<()> {
    let mut time = String::new();
    if let Value::Decimal(at) = Value::instant(step.at, step.fine_clock) {
        clock.instant(at, &mut time);
    }
    let arrow = if step.direction == row.client { "------>" } else { "<------" };
    let mut text = String::new();
    if row.tcp.is_some() {
        text = format!("[{}] seq {}", Written::Flags(step.flags), step.seq_relative);
        if let Some(ack) = step.ack_relative {
            text += &format!(" ack {ack}");
        }
        text.push(' ');
    }
    text += &format!("len {}", step.payload_len);
    let tags: Vec<&str> = step.tags.iter().map(Tag::name).collect();
    if !tags.is_empty() {
        text += &format!("  {}", tags.join(","));
    }
    writeln!(out, "{:>9}  {time:>14}     {arrow}     {}", step.number, harmless(&text))
}
