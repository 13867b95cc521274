//! Rows for programs: JSON, JSON Lines, CSV and TSV. A row is appended to a buffer on whichever thread has it.

use super::schema::{Family, Field};
use super::{Decimal, Value, digits, escape};

/// Writes rows as JSON objects with the names of the fields as keys.
pub struct JsonRows<F: Family> {
    columns: Vec<(Vec<u8>, Field<F>)>,
}

/// Writes rows as lines of cells.
pub struct SeparatedRows<F: Family> {
    columns: Vec<Field<F>>,
    style: Separated,
}

/// How cells are told apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Separated {
    /// By commas, quoted as RFC 4180 says.
    Csv,
    /// By tabs, never quoted: a tab within a cell is escaped.
    Tsv,
}

impl<F: Family> JsonRows<F> {
    /// A writer of `columns`.
    pub fn new(columns: Vec<Field<F>>) -> Self {
        let key = |(index, field): (usize, Field<F>)| {
            let before = if index == 0 { "{" } else { "," };
            (format!("{before}\"{}\":", field.name).into_bytes(), field)
        };
        Self { columns: columns.into_iter().enumerate().map(key).collect() }
    }

    /// Appends a row: one object, without a line end.
    pub fn row<'r>(&self, row: &'r F::Row<'r>, out: &mut Vec<u8>) {
        for (key, field) in &self.columns {
            out.extend_from_slice(key);
            if let Some(value) = common(field.value(row), b"null", out) {
                json_value(value, out);
            }
        }
        out.extend_from_slice(if self.columns.is_empty() { b"{}" } else { b"}" });
    }
}

impl<F: Family> SeparatedRows<F> {
    /// A writer of `columns`.
    pub fn new(columns: Vec<Field<F>>, style: Separated) -> Self {
        Self { columns, style }
    }

    /// Appends the names of the fields, with the line end.
    pub fn header(&self, out: &mut Vec<u8>) {
        for (index, field) in self.columns.iter().enumerate() {
            self.separator(index, out);
            out.extend_from_slice(field.name.as_bytes());
        }
        self.end(out);
    }

    /// Appends a row, with the line end.
    pub fn row<'r>(&self, row: &'r F::Row<'r>, out: &mut Vec<u8>) {
        for (index, field) in self.columns.iter().enumerate() {
            self.separator(index, out);
            let Some(value) = common(field.value(row), b"", out) else { continue };
            let start = out.len();
            plain_value(value, out);
            if self.style == Separated::Csv {
                quote(out, start);
            }
        }
        self.end(out);
    }

    fn separator(&self, index: usize, out: &mut Vec<u8>) {
        match self.style {
            _ if index == 0 => {}
            Separated::Csv => out.push(b','),
            Separated::Tsv => out.push(b'\t'),
        }
    }

    /// RFC 4180 §2 ends lines with CRLF.
    fn end(&self, out: &mut Vec<u8>) {
        match self.style {
            Separated::Csv => out.extend_from_slice(b"\r\n"),
            Separated::Tsv => out.push(b'\n'),
        }
    }
}

/// Appends a value that is of the most common kinds, which every format writes alike but for `null`; gives others back.
#[inline(always)]
fn common<'a>(value: Value<'a>, null: &[u8], out: &mut Vec<u8>) -> Option<Value<'a>> {
    match value {
        Value::Null => out.extend_from_slice(null),
        Value::Unsigned(number) => digits::integer(number, out),
        Value::Decimal(number) => digits::decimal(number, out),
        other => return Some(other),
    }
    // They own nothing: to look whether they do would take as long as to write them.
    std::mem::forget(value);
    None
}

/// Appends a value as JSON.
#[inline(never)]
pub fn json_value(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Text(text) => escape::json(text.as_bytes(), out),
        Value::Bytes(bytes) => escape::json(&bytes, out),
        Value::Address(_) | Value::Written(_) => {
            out.push(b'"');
            plain_value(value, out);
            out.push(b'"');
        }
        Value::List(values) => {
            out.push(b'[');
            for (index, value) in values.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                json_value(value, out);
            }
            out.push(b']');
        }
        Value::Bool(_) | Value::Unsigned(_) | Value::Signed(_) | Value::Decimal(_) => plain_value(value, out),
    }
}

/// Appends a value as text, escaped: nothing for null, commas between the values of a list.
pub fn plain_value(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => {}
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Unsigned(number) => digits::integer(number, out),
        Value::Signed(number) => digits::decimal(Decimal { mantissa: number, digits: 0 }, out),
        Value::Decimal(number) => digits::decimal(number, out),
        Value::Address(found) => digits::address(found, out),
        Value::Text(text) => escape::plain(text.as_bytes(), out),
        Value::Bytes(bytes) => escape::plain(&bytes, out),
        Value::Written(written) => digits::display(&written, out),
        Value::List(values) => {
            for (index, value) in values.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                plain_value(value, out);
            }
        }
    }
}

/// Puts the cell that begins at `start` in quotes where it needs them: RFC 4180 §2, rules 5 to 7.
fn quote(out: &mut Vec<u8>, start: usize) {
    let cell = out.get(start..).unwrap_or_default();
    if !cell.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
        return;
    }
    let cell = cell.to_vec();
    out.truncate(start);
    out.push(b'"');
    for byte in cell {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Address;
    use crate::report::schema::{Kind, Schema, Spec};
    use crate::time::{Span, Timestamp};

    enum Rows {}

    impl Family for Rows {
        type Row<'a> = (u64, &'a [u8]);
    }

    type Column = Spec<Rows>;

    static SCHEMA: Schema<Rows> = Schema {
        command: "rows",
        row: "a row",
        groups: &[&[
            Column::one("number", Kind::Number, "", |row| row.0.into()),
            Column::one("text", Kind::Text, "", |row| Value::Bytes(row.1.into())),
            Column::one("start_s", Kind::Instant, "", |row| {
                Value::instant(Timestamp::from_nanos(row.0 as i64), true)
            }),
            Column::one("span_s", Kind::Seconds, "", |_| Value::span(Span::from_millis(-1500), false)),
            Column::one("none", Kind::Bool, "", |_| Value::Null),
            Column::one("list", Kind::Numbers, "", |_| Value::list([1_u8, 2])),
            Column::one("address", Kind::Address, "", |_| Address::v4([10, 0, 0, 1]).into()),
        ]],
    };

    const ROW: (u64, &[u8]) = (u64::MAX / 2, b"say \"hi\"\x1b\n");

    #[test]
    fn json_is_a_flat_object() {
        let mut out = Vec::new();
        JsonRows::new(SCHEMA.fields()).row(&ROW, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            r#"{"number":9223372036854775807,"text":"say \"hi\"\u001b\n","start_s":9223372036.854775807,"span_s":-1.500000,"none":null,"list":[1,2],"address":"10.0.0.1"}"#
        );
        assert!(serde_json::from_str::<serde_json::Value>(&text).unwrap().is_object());
    }

    #[test]
    fn csv_is_read_back_by_a_csv_reader() {
        let rows = SeparatedRows::new(SCHEMA.fields(), Separated::Csv);
        let mut out = Vec::new();
        rows.header(&mut out);
        rows.row(&ROW, &mut out);
        rows.row(&(7, b"plain"), &mut out);
        let mut reader = csv::Reader::from_reader(out.as_slice());
        assert_eq!(reader.headers().unwrap().get(1), Some("text"));
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let expected = [
            "9223372036854775807",
            "say \"hi\"\\x1b\\n",
            "9223372036.854775807",
            "-1.500000",
            "",
            "1,2",
            "10.0.0.1",
        ];
        assert_eq!(records[0], expected[..]);
        assert_eq!(records[1].get(2), Some("0.000000007"));
        assert_eq!(records.len(), 2);
    }

    #[test]
    fn tsv_has_as_many_tabs_as_columns() {
        let mut out = Vec::new();
        SeparatedRows::new(SCHEMA.fields(), Separated::Tsv).row(&(7, b"a\tb,\"c\""), &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "7\ta\\tb,\"c\"\t0.000000007\t-1.500000\t\t1,2\t10.0.0.1\n");
    }
}
