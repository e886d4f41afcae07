//! The line that names a mail.

use crate::digest::Digest;
use crate::limits;
use crate::notice::IncidentView;
use crate::safe::line;

/// The subject of every mail about this incident: `[tripline #17] Password guessing from 203.0.113.7`.
///
/// It has no severity and no count, since these change, and mail programs sort by subject.
pub(crate) fn of_incident(incident: &IncidentView) -> String {
    let subject = line(&incident.subject, limits::SUBJECT);
    let subject = if subject.is_empty() { "incident".into() } else { subject };
    cut(format!("[tripline #{}] {subject}", incident.id))
}

/// The subject of a digest: `[tripline] 37 incidents`.
pub(crate) fn of_digest(digest: &Digest) -> String {
    let incidents = if digest.count == 1 { "incident" } else { "incidents" };
    format!("[tripline] {} {incidents}", digest.count)
}

fn cut(subject: String) -> String {
    match subject.char_indices().nth(limits::SUBJECT) {
        None => subject,
        Some(_) => subject.chars().take(limits::SUBJECT - 1).chain(['…']).collect(),
    }
}
