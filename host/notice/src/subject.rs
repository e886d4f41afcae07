//! The line that names a mail.

use crate::digest::Digest;
use crate::limits;
use crate::notice::Notice;
use crate::safe::line;
use crate::tenant::mark;

/// The subject of every mail about this incident: `[tripline #17] Password guessing from 203.0.113.7`, or, of another
/// tenant than the default one, `[tripline plant#17] …`: two tenants have a #17 each.
///
/// It has no severity and no count, since these change, and mail programs sort by subject.
pub(crate) fn of_incident(notice: &Notice) -> String {
    let subject = line(&notice.incident.subject, limits::SUBJECT);
    let subject = if subject.is_empty() { "incident".into() } else { subject };
    cut(format!("[tripline {}#{}] {subject}", mark(&notice.tenant), notice.incident.id))
}

/// The subject of a digest: `[tripline] 37 incidents`, or `[tripline plant] 37 incidents`.
pub(crate) fn of_digest(digest: &Digest) -> String {
    let incidents = if digest.count == 1 { "incident" } else { "incidents" };
    cut(format!("{} {} {incidents}", tag(&digest.tenant), digest.count))
}

/// What a subject begins with that is about no single incident.
pub(crate) fn tag(tenant: &str) -> String {
    match mark(tenant) {
        "" => "[tripline]".into(),
        tenant => format!("[tripline {tenant}]"),
    }
}

fn cut(subject: String) -> String {
    match subject.char_indices().nth(limits::SUBJECT) {
        None => subject,
        Some(_) => subject.chars().take(limits::SUBJECT - 1).chain(['…']).collect(),
    }
}
