//! The document of all routes: as it was agreed on, and whole. `UPDATE=1` rewrites it.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tripline::token::Scope;

use crate::api::get;
use crate::fixture::Site;

fn document() -> Value {
    let site = Site::new();
    get(&site, "/api/v1/openapi.json", &site.token(Scope::Operator)).json()
}

#[test]
fn the_document_is_as_it_was_agreed_on() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/openapi.json");
    let found = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "the document has changed: UPDATE=1 writes {}", path.display());
}

#[test]
fn the_document_is_whole() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut names = HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name}"));
            assert!(names.insert(id.to_string()), "{name}: {id} is there twice");
            assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{name}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let content = response["content"].as_object();
                let kinds: Vec<&String> = content.into_iter().flatten().map(|(kind, _)| kind).collect();
                match status.as_str() {
                    "204" => assert!(kinds.is_empty(), "{name} {status}"),
                    // What is not ready says so in the shape of what is.
                    "503" if path == "/readyz" => assert_eq!(kinds, ["application/json"]),
                    // As what it comes is asked for.
                    "200" if path == "/api/v1/incidents/export" => {
                        assert_eq!(kinds, ["text/csv", "application/x-ndjson"]);
                    }
                    success if success < "400" => assert_eq!(kinds.len(), 1, "{name} {status}"),
                    _ => assert_eq!(kinds, ["application/problem+json"], "{name} {status}"),
                }
            }
            if let Some(body) = operation.get("requestBody") {
                for (kind, content) in body["content"].as_object().unwrap() {
                    let schema = resolved(&document, &content["schema"]);
                    let closed = schema["additionalProperties"] == false;
                    // OpenTelemetry's shape is not ours: it grows, and what is new in it is left.
                    let is_ours = kind == "application/json" && path != "/api/v1/otlp/logs";
                    assert!(!is_ours || closed, "{name} takes what it does not know");
                }
            }
        }
    }
    let mut left = vec![&document];
    let mut found = 0;
    while let Some(value) = left.pop() {
        if let Some(to) = value.get("$ref") {
            assert!(!resolved(&document, value).is_null(), "{to}");
            found += 1;
        }
        match value {
            Value::Object(object) => left.extend(object.values()),
            Value::Array(list) => left.extend(list),
            _ => {}
        }
    }
    assert!(found > 100, "{found}");
}

fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let Some(to) = schema.get("$ref").and_then(Value::as_str) else { return schema };
    document.pointer(to.strip_prefix('#').unwrap()).unwrap_or(&Value::Null)
}
