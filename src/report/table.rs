//! Tables for people: aligned columns that fit the terminal, or, elsewhere, columns that awk and cut can use.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::{Attribute, Cell, CellAlignment, Color, ColumnConstraint, Row, Table, Width, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::human::{self, Clock};
use super::schema::{Family, Field, Paint};

/// Rows that decide how wide the columns are. Later rows are written as they come.
const SAMPLE: usize = 500;

/// Between two columns.
const GAP: usize = 2;

/// A column of text is not made narrower than this to fit a terminal, nor, up to a third of the terminal, than two
/// thirds of what it holds; others are dropped instead.
const NARROWEST_TEXT: usize = 16;

/// Ends a cell; what is shown of packets holds no control characters.
const END_OF_CELL: u8 = 0x1f;

/// What a table is shown on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Terminal {
    /// Columns of the terminal; `None` where it is none: nothing is cut off there.
    pub width: Option<usize>,
    /// Colours are wanted.
    pub color: bool,
}

/// Renders rows as cells, on any thread.
pub struct Cells<F: Family> {
    columns: Vec<Field<F>>,
    grouped: bool,
}

/// Lays cells out. Columns that do not fit are left out, those that matter least first.
#[derive(Debug)]
pub struct Layout {
    terminal: Terminal,
    wraps: bool,
    columns: Vec<Column>,
    waiting: Vec<Vec<String>>,
    /// The columns shown and their widths, once they are decided.
    shown: Option<Vec<(usize, usize)>>,
}

#[derive(Debug)]
struct Column {
    name: String,
    is_number: bool,
    rank: u8,
}

impl<F: Family> Cells<F> {
    /// Renders these columns.
    pub fn new(columns: Vec<Field<F>>, terminal: Terminal) -> Self {
        Self { columns, grouped: terminal.width.is_some() }
    }

    /// Appends the cells of a row.
    pub fn row<'r>(&self, row: &'r F::Row<'r>, clock: &Clock, out: &mut Vec<u8>) {
        for field in &self.columns {
            let value = field.value(row);
            out.push(match field.paint(&value) {
                None => b' ',
                Some(Paint::Loss) => b'l',
                Some(Paint::Delay) => b'd',
            });
            out.extend_from_slice(human::cell(&value, field.kind(), clock, self.grouped).as_bytes());
            out.push(END_OF_CELL);
        }
    }
}

impl Layout {
    /// A layout of these columns.
    pub fn new<F: Family>(columns: &[Field<F>], terminal: Terminal) -> Self {
        let column = |field: &Field<F>| Column {
            name: field.name.clone(),
            is_number: field.kind().is_number(),
            rank: field.rank(),
        };
        let columns = columns.iter().map(column).collect();
        Self { terminal, wraps: false, columns, waiting: Vec::new(), shown: None }
    }

    /// Whether text that does not fit goes on in the next line; else it is cut off.
    pub fn wrap(self, wraps: bool) -> Self {
        Self { wraps, ..self }
    }

    /// Takes a row of cells, and writes as soon as the widths are known.
    pub fn row(&mut self, cells: &[u8], out: &mut impl Write) -> io::Result<()> {
        let cells = cells.split(|&byte| byte == END_OF_CELL);
        self.waiting.push(cells.map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
        if self.waiting.len() >= SAMPLE { self.write(out) } else { Ok(()) }
    }

    /// Writes what is left.
    pub fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.shown.is_none() || !self.waiting.is_empty() { self.write(out) } else { Ok(()) }
    }

    fn write(&mut self, out: &mut impl Write) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if self.terminal.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let rows = std::mem::take(&mut self.waiting);
        let shown = match self.shown.take() {
            Some(shown) => shown,
            None => {
                let (shown, dropped) = self.fit(&rows);
                if dropped > 0 {
                    self.say_what_is_missing(shown.len(), out)?;
                }
                table.set_header(self.header(&shown));
                shown
            }
        };
        for cells in &rows {
            table.add_row(shown.iter().map(|&column| self.cell(column, cells)).collect::<Vec<_>>());
        }
        for (place, &(index, width)) in shown.iter().enumerate() {
            let is_last = place + 1 == shown.len();
            let Some(column) = table.column_mut(place) else { continue };
            column.set_padding((0, if is_last { 0 } else { GAP as u16 }));
            let width = match self.terminal.width {
                Some(_) => width,
                None => rows.iter().map(|cells| width_of(cells, index)).max().unwrap_or(0).max(width),
            };
            let width = width + if is_last { 0 } else { GAP };
            let width = u16::try_from(width).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
        self.shown = Some(shown);
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn header(&self, shown: &[(usize, usize)]) -> Row {
        let cell = |&(index, width): &(usize, usize)| {
            let Some(column) = self.columns.get(index) else { return Cell::new("") };
            let heading = match self.terminal.width {
                Some(_) => wrapped(heading(&column.name), width),
                None => heading(&column.name).into(),
            };
            Cell::new(heading).set_alignment(alignment(column)).add_attribute(Attribute::Bold)
        };
        Row::from(shown.iter().map(cell).collect::<Vec<_>>())
    }

    fn cell(&self, (index, width): (usize, usize), cells: &[String]) -> Cell {
        let (paint, text) = cells.get(index).and_then(|cell| cell.split_at_checked(1)).unwrap_or_default();
        let mut cell = match self.terminal.width {
            Some(_) if !self.wraps => Cell::new(cut(text, width)),
            _ => Cell::new(text),
        };
        if let Some(column) = self.columns.get(index) {
            cell = cell.set_alignment(alignment(column));
        }
        match paint {
            "l" => cell.fg(Color::Red),
            "d" => cell.fg(Color::Yellow),
            _ => cell,
        }
    }

    /// The columns that fit with their widths, and how many do not.
    fn fit(&self, rows: &[Vec<String>]) -> (Vec<(usize, usize)>, usize) {
        let widest = |(index, column): (usize, &Column)| {
            let cells = rows.iter().map(|cells| width_of(cells, index)).max().unwrap_or(0);
            let heading = heading(&column.name);
            let heading = match self.terminal.width {
                Some(_) => {
                    heading.split('_').map(|part| part.len() + 1).max().unwrap_or(0).min(heading.len())
                }
                None => heading.len(),
            };
            (index, cells.max(heading))
        };
        let mut shown: Vec<(usize, usize)> = self.columns.iter().enumerate().map(widest).collect();
        let Some(room) = self.terminal.width else { return (shown, 0) };
        let total = |shown: &[(usize, usize)]| {
            shown.iter().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP)
        };
        let all = shown.len();
        loop {
            let excess = total(&shown).saturating_sub(room);
            if excess == 0 {
                break;
            }
            // The widest column of text gives way first, as long as something can be read in it.
            let is_text = |index: usize| self.columns.get(index).is_some_and(|column| !column.is_number);
            let text = shown.iter_mut().filter(|(index, _)| is_text(*index)).max_by_key(|(_, width)| *width);
            if let Some((_, width)) = text
                && width.saturating_sub(excess) >= NARROWEST_TEXT.max(room.min(*width * 2) / 3)
            {
                *width -= excess;
                break;
            }
            let rank = |index: usize| self.columns.get(index).map_or(0, |column| column.rank);
            let least = shown
                .iter()
                .enumerate()
                .min_by_key(|(place, (index, _))| (rank(*index), std::cmp::Reverse(*place)));
            match least {
                Some((place, _)) if shown.len() > 1 => drop(shown.remove(place)),
                _ => break,
            }
        }
        if let [(_, width)] = shown.as_mut_slice() {
            *width = (*width).min(room);
        }
        let dropped = all - shown.len();
        (shown, dropped)
    }

    fn say_what_is_missing(&self, shown: usize, out: &mut impl Write) -> io::Result<()> {
        let all = self.columns.len();
        let long =
            format!("{shown} of {all} columns fit: a wider terminal, --fields, or -o jsonl shows the rest");
        let short = format!("{shown} of {all} columns fit: see --fields");
        let fits = |text: &String| self.terminal.width.is_none_or(|width| text.len() <= width);
        let told = [long, short].into_iter().find(fits).unwrap_or_else(|| format!("{shown} of {all}"));
        writeln!(out, "{told}")
    }
}

/// The name without the unit, which the cells have.
fn heading(name: &str) -> &str {
    let short = ["_s", "_bytes", "_bps"].iter().find_map(|unit| name.strip_suffix(unit));
    short.unwrap_or(name)
}

/// The heading on several lines, broken behind its underscores.
fn wrapped(heading: &str, width: usize) -> String {
    let (mut wrapped, mut line) = (String::new(), 0);
    for part in heading.split_inclusive('_') {
        if line > 0 && line + part.len() > width {
            wrapped.push('\n');
            line = 0;
        }
        wrapped.push_str(part);
        line += part.len();
    }
    wrapped
}

const fn alignment(column: &Column) -> CellAlignment {
    if column.is_number { CellAlignment::Right } else { CellAlignment::Left }
}

/// The text, or what of it fits before an ellipsis.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return text.into();
    }
    let mut used = 1;
    let fits = |&(_, character): &(usize, char)| {
        used += character.width().unwrap_or(0);
        used <= width
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(at, last)| at + last.len_utf8());
    format!("{}…", text.get(..end).unwrap_or_default()).into()
}

fn width_of(cells: &[String], index: usize) -> usize {
    cells.get(index).map_or(0, |cell| cell.width().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::schema::{Kind, Schema, Spec};
    use crate::report::{Decimal, Value};

    enum Rows {}

    impl Family for Rows {
        type Row<'a> = (u64, &'a str);
    }

    type Column = Spec<Rows>;

    static SCHEMA: Schema<Rows> = Schema {
        command: "rows",
        row: "a row",
        groups: &[&[
            Column::one("number", Kind::Number, "", |row| row.0.into()).rank(90),
            Column::one("lost_bytes", Kind::Bytes, "", |row| (row.0 * 1000).into())
                .rank(10)
                .paint(Paint::Loss),
            Column::one("rtt_s", Kind::Seconds, "", |row| {
                Value::Decimal(Decimal { mantissa: row.0 as i64 * 60, digits: 3 })
            })
            .rank(20)
            .paint(Paint::Delay),
            Column::one("text", Kind::Text, "", |row| row.1.into()).rank(80),
        ]],
    };

    const ROWS: [(u64, &str); 3] =
        [(0, "plain"), (1, "with \x1b[31m escape"), (22, "a much longer text than the others")];

    fn shown(terminal: Terminal) -> String {
        let (columns, mut out) = (SCHEMA.fields(), Vec::new());
        let mut layout = Layout::new(&columns, terminal);
        let cells = Cells::new(columns, terminal);
        for row in &ROWS {
            let mut bytes = Vec::new();
            cells.row(row, &Clock::default(), &mut bytes);
            layout.row(&bytes, &mut out).unwrap();
        }
        layout.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_is_cut_where_there_is_no_terminal() {
        let expected = "\
number    lost     rtt  text
     0      0B      0s  plain
     1  1.00kB  60.0ms  with \\x1b[31m escape
    22  22.0kB   1.32s  a much longer text than the others
";
        assert_eq!(shown(Terminal::default()), expected);
    }

    #[test]
    fn text_gives_way_before_columns_are_dropped() {
        let expected = "\
number    lost     rtt  text
     0      0B      0s  plain
     1  1.00kB  60.0ms  with \\x1b[31m esca…
    22  22.0kB   1.32s  a much longer text…
";
        assert_eq!(shown(Terminal { width: Some(43), color: false }), expected);
    }

    #[test]
    fn the_least_important_columns_are_dropped_first() {
        let expected = "\
2 of 4
number  text
     0  plain
     1  with \\x1b[31m es…
    22  a much longer te…
";
        assert_eq!(shown(Terminal { width: Some(25), color: false }), expected);
    }

    #[test]
    fn loss_is_red_and_delay_yellow() {
        let text = shown(Terminal { width: Some(80), color: true });
        let colours = |line: usize| {
            let line = text.lines().nth(line).unwrap();
            (line.contains("\x1b[38;5;9m"), line.contains("\x1b[38;5;11m"))
        };
        assert_eq!([colours(1), colours(2), colours(3)], [(false, false), (true, false), (true, true)]);
    }
}
