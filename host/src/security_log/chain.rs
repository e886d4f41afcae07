//! A line of the log, and how it hangs on the one before.

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Record;
use super::deed::STOPPED;

/// What a first line hangs on.
pub(super) const NOTHING: [u8; 32] = [0; 32];
const HASH: &str = ",\"hash\":\"";
const END: &str = "\"}";
/// Hexadecimal digits of a hash.
const DIGITS: usize = 64;

/// A line, by its number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// What a line says of itself.
pub(super) struct Link {
    pub(super) head: Head,
    pub(super) prev: [u8; 32],
    /// Whether its hash is that of its bytes.
    pub(super) holds: bool,
    /// Whether the log ends with it: one that is begun later goes on with the chain, and perhaps not with the next number.
    pub(super) stops: bool,
}

/// The line of a record, without the line feed, and its head.
pub(super) fn line(record: &Record, prev: &[u8; 32]) -> (String, Head) {
    let mut object = Map::new();
    object.insert("seq".into(), record.seq.into());
    let time = Timestamp::from_nanosecond(i128::from(record.at)).map(|time| time.to_string());
    object.insert("time".into(), time.unwrap_or_default().into());
    object.insert("tenant".into(), record.tenant.as_str().into());
    object.insert("event".into(), record.event.clone().into());
    for (key, value) in &record.fields {
        object.entry(key.clone()).or_insert_with(|| value.clone());
    }
    object.insert("prev".into(), hex(prev).into());
    let mut text = escaped(&Value::from(object).to_string());
    text.pop();
    let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    text.extend([HASH, &hex(&hash), END]);
    (text, Head { seq: record.seq, hash })
}

/// What a line says of itself; `None`: it is no line of such a log.
pub(super) fn link(line: &[u8]) -> Option<Link> {
    let body = line.len().checked_sub(HASH.len() + DIGITS + END.len())?;
    let (body, rest) = line.split_at(body);
    let digits = rest.strip_prefix(HASH.as_bytes())?.strip_suffix(END.as_bytes())?;
    let hash = unhex(digits)?;
    let object: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let prev = unhex(object.get("prev")?.as_str()?.as_bytes())?;
    let head = Head { seq: object.get("seq")?.as_i64()?, hash };
    let own: [u8; 32] = Sha256::digest(body).into();
    let stops = object.get("event").and_then(Value::as_str) == Some(STOPPED);
    Some(Link { head, prev, holds: own == hash, stops })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != DIGITS {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        // `from_str_radix` would take a sign.
        if !pair.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// JSON escapes what controls; this also writes as `\uNNNN` whatever else is not ASCII, so that no character of a
/// line is hidden or turns the others around.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            ' '..='~' => out.push(character),
            other => out.extend(other.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
        }
    }
    out
}
