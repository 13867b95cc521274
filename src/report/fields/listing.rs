//! `fields`: the fields themselves, of every command, as rows and as a JSON Schema.

use serde_json::{Map, Value as Json, json};

use super::{ENDPOINTS, FLOWS, HANDSHAKES, HTTP, INFO, PACKETS, TIMELINE};
use crate::report::schema::{Family, Kind, Schema, Spec};

/// Rows that describe fields.
pub enum Listing {}

/// One field of a command.
#[derive(Clone, Debug)]
pub struct Described {
    /// The command.
    pub command: &'static str,
    name: String,
    kind: Kind,
    meaning: String,
    source: &'static str,
}

impl Family for Listing {
    type Row<'a> = Described;
}

type Field = Spec<Listing>;

/// The fields of `fields`.
pub static FIELDS: Schema<Listing> = Schema {
    command: "fields",
    row: "a field",
    groups: &[&[
        Field::one("command", Kind::Text, "The command whose rows have it.", |row| row.command.into())
            .rank(50),
        Field::one("name", Kind::Text, "Its name in every format.", |row| row.name.as_str().into()).rank(100),
        Field::one("type", Kind::Text, "Its type in JSON; every field may be null.", |row| {
            json_type(row.kind).into()
        }),
        Field::one("unit", Kind::Text, "Its unit.", |row| {
            Some(row.kind.unit()).filter(|unit| !unit.is_empty()).into()
        })
        .rank(80),
        Field::one(
            "source",
            Kind::Text,
            "The definition that it follows, or where users know it from.",
            |row| Some(row.source).filter(|source| !source.is_empty()).into(),
        )
        .rank(60),
        // The longest is the last, so that it pushes none out of sight.
        Field::one("meaning", Kind::Text, "What it is.", |row| row.meaning.as_str().into()).rank(90),
    ]],
};

/// A schema of any family.
pub trait Describe: Sync {
    /// The command that prints its rows.
    fn command(&self) -> &'static str;
    /// What one row is.
    fn row(&self) -> &'static str;
    /// Its fields.
    fn describe(&self) -> Vec<Described>;
}

impl<F: Family> Describe for Schema<F> {
    fn command(&self) -> &'static str {
        self.command
    }

    fn row(&self) -> &'static str {
        self.row
    }

    fn describe(&self) -> Vec<Described> {
        let one = |field: crate::report::schema::Field<F>| Described {
            command: self.command,
            meaning: field.meaning(),
            kind: field.kind(),
            source: field.source(),
            name: field.name,
        };
        self.fields().into_iter().map(one).collect()
    }
}

/// The schemas of all commands that print rows.
pub fn schemas() -> [&'static dyn Describe; 8] {
    [&PACKETS, &FLOWS, &HANDSHAKES, &HTTP, &TIMELINE, &ENDPOINTS, &INFO, &FIELDS]
}

/// A JSON Schema for one row of a command, or for a document of them.
pub fn json_schema(schema: &dyn Describe) -> Json {
    let property = |field: Described| {
        let mut property = Map::new();
        match field.kind {
            Kind::Texts => property.insert("items".into(), json!({"type": "string"})),
            Kind::Numbers => property.insert("items".into(), json!({"type": "integer"})),
            _ => None,
        };
        property.insert("type".into(), json!([json_type(field.kind), "null"]));
        property.insert("description".into(), field.meaning.into());
        if !field.kind.unit().is_empty() {
            property.insert("unit".into(), field.kind.unit().into());
        }
        (field.name, Json::Object(property))
    };
    let mut properties: Map<String, Json> = schema.describe().into_iter().map(property).collect();
    if schema.command() == "packets" {
        properties.extend(opened());
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("flowray {}", schema.command()),
        "anyOf": [{"$ref": "#/$defs/row"}, {"type": "array", "items": {"$ref": "#/$defs/row"}}],
        "$defs": {"row": {
            "description": format!("{}: a line of JSON Lines, an element of a JSON document", schema.row()),
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        }},
    })
}

/// What packets have beside their fields, with `--layers` and `--hex`.
fn opened() -> [(String, Json); 2] {
    let field = json!({"type": "object", "properties": {
        "name": {"type": "string"},
        "value": {"type": ["boolean", "integer", "string", "null"]},
        "text": {"type": "string"},
        "offset": {"type": "integer"},
        "length": {"type": "integer"},
        "bits": {"type": ["array", "null"], "items": {"type": "integer"}, "description": "First bit, and how many."},
    }, "additionalProperties": false});
    let layer = json!({"type": "object", "properties": {
        "name": {"type": "string"},
        "osi": {"type": "integer"},
        "offset": {"type": "integer"},
        "length": {"type": "integer"},
        "reassembled": {"type": "boolean"},
        "fields": {"type": "array", "items": field},
    }, "additionalProperties": false});
    [
        (
            "layers".into(),
            json!({"type": "array", "items": layer, "description": "With --layers: outermost first."}),
        ),
        ("hex".into(), json!({"type": "string", "description": "With --hex: the bytes captured."})),
    ]
}

/// The type of a kind in JSON.
const fn json_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Number | Kind::Count | Kind::Bytes | Kind::BitsPerSecond => "integer",
        Kind::Seconds | Kind::Instant | Kind::Share | Kind::Rate => "number",
        Kind::Bool => "boolean",
        Kind::Address | Kind::Text => "string",
        Kind::Texts | Kind::Numbers => "array",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_described_once() {
        for schema in schemas() {
            let mut names = std::collections::BTreeSet::new();
            for field in schema.describe() {
                assert!(field.meaning.ends_with('.'), "{}: {}", field.name, field.meaning);
                assert!(!field.meaning.contains(['{', '}']), "{}", field.meaning);
                assert!(field.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
                let suffix = match field.kind {
                    Kind::Seconds | Kind::Instant => "_s",
                    Kind::BitsPerSecond => "_bps",
                    _ => "",
                };
                assert!(field.name.ends_with(suffix), "{} has another unit", field.name);
                assert!(
                    names.insert(field.name.clone()),
                    "{} stands twice in {}",
                    field.name,
                    schema.command()
                );
            }
        }
    }

    #[test]
    fn handshakes_have_their_fields_exactly_as_flows() {
        let meanings = |schema: &dyn Describe| -> std::collections::BTreeMap<String, String> {
            schema.describe().into_iter().map(|field| (field.name, field.meaning)).collect()
        };
        let (flows, handshakes) = (meanings(&FLOWS), meanings(&HANDSHAKES));
        let moments = ["syn_", "ack_", "first_data_", "client_fin_", "server_fin_", "reset_", "last_ack_"];
        for (name, meaning) in handshakes {
            if !moments.iter().any(|moment| name.starts_with(moment)) {
                assert_eq!(flows.get(&name), Some(&meaning), "{name}");
            }
        }
    }

    #[test]
    fn the_schema_lists_names_and_types() {
        let schema = json_schema(&FLOWS);
        let properties = &schema["$defs"]["row"]["properties"];
        assert_eq!(properties["flow"]["type"], json!(["integer", "null"]));
        assert_eq!(properties["vlans"]["items"], json!({"type": "integer"}));
        assert_eq!(properties["start_s"]["unit"], "s since 1970");
    }
}
