use super::arguments::{Format, NotifyArguments, NotifyCommand};
use super::desk::{self, Desk, Purpose};
use super::exit::Exit;
use super::kept::{self, Patience};
use super::{Failure, Screen, objects};
use crate::configuration::Configuration;
use crate::report::answer::Answer;
use crate::report::paint::BOLD;
use crate::report::table::Column::{Figure, Text};
use crate::report::table::Table;
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
    if let NotifyCommand::Test { address } = &arguments.command {
        return test(&arguments, address, configuration, screen);
    }
    let purpose = match arguments.command {
        NotifyCommand::Flush | NotifyCommand::Retry { .. } => Purpose::Change,
        _ => Purpose::Look,
    };
    let desk = &*desk::open(&arguments.keep, &arguments.server, configuration, purpose)?;
    match arguments.command {
        NotifyCommand::Status { format } => {
            status(desk, format, screen)?;
            return Ok(Exit::Clean);
        }
        NotifyCommand::Flush => {
            let count = desk.flush()?;
            screen.say(&match count {
                1 => "1 notice is tried now".into(),
                count => format!("{count} notices are tried now"),
            });
            let whole = desk.settle_all(Patience::HalfAMinute, screen)?;
            return Ok(if whole { Exit::Clean } else { Exit::Undelivered });
        }
        NotifyCommand::Retry { notice } => {
            let count = desk.retry(notice)?;
            if count == 0 {
                return Err(Failure::new("expected notices that were given up, found none"));
            }
            screen.say(&match count {
                1 => "1 notice is queued again".into(),
                count => format!("{count} notices are queued again"),
            });
        }
        // Sent above, without a database.
        NotifyCommand::Test { .. } => return Ok(Exit::Clean),
        NotifyCommand::Why { incident, recipient, format } => {
            why(desk, incident, recipient.as_deref(), format, screen)?;
            return Ok(Exit::Clean);
        }
    }
    Ok(if desk.settle_all(Patience::None, screen)? { Exit::Clean } else { Exit::Undelivered })
}

/// Sends a test mail. No database is needed for it, and a server does not do it.
fn test(
    arguments: &NotifyArguments,
    address: &str,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    if arguments.server.url(&arguments.keep)?.is_some() {
        let hint = "run it on the server's machine, with its configuration";
        let found = "expected no --server: a test mail is sent by this program itself";
        return Err(Failure::new(found).hint(Some(hint)));
    }
    let words = kept::test(&arguments.keep, configuration, address)?;
    screen.put(|out| writeln!(out, "the relay has taken it: {words}"))?;
    Ok(Exit::Clean)
}

fn status(desk: &dyn Desk, format: Format, screen: &Screen) -> Result<(), Failure> {
    // Programs get them all.
    let most = if format == Format::Human { NAMED } else { u32::MAX };
    let (status, waiting) = desk.outbox(most)?;
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
            let at = moment(*at, desk.zone());
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
                table.row(vec![notice, what, visible(&told.recipient), stands(told, desk)]);
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
    desk: &dyn Desk,
    id: i64,
    recipient: Option<&str>,
    format: Format,
    screen: &Screen,
) -> Result<(), Failure> {
    let Some((answer, notices)) = desk.why(id)? else {
        let hint = "`tripline incident list --all` lists those there are; what an exception takes out is no incident: \
                    `tripline exception list`";
        return Err(Failure::new(format!("there is no incident {id}")).hint(Some(hint)));
    };
    let recipient = recipient.map(|name| address(desk, &answer, name)).transpose()?;
    let mine = |told: &&Told| recipient.is_none_or(|one| told.recipient == one);
    screen.put(|out| match format {
        Format::Human => answer.write(out, recipient, screen.width()),
        _ => objects::put(out, format, "notices", notices.iter().filter(mine).map(objects::notice)),
    })
}

/// The recipient of this name or address. A misspelt one must not look like somebody who was never told.
fn address<'a>(desk: &dyn Desk, answer: &'a Answer, name: &str) -> Result<&'a str, Failure> {
    let all: Vec<&str> = answer.recipients.iter().map(|about| &about.address[..]).collect();
    let named = desk.recipients().get(name).map_or(name, String::as_str);
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
fn stands(told: &Told, desk: &dyn Desk) -> String {
    let at = moment(told.due, desk.zone());
    let words = visible(&told.words);
    match &told.state[..] {
        "deferred" => format!("attempt {} failed, again {at}: {words}", told.attempts),
        "dead" => format!("given up after {} attempts: {words}", told.attempts),
        "sending" => "being sent".into(),
        "queued" if told.due > desk.now() => format!("waits for the end of quiet hours, {at}"),
        "queued" if !words.is_empty() => format!("waits for the relay: {words}"),
        _ => "waits to be sent".into(),
    }
}
