//! Lines of an OpenTelemetry collector: its exporter `otlphttp` with `encoding: json`. Each record is a line of JSON.
//!
//! ```text
//!   resourceLogs[] ─ resource: service.name, host.name
//!     scopeLogs[]
//!       logRecords[] ─► {"time":…,"level":…,"message":…,"service":…,"host":…,"attributes":{…}}
//! ```

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tripline_engine::decode::Format;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Caller, Ingest};
use super::super::json::{Json, is};
use super::super::problem::Problem;
use super::super::shared::Shared;
use super::super::streams::Said;
use super::super::unpacking::Packing;
use super::Routes;
use super::ingest::{Coming, Key, take};
use crate::report::rfc3339;

/// What the source is called: a collector says of what, in each record.
const SOURCE: &str = "http/otlp";
/// Bytes of a request that is read at once: a collector sends some hundred KiB.
const LARGEST: usize = 8 << 20;
/// Characters of what stands at each record of a resource: a short request must not become long lines.
const NAME: usize = 128;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(logs))
}

/// `ExportLogsServiceRequest`, as far as it is read; what else stands in it is left.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    resource_logs: Vec<ResourceLogs>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceLogs {
    #[serde(default)]
    resource: Resource,
    #[serde(default)]
    scope_logs: Vec<ScopeLogs>,
}

#[derive(Default, Deserialize)]
struct Resource {
    #[serde(default)]
    attributes: Vec<KeyValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScopeLogs {
    #[serde(default)]
    log_records: Vec<LogRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogRecord {
    time_unix_nano: Option<Value>,
    observed_time_unix_nano: Option<Value>,
    #[serde(default)]
    severity_text: String,
    body: Option<AnyValue>,
    #[serde(default)]
    attributes: Vec<KeyValue>,
}

#[derive(Deserialize)]
struct KeyValue {
    key: String,
    value: Option<AnyValue>,
}

#[derive(Deserialize)]
enum AnyValue {
    #[serde(rename = "stringValue")]
    Text(String),
    #[serde(rename = "boolValue")]
    Flag(bool),
    #[serde(rename = "intValue")]
    Whole(Value),
    #[serde(rename = "doubleValue")]
    Double(Value),
    #[serde(rename = "bytesValue")]
    Bytes(String),
    #[serde(rename = "arrayValue")]
    Array(Values),
    #[serde(rename = "kvlistValue")]
    Object(Pairs),
}

#[derive(Deserialize)]
struct Values {
    #[serde(default)]
    values: Vec<AnyValue>,
}

#[derive(Deserialize)]
struct Pairs {
    #[serde(default)]
    values: Vec<KeyValue>,
}

/// `ExportLogsServiceResponse`, in which only what is refused would stand.
#[derive(Serialize, ToSchema)]
struct AllTaken {}

/// Takes logs of an OpenTelemetry collector, in OTLP's JSON.
///
/// The answer is 200 only when all records were judged and what came of them is on disk; the same request again counts
/// once.
#[utoipa::path(
    post,
    operation_id = "ingest_otlp",
    path = "/api/v1/otlp/logs",
    tag = "lines",
    security(("token" = ["ingest"])),
    params(("Content-Encoding" = Option<String>, Header, description = "identity, gzip or zstd")),
    request_body(content = Value, content_type = "application/json"),
    responses(
        (status = 200, body = AllTaken, description = "the records are judged, and what came of them is on disk"),
        (status = 409, description = "the same request is on its way")
    )
)]
async fn logs(
    State(shared): State<Arc<Shared>>,
    caller: Caller<Ingest>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AllTaken>, Problem> {
    if !is(&headers, "application/json") {
        return Err(Problem::unsupported("expected the header Content-Type with application/json"));
    }
    let coming = Coming {
        source: SOURCE.into(),
        said: Said { format: Some(Format::Json), timezone: None, join: false },
        zone: String::new(),
        key: Key::Itself,
        packing: Packing::of(&headers)?,
        read: lines,
    };
    take(&shared, caller.tenant(), coming, body).await?;
    Ok(Json(AllTaken {}))
}

/// A line for each record that says something.
fn lines(request: Vec<u8>) -> Result<Vec<u8>, Problem> {
    if request.len() > LARGEST {
        return Err(Problem::too_large(format!("expected at most {LARGEST} bytes when unpacked")));
    }
    let wrong =
        |line: usize| Problem::malformed(format!("expected ExportLogsServiceRequest in JSON: line {line}"));
    // A list would do for what derives its reading.
    if request.trim_ascii_start().first() != Some(&b'{') {
        return Err(wrong(1));
    }
    let request: Request = serde_json::from_slice(&request).map_err(|error| wrong(error.line()))?;
    let mut lines = Vec::new();
    for ResourceLogs { resource, scope_logs } in request.resource_logs {
        let (service, host) = (named(&resource, "service.name"), named(&resource, "host.name"));
        for record in scope_logs.into_iter().flat_map(|scope| scope.log_records) {
            let Some(line) = line(record, service.as_deref(), host.as_deref()) else { continue };
            // Writing to memory does not fail.
            let _ = serde_json::to_writer(&mut lines, &line);
            lines.push(b'\n');
            if lines.len() > LARGEST {
                return Err(Problem::too_large(format!("expected at most {LARGEST} bytes of lines")));
            }
        }
    }
    Ok(lines)
}

fn named(resource: &Resource, key: &str) -> Option<String> {
    let found = resource.attributes.iter().find(|attribute| attribute.key == key)?;
    match &found.value {
        Some(AnyValue::Text(text)) => Some(text.chars().take(NAME).collect()),
        _ => None,
    }
}

/// `None`: it says nothing.
fn line(record: LogRecord, service: Option<&str>, host: Option<&str>) -> Option<Value> {
    let mut line = Map::new();
    let nanos = |time: &Value| match time {
        Value::String(text) => text.parse().ok(),
        time => time.as_i64(),
    };
    let times = [&record.time_unix_nano, &record.observed_time_unix_nano];
    let time = times.into_iter().flatten().filter_map(nanos).find(|time| *time > 0);
    let mut put = |key: &str, value: Option<Value>| value.map(|value| line.insert(key.into(), value));
    put("time", time.and_then(rfc3339).map(Value::from));
    put("level", Some(record.severity_text).filter(|text| !text.is_empty()).map(Value::from));
    put("service", service.map(Value::from));
    put("host", host.map(Value::from));
    match record.body? {
        // What a log already was stays as it was: its members are fields.
        AnyValue::Object(pairs) => {
            for (key, value) in members(pairs.values) {
                line.insert(key, value);
            }
        }
        body => drop(line.insert("message".into(), value(body))),
    }
    if !record.attributes.is_empty() {
        line.insert("attributes".into(), members(record.attributes).into());
    }
    Some(Value::Object(line))
}

fn members(pairs: Vec<KeyValue>) -> Map<String, Value> {
    pairs.into_iter().map(|pair| (pair.key, pair.value.map_or(Value::Null, value))).collect()
}

fn value(given: AnyValue) -> Value {
    match given {
        AnyValue::Text(text) | AnyValue::Bytes(text) => text.into(),
        AnyValue::Flag(flag) => flag.into(),
        // 64 bits are written as text there.
        AnyValue::Whole(Value::String(text)) => text.parse::<i64>().map_or(text.into(), Value::from),
        AnyValue::Whole(number) | AnyValue::Double(number) => number,
        AnyValue::Array(values) => values.values.into_iter().map(value).collect(),
        AnyValue::Object(pairs) => members(pairs.values).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::lines;

    fn read(request: &Value) -> Vec<Value> {
        let lines = lines(request.to_string().into_bytes()).unwrap();
        String::from_utf8(lines).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn each_record_is_a_line_with_what_it_says() {
        let request = json!({ "resourceLogs": [{
            "resource": { "attributes": [
                { "key": "service.name", "value": { "stringValue": "pay" } },
                { "key": "host.name", "value": { "stringValue": "web1" } },
            ] },
            "scopeLogs": [{ "scope": {}, "logRecords": [
                { "timeUnixNano": "1795000000000000000", "severityNumber": 17, "severityText": "ERROR",
                  "body": { "stringValue": "two\nlines" },
                  "attributes": [{ "key": "n", "value": { "intValue": "7" } }] },
                { "body": { "kvlistValue": { "values": [
                    { "key": "message", "value": { "stringValue": "m" } },
                    { "key": "ok", "value": { "arrayValue": { "values": [{ "boolValue": true }] } } },
                ] } } },
                { "severityText": "INFO" },
            ] }],
        }] });
        assert_eq!(
            read(&request),
            [
                json!({ "time": "2026-11-18T11:06:40Z", "level": "ERROR", "service": "pay", "host": "web1",
                        "message": "two\nlines", "attributes": { "n": 7 } }),
                json!({ "service": "pay", "host": "web1", "message": "m", "ok": [true] }),
            ]
        );
    }

    #[test]
    fn what_a_short_request_becomes_is_bounded() {
        assert!(read(&json!({})).is_empty());
        let records = vec![json!({ "body": { "stringValue": "" } }); 60_000];
        let name = "x".repeat(100_000);
        let request = |records: Vec<Value>| {
            json!({ "resourceLogs": [{
                "resource": { "attributes": [
                    { "key": "service.name", "value": { "stringValue": name } },
                    { "key": "host.name", "value": { "stringValue": name } },
                ] },
                "scopeLogs": [{ "logRecords": records }],
            }] })
        };
        assert!(read(&request(records[..1].to_vec()))[0]["host"].as_str().unwrap().len() <= 128);
        assert!(lines(request(records).to_string().into_bytes()).is_err());
        for wrong in ["", "[]", "{\"resourceLogs\": 1}", &"[".repeat(1_000_000)] {
            assert!(lines(wrong.as_bytes().to_vec()).is_err());
        }
    }
}
