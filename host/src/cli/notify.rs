use super::arguments::{NotifyArguments, NotifyCommand};
use super::exit::Exit;
use super::kept::Kept;
use super::{Failure, Screen};
use crate::configuration::Configuration;
use crate::incidents::{Entry, Happening};
use crate::notices::{Reason, Refusal};
use crate::report::paint::{BOLD, DIM};
use crate::report::{moment, visible};
use crate::store::Told;

/// Notices that are named.
const NAMED: u32 = 20;

/// Sees to notices.
pub(super) fn run(
    arguments: NotifyArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let kept = match arguments.command {
        NotifyCommand::Flush | NotifyCommand::Retry { .. } => Kept::open(&arguments.keep, configuration)?,
        _ => Kept::look(&arguments.keep, configuration)?,
    };
    let failed = |error| kept.failed(&error);
    match arguments.command {
        NotifyCommand::Status => {
            status(&kept, screen)?;
            return Ok(Exit::Clean);
        }
        NotifyCommand::Flush => {
            kept.can_deliver()?;
            let count = kept.database.flush().map_err(failed)?;
            screen.say(&format!("{count} notices are tried now"));
        }
        NotifyCommand::Retry { notice } => {
            let count = kept.database.retry(&kept.tenant, notice).map_err(failed)?;
            if count == 0 {
                return Err(Failure::new("expected notices that were given up, found none"));
            }
            screen.say(&format!("{count} notices are queued again"));
        }
        NotifyCommand::Test { address } => {
            let words = kept.test(&address)?;
            screen.put(|out| writeln!(out, "the relay has taken it: {words}"))?;
            return Ok(Exit::Clean);
        }
        NotifyCommand::Why { incident, recipient } => {
            why(&kept, incident, recipient.as_deref(), screen)?;
            return Ok(Exit::Clean);
        }
    }
    Ok(if kept.settle(screen)? { Exit::Clean } else { Exit::Undelivered })
}

fn status(kept: &Kept, screen: &Screen) -> Result<(), Failure> {
    let failed = |error| kept.failed(&error);
    let status = kept.database.outbox(&kept.tenant, NAMED).map_err(failed)?;
    let waiting = kept.database.waiting(&kept.tenant, NAMED).map_err(failed)?;
    screen.put(|out| {
        if status.states.is_empty() {
            writeln!(out, "no notices")?;
        }
        for (state, count) in &status.states {
            writeln!(out, "{state:>9}  {count}")?;
        }
        for (relay, failures, at, words) in &status.breakers {
            let at = moment(*at, &kept.zone);
            writeln!(out, "\n{BOLD}{}{BOLD:#} failed {failures} times, next try {at}", visible(relay))?;
            writeln!(out, "    {}", visible(words))?;
        }
        for (head, all) in [("waiting", &waiting), ("given up", &status.dead)] {
            if !all.is_empty() {
                writeln!(out, "\n{BOLD}{head}{BOLD:#}")?;
            }
            for told in all {
                let what = told.incident.map_or_else(|| "digest".into(), |id| format!("incident {id}"));
                writeln!(
                    out,
                    "    {} {what} to {}: {}",
                    told.notice,
                    visible(&told.recipient),
                    stands(told, kept)
                )?;
            }
        }
        Ok(())
    })
}

/// Why each notice was or was not sent; where there is none, why no route takes the incident.
fn why(kept: &Kept, id: i64, recipient: Option<&str>, screen: &Screen) -> Result<(), Failure> {
    let failed = |error| kept.failed(&error);
    let Some(incident) = kept.database.incident(&kept.tenant, id).map_err(failed)? else {
        return Err(Failure::new(format!("there is no incident {id}")));
    };
    let mut told = kept.database.told(&kept.tenant, id).map_err(failed)?;
    told.retain(|one| recipient.is_none_or(|recipient| one.recipient == recipient));
    let timeline = kept.database.timeline(&kept.tenant, id).map_err(failed)?;
    screen.put(|out| {
        let title = visible(&incident.title);
        writeln!(out, "{BOLD}#{id} {title}{BOLD:#}  {}", incident.severity.as_str())?;
        for one in &told {
            let route = visible(&one.route);
            let when = moment(one.created, &kept.zone);
            writeln!(out, "{when}  {}  {DIM}{}, route {route}{DIM:#}", visible(&one.recipient), one.reason)?;
            writeln!(out, "    {}", stands(one, kept))?;
        }
        if !told.is_empty() {
            return Ok(());
        }
        let who = recipient.map_or_else(|| "nobody".into(), |who| format!("{} never", visible(who)));
        writeln!(out, "{who} was told of it")?;
        let opened = timeline.iter().find(|Entry { what, .. }| matches!(what, Happening::Opened { .. }));
        if let Some(opened) = opened {
            writeln!(out, "    it was opened {}, by the routes of then", moment(opened.at, &kept.zone))?;
        }
        let routes = &kept.database.policy().routes.0;
        if routes.is_empty() {
            writeln!(out, "    there is no route: nobody is told anything")?;
        }
        for route in routes {
            let knows = recipient.is_none_or(|recipient| route.to.iter().any(|to| to == recipient));
            let reason = match route.refuses(&incident, &Reason::First) {
                _ if !knows => "does not name this recipient".into(),
                None => "takes it now: it would be told of what happens next".into(),
                Some(Refusal::Severity) => format!("takes {} and worse", route.severity.as_str()),
                Some(Refusal::Rule) => "is for other rules".into(),
                Some(Refusal::Tags) => "is for other tags".into(),
                Some(Refusal::Sources) => "is for other sources".into(),
                Some(Refusal::Resolved) => "does not tell of what is resolved".to_string(),
            };
            writeln!(out, "    route {}: {reason}", visible(&route.name))?;
        }
        Ok(())
    })
}

/// Where a notice stands, in a sentence.
fn stands(told: &Told, kept: &Kept) -> String {
    let at = |time| moment(time, &kept.zone);
    let words = visible(&told.words);
    match (&told.state[..], &told.digest) {
        ("sent", _) => format!("sent {}: {words}", told.sent.map(at).unwrap_or_default()),
        ("folded", Some((digest, state, sent))) => match sent {
            Some(sent) => format!("sent within digest {digest}, {}", at(*sent)),
            None => {
                format!("folded into digest {digest}, which is {state}: there were more than may be sent")
            }
        },
        ("silenced", _) => format!("held back by silence {}", told.silence.unwrap_or_default()),
        ("deferred", _) => format!("attempt {} failed, again {}: {words}", told.attempts, at(told.due)),
        ("dead", _) => format!("given up after {} attempts: {words}", told.attempts),
        ("sending", _) => "being sent".into(),
        ("queued", _) if told.due > kept.clock.now() => {
            format!("waits for the end of quiet hours, {}", at(told.due))
        }
        ("queued", _) if !words.is_empty() => format!("waits for the relay: {words}"),
        ("queued", _) => "waits to be sent".into(),
        (state, _) => state.into(),
    }
}
