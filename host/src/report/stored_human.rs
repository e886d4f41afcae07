//! Stored incidents for people: a list, and one with its timeline.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::figures::grouped;
use super::human::{Look, incident};
use super::paint::{self, BOLD, DIM};
use super::stored::{StoredAs, folded};
use super::visible::{columns, fit, visible};
use super::when::moment;
use super::wrap::wrap;
use crate::check::Files;
use crate::incidents::{Entry, Evidence, Happening, Incident, State};

const INDENT: &str = "    ";

/// A line for each.
pub fn list(out: &mut dyn Write, incidents: &[Incident], width: usize, zone: &TimeZone) -> io::Result<()> {
    if incidents.is_empty() {
        return writeln!(out, "no incidents");
    }
    let number = |one: &Incident| format!("#{}", one.id);
    let numbers = incidents.iter().map(|one| number(one).len()).max().unwrap_or(0);
    let severities = incidents.iter().map(|one| one.severity.as_str().len()).max().unwrap_or(0);
    for one in incidents {
        let colour = paint::severity(one.severity);
        let severity = one.severity.as_str().to_uppercase();
        let when = moment(one.last.unwrap_or(one.changed), zone);
        let count = if one.count > 1 { format!("  ×{}", grouped(one.count)) } else { String::new() };
        let state = match one.state {
            State::Open => String::new(),
            state => format!("  {state}"),
        };
        let whose = one.assignee.as_ref().map_or_else(String::new, |who| format!("  {}", visible(who)));
        let used =
            numbers + severities + 4 + when.len() + columns(&count) + state.len() + columns(&whose) + 2;
        let title = fit(&visible(&one.title), width.saturating_sub(used).max(20));
        writeln!(
            out,
            "{:>numbers$}  {colour}{severity:severities$}{colour:#}  {DIM}{when}{DIM:#}  {title}{count}{DIM}{state}{whose}{DIM:#}",
            number(one)
        )?;
    }
    Ok(())
}

/// All that is known of one.
pub fn page(
    out: &mut dyn Write,
    one: &Incident,
    evidence: &[Evidence],
    timeline: &[Entry],
    width: usize,
    zone: &TimeZone,
) -> io::Result<()> {
    let mut files = Files::default();
    let stored = StoredAs::of(one);
    let folded = folded(one, evidence, &mut files);
    let look = Look { width, zone: zone.clone(), logs: false, figures: true };
    incident::write_whole(out, &folded, &files, &look, Some(&stored))?;
    let mut facts = vec![format!("{} since {}", one.state, moment(one.changed, zone))];
    facts.extend(one.resolution.map(|resolution| format!("as {resolution}")));
    facts.extend(one.acknowledged_until.map(|until| format!("until {}", moment(until, zone))));
    facts.extend(one.assignee.as_ref().map(|who| format!("assigned to {}", visible(who))));
    if let Some(previous) = one.previous {
        facts.push(format!("generation {} after #{previous}", one.generation));
    }
    writeln!(out, "{INDENT}{}", facts.join(", "))?;
    if one.evidence_dropped > 0 {
        writeln!(out, "{INDENT}{DIM}{} more lines are not kept{DIM:#}", grouped(one.evidence_dropped))?;
    }
    writeln!(out, "\n{BOLD}Timeline{BOLD:#}")?;
    for entry in timeline {
        let head = format!("{}  ", moment(entry.at, zone));
        let (what, why) = happening(&entry.what, zone);
        let why = if why.is_empty() { String::new() } else { format!(": {}", visible(why)) };
        let text = format!("{what} by {}{why}", visible(&entry.actor.name));
        let room = width.saturating_sub(INDENT.len() + head.len()).max(30);
        for (i, line) in wrap(&text, room, usize::MAX).iter().enumerate() {
            match i {
                0 => writeln!(out, "{INDENT}{DIM}{head}{DIM:#}{line}")?,
                _ => writeln!(out, "{INDENT}{:width$}{line}", "", width = head.len())?,
            }
        }
    }
    Ok(())
}

/// What happened, and what somebody said of it.
fn happening<'a>(what: &'a Happening, zone: &TimeZone) -> (String, &'a str) {
    let happened = match what {
        Happening::Opened { previous: None } => "opened".into(),
        Happening::Opened { previous: Some(id) } => format!("opened again, after #{id},"),
        Happening::Occurred { count: 1 } => "occurred once more".into(),
        Happening::Occurred { count } => format!("occurred {} times more", grouped(*count)),
        Happening::SeverityRose { from, to } => format!("rose from {} to {}", from.as_str(), to.as_str()),
        Happening::Acknowledged { until } => format!("acknowledged until {}", moment(*until, zone)),
        Happening::AcknowledgementExpired => "acknowledgement expired".into(),
        Happening::Assigned { to: Some(to) } => format!("assigned to {}", visible(to)),
        Happening::Assigned { to: None } => "assigned to nobody".into(),
        Happening::Commented { text } => return ("commented".into(), text),
        Happening::Resolved { resolution, comment } => return (format!("resolved as {resolution}"), comment),
        Happening::Reopened { comment } => return ("reopened".into(), comment),
        Happening::Repeated => "told again".into(),
        Happening::SilenceEnded { silence } => format!("silence {silence} ended"),
        Happening::Silenced { silence } => format!("held back by silence {silence}"),
        Happening::Notified { reason, recipient } => format!("mail to {} ({reason})", visible(recipient)),
        Happening::Undelivered { recipient, words } => {
            return (format!("mail to {} given up", visible(recipient)), words);
        }
    };
    (happened, "")
}
