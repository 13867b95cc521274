//! Rows on their way to the reader: chosen and rendered on any thread, then sorted and written in order.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::io::{self, Write};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};

use super::card::Cards;
use super::human::{self, Clock};
use super::machine::{JsonRows, Separated, SeparatedRows};
use super::schema::{Family, Field};
use super::table::{Cells, Layout, Terminal};
use super::{Condition, SortKey};

/// The most room that is made for a part before it has rows: all parts of a wave are there at once.
const MOST_ROOM: usize = 1 << 20;

/// The format of a report.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// One document.
    Json,
    /// One object a line.
    Jsonl,
    /// RFC 4180.
    Csv,
    /// Tabs between the cells.
    Tsv,
}

/// How a table has its rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// One a line.
    Lines,
    /// The same, but text that does not fit a terminal goes on in the next line.
    Wrapped,
    /// One below the other, a line a field.
    Cards,
    /// One below the other: its cells in a line, then whatever an [`Annex`] adds.
    Headed,
}

/// What is wanted of the rows.
pub struct Query<F: Family> {
    /// The fields to show, in order.
    pub columns: Vec<Field<F>>,
    /// Only rows for which it holds.
    pub condition: Option<Condition<F>>,
    /// By what to sort, the most important first, and whether the greatest comes first. Rows that are equal stay in order.
    pub sort: Vec<(Field<F>, bool)>,
    /// How many rows at most.
    pub top: Option<usize>,
}

/// What is shown of a row beside its fields.
pub trait Annex<F: Family>: Send + Sync {
    /// Appends the lines below the row of a [`Shape::Headed`] table.
    fn lines<'r>(&self, row: &'r F::Row<'r>, out: &mut Vec<u8>);

    /// Appends the members that its JSON object has beside its fields, each with a comma before it.
    fn members<'r>(&self, row: &'r F::Row<'r>, out: &mut Vec<u8>);
}

/// Renders rows. It is shared by threads, each of which fills parts of its own.
pub struct Renderer<F: Family> {
    core: Arc<Core<F>>,
    annex: Option<Arc<dyn Annex<F>>>,
    clock: Clock,
}

/// What all renderers of one sheet share.
struct Core<F: Family> {
    body: Body<F>,
    condition: Option<Condition<F>>,
    sort: Vec<(Field<F>, bool)>,
    top: Option<usize>,
    /// A row ends its line.
    lines: bool,
    /// Bytes of the longest part so far.
    longest: AtomicUsize,
    bar: Arc<Bar>,
}

enum Body<F: Family> {
    Table(Cells<F>),
    Cards(Cards<F>),
    Headed(Vec<Field<F>>),
    Json(JsonRows<F>),
    Separated(SeparatedRows<F>),
}

/// Rendered rows, in order.
#[derive(Debug, Default)]
pub struct Part {
    bytes: Vec<u8>,
    rows: Vec<Rendered>,
    read: u64,
    /// Rows that the condition let through.
    chosen: u64,
    /// Where rows are sorted and only the first are wanted: the places of the first so far, the last of them on top.
    /// A row behind them need not be rendered.
    first: BinaryHeap<Vec<Order>>,
    /// Nor one behind this.
    bar: Option<Vec<Order>>,
}

/// The last of the first rows of a sheet so far, once there are as many as are wanted. It only moves forward: whatever is
/// behind it will not be among them, whenever that is asked.
#[derive(Debug, Default)]
struct Bar(Mutex<Option<Vec<Order>>>);

impl Bar {
    fn get(&self) -> Option<Vec<Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, last: &[Order]) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(last.to_vec());
    }
}

#[derive(Debug)]
struct Rendered {
    /// Where its bytes end.
    end: usize,
    /// Which of the chosen rows of its part it is.
    nth: u64,
    key: Vec<Order>,
}

/// A place in the order that was asked for. Rows without a value come last, whichever way the others go.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Order {
    Rising(Option<SortKey>),
    Falling(Option<SortKey>),
}

/// Takes parts in order, and writes them.
pub struct Sheet<W> {
    out: W,
    format: Format,
    layout: Option<Layout>,
    sorted: bool,
    top: Option<usize>,
    /// Rows kept for sorting: all of them, or the first `top`, the last of which is on top.
    kept: BinaryHeap<(Vec<Order>, u64, Vec<u8>)>,
    /// Rows read; rows that the condition let through; rows written.
    counts: [u64; 3],
    bar: Arc<Bar>,
}

impl<F: Family> Renderer<F> {
    /// What renders the rows of `query` in `format`, and the sheet that writes them to `out`.
    pub fn new<W: Write>(
        query: Query<F>,
        format: Format,
        shape: Shape,
        terminal: Terminal,
        clock: Clock,
        mut out: W,
    ) -> io::Result<(Self, Sheet<W>)> {
        let Query { columns, condition, sort, top } = query;
        let mut layout = None;
        let mut header = Vec::new();
        let body = match format {
            Format::Table if shape == Shape::Cards => {
                Body::Cards(Cards::new(columns, terminal.width.is_some()))
            }
            Format::Table if shape == Shape::Headed => Body::Headed(columns),
            Format::Table => {
                layout = Some(Layout::new(&columns, terminal).wrap(shape == Shape::Wrapped));
                Body::Table(Cells::new(columns, terminal))
            }
            Format::Json | Format::Jsonl => Body::Json(JsonRows::new(columns)),
            Format::Csv | Format::Tsv => {
                let style = if format == Format::Csv { Separated::Csv } else { Separated::Tsv };
                let rows = SeparatedRows::new(columns, style);
                rows.header(&mut header);
                Body::Separated(rows)
            }
        };
        out.write_all(&header)?;
        let sorted = !sort.is_empty();
        let bar = Arc::<Bar>::default();
        let kept = BinaryHeap::new();
        let sheet = Sheet { out, format, layout, sorted, top, kept, counts: [0; 3], bar: Arc::clone(&bar) };
        let (lines, longest) = (format == Format::Jsonl, AtomicUsize::default());
        let core = Arc::new(Core { body, condition, sort, top, lines, longest, bar });
        Ok((Self { core, annex: None, clock }, sheet))
    }

    /// The same, with more than the fields of each row.
    pub fn with_annex(self, annex: impl Annex<F> + 'static) -> Self {
        Self { annex: Some(Arc::new(annex)), ..self }
    }

    /// Another one for the same sheet, by another clock.
    pub fn at(&self, clock: Clock) -> Self {
        Self { core: Arc::clone(&self.core), annex: self.annex.clone(), clock }
    }

    /// A part without rows, with room for as many bytes as others took.
    pub fn part(&self) -> Part {
        let bytes = Vec::with_capacity(self.core.longest.load(Relaxed).min(MOST_ROOM));
        Part { bytes, bar: self.core.bar.get(), ..Part::default() }
    }

    /// Adds a row to a part, if the condition lets it through; and whether it does.
    pub fn row<'r>(&self, row: &'r F::Row<'r>, part: &mut Part) -> bool {
        part.read += 1;
        let core = &*self.core;
        if core.condition.as_ref().is_some_and(|condition| !condition.holds(row)) {
            return false;
        }
        part.chosen += 1;
        let bound = core.top.filter(|_| !core.sort.is_empty());
        if bound.is_some_and(|top| !part.has_place(top, |last| core.is_before(row, last))) {
            return true;
        }
        let key: Vec<Order> = core.sort.iter().map(|sort| Order::of(row, sort)).collect();
        if let Some(top) = bound {
            part.take_place(&key, top);
        }
        match &core.body {
            Body::Table(cells) => cells.row(row, &self.clock, &mut part.bytes),
            Body::Cards(cards) => cards.row(row, &self.clock, &mut part.bytes),
            Body::Headed(columns) => {
                headed(columns, row, &self.clock, &mut part.bytes);
                if let Some(annex) = &self.annex {
                    annex.lines(row, &mut part.bytes);
                }
            }
            Body::Json(json) => {
                json.row(row, &mut part.bytes);
                if let Some(annex) = &self.annex {
                    part.bytes.pop();
                    annex.members(row, &mut part.bytes);
                    part.bytes.push(b'}');
                }
                if core.lines {
                    part.bytes.push(b'\n');
                }
            }
            Body::Separated(separated) => separated.row(row, &mut part.bytes),
        }
        part.rows.push(Rendered { end: part.bytes.len(), nth: part.chosen, key });
        if part.bytes.len() > core.longest.load(Relaxed) {
            core.longest.store(part.bytes.len(), Relaxed);
        }
        true
    }
}

impl<F: Family> Core<F> {
    /// Whether a row comes before `last`. Most do not, and nothing is kept of them.
    fn is_before<'r>(&self, row: &'r F::Row<'r>, last: &[Order]) -> bool {
        let orders = self.sort.iter().zip(last).map(|(sort, last)| Order::of(row, sort).cmp(last));
        orders.reduce(Ordering::then) == Some(Ordering::Less)
    }
}

impl Part {
    /// Whether there is a place for a row among the first `top` of this part so far; `is_before` says which others it comes
    /// before.
    fn has_place(&self, top: usize, is_before: impl Fn(&[Order]) -> bool) -> bool {
        let last = self.first.peek().filter(|_| self.first.len() >= top);
        self.bar.as_deref().is_none_or(&is_before)
            && (self.first.len() < top || last.is_some_and(|last| is_before(last)))
    }

    /// A row that has a place takes it.
    fn take_place(&mut self, key: &[Order], top: usize) {
        if self.first.len() >= top {
            self.first.pop();
        }
        self.first.push(key.to_vec());
    }
}

/// Appends what is known of a row in a line.
fn headed<'r, F: Family>(columns: &[Field<F>], row: &'r F::Row<'r>, clock: &Clock, out: &mut Vec<u8>) {
    let mut before = "";
    for field in columns {
        let cell = human::cell(&field.value(row), field.kind(), clock, false);
        if cell != "-" {
            out.extend_from_slice(before.as_bytes());
            out.extend_from_slice(cell.as_bytes());
            before = "  ";
        }
    }
    out.push(b'\n');
}

impl<W: Write> Sheet<W> {
    /// Takes the next part. Says whether more rows are wanted.
    pub fn take(&mut self, part: Part) -> io::Result<bool> {
        self.counts[0] += part.read;
        let before = self.counts[1];
        self.counts[1] += part.chosen;
        if !self.sorted && self.top.is_none() && self.ends_lines() {
            self.counts[2] += part.rows.len() as u64;
            self.out.write_all(&part.bytes)?;
            return Ok(true);
        }
        let mut start = 0;
        for row in part.rows {
            let bytes = part.bytes.get(start..row.end).unwrap_or_default();
            start = row.end;
            if self.sorted {
                self.keep(row.key, before + row.nth, bytes);
            } else if self.wants_more() {
                self.write(bytes)?;
            }
        }
        if let Some((last, ..)) = self.kept.peek().filter(|_| Some(self.kept.len()) == self.top) {
            self.bar.set(last);
        }
        Ok(self.sorted || self.wants_more())
    }

    /// Hands what was written on to the reader.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes what was kept, and the end of the document.
    pub fn finish(&mut self) -> io::Result<()> {
        for (_, _, bytes) in std::mem::take(&mut self.kept).into_sorted_vec() {
            self.write(&bytes)?;
        }
        if let Some(layout) = &mut self.layout {
            layout.finish(&mut self.out)?;
        }
        if self.format == Format::Json {
            self.out.write_all(if self.counts[2] == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        self.out.flush()
    }

    /// Rows that were read, and rows that were written.
    pub fn counts(&self) -> (u64, u64) {
        (self.counts[0], self.counts[2])
    }

    /// Whether rows are lines, so that they can be written as they are, one after the other.
    fn ends_lines(&self) -> bool {
        matches!(self.format, Format::Jsonl | Format::Csv | Format::Tsv)
    }

    fn wants_more(&self) -> bool {
        self.top.is_none_or(|top| self.counts[2] < top as u64)
    }

    fn keep(&mut self, key: Vec<Order>, nth: u64, bytes: &[u8]) {
        if let Some(top) = self.top
            && self.kept.len() >= top
        {
            // The heap's greatest is the last of the rows kept so far; an equal one that comes later is behind it.
            match self.kept.peek() {
                Some((last, _, _)) if key < *last => drop(self.kept.pop()),
                _ => return,
            }
        }
        self.kept.push((key, nth, bytes.to_vec()));
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let first = self.counts[2] == 0;
        self.counts[2] += 1;
        match self.format {
            Format::Table => match &mut self.layout {
                Some(layout) => layout.row(bytes, &mut self.out),
                None => {
                    self.out.write_all(if first { b"" } else { b"\n" })?;
                    self.out.write_all(bytes)
                }
            },
            Format::Json => {
                self.out.write_all(if first { b"[\n" } else { b",\n" })?;
                self.out.write_all(bytes)
            }
            Format::Jsonl | Format::Csv | Format::Tsv => self.out.write_all(bytes),
        }
    }
}

impl Order {
    /// Where a row stands by one of the fields that it is sorted by, and whether the greatest comes first.
    fn of<'r, F: Family>(row: &'r F::Row<'r>, (field, falling): &(Field<F>, bool)) -> Self {
        let key = SortKey::of(&field.value(row));
        if *falling { Self::Falling(key) } else { Self::Rising(key) }
    }

    fn key(&self) -> Option<&SortKey> {
        match self {
            Self::Rising(key) | Self::Falling(key) => key.as_ref(),
        }
    }
}

impl Ord for Order {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.key(), other.key()) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => match self {
                Self::Rising(_) => one.cmp(other),
                Self::Falling(_) => Reverse(one).cmp(&Reverse(other)),
            },
        }
    }
}

impl PartialOrd for Order {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
