use super::arguments::{Format, NotifyArguments, NotifyCommand};
use super::exit::Exit;
use super::kept::Kept;
use super::{Failure, Screen, objects};
use crate::configuration::Configuration;
use crate::report::paint::BOLD;
use crate::report::table::Column::{Figure, Text};
use crate::report::table::Table;
use crate::report::why::Why;
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
        NotifyCommand::Status { format } => {
            status(&kept, format, screen)?;
            return Ok(Exit::Clean);
        }
        NotifyCommand::Flush => {
            kept.can_deliver()?;
            let count = kept.database.outbox(&kept.tenant, 0).map_err(failed)?.waiting();
            kept.database.flush().map_err(failed)?;
            screen.say(&match count {
                1 => "1 notice is tried now".into(),
                count => format!("{count} notices are tried now"),
            });
            return Ok(if kept.settle_patiently(screen)? { Exit::Clean } else { Exit::Undelivered });
        }
        NotifyCommand::Retry { notice } => {
            let count = kept.database.retry(&kept.tenant, notice).map_err(failed)?;
            if count == 0 {
                return Err(Failure::new("expected notices that were given up, found none"));
            }
            screen.say(&match count {
                1 => "1 notice is queued again".into(),
                count => format!("{count} notices are queued again"),
            });
        }
        NotifyCommand::Test { address } => {
            let words = kept.test(&address)?;
            screen.put(|out| writeln!(out, "the relay has taken it: {words}"))?;
            return Ok(Exit::Clean);
        }
        NotifyCommand::Why { incident, recipient, format } => {
            why(&kept, incident, recipient.as_deref(), format, screen)?;
            return Ok(Exit::Clean);
        }
    }
    Ok(if kept.settle(screen)? { Exit::Clean } else { Exit::Undelivered })
}

fn status(kept: &Kept, format: Format, screen: &Screen) -> Result<(), Failure> {
    let failed = |error| kept.failed(&error);
    // Programs get them all.
    let most = if format == Format::Human { NAMED } else { u32::MAX };
    let status = kept.database.outbox(&kept.tenant, most).map_err(failed)?;
    let waiting = kept.database.waiting(&kept.tenant, most).map_err(failed)?;
    if format != Format::Human {
        let notices = waiting.iter().chain(&status.dead).map(objects::notice);
        return screen.put(|out| objects::put(out, format, "notices", notices));
    }
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
        let dead = status.states.iter().find(|(state, _)| state == "dead").map_or(0, |(_, count)| *count);
        for (head, all, count) in [("waiting", &waiting, status.waiting()), ("given up", &status.dead, dead)]
        {
            if all.is_empty() {
                continue;
            }
            writeln!(out, "\n{BOLD}{head}{BOLD:#}")?;
            let mut table = Table::of(&[Figure("notice"), Text("what"), Text("to"), Text("how it stands")]);
            for told in all {
                let what = told.incident.map_or_else(|| "digest".into(), |id| format!("incident {id}"));
                let notice = told.notice.to_string();
                table.row(vec![notice, what, visible(&told.recipient), stands(told, kept)]);
            }
            table.write(out, screen.width())?;
            match count.saturating_sub(all.len() as u64) {
                0 => {}
                more => writeln!(out, "and {more} more")?,
            }
        }
        Ok(())
    })
}

/// Why each notice was or was not sent; where there is none, why no route takes the incident.
fn why(
    kept: &Kept,
    id: i64,
    recipient: Option<&str>,
    format: Format,
    screen: &Screen,
) -> Result<(), Failure> {
    let read = Why::read(&kept.database, &kept.tenant, id, kept.clock.now());
    let Some(why) = read.map_err(|error| kept.failed(&error))? else {
        let hint = "`tripline incident list --all` lists those there are; what an exception takes out is no incident: \
                    `tripline exception list`";
        return Err(Failure::new(format!("there is no incident {id}")).hint(Some(hint)));
    };
    let recipient = recipient.map(|name| address(kept, &why, name)).transpose()?;
    screen.put(|out| match format {
        Format::Human => why.write(out, recipient, screen.width(), &kept.zone),
        _ => objects::put(out, format, "notices", why.notices(recipient).map(objects::notice)),
    })
}

/// The recipient of this name or address. A misspelt one must not look like somebody who was never told.
fn address<'a>(kept: &'a Kept, why: &'a Why, name: &str) -> Result<&'a str, Failure> {
    let all = why.recipients();
    let named = kept.recipients.get(name).map_or(name, String::as_str);
    if let Some(known) = all.iter().find(|known| known.eq_ignore_ascii_case(named)) {
        return Ok(known);
    }
    let message = format!("expected a recipient of a route or of a notice of this incident, found `{name}`");
    let hint = match &all[..] {
        [] => "there is none: name one with --mail-to ADDR, or in tripline.toml: [[routes]]".to_string(),
        all => format!("there are {}", all.join(", ")),
    };
    Err(Failure::new(message).hint(Some(hint)))
}

/// How long a notice waits for what, or why it was given up, in a few words: `why` has the sentences.
fn stands(told: &Told, kept: &Kept) -> String {
    let at = moment(told.due, &kept.zone);
    let words = visible(&told.words);
    match &told.state[..] {
        "deferred" => format!("attempt {} failed, again {at}: {words}", told.attempts),
        "dead" => format!("given up after {} attempts: {words}", told.attempts),
        "sending" => "being sent".into(),
        "queued" if told.due > kept.clock.now() => format!("waits for the end of quiet hours, {at}"),
        "queued" if !words.is_empty() => format!("waits for the relay: {words}"),
        _ => "waits to be sent".into(),
    }
}
