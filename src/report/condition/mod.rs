//! Conditions on rows, as `--where` takes them: `client_retransmitted_segments > 0 and rtt_to_server_p95_s > 100ms`.
//!
//! The language is that of SQL's conditions, on the fields of a schema: comparisons, `and`, `or`, `not`, `in (…)`, `is null`,
//! `~` for regular expressions, an address `in` a network, quantities with units. What is not known compares as in
//! SQL: the comparison is neither true nor false, and a row passes only where the whole is true. A list equals a value that it contains.

mod lex;
mod literal;
mod parse;

pub use literal::span;
pub(crate) use parse::nearest;

use std::cmp::Ordering;

use ipnet::IpNet;
use regex::bytes::Regex;

use super::machine::plain_value;
use super::schema::{Family, Field};
use super::{SortKey, Value};

/// A condition on rows.
pub struct Condition<F: Family> {
    fields: Vec<Field<F>>,
    expr: Expr,
}

/// Why a text is no condition, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mistake {
    /// The bytes of the text that are wrong.
    pub span: (usize, usize),
    /// What is wrong with them, and what would be right.
    pub what: String,
}

/// A condition on fields, which are meant by their place in a list.
#[derive(Debug)]
enum Expr {
    Or(Vec<Expr>),
    And(Vec<Expr>),
    Not(Box<Expr>),
    Compare(usize, Comparison, Operand),
    In(usize, Vec<SortKey>),
    Within(usize, IpNet),
    Match(usize, Regex),
    IsNull(usize),
    IsTrue(usize),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
enum Operand {
    Constant(SortKey),
    Field(usize),
}

impl<F: Family> Condition<F> {
    /// Reads a condition on `fields`.
    pub fn parse(text: &str, fields: Vec<Field<F>>) -> Result<Self, Mistake> {
        let names: Vec<_> = fields.iter().map(|field| (field.name.as_str(), field.kind())).collect();
        let expr = parse::parse(text, &names)?;
        Ok(Self { fields, expr })
    }

    /// Whether it is true of a row.
    pub fn holds<'r>(&self, row: &'r F::Row<'r>) -> bool {
        self.expr.eval(&|index| self.fields.get(index).map_or(Value::Null, |field| field.value(row)))
            == Some(true)
    }
}

impl Expr {
    /// True, false, or unknown.
    fn eval<'r>(&self, value: &impl Fn(usize) -> Value<'r>) -> Option<bool> {
        match self {
            Self::Or(parts) => all_are(parts, false, value),
            Self::And(parts) => all_are(parts, true, value),
            Self::Not(part) => part.eval(value).map(|truth| !truth),
            Self::Compare(field, comparison, operand) => {
                let constant;
                let right = match operand {
                    Operand::Constant(key) => key,
                    Operand::Field(other) => {
                        constant = SortKey::of(&value(*other))?;
                        &constant
                    }
                };
                any_is(
                    &value(*field),
                    |left| Some(comparison.holds(SortKey::of(left)?.cmp(right))),
                    *comparison,
                )
            }
            Self::In(field, keys) => {
                any_is(&value(*field), |value| Some(keys.contains(&SortKey::of(value)?)), Comparison::Equal)
            }
            Self::Within(field, network) => match value(*field) {
                Value::Address(address) => Some(network.contains(&address.ip())),
                Value::Null => None,
                _ => Some(false),
            },
            Self::Match(field, regex) => {
                any_is(&value(*field), |value| matches(value, regex), Comparison::Equal)
            }
            Self::IsNull(field) => Some(value(*field).is_null()),
            Self::IsTrue(field) => match value(*field) {
                Value::Bool(truth) => Some(truth),
                _ => None,
            },
        }
    }
}

/// Whether all parts are `truth`, else whether some part is not, else unknown.
fn all_are<'r>(parts: &[Expr], truth: bool, value: &impl Fn(usize) -> Value<'r>) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part.eval(value) {
            Some(found) if found != truth => return Some(!truth),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(truth)
}

/// Of a list, whether it is true of any value; that it is not equal, of all.
fn any_is(
    value: &Value<'_>,
    is: impl Fn(&Value<'_>) -> Option<bool>,
    comparison: Comparison,
) -> Option<bool> {
    match value {
        Value::Null => None,
        Value::List(values) if comparison == Comparison::NotEqual => {
            Some(values.iter().all(|value| is(value) == Some(true)))
        }
        Value::List(values) => Some(values.iter().any(|value| is(value) == Some(true))),
        value => is(value),
    }
}

fn matches(value: &Value<'_>, regex: &Regex) -> Option<bool> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(regex.is_match(text.as_bytes())),
        Value::Bytes(bytes) => Some(regex.is_match(bytes)),
        value => {
            let mut text = Vec::new();
            plain_value(value.clone(), &mut text);
            Some(regex.is_match(&text))
        }
    }
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl Mistake {
    /// The message, the text, and a caret below what is wrong.
    pub fn show(&self, text: &str) -> String {
        let (start, end) = self.span;
        let before = text.get(..start).map_or(0, |text| text.chars().count());
        let wrong = text.get(start..end).map_or(1, |text| text.chars().count().max(1));
        let mut shown = Vec::new();
        super::escape::plain(text.as_bytes(), &mut shown);
        let shown = String::from_utf8_lossy(&shown).into_owned();
        format!("{}\n    {shown}\n    {}{}", self.what, " ".repeat(before), "^".repeat(wrong))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Address;
    use crate::report::schema::{Kind, Schema, Spec};
    use crate::time::Span;

    enum Rows {}

    impl Family for Rows {
        type Row<'a> = ();
    }

    type Column = Spec<Rows>;

    static SCHEMA: Schema<Rows> = Schema {
        command: "rows",
        row: "a row",
        groups: &[&[
            Column::one("packets", Kind::Count, "", |_| 12_u64.into()),
            Column::one("wire_bytes", Kind::Bytes, "", |_| 5_000_000_u64.into()),
            Column::one("rate_bps", Kind::BitsPerSecond, "", |_| 8_000_000_u64.into()),
            Column::one("rtt_s", Kind::Seconds, "", |_| Value::span(Span::from_millis(150), false)),
            Column::one("lost_share", Kind::Share, "", |_| Value::share(1, 20)),
            Column::one("start_s", Kind::Instant, "", |_| {
                Value::instant(crate::time::Timestamp::from_nanos(1_700_000_000_000_000_000), false)
            }),
            Column::one("client_address", Kind::Address, "", |_| Address::v4([10, 1, 2, 3]).into()),
            Column::one("host", Kind::Text, "", |_| "www.example.org".into()),
            Column::one("protocol", Kind::Text, "", |_| "tcp".into()),
            Column::one("fast_open", Kind::Bool, "", |_| false.into()),
            Column::one("vlans", Kind::Numbers, "", |_| Value::list([5_u16, 7])),
            Column::one("analysis", Kind::Texts, "", |_| Value::list(["retransmission", "rto"])),
            Column::one("unknown", Kind::Count, "", |_| Value::Null),
        ]],
    };

    #[test]
    fn a_word_longer_than_any_name_is_like_none() {
        let names = ["client_packets"];
        assert_eq!(nearest("client_packet", names.into_iter()), Some("client_packets"));
        let long = ["client_packets", &"s".repeat(60)].concat();
        assert_eq!(nearest(&long, names.into_iter()), None);
    }

    #[test]
    fn conditions_are_true_false_or_unknown() {
        let holds = |text: &str| match Condition::parse(text, SCHEMA.fields()) {
            Ok(condition) => condition.holds(&()),
            Err(mistake) => panic!("{}", mistake.show(text)),
        };
        for (text, expected) in [
            ("packets = 12", true),
            ("packets == 12 and packets != 13", true),
            ("packets<12 or packets>=12", true),
            ("not (packets <> 12)", true),
            ("!packets = 12", false),
            ("packets in (1, 12) && packets not in (1, 2)", true),
            ("wire_bytes > 4.9MB and wire_bytes < 5 MiB", true),
            ("wire_bytes = 5e6", true),
            ("rate_bps >= 8Mbit/s and rate_bps < 8.1Mbps", true),
            ("rtt_s > 100ms and rtt_s < 0.1501 and rtt_s = 150000us", true),
            ("lost_share >= 5% and lost_share < 0.051", true),
            ("start_s >= '2023-11-14T22:13:20Z' and start_s < 1700000000.5", true),
            ("client_address in 10.0.0.0/8", true),
            ("client_address not in 10.0.0.0/8 || client_address = 10.1.2.3", true),
            ("client_address in (10.1.2.3, fe80::1)", true),
            ("client_address in (10.9.9.9, 10.1.0.0/16)", true),
            ("client_address = fe80::1", false),
            ("host ~ '^www[.]' and host !~ \"com$\"", true),
            ("host = 'www.example.org' and protocol = tcp and protocol in (tcp, udp)", true),
            ("protocol = 6", false),
            ("fast_open", false),
            ("not fast_open and fast_open = false", true),
            ("vlans = 7 and analysis = rto and analysis ~ trans", true),
            ("analysis != fast and not analysis != rto", true),
            ("unknown = 0 or unknown != 0", false),
            ("not unknown = 0", false),
            ("unknown = 0 or packets = 12", true),
            ("unknown is null and packets is not null", true),
            ("packets > 1 or packets > 2 and packets > 100", true),
            ("wire_bytes > packets", true),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_point_at_the_character() {
        let show = |text: &str| match Condition::parse(text, SCHEMA.fields()) {
            Ok(_) => panic!("{text} is a condition"),
            Err(mistake) => mistake.show(text),
        };
        for (text, expected) in [
            ("packtes > 1", "unknown field `packtes`; did you mean `packets`?\n    packtes > 1\n    ^^^^^^^"),
            ("packets >", "a value is missing\n    packets >\n             ^"),
            ("packets > 1 rtt_s", "`and` or `or` is missing\n    packets > 1 rtt_s\n                ^^^^^"),
            ("packets > ten", "`ten` is no number and no field\n    packets > ten\n              ^^^"),
            (
                "rtt_s > 10MB",
                "`10MB` is no length of time: write 0.1, 100ms, 2s or 5m\n    rtt_s > 10MB\n            ^^^^",
            ),
            ("(packets = 1", "`)` is missing\n    (packets = 1\n                ^"),
            ("host ~ '('", "the regular expression is wrong: unclosed group\n    host ~ '('\n           ^^^"),
            ("host = 'x", "the quote is not closed\n    host = 'x\n           ^^"),
            (
                "unknown = null",
                "nothing equals null: write `unknown is null`\n    unknown = null\n              ^^^^",
            ),
            (
                "packets",
                "`packets` is neither true nor false: compare it with something\n    packets\n    ^^^^^^^",
            ),
            (
                "client_address in 10.0.0.0/33",
                "`10.0.0.0/33` is no address and no network\n    client_address in 10.0.0.0/33\n                      ^^^^^^^^^^^",
            ),
            ("", "a field is missing\n    \n    ^"),
            ("packets ; 1", "`;` means nothing here\n    packets ; 1\n            ^"),
        ] {
            assert_eq!(show(text), expected);
        }
    }

    #[test]
    fn no_text_breaks_the_parser() {
        let deep = "(".repeat(100_000);
        assert!(Condition::parse(&deep, SCHEMA.fields()).is_err());
        let nots = "not ".repeat(100_000);
        assert!(Condition::parse(&nots, SCHEMA.fields()).is_err());
        let text = "not (client_address in (10.0.0.0/8, é) or host ~ 'ü' and rtt_s > 1.5ms) is null";
        for prefix in (0..text.len()).filter_map(|end| text.get(..end)) {
            if let Err(mistake) = Condition::parse(prefix, SCHEMA.fields()) {
                mistake.show(prefix);
            }
        }
    }
}
