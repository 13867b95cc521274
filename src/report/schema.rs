//! Fields: one schema for every format. A table of fields says of each its name, its kind, what it means, where
//! the definition comes from, and how it is read from a row.
//!
//! A command that prints rows is one [`Family`] (the type of its rows), one [`Schema`] (a list of [`Spec`]s), and one
//! file in `cli`. A field that both sides of a flow have is written once: `{side}` in its name and meaning
//! stands for `client` and then `server`, `{other}` for the other one.

use super::Value;

/// A type of rows, which may borrow from what was read.
pub trait Family: Sized + 'static {
    /// The row.
    type Row<'a>;
}

/// The roles in a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Who opened it.
    Client,
    /// The other side.
    Server,
}

/// What a field holds, which decides its unit, its JSON type, and how a table shows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A number that names something: a flow, a port, a sequence number.
    Number,
    /// How many.
    Count,
    /// Bytes.
    Bytes,
    /// Bits per second.
    BitsPerSecond,
    /// So many a second.
    Rate,
    /// A length of time in seconds.
    Seconds,
    /// An instant in seconds since 1970 UTC.
    Instant,
    /// A part of a whole, from 0 to 1.
    Share,
    /// Yes or no.
    Bool,
    /// A network (or link) address.
    Address,
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A list of numbers.
    Numbers,
}

/// What a value of a field may mean trouble for, which a terminal shows by its colour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Paint {
    /// Something was lost, refused or reset: red.
    Loss,
    /// Something took long: yellow.
    Delay,
}

/// How a field is read from a row.
pub enum Get<F: Family> {
    /// Of the whole row.
    One(for<'r> fn(&'r F::Row<'r>) -> Value<'r>),
    /// Of one side.
    Side(for<'r> fn(&'r F::Row<'r>, Role) -> Value<'r>),
}

/// A field as it is written in a table: one, or one for each side.
pub struct Spec<F: Family> {
    name: &'static str,
    kind: Kind,
    meaning: &'static str,
    source: &'static str,
    rank: u8,
    paint: Option<Paint>,
    get: Get<F>,
}

/// The fields of a command, in order. Fields for each side come group by group: all of a group for the
/// client, then all for the server.
pub struct Schema<F: Family> {
    /// The command that prints them.
    pub command: &'static str,
    /// What one row is.
    pub row: &'static str,
    /// The fields.
    pub groups: &'static [&'static [Spec<F>]],
}

/// One field of a command.
pub struct Field<F: Family> {
    /// Its name in every format.
    pub name: String,
    spec: &'static Spec<F>,
    role: Role,
}

impl<F: Family> Spec<F> {
    /// A field of the whole row.
    pub const fn one(
        name: &'static str,
        kind: Kind,
        meaning: &'static str,
        get: for<'r> fn(&'r F::Row<'r>) -> Value<'r>,
    ) -> Self {
        Self { name, kind, meaning, source: "", rank: 0, paint: None, get: Get::One(get) }
    }

    /// A field of each side.
    pub const fn side(
        name: &'static str,
        kind: Kind,
        meaning: &'static str,
        get: for<'r> fn(&'r F::Row<'r>, Role) -> Value<'r>,
    ) -> Self {
        Self { name, kind, meaning, source: "", rank: 0, paint: None, get: Get::Side(get) }
    }

    /// Names the definition that it follows: an RFC and its section, or the tool that users know it from.
    pub const fn source(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    /// Shows it in tables unless fields are chosen. Where a terminal is narrow, lower ranks are dropped first.
    pub const fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// Colours values that mean trouble.
    pub const fn paint(self, paint: Paint) -> Self {
        Self { paint: Some(paint), ..self }
    }
}

impl<F: Family> Schema<F> {
    /// All fields, those of each side spelled out.
    pub fn fields(&self) -> Vec<Field<F>> {
        let mut fields = Vec::new();
        for group in self.groups {
            let mut rest = *group;
            while let Some(first) = rest.first() {
                let run = rest.iter().take_while(|spec| spec.is_of_side() == first.is_of_side()).count();
                let (specs, behind) = rest.split_at(run);
                rest = behind;
                let roles: &[Role] =
                    if first.is_of_side() { &[Role::Client, Role::Server] } else { &[Role::Client] };
                for &role in roles {
                    fields.extend(specs.iter().map(|spec| Field { name: role.fill(spec.name), spec, role }));
                }
            }
        }
        fields
    }
}

impl<F: Family> Spec<F> {
    const fn is_of_side(&self) -> bool {
        matches!(self.get, Get::Side(_))
    }
}

impl Role {
    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// `client` or `server`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    fn fill(self, template: &str) -> String {
        template.replace("{side}", self.name()).replace("{other}", self.other().name())
    }
}

impl<F: Family> Field<F> {
    /// What it holds in this row.
    pub fn value<'r>(&self, row: &'r F::Row<'r>) -> Value<'r> {
        match self.spec.get {
            Get::One(get) => get(row),
            Get::Side(get) => get(row, self.role),
        }
    }

    /// The side that its name says; `None` where it is of the whole row.
    pub fn side(&self) -> Option<Role> {
        self.spec.is_of_side().then_some(self.role)
    }

    /// Whether it is the same of the other side.
    pub fn is_twin_of(&self, other: &Self) -> bool {
        self.spec.is_of_side() && self.spec.name == other.spec.name && self.role != other.role
    }

    /// The name without the side.
    pub fn common_name(&self) -> String {
        self.spec.name.replace("_to_{side}", "").replace("{side}_", "")
    }

    /// What kind of value it is.
    pub fn kind(&self) -> Kind {
        self.spec.kind
    }

    /// What it means, in a sentence.
    pub fn meaning(&self) -> String {
        self.role.fill(self.spec.meaning)
    }

    /// The definition that it follows; empty where the meaning is the definition.
    pub fn source(&self) -> &'static str {
        self.spec.source
    }

    /// The colour of `value` on a terminal: for loss any count but 0 and any of [`TROUBLE`], for delay 100 ms and more.
    pub fn paint(&self, value: &Value<'_>) -> Option<Paint> {
        let is_trouble = |text: &str| TROUBLE.contains(&text);
        let troubles = match (self.spec.paint?, value) {
            (Paint::Loss, Value::Unsigned(count)) => *count > 0,
            (Paint::Loss, Value::Decimal(share)) => share.mantissa > 0,
            (Paint::Loss, Value::Text(text)) => is_trouble(text),
            (Paint::Loss, Value::List(values)) => {
                values.iter().any(|value| matches!(value, Value::Text(text) if is_trouble(text)))
            }
            (Paint::Delay, Value::Decimal(span)) => span.parts().1 > 0 || span.mantissa >= tenth(span.digits),
            _ => false,
        };
        self.spec.paint.filter(|_| troubles)
    }

    /// How much it matters in a table; 0 where it stands in none unless asked for.
    pub fn rank(&self) -> u8 {
        self.spec.rank
    }
}

/// Words that mean that something was lost, refused or reset.
const TROUBLE: [&str; 9] = [
    "no_answer",
    "refused",
    "half_open",
    "client_reset",
    "server_reset",
    "retransmission",
    "lost_before_capture",
    "gap",
    "acked_unseen",
];

/// 0.1 as a decimal of so many digits.
fn tenth(digits: u8) -> i64 {
    10_i64.saturating_pow(u32::from(digits.saturating_sub(1)))
}

impl<F: Family> Clone for Field<F> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), spec: self.spec, role: self.role }
    }
}

impl Kind {
    /// The unit; empty where there is none.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Rate => "1/s",
            Self::BitsPerSecond => "bits/s",
            Self::Seconds => "s",
            Self::Instant => "s since 1970",
            Self::Share => "0 to 1",
            _ => "",
        }
    }

    /// Whether a table aligns it to the right.
    pub const fn is_number(self) -> bool {
        !matches!(self, Self::Bool | Self::Address | Self::Text | Self::Texts | Self::Numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Rows {}

    impl Family for Rows {
        type Row<'a> = &'a str;
    }

    static SCHEMA: Schema<Rows> = Schema {
        command: "rows",
        row: "a row",
        groups: &[
            &[Spec::one("text", Kind::Text, "The text.", |row| (*row).into())],
            &[
                Spec::side("{side}_name", Kind::Text, "Not the {other}.", |_, role| role.name().into()),
                Spec::side("to_{side}", Kind::Text, "", |_, role| role.other().name().into()),
            ],
            &[
                Spec::side("{side}_last", Kind::Text, "", |_, role| role.name().into()),
                Spec::one("end", Kind::Bool, "", |_| true.into()),
            ],
        ],
    };

    #[test]
    fn fields_of_sides_are_written_once() {
        let fields = SCHEMA.fields();
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "text",
                "client_name",
                "to_client",
                "server_name",
                "to_server",
                "client_last",
                "server_last",
                "end"
            ]
        );
        assert_eq!(fields[3].meaning(), "Not the client.");
        assert!(matches!(fields[3].value(&"row"), Value::Text(text) if text == "server"));
        assert!(matches!(fields[0].value(&"row"), Value::Text(text) if text == "row"));
    }
}
