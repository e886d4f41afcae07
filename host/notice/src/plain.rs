//! Words without templates: what is sent if a template fails, so that no notice is lost.

use std::fmt::Write;

use minijinja::HtmlEscape;

use crate::digest::Digest;
use crate::notice::Notice;
use crate::shown::Shown;
use crate::shown_digest::ShownDigest;
use crate::subject;
use crate::templates::Rendered;

/// The words for one incident; cannot fail.
pub fn plain(notice: &Notice) -> Rendered {
    let shown = Shown::new(notice);
    let mut text = format!("{}  {}\n\n{}, {}\n", shown.badge, shown.title, shown.times, shown.state);
    // Writing to a text does not fail.
    if let Some(span) = &shown.span {
        let _ = writeln!(text, "{span}");
    }
    text.push('\n');
    for row in &shown.values {
        let _ = writeln!(text, "  {}  {}", row.padded, row.value);
    }
    for line in &shown.summary {
        let _ = writeln!(text, "  {line}");
    }
    for event in &shown.evidence {
        let _ = writeln!(text, "{}", event.place);
        for line in event.first.iter().chain(&event.last) {
            let _ = writeln!(text, "> {line}");
        }
    }
    let _ = writeln!(text, "\ntripline incident show {}{}\n", shown.id, shown.of_tenant);
    let _ = writeln!(text, "You get this mail because: {}, by route `{}`.", shown.reason, shown.route);
    let _ = writeln!(text, "Rule {}/{}, tenant {}.", shown.pack, shown.rule, shown.tenant);
    let _ = writeln!(text, "The template for this mail failed; these are the plain words.");
    rendered(subject::of_incident(notice), text)
}

/// The words for many incidents; cannot fail.
pub fn plain_digest(digest: &Digest) -> Rendered {
    let shown = ShownDigest::new(digest);
    let mut text = format!("{}\n{}\n\n", shown.incidents, shown.span);
    for one in &shown.worst {
        let _ = writeln!(text, "#{} {} {} ({})", one.id, one.badge, one.title, one.times);
    }
    let _ = writeln!(text, "\ntripline incident list{}", shown.of_tenant);
    let _ = writeln!(text, "\nYou get this mail because: {}, by route `{}`.", shown.reason, shown.route);
    rendered(subject::of_digest(digest), text)
}

fn rendered(subject: String, text: String) -> Rendered {
    let html = format!(
        "<!DOCTYPE html>\n<html><body><pre style=\"white-space:pre-wrap\">{}</pre></body></html>\n",
        HtmlEscape(&text)
    );
    Rendered { subject, text, html }
}
