//! Lists for programs, as `FORMAT.md` has them. Converted by hand: the store's types may change, these may not.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::arguments::Format;
use crate::incidents::{Effect, Exception, Place, Silence};
use crate::report::{rfc3339, strict_json};
use crate::store::Told;

/// Puts out objects: each on a line of its own, or all under a name in one document.
pub(super) fn put(
    out: &mut dyn Write,
    format: Format,
    name: &str,
    objects: impl Iterator<Item = Value>,
) -> io::Result<()> {
    match format {
        Format::Json => {
            strict_json::write_pretty(out, &json!({ name: objects.collect::<Vec<_>>() }))?;
            out.write_all(b"\n")
        }
        Format::Human | Format::Ndjson => objects.into_iter().try_for_each(|object| {
            strict_json::write(out, &object)?;
            out.write_all(b"\n")
        }),
    }
}

/// A silence.
pub(super) fn silence(silence: &Silence) -> Value {
    let new = &silence.new;
    let fields = new.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
    json!({
        "type": "silence",
        "id": silence.id,
        "rule": new.rule.as_ref().map(|rule| rule.as_str()),
        "severity": new.severity.map(|severity| severity.as_str()),
        "fields": fields.collect::<Map<String, Value>>(),
        "starts": rfc3339(new.starts),
        "ends": rfc3339(silence.ends()),
        "author": silence.author.name,
        "reason": new.reason,
    })
}

/// An exception.
pub(super) fn exception(exception: &Exception) -> Value {
    let new = &exception.new;
    let (field, network, value) = match &new.field {
        None => (None, None, None),
        Some((name, Place::Network(network))) => (Some(name), Some(network.to_string()), None),
        Some((name, Place::Text(value))) => (Some(name), None, Some(value.as_str())),
    };
    let severity = match new.effect {
        Effect::Except => None,
        Effect::Severity(severity) => Some(severity.as_str()),
    };
    json!({
        "type": "exception",
        "id": exception.id,
        "rule": new.rule.as_ref().map(|rule| rule.as_str()),
        "field": field,
        "network": network,
        "value": value,
        "severity": severity,
        "until": exception.ended.or(new.until).and_then(rfc3339),
        "taken": exception.count,
        "author": exception.author.name,
        "reason": new.reason,
    })
}

/// A notice.
pub(super) fn notice(told: &Told) -> Value {
    let digest = told
        .digest
        .as_ref()
        .map(|(id, state, sent)| json!({ "id": id, "state": state, "sent": sent.and_then(rfc3339) }));
    json!({
        "type": "notice",
        "id": told.notice,
        "incident": told.incident,
        "recipient": told.recipient,
        "route": told.route,
        "reason": told.reason,
        "state": told.state,
        "created": rfc3339(told.created),
        "due": rfc3339(told.due),
        "attempts": told.attempts,
        "words": told.words,
        "sent": told.sent.and_then(rfc3339),
        "digest": digest,
        "silence": told.silence,
    })
}
