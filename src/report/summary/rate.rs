//! How much was on the wire in the course of time.

use crate::pipeline::{Amount, Beat, Pulse};
use crate::report::Value;
use crate::report::schema::{Family, Kind, Schema, Spec};
use crate::stats::{Series, bits_per_second, round_width};
use crate::time::{Span, Timestamp};

/// Intervals at most.
const MOST: i64 = 60;

/// What was on the wire in an interval.
#[derive(Clone, Copy, Debug)]
pub struct Beats {
    start: Timestamp,
    width: Span,
    /// What rates are measured by; `None` where there is no duration.
    rated: Option<Span>,
    amount: Amount,
    fine_clock: bool,
}

impl Beats {
    /// Bits on the wire a second.
    pub fn bits_per_second(&self) -> Option<u64> {
        bits_per_second(self.amount.bytes, self.rated?)
    }

    /// Bytes on the wire.
    pub fn wire_bytes(&self) -> u64 {
        self.amount.bytes
    }

    /// How long the interval is.
    pub fn width(&self) -> Span {
        self.width
    }

    /// Times have nine decimal digits.
    pub fn fine_clock(&self) -> bool {
        self.fine_clock
    }
}

/// About 60 intervals, those without packets included.
pub fn beats(pulse: Option<Pulse>, span: Option<(Timestamp, Timestamp)>, fine_clock: bool) -> Vec<Beats> {
    let Some(pulse) = pulse else { return Vec::new() };
    let grid = pulse.grid().clone();
    let fine = pulse.into_series();
    // That of the frames: what the intervals span depends on their width, and that on how many parts were added up.
    let duration = span.map_or(Span::ZERO, |(start, end)| end.since(start));
    let width = Span::from_nanos(round_width(fine.width(), duration, MOST));
    let mut series = Series::<(), Beat>::new(grid.with_width(width));
    for (_, at, beat) in fine.iter() {
        series.add((), Some(at), beat);
    }
    let rated =
        if series.intervals() > 1 { Some(width) } else { Some(duration).filter(|&it| it > Span::ZERO) };
    let mut beats: Vec<Beats> = Vec::new();
    for (_, start, beat) in series.iter() {
        while let Some(before) = beats.last().copied().filter(|before| before.start + width < start) {
            beats.push(Beats { start: before.start + width, amount: Amount::default(), ..before });
        }
        beats.push(Beats { start, width, rated, amount: beat.all, fine_clock });
    }
    beats
}

/// Rows that are intervals.
pub enum Rates {}

impl Family for Rates {
    type Row<'a> = Beats;
}

type Field = Spec<Rates>;

/// The fields of an interval in a summary.
pub static RATE: Schema<Rates> = Schema {
    command: "summary",
    row: "an interval",
    groups: &[&[
        Field::one("start_s", Kind::Instant, "When it begins.", |row| {
            Value::instant(row.start, row.fine_clock)
        }),
        Field::one("packets", Kind::Count, "Packets in it.", |row| row.amount.packets.into()),
        Field::one("wire_bytes", Kind::Bytes, "Their length on the wire.", |row| row.amount.bytes.into()),
        Field::one("wire_bps", Kind::BitsPerSecond, "Bits on the wire divided by the interval.", |row| {
            row.bits_per_second().into()
        }),
    ]],
};
