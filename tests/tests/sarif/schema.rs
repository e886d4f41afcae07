//! As much of JSON Schema as the schema of SARIF uses; what it does not know of a schema, it does not let pass.

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

/// What of a document is not as its schema has it, by where it stands.
pub(crate) fn errors(root: &Value, document: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    Schema { root }.check(root, document, "", &mut errors);
    errors
}

struct Schema<'a> {
    root: &'a Value,
}

impl Schema<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
        for (key, rule) in schema.as_object().unwrap() {
            let mut expect = |holds: bool| {
                if !holds {
                    errors.push(format!("{at}: expected {key} {rule}, found {value}"));
                }
            };
            match (&key[..], value) {
                ("$schema" | "$id" | "title" | "description" | "default" | "definitions", _) => {}
                ("$ref", _) => {
                    let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                    self.check(self.root.pointer(pointer).unwrap(), value, at, errors);
                }
                ("type", _) => {
                    let is = |name: &Value| is(value, name.as_str().unwrap());
                    expect(rule.as_array().map_or_else(|| is(rule), |names| names.iter().any(is)));
                }
                ("enum", _) => expect(rule.as_array().unwrap().contains(value)),
                ("anyOf" | "oneOf", _) => {
                    let fits = |one: &&Value| {
                        let mut own = Vec::new();
                        self.check(one, value, at, &mut own);
                        own.is_empty()
                    };
                    let count = rule.as_array().unwrap().iter().filter(fits).count();
                    expect(count == 1 || count > 1 && key == "anyOf");
                }
                ("minimum", Value::Number(number)) => expect(number.as_f64() >= rule.as_f64()),
                ("maximum", Value::Number(number)) => expect(number.as_f64() <= rule.as_f64()),
                ("pattern", Value::String(text)) => {
                    expect(Regex::new(rule.as_str().unwrap()).unwrap().is_match(text))
                }
                ("format", Value::String(text)) => expect(match rule.as_str().unwrap() {
                    "date-time" => text.parse::<Timestamp>().is_ok(),
                    "uri" => is_reference(text) && text.contains(':'),
                    "uri-reference" => is_reference(text),
                    other => panic!("a format {other}"),
                }),
                ("minItems", Value::Array(items)) => expect(items.len() as u64 >= rule.as_u64().unwrap()),
                ("uniqueItems", Value::Array(items)) => {
                    let is_again = |(i, item): (usize, &Value)| items[..i].contains(item);
                    expect(rule == false || !items.iter().enumerate().any(is_again));
                }
                ("items", Value::Array(items)) => {
                    for (i, item) in items.iter().enumerate() {
                        self.check(rule, item, &format!("{at}/{i}"), errors);
                    }
                }
                ("required", Value::Object(object)) => {
                    expect(
                        rule.as_array()
                            .unwrap()
                            .iter()
                            .all(|name| object.contains_key(name.as_str().unwrap())),
                    );
                }
                ("properties", Value::Object(object)) => {
                    for (name, value) in object {
                        if let Some(schema) = rule.get(name) {
                            self.check(schema, value, &format!("{at}/{name}"), errors);
                        }
                    }
                }
                ("additionalProperties", Value::Object(object)) => {
                    for (name, value) in
                        object.iter().filter(|(name, _)| schema["properties"].get(name).is_none())
                    {
                        match rule {
                            Value::Bool(true) => {}
                            Value::Bool(false) => errors.push(format!("{at}: `{name}` is not known")),
                            schema => self.check(schema, value, &format!("{at}/{name}"), errors),
                        }
                    }
                }
                (
                    "minimum"
                    | "maximum"
                    | "pattern"
                    | "format"
                    | "minItems"
                    | "uniqueItems"
                    | "items"
                    | "required"
                    | "properties"
                    | "additionalProperties",
                    _,
                ) => {}
                (other, _) => panic!("a rule {other}"),
            }
        }
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("a type {other}"),
    }
}

/// What RFC 3986 lets stand in a reference, and percent signs as they should be.
fn is_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_whole =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    let may = |(at, byte): (usize, &u8)| match byte {
        b'%' => is_whole(at),
        b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
        byte => byte.is_ascii_graphic(),
    };
    bytes.iter().enumerate().all(may)
}
