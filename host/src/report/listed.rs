//! What lists for programs are made of, as `FORMAT.md` has it. Converted by hand: the store's types may change, these may not.

use serde_json::{Map, Value, json};
use tripline_engine::{PackFault, PackReport};

use super::objects::PackObject;
use super::stored_page;
use super::when::rfc3339;
use crate::incidents::{Effect, Entry, Evidence, Exception, Happening, Incident, Outcome, Place, Silence};
use crate::packs::OwnPack;
use crate::quota::Quota;
use crate::security_log::{Record, hex};
use crate::serve::SourceFigures;
use crate::signing::Signed;
use crate::store::Told;
use crate::tenants::{KnownTenant, TenantRecipient};
use crate::token::Token;

/// A silence.
pub(crate) fn silence(silence: &Silence) -> Value {
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

/// A tenant.
pub(crate) fn tenant(known: &KnownTenant) -> Value {
    let recipient = |one: &TenantRecipient| json!({ "address": one.address, "confirmed": one.confirmed.and_then(rfc3339) });
    json!({
        "type": "tenant",
        "name": known.tenant.as_str(),
        "created": known.created.and_then(rfc3339),
        "quota": quota(&known.quota),
        "used": known.used.iter().map(|(kind, used)| (kind.as_str().into(), (*used).into())).collect::<Map<_, _>>(),
        "over": known.over.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        "recipients": known.recipients.iter().map(recipient).collect::<Vec<_>>(),
        "signed_by": known.signed_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "tokens": known.tokens,
        "open": known.open,
    })
}

/// What a tenant may use; what is not bounded is not there.
pub(crate) fn quota(quota: &Quota) -> Value {
    Value::Object(quota.each().map(|(kind, most)| (kind.as_str().into(), most.into())).collect())
}

/// An exception.
pub(crate) fn exception(exception: &Exception) -> Value {
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
pub(crate) fn notice(told: &Told) -> Value {
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
        "critical": told.critical,
        "held": told.held.map(|held| json!({ "by": held.by.as_str(), "until": rfc3339(held.until) })),
    })
}

/// A token, without its secret.
pub(crate) fn token(token: &Token) -> Value {
    json!({
        "type": "token",
        "id": token.id,
        "name": token.name,
        "scope": token.scope.as_str(),
        "tenant": token.tenant.as_str(),
        "created": rfc3339(token.created),
        "author": token.author,
        "expires": token.expires.and_then(rfc3339),
        "revoked": token.revoked.and_then(rfc3339),
    })
}

/// A pack and what it has cost.
pub(crate) fn pack(pack: &PackReport) -> Value {
    serde_json::to_value(PackObject::new(pack)).unwrap_or_default()
}

/// A pack of a tenant's own, how it is signed, what it has cost since the server began, if something came for it, and what
/// became of its incidents.
pub(crate) fn own_pack(
    pack: &OwnPack,
    signed: &Signed,
    cost: Option<&PackReport>,
    outcomes: &[Outcome],
) -> Value {
    let OwnPack { name, is_enabled, settings, version, .. } = pack;
    json!({
        "type": "own_pack",
        "pack": name,
        "version": version.version,
        "number": version.number,
        "sha256": hex(&version.digest),
        "pushed": rfc3339(version.pushed),
        "author": version.author,
        "enabled": is_enabled,
        "signed": signed.as_str(),
        "signed_by": version.signature.as_ref().map(|one| one.key().to_string()),
        "settings": settings,
        "cost": cost.map(self::pack),
        "rules": outcomes.iter().map(outcome).collect::<Vec<_>>(),
    })
}

/// What became of a rule's incidents.
pub(crate) fn outcome(outcome: &Outcome) -> Value {
    let Outcome { rule, incidents, resolved, false_positives } = outcome;
    json!({
        "type": "rule_outcome",
        "rule": rule,
        "incidents": incidents,
        "resolved": resolved,
        "false_positives": false_positives,
    })
}

/// What went wrong with a pack, and when.
pub(crate) fn pack_fault((at, fault): &(i64, PackFault)) -> Value {
    json!({
        "type": "pack_fault",
        "at": rfc3339(*at),
        "rule": fault.rule,
        "code": fault.fault.code(),
        "text": fault.fault.to_string(),
        "out": fault.quarantined,
        "state_lost": fault.state_lost,
    })
}

/// Where lines come from.
pub(crate) fn source(figures: &SourceFigures) -> Value {
    json!({
        "type": "source",
        "name": figures.name,
        "kind": figures.kind,
        "lines": figures.lines,
        "bytes": figures.bytes,
        "lag_bytes": figures.lag_bytes,
        "last": figures.last.and_then(rfc3339),
    })
}

/// What happened to an incident, as security.log has it.
pub(crate) fn happening(record: &Record) -> Value {
    let mut object = json!({
        "type": "happening",
        "seq": record.seq,
        "at": rfc3339(record.at),
        "event": record.event,
    });
    record.fields.iter().for_each(|(key, value)| object[key] = value.clone());
    object
}

/// An incident with all that is known of it.
pub(crate) fn whole(incident: &Incident, evidence: &[Evidence], timeline: &[Entry]) -> Value {
    let mut object = stored_page::object(incident, evidence);
    object["timeline"] = timeline.iter().map(entry).collect();
    object
}

/// A line of a timeline.
pub(crate) fn entry(entry: &Entry) -> Value {
    let mut object = json!({ "at": rfc3339(entry.at), "by": entry.actor.name, "what": entry.what.code() });
    let mut put = |key: &str, value: Value| object[key] = value;
    match &entry.what {
        Happening::Opened { previous } => put("previous", (*previous).into()),
        Happening::Occurred { count } => put("count", (*count).into()),
        Happening::SeverityRose { from, to } => {
            put("from", from.as_str().into());
            put("to", to.as_str().into());
        }
        Happening::Acknowledged { until } => put("until", rfc3339(*until).into()),
        Happening::Assigned { to } => put("to", to.clone().into()),
        Happening::Commented { text } => put("text", text.clone().into()),
        Happening::Resolved { resolution, comment } => {
            put("resolution", resolution.as_str().into());
            put("comment", comment.clone().into());
        }
        Happening::Reopened { comment } => put("comment", comment.clone().into()),
        Happening::SilenceEnded { silence } | Happening::Silenced { silence } => {
            put("silence", (*silence).into())
        }
        Happening::Notified { reason, recipient } => {
            put("reason", reason.clone().into());
            put("recipient", recipient.clone().into());
        }
        Happening::Undelivered { recipient, words } => {
            put("recipient", recipient.clone().into());
            put("words", words.clone().into());
        }
        Happening::AcknowledgementExpired | Happening::Repeated => {}
    }
    object
}
