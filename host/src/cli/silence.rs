use super::arguments::{
    ExceptionArguments, ExceptionCommand, Format, ListArguments, SilenceArguments, SilenceCommand,
};
use super::desk::{self, Desk, Purpose};
use super::exit::Exit;
use super::{Failure, Screen, objects};
use crate::configuration::Configuration;
use crate::incidents::{Effect, Exception, NewException, NewSilence, Place, Silence};
use crate::notices::Pattern;
use crate::report::paint::BOLD;
use crate::report::table::{Column, Table};
use crate::report::{moment, visible};

/// Decisions shown of each exception.
const SHOWN: u32 = 3;

/// Holds notices back.
pub(super) fn run(
    arguments: SilenceArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let purpose = match arguments.command {
        SilenceCommand::Add { .. } => Purpose::Add,
        SilenceCommand::List(_) => Purpose::Look,
        SilenceCommand::End { .. } => Purpose::Change,
    };
    let desk = &*desk::open(&arguments.keep, &arguments.server, configuration, purpose)?;
    let now = desk.now();
    match arguments.command {
        SilenceCommand::Add { what, severity, fields, start, end } => {
            let starts = start.map_or(now, |start| start.after(now, desk.zone()));
            let Some(ends) = end.when() else {
                return Err(Failure::new("expected --for or --until, found neither"));
            };
            let ends = ends.after(starts, desk.zone());
            if ends <= starts {
                return Err(Failure::new("expected a silence that ends after it starts"));
            }
            if what.rule.is_none() && severity.is_none() && fields.is_empty() {
                let hint = "--rule '*' holds all notices back, if that is meant";
                let message = "expected --rule, --severity or --field, found none";
                return Err(Failure::new(message).hint(Some(hint)));
            }
            let fields = fields.into_iter().map(|(name, value)| (name, Pattern::new(value))).collect();
            let (rule, reason) = (what.rule.map(Pattern::new), what.reason);
            known(desk, rule.as_ref(), screen)?;
            let new = NewSilence { rule, severity, fields, starts, ends, reason };
            let id = desk.silence(new)?;
            screen.put(|out| writeln!(out, "silence {id} until {}", moment(ends, desk.zone())))?;
        }
        SilenceCommand::List(ListArguments { all, format }) => {
            let silences = desk.silences(all)?;
            screen.put(|out| match format {
                Format::Human if silences.is_empty() => writeln!(out, "no silences"),
                Format::Human => silences_table(&silences, desk).write(out, screen.width()),
                _ => objects::put(out, format, "silences", silences.iter().map(objects::silence)),
            })?;
            return Ok(Exit::Clean);
        }
        SilenceCommand::End { id } => {
            if !desk.end_silence(id)? {
                return Err(Failure::new(format!("there is no silence {id} that could be ended")));
            }
            screen.put(|out| writeln!(out, "silence {id} is ended"))?;
        }
    }
    Ok(if desk.settle(screen)? { Exit::Clean } else { Exit::Undelivered })
}

/// Takes decisions out.
pub(super) fn exception(
    arguments: ExceptionArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let purpose = match arguments.command {
        ExceptionCommand::Add { .. } => Purpose::Add,
        ExceptionCommand::List(_) => Purpose::Look,
        ExceptionCommand::End { .. } => Purpose::Change,
    };
    let desk = &*desk::open(&arguments.keep, &arguments.server, configuration, purpose)?;
    let now = desk.now();
    match arguments.command {
        ExceptionCommand::Add { what, field, cidr, value, severity, end } => {
            let place = match (cidr, value) {
                (Some(network), _) => Some(network),
                (None, value) => value.map(|value| Place::Text(Pattern::new(value))),
            };
            if field.is_some() != place.is_some() {
                return Err(Failure::new("expected --field together with --cidr or --value"));
            }
            if what.rule.is_none() && field.is_none() {
                let hint = "--rule '*' takes all decisions of all rules, if that is meant";
                return Err(Failure::new("expected --rule or --field, found neither").hint(Some(hint)));
            }
            let rule = what.rule.map(Pattern::new);
            known(desk, rule.as_ref(), screen)?;
            let until = end.when().map(|end| end.after(now, desk.zone()));
            let new = NewException {
                rule,
                field: field.zip(place),
                effect: severity.map_or(Effect::Except, Effect::Severity),
                until,
                reason: what.reason,
            };
            let id = desk.except(new)?;
            let until = until.map_or("it is ended".into(), |until| moment(until, desk.zone()));
            screen.put(|out| writeln!(out, "exception {id} until {until}"))?;
        }
        ExceptionCommand::List(ListArguments { all, format }) => {
            let exceptions = desk.exceptions(all)?;
            screen.put(|out| match format {
                Format::Human if exceptions.is_empty() => writeln!(out, "no exceptions"),
                Format::Human => exceptions_table(&exceptions, desk).write(out, screen.width()),
                _ => objects::put(out, format, "exceptions", exceptions.iter().map(objects::exception)),
            })?;
            // Decisions whose severity was changed are incidents, and found there.
            let some = |exception: &&Exception| {
                format == Format::Human && exception.count > 0 && exception.new.effect == Effect::Except
            };
            for exception in exceptions.iter().filter(some) {
                let taken = desk.taken(exception.id, SHOWN)?;
                let mut table =
                    Table::of(&[Column::Figure("when"), Column::Text("rule"), Column::Text("what")]);
                for (at, pack, rule, title) in taken {
                    let rule = visible(&format!("{pack}/{rule}"));
                    table.row(vec![moment(at, desk.zone()), rule, visible(&title)]);
                }
                screen.put(|out| {
                    writeln!(out, "\n{BOLD}last taken by exception {}{BOLD:#}", exception.id)?;
                    table.write(out, screen.width())
                })?;
            }
            return Ok(Exit::Clean);
        }
        ExceptionCommand::End { id } => {
            if !desk.end_exception(id)? {
                return Err(Failure::new(format!("there is no exception {id} that could be ended")));
            }
            screen.put(|out| writeln!(out, "exception {id} is ended"))?;
        }
    }
    Ok(if desk.settle(screen)? { Exit::Clean } else { Exit::Undelivered })
}

/// Warns of a rule that nobody knows: it may be misspelt, or its pack has not decided anything yet.
fn known(desk: &dyn Desk, rule: Option<&Pattern>, screen: &Screen) -> Result<(), Failure> {
    let Some(rule) = rule else { return Ok(()) };
    if desk.has_rule(rule)? == Some(false) {
        screen.warning(&format!("no rule that is known here is called `{rule}`"));
        screen.hint("built-in rules are known, and those that have opened an incident; `tripline pack inspect` names a pack's");
    }
    Ok(())
}

fn silences_table(silences: &[Silence], desk: &dyn Desk) -> Table {
    use Column::{Figure, Text};
    let mut table =
        Table::of(&[Figure("id"), Text("what"), Figure("from"), Figure("until"), Text("by"), Text("why")]);
    for silence in silences {
        let new = &silence.new;
        let mut what = vec![new.rule.as_ref().map_or("any rule".into(), |rule| rule.to_string())];
        what.extend(new.severity.map(|severity| format!("up to {}", severity.as_str())));
        what.extend(new.fields.iter().map(|(name, value)| format!("{name}={value}")));
        table.row(vec![
            silence.id.to_string(),
            visible(&what.join(", ")),
            moment(new.starts, desk.zone()),
            moment(silence.ends(), desk.zone()),
            visible(&silence.author.name),
            visible(&new.reason),
        ]);
    }
    table
}

fn exceptions_table(exceptions: &[Exception], desk: &dyn Desk) -> Table {
    use Column::{Figure, Text};
    let mut table =
        Table::of(&[Figure("id"), Text("what"), Figure("taken"), Figure("until"), Text("by"), Text("why")]);
    for exception in exceptions {
        let new = &exception.new;
        let mut what = vec![new.rule.as_ref().map_or("any rule".into(), |rule| rule.to_string())];
        what.extend(new.field.as_ref().map(|(name, place)| match place {
            Place::Network(network) => format!("{name} in {network}"),
            Place::Text(pattern) => format!("{name}={pattern}"),
        }));
        if let Effect::Severity(severity) = new.effect {
            what.push(format!("is {}", severity.as_str()));
        }
        let until = exception.ended.or(new.until).map_or("-".into(), |until| moment(until, desk.zone()));
        table.row(vec![
            exception.id.to_string(),
            visible(&what.join(", ")),
            exception.count.to_string(),
            until,
            visible(&exception.author.name),
            visible(&new.reason),
        ]);
    }
    table
}
