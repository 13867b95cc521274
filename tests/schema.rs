//! The JSON that is printed, held against the JSON Schema that `flowray fields --schema` prints.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

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
