use super::arguments::{Format, NotifyArguments, NotifyCommand};
use super::desk::{self, Desk, Purpose, Retried};
use super::exit::Exit;
use super::kept::{self, Patience};
use super::{Failure, Screen, objects};
use crate::configuration::Configuration;
use crate::report::answer::Answer;
use crate::report::paint::BOLD;
use crate::report::stands::stands;
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
    let flag = arguments.keep.tenant.flag();
    let desk = &*desk::open(&arguments.keep, &arguments.server, configuration, purpose)?;
    match arguments.command {
        NotifyCommand::Status { format } => {
            status(desk, format, screen)?;
            return Ok(Exit::Clean);
        }
        NotifyCommand::Flush => {
            let count = desk.flush()?;
            screen.say(&match count {
                0 => "no notice can be tried now".into(),
                1 => "1 notice is tried now".into(),
                count => format!("{count} notices are tried now"),
            });
            let whole = desk.settle_all(Patience::HalfAMinute, screen)?;
            if count == 0 && whole {
                // Where something of ours stays, that has been said with its reasons.
                waiting(desk, screen)?;
            }
            return Ok(if whole { Exit::Clean } else { Exit::Undelivered });
        }
        NotifyCommand::Retry { notice } => {
            retried(&desk.retry(notice)?, screen)?;
        }
        // Sent above, without a database.
        NotifyCommand::Test { .. } => return Ok(Exit::Clean),
        NotifyCommand::Why { incident, recipient, format } => {
            why(desk, incident, recipient.as_deref(), format, &flag, screen)?;
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
            writeln!(out, "\n{BOLD}{}{BOLD:#} failed {}, next try {at}", visible(relay), times(*failures))?;
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
                let what = told.about();
                let notice = told.notice.to_string();
                table.row(vec![notice, what, visible(&told.recipient), stands(told, desk.zone())]);
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
    flag: &str,
    screen: &Screen,
) -> Result<(), Failure> {
    let Some((answer, notices)) = desk.why(id)? else {
        let hint = format!(
            "`tripline incident list --all{flag}` lists those there are; what an exception takes out is no incident: \
             `tripline exception list{flag}`"
        );
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

/// What became of notices that were to be queued again.
fn retried(retried: &Retried, screen: &Screen) -> Result<(), Failure> {
    let hint =
        "whoever is not in [recipients] is not written to; back there, the same command queues them again";
    match (retried.notices, retried.departed) {
        (0, 0) => return Err(Failure::new("expected notices that were given up, found none")),
        (0, gone) => {
            let found = match gone {
                1 => "one to somebody who is none any more".into(),
                gone => format!("{gone} to some who are none any more"),
            };
            let message = format!("expected notices to recipients of the configuration, found {found}");
            return Err(Failure::new(message).hint(Some(hint)));
        }
        (1, _) => screen.say("1 notice is queued again"),
        (count, _) => screen.say(&format!("{count} notices are queued again")),
    }
    if retried.departed > 0 {
        let stay = if retried.departed == 1 {
            "1 notice stays"
        } else {
            &format!("{} notices stay", retried.departed)
        };
        screen.warning(&format!("{stay} given up: to somebody who is no recipient any more"));
        screen.hint(hint);
    }
    Ok(())
}

/// What waits, and for what.
fn waiting(desk: &dyn Desk, screen: &Screen) -> Result<(), Failure> {
    let (status, waiting) = desk.outbox(NAMED)?;
    for told in &waiting {
        let (article, what) = (if told.incident.is_none() { "a " } else { "" }, told.about());
        screen.say(&format!(
            "  {article}{what} to {}: {}",
            visible(&told.recipient),
            stands(told, desk.zone())
        ));
    }
    match status.waiting().saturating_sub(waiting.len() as u64) {
        0 => {}
        more => screen.say(&format!("  and {more} more")),
    }
    Ok(())
}

fn times(count: u32) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}
