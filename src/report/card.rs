//! Rows for people, one below the other: a line a field.

use super::human::{self, Clock};
use super::schema::{Family, Field};

/// Writes each row as lines of a name and a value, with an empty line between rows.
pub struct Cards<F: Family> {
    columns: Vec<Field<F>>,
    width: usize,
    grouped: bool,
}

impl<F: Family> Cards<F> {
    /// A writer of `columns`; `grouped` puts commas between thousands.
    pub fn new(columns: Vec<Field<F>>, grouped: bool) -> Self {
        let width = columns.iter().map(|field| field.name.len()).max().unwrap_or(0);
        Self { columns, width, grouped }
    }

    /// Appends a row. What is not known is left out.
    pub fn row<'r>(&self, row: &'r F::Row<'r>, clock: &Clock, out: &mut Vec<u8>) {
        for field in &self.columns {
            let value = field.value(row);
            let cell = human::cell(&value, field.kind(), clock, self.grouped);
            if cell != "-" {
                let line = format!("{:<width$}  {cell}\n", field.name, width = self.width);
                out.extend_from_slice(line.as_bytes());
            }
        }
    }
}
