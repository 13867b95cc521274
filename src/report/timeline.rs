//! `timeline`: what happened in each interval of a capture, or of each host, port or protocol in it.

use crate::decode::Address;
use crate::flow::{Direction, Key};
use crate::pipeline::{Amount, Beat, FlowRow, Happened, Tally, WindowSteps};
use crate::report::bars::bars;
use crate::report::human::{self, Clock};
use crate::report::schema::Kind;
use crate::report::{Decimal, Value};
use crate::stats::{Grid, Quantiles, Series, Sum, bits_per_second, round_width};
use crate::tcp::Closing;
use crate::time::{Span, Timestamp};

/// About so many rows are given where no width is asked for: no more, and at least 2/5 of them.
const ROWS: i64 = 75;
/// Rows that are given at most.
pub const MOST_ROWS: u64 = 1_000_000;

/// What intervals are split by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// Each host; a flow counts at both.
    Host,
    /// The transport protocol and the server's port.
    ServerPort,
    /// The application protocol that the bytes showed.
    Service,
}

/// Whose row it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Split {
    /// All together.
    All,
    /// A host.
    Host(Address),
    /// A protocol and a port.
    ServerPort(u8, u16),
    /// An application protocol, if one was found.
    Service(Option<&'static str>),
    /// Packets that belong to no flow.
    Flowless,
}

/// What happened in an interval.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// To flows.
    pub tally: Tally,
    /// Packets that belong to no flow.
    pub flowless: Amount,
    /// Flows that began.
    pub opened: u64,
    /// Of these, TCP connections that did not come about.
    pub failed: u64,
    /// TCP connections that closed.
    pub closed: u64,
    /// Of these, by a RST.
    pub reset: u64,
}

impl Sum for Sums {
    fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        self.flowless.packets += other.flowless.packets;
        self.flowless.bytes += other.flowless.bytes;
        self.opened += other.opened;
        self.failed += other.failed;
        self.closed += other.closed;
        self.reset += other.reset;
    }
}

/// A row.
#[derive(Clone, Debug)]
pub struct Interval {
    /// Whose.
    pub split: Split,
    /// From when until when; `None` for packets without a time.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What happened in it.
    pub sums: Sums,
    /// For how long windows were closed.
    pub closed_for: Span,
    /// What rates are measured by; `None` where there is no duration.
    pub rated: Option<Span>,
    /// Times have nine decimal digits.
    pub fine_clock: bool,
}

impl Interval {
    /// Frames, those that belong to no flow included.
    pub fn packets(&self) -> u64 {
        self.sums.tally.packets + self.sums.flowless.packets
    }

    /// Their length on the wire.
    pub fn wire_bytes(&self) -> u64 {
        self.sums.tally.wire_bytes.saturating_add(self.sums.flowless.bytes)
    }

    /// Bits on the wire a second.
    pub fn bits_per_second(&self) -> Option<u64> {
        bits_per_second(self.wire_bytes(), self.rated?)
    }
}

/// What happened so far.
#[derive(Debug)]
pub struct Timeline {
    by: Option<By>,
    series: Series<Split, Sums>,
}

impl Timeline {
    /// Nothing yet.
    pub fn new(by: Option<By>, grid: &Grid) -> Self {
        Self { by, series: Series::new(grid.clone()) }
    }

    /// Adds what happened to the flow `key`.
    pub fn on_happened(&mut self, key: &Key, happened: &Happened) {
        let sums = Sums { tally: (*happened.tally).clone(), ..Sums::default() };
        self.add(key, happened.client, happened.service, happened.at, &sums);
    }

    /// Adds how a flow opened and closed.
    pub fn on_flow(&mut self, row: &FlowRow) {
        let tcp = row.tcp.as_ref();
        let failed = tcp.is_some_and(|tcp| tcp.opening.has_failed());
        let opened = Sums { opened: 1, failed: failed.into(), ..Sums::default() };
        self.add(&row.key, row.client, row.service, row.start, &opened);
        let Some(close) = tcp.map(|tcp| &tcp.close) else { return };
        let (at, reset) = match close.closing {
            Some(Closing::Graceful | Closing::ResetAfterClose) => (close.last_ack, 0),
            Some(Closing::ClientReset | Closing::ServerReset) => (close.reset, 1),
            _ => return,
        };
        let closed = Sums { closed: 1, reset, ..Sums::default() };
        self.add(&row.key, row.client, row.service, at.map(|moment| moment.at).or(row.end), &closed);
    }

    fn add(
        &mut self,
        key: &Key,
        client: Direction,
        service: Option<&'static str>,
        at: Option<Timestamp>,
        sums: &Sums,
    ) {
        match self.by {
            None => self.series.add(Split::All, at, sums),
            Some(By::Host) => {
                for direction in Direction::BOTH {
                    self.series.add(Split::Host(key.sender(direction).0), at, sums);
                }
            }
            Some(By::ServerPort) => {
                let port = key.sender(client.reverse()).1;
                self.series.add(Split::ServerPort(key.protocol(), port), at, sums);
            }
            Some(By::Service) => self.series.add(Split::Service(service), at, sums),
        }
    }

    /// Adds what happened elsewhere.
    pub fn merge(&mut self, other: Self) {
        self.series.merge(other.series);
    }

    /// The rows, in order of time, or how many there would be if they are too many. `pulse` has the packets of no flow,
    /// if they are wanted.
    pub fn into_rows(
        mut self,
        grid: &Grid,
        pulse: Option<Series<(), Beat>>,
        duration: Option<Span>,
        fine_clock: bool,
    ) -> Result<Vec<Interval>, u64> {
        let flowless = if self.by.is_some() { Split::Flowless } else { Split::All };
        if let Some(pulse) = pulse {
            let mut others = Series::new(grid.clone());
            others.fit(pulse.width());
            // Where nothing is split, they also say which intervals there are.
            let has_row = |beat: &Beat| self.by.is_none() || beat.flowless.packets > 0;
            for (_, at, beat) in pulse.iter().filter(|(.., beat)| has_row(beat)) {
                others.add(flowless, Some(at), &Sums { flowless: beat.flowless, ..Sums::default() });
            }
            for (_, beat) in pulse.untimed().filter(|(_, beat)| has_row(beat)) {
                others.add(flowless, None, &Sums { flowless: beat.flowless, ..Sums::default() });
            }
            if pulse.is_full() {
                return Err(pulse.intervals());
            }
            self.series.merge(others);
        }
        self.series.fit(grid.width());
        let span = self.series.span().unwrap_or_default();
        let length = span.1.since(span.0);
        let width = match grid.is_given() {
            true => grid.width(),
            false => round_width(grid.width(), length, ROWS),
        };
        let grid = grid.with_width(Span::from_nanos(width));
        let mut series = Series::new(grid.clone());
        for (split, at, sums) in self.series.iter() {
            series.add(*split, Some(at), sums);
        }
        let many = if self.by.is_none() { series.intervals() } else { series.cells() as u64 };
        if self.series.is_full() || many > MOST_ROWS {
            return Err(self.series.intervals().max(many));
        }
        // What lasted no longer than one interval has the rate of its own duration, or none.
        let width = Span::from_nanos(width);
        let rated = if many > 1 { Some(width) } else { duration.map(|duration| duration.min(width)) };
        let fine_clock = fine_clock || width.as_nanos() % 1000 != 0;
        let rows = Rows { width, rated, fine_clock, rows: Vec::new() };
        Ok(rows.of(self.by, &series, &self.series))
    }
}

/// Makes rows.
struct Rows {
    width: Span,
    rated: Option<Span>,
    fine_clock: bool,
    rows: Vec<Interval>,
}

impl Rows {
    fn of(
        mut self,
        by: Option<By>,
        series: &Series<Split, Sums>,
        all: &Series<Split, Sums>,
    ) -> Vec<Interval> {
        let fine_clock = self.fine_clock;
        let mut steps = WindowSteps::default();
        let mut last = None;
        for (split, start, sums) in series.iter() {
            if last.is_some_and(|(of, _)| of != *split) {
                (steps, last) = (WindowSteps::default(), None);
            }
            // Where nothing is split, intervals in which nothing happened are rows, too.
            if let (None, Some((_, mut from))) = (by, last) {
                while from < start {
                    from = self.row(*split, from, &Sums::default(), &mut steps);
                }
            }
            last = Some((*split, self.row(*split, start, sums, &mut steps)));
        }
        self.rows.sort_by_key(|row| row.span);
        for (split, sums) in all.untimed() {
            let (split, sums) = (*split, sums.clone());
            let row = Interval { split, span: None, sums, closed_for: Span::ZERO, rated: None, fine_clock };
            self.rows.push(row);
        }
        self.rows
    }

    fn row(&mut self, split: Split, start: Timestamp, sums: &Sums, steps: &mut WindowSteps) -> Timestamp {
        let end = start + self.width;
        let before = steps.until(start);
        steps.add(&sums.tally.windows);
        let closed_for = i64::try_from(steps.until(end) - before).unwrap_or(i64::MAX);
        self.rows.push(Interval {
            split,
            span: Some((start, end)),
            sums: sums.clone(),
            closed_for: Span::from_nanos(closed_for),
            rated: self.rated,
            fine_clock: self.fine_clock,
        });
        end
    }
}

/// Rate, loss and round trips on one axis of time, for a terminal of `width` columns.
pub fn plot(rows: &[Interval], width: usize) -> String {
    let timed: Vec<&Interval> = rows.iter().filter(|row| row.span.is_some()).collect();
    let values = |of: &dyn Fn(&Interval) -> Option<u64>| timed.iter().map(|row| of(row)).collect::<Vec<_>>();
    let p95 = |samples: &Quantiles| {
        let p95 = Some(samples).filter(|samples| samples.count() > 0)?.quantile(0.95)?;
        u64::try_from(p95.as_nanos()).ok()
    };
    let trips = |row: &Interval| {
        let [to_server, to_client] = &row.sums.tally.rtt;
        p95(to_server).max(p95(to_client))
    };
    let lost = |row: &Interval| {
        let tally = &row.sums.tally;
        tally.loss.retransmitted.saturating_mul(10_000).checked_div(tally.data_segments)
    };
    let mut out = String::new();
    let shown = [
        ("rate", Kind::BitsPerSecond, values(&Interval::bits_per_second), 0, 3),
        ("sent again", Kind::Share, values(&lost), 4, 1),
        ("rtt p95", Kind::Seconds, values(&trips), 9, 2),
    ];
    for (name, kind, values, digits, height) in shown {
        let Some(most) = values.iter().copied().flatten().max().filter(|&most| most > 0) else { continue };
        let value = match digits {
            0 => Value::Unsigned(most),
            digits => Value::Decimal(Decimal { mantissa: i64::try_from(most).unwrap_or(i64::MAX), digits }),
        };
        let most = human::cell(&value, kind, &Clock::default(), false);
        let lines = bars(&values, width.saturating_sub(LABEL + 1).max(1), height);
        for (place, line) in lines.iter().enumerate() {
            let label = match height - place {
                1 if height == 1 => format!("{name} {most}"),
                1 => name.into(),
                _ if place == 0 => most.clone(),
                _ => String::new(),
            };
            out.push_str(format!("{label:>LABEL$} {line}").trim_end());
            out.push('\n');
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Columns of the labels of a plot.
const LABEL: usize = 18;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp::from_nanos(0) + Span::from_secs(seconds))
    }

    fn happened(seconds: i64, windows: WindowSteps) -> Happened {
        let tally = Box::new(Tally { packets: 1, wire_bytes: 1000, windows, ..Tally::default() });
        Happened { at: at(seconds), client: Direction::Forward, service: None, tally }
    }

    #[test]
    fn windows_are_closed_in_every_interval_until_they_open() {
        let grid = Grid::new(Timestamp::from_nanos(0), Some(Span::from_secs(10)));
        let key = Key::new(6, (Address::v4([10, 0, 0, 1]), 1), (Address::v4([10, 0, 0, 2]), 2)).0;
        let mut timeline = Timeline::new(None, &grid);
        let nanos = |seconds: i128| seconds * 1_000_000_000;
        timeline.on_happened(&key, &happened(4, WindowSteps { closed: 1, open: 1, moments: nanos(4) }));
        timeline.on_happened(&key, &happened(31, WindowSteps { closed: 0, open: -1, moments: -nanos(31) }));
        let rows = timeline.into_rows(&grid, None, None, false).unwrap();
        let closed: Vec<i64> = rows.iter().map(|row| row.closed_for.as_nanos() / 1_000_000_000).collect();
        assert_eq!(closed, [6, 10, 10, 1]);
        let plot = plot(&rows, 27);
        assert_eq!(
            plot,
            "          800bit/s ██    ██\n                   ██    ██\n              rate ██    ██\n\n"
        );
    }
}
