//! The JSON that is printed, held against the JSON Schema that `flowray fields --schema` prints; and HTTP Archives, held
//! against what their specification says, <http://www.softwareishard.com/blog/har-12-spec/>.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

fn flowray(arguments: &[&str], file: Option<&Path>) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_flowray")).args(arguments).args(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/captures");
    let mut captures: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    captures.sort();
    captures
}

/// What is wrong with `value` by `schema`, in the part of the language that our schemas use; any other is an error.
fn wrong(value: &Value, schema: &Map<String, Value>, defs: &Value) -> Option<String> {
    for (key, rule) in schema {
        let fault = match key.as_str() {
            "$schema" | "$defs" | "title" | "description" | "unit" | "additionalProperties" => None,
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                wrong(value, defs[name].as_object().unwrap(), defs)
            }
            "anyOf" => {
                let faults: Vec<_> = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| wrong(value, one.as_object().unwrap(), defs))
                    .collect();
                if faults.iter().any(Option::is_none) { None } else { faults.into_iter().flatten().next() }
            }
            "type" => {
                let is = |name: &Value| match name.as_str().unwrap() {
                    "null" => value.is_null(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "number" => value.is_number(),
                    "string" => value.is_string(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => panic!("unknown type {other}"),
                };
                let names = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                (!names.iter().any(is)).then(|| format!("{value} is none of {rule}"))
            }
            "items" => value
                .as_array()
                .and_then(|items| items.iter().find_map(|item| wrong(item, rule.as_object().unwrap(), defs))),
            "properties" => value.as_object().and_then(|members| {
                let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
                members.iter().find_map(|(name, member)| match rule.get(name) {
                    Some(rule) => {
                        wrong(member, rule.as_object().unwrap(), defs).map(|fault| format!("{name}: {fault}"))
                    }
                    None => closed.then(|| format!("{name} is not described")),
                })
            }),
            "required" => {
                let lacks = |name: &&Value| value.get(name.as_str().unwrap()).is_none();
                rule.as_array().unwrap().iter().find(lacks).map(|name| format!("{name} is missing"))
            }
            "minimum" => {
                let less = value.as_f64().is_some_and(|number| number < rule.as_f64().unwrap());
                less.then(|| format!("{value} is less than {rule}"))
            }
            other => panic!("unknown keyword {other}"),
        };
        if fault.is_some() {
            return fault;
        }
    }
    None
}

fn check(document: &Value, schema: &Value) -> Option<String> {
    wrong(document, schema.as_object().unwrap(), &schema["$defs"])
}

#[test]
fn every_row_is_as_the_schema_says() {
    let schemas: Value = serde_json::from_str(&flowray(&["fields", "--schema"], None)).unwrap();
    let mut rows = 0;
    for capture in captures() {
        for arguments in [
            &["packets", "--layers", "--hex"][..],
            &["flows", "--verify-checksums", "--each"],
            &["handshakes"],
            &["http"],
            &["info"],
        ] {
            let schema = &schemas[arguments[0]];
            let lines = flowray(&[arguments, &["-q", "-o", "jsonl"]].concat(), Some(&capture));
            for line in lines.lines() {
                let row: Value = serde_json::from_str(line).expect(line);
                assert_eq!(check(&row, schema), None, "{}: {arguments:?}: {line}", capture.display());
                rows += 1;
            }
        }
        let flows: Value =
            serde_json::from_str(&flowray(&["flows", "-q", "-o", "json"], Some(&capture))).unwrap();
        assert_eq!(check(&flows, &schemas["flows"]), None, "{}", capture.display());
    }
    assert!(rows > 5000, "{rows}");
    let fields: Value = serde_json::from_str(&flowray(&["fields", "-o", "json"], None)).unwrap();
    assert_eq!(check(&fields, &schemas["fields"]), None);
}

#[test]
fn what_is_not_as_the_schema_says_is_found() {
    let schema: Value = serde_json::from_str(&flowray(&["fields", "flows", "--schema"], None)).unwrap();
    let faulty = |text: &str| check(&serde_json::from_str(text).unwrap(), &schema).is_some();
    assert!(!faulty(r#"{"flow":0,"service":null,"vlans":[1,2]}"#));
    for text in [
        r#"{"flow":"0"}"#,
        r#"{"flo":0}"#,
        r#"{"vlans":["1"]}"#,
        r#"{"duration_s":"1"}"#,
        r#"[{"flow":0.5}]"#,
    ] {
        assert!(faulty(text), "{text}");
    }
}

/// An object with these members, of which those without `?` have to be there.
fn object(members: &[(&str, Value)]) -> Value {
    let required: Vec<_> =
        members.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let properties: Map<String, Value> =
        members.iter().map(|(name, rule)| (name.trim_end_matches('?').to_owned(), rule.clone())).collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// HAR 1.2, as far as archives of this program have it.
fn archive() -> Value {
    let text = || json!({"type": "string"});
    let size = || json!({"type": "integer", "minimum": -1});
    let time = |least: i64| json!({"type": "number", "minimum": least});
    let pairs = || list(object(&[("name", text()), ("value", text()), ("comment?", text())]));
    let content = object(&[("size", size()), ("mimeType", text()), ("text?", text()), ("encoding?", text())]);
    let post = object(&[("mimeType", text()), ("params", pairs()), ("text", text())]);
    let request = object(&[
        ("method", text()),
        ("url", text()),
        ("httpVersion", text()),
        ("cookies", pairs()),
        ("headers", pairs()),
        ("queryString", pairs()),
        ("postData?", post),
        ("headersSize", size()),
        ("bodySize", size()),
    ]);
    let response = object(&[
        ("status", json!({"type": "integer", "minimum": 0})),
        ("statusText", text()),
        ("httpVersion", text()),
        ("cookies", pairs()),
        ("headers", pairs()),
        ("content", content),
        ("redirectURL", text()),
        ("headersSize", size()),
        ("bodySize", size()),
    ]);
    let timings = object(&[
        ("blocked?", time(-1)),
        ("dns?", time(-1)),
        ("connect?", time(-1)),
        ("ssl?", time(-1)),
        ("send", time(0)),
        ("wait", time(0)),
        ("receive", time(0)),
    ]);
    let entry = object(&[
        ("startedDateTime", text()),
        ("time", time(0)),
        ("request", request),
        ("response", response),
        ("cache", object(&[])),
        ("timings", timings),
        ("serverIPAddress?", text()),
        ("connection?", text()),
        ("comment?", text()),
    ]);
    let creator = object(&[("name", text()), ("version", text())]);
    object(&[("log", object(&[("version", text()), ("creator", creator), ("entries", list(entry))]))])
}

#[test]
fn archives_are_as_their_specification_says() {
    let folder = tempfile::tempdir().unwrap();
    let (mut entries, mut bodies, mut connects) = (0, 0, 0);
    for capture in captures() {
        let path = folder.path().join("archive.har");
        let har = path.to_str().unwrap();
        flowray(&["http", "-q", "--har", har, "--har-bodies"], Some(&capture));
        let har: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(check(&har, &archive()), None, "{}", capture.display());
        for entry in har["log"]["entries"].as_array().unwrap() {
            entries += 1;
            bodies += usize::from(entry["response"]["content"]["text"].is_string());
            connects += usize::from(entry["timings"]["connect"].as_f64().unwrap() > 0.0);
            let parts = ["blocked", "connect", "send", "wait", "receive"];
            let sum: f64 = parts.iter().map(|part| entry["timings"][part].as_f64().unwrap().max(0.0)).sum();
            assert!((sum - entry["time"].as_f64().unwrap()).abs() < 1e-6, "{entry}");
        }
    }
    assert!(entries > 30 && bodies > 10 && connects > 10, "{entries} {bodies} {connects}");
}
