use super::arguments::{ExceptionArguments, ExceptionCommand, SilenceArguments, SilenceCommand};
use super::exit::Exit;
use super::kept::Kept;
use super::{Failure, Screen};
use crate::configuration::Configuration;
use crate::incidents::{Effect, Exception, NewException, NewSilence, Place, Silence};
use crate::notices::Pattern;
use crate::report::table::Table;
use crate::report::{moment, visible};

/// Decisions shown of each exception.
const SHOWN: u32 = 3;

/// Holds notices back.
pub(super) fn run(
    arguments: SilenceArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let kept = match arguments.command {
        SilenceCommand::Add { .. } => Kept::make(&arguments.keep, configuration)?,
        SilenceCommand::List { .. } => Kept::look(&arguments.keep, configuration)?,
        _ => Kept::open(&arguments.keep, configuration)?,
    };
    let failed = |error| kept.failed(&error);
    let now = kept.clock.now();
    match arguments.command {
        SilenceCommand::Add { rule, severity, fields, start, end, reason } => {
            let starts = start.map_or(now, |start| start.after(now));
            let ends = end.after(starts);
            if ends <= starts {
                return Err(Failure::new("expected a silence that ends after it starts"));
            }
            let fields = fields.into_iter().map(|(name, value)| (name, Pattern::new(value))).collect();
            let rule = rule.map(Pattern::new);
            let new = NewSilence { rule, severity, fields, starts, ends, reason };
            let id = kept.database.silence(&kept.tenant, new, kept.actor()).map_err(failed)?;
            screen.put(|out| writeln!(out, "silence {id} until {}", moment(ends, &kept.zone)))?;
        }
        SilenceCommand::List { all } => {
            let silences = kept.database.silences(&kept.tenant, all).map_err(failed)?;
            let mut table = Table::new(&["what", "id", "from", "until", "by", "why"]);
            for silence in &silences {
                table.row(silence_row(silence, &kept));
            }
            screen.put(|out| table.write(out, screen.width()))?;
            return Ok(Exit::Clean);
        }
        SilenceCommand::End { id } => {
            if !kept.database.end_silence(&kept.tenant, id, kept.actor()).map_err(failed)? {
                return Err(Failure::new(format!("there is no silence {id} that could be ended")));
            }
            kept.database.due().map_err(failed)?;
        }
    }
    Ok(if kept.settle(screen)? { Exit::Clean } else { Exit::Undelivered })
}

/// Takes decisions out.
pub(super) fn exception(
    arguments: ExceptionArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let kept = match arguments.command {
        ExceptionCommand::Add { .. } => Kept::make(&arguments.keep, configuration)?,
        ExceptionCommand::List { .. } => Kept::look(&arguments.keep, configuration)?,
        _ => Kept::open(&arguments.keep, configuration)?,
    };
    let failed = |error| kept.failed(&error);
    match arguments.command {
        ExceptionCommand::Add { rule, field, cidr, value, severity, end, reason } => {
            let place = match (cidr, value) {
                (Some(network), _) => Some(Place::Network(network)),
                (None, value) => value.map(|value| Place::Text(Pattern::new(value))),
            };
            if field.is_some() != place.is_some() {
                return Err(Failure::new("expected --field together with --cidr or --value"));
            }
            if rule.is_none() && field.is_none() {
                let hint = "--rule '*' takes all decisions of all rules, if that is meant";
                return Err(Failure::new("expected --rule or --field, found neither").hint(Some(hint)));
            }
            let new = NewException {
                rule: rule.map(Pattern::new),
                field: field.zip(place),
                effect: severity.map_or(Effect::Except, Effect::Severity),
                until: end.map(|end| end.after(kept.clock.now())),
                reason,
            };
            let id = kept.database.except(&kept.tenant, new, kept.actor()).map_err(failed)?;
            screen.put(|out| writeln!(out, "exception {id}"))?;
        }
        ExceptionCommand::List { all } => {
            let exceptions = kept.database.exceptions(&kept.tenant, all).map_err(failed)?;
            let mut table = Table::new(&["what", "id", "count", "until", "by", "why"]);
            for exception in &exceptions {
                table.row(exception_row(exception, &kept));
                let taken = kept.database.excepted(&kept.tenant, exception.id, SHOWN).map_err(failed)?;
                for (at, _, _, title) in taken {
                    let title = format!("  {} {}", moment(at, &kept.zone), visible(&title));
                    table.row(vec![
                        title,
                        String::new(),
                        String::new(),
                        String::new(),
                        String::new(),
                        String::new(),
                    ]);
                }
            }
            screen.put(|out| table.write(out, screen.width()))?;
            return Ok(Exit::Clean);
        }
        ExceptionCommand::End { id } => {
            if !kept.database.end_exception(&kept.tenant, id, kept.actor()).map_err(failed)? {
                return Err(Failure::new(format!("there is no exception {id} that could be ended")));
            }
        }
    }
    Ok(if kept.settle(screen)? { Exit::Clean } else { Exit::Undelivered })
}

fn silence_row(silence: &Silence, kept: &Kept) -> Vec<String> {
    let new = &silence.new;
    let mut what = vec![new.rule.as_ref().map_or("any rule".into(), |rule| rule.to_string())];
    what.extend(new.severity.map(|severity| format!("up to {}", severity.as_str())));
    what.extend(new.fields.iter().map(|(name, value)| format!("{name}={value}")));
    vec![
        visible(&what.join(", ")),
        silence.id.to_string(),
        moment(new.starts, &kept.zone),
        moment(silence.ends(), &kept.zone),
        visible(&silence.author.name),
        visible(&new.reason),
    ]
}

fn exception_row(exception: &Exception, kept: &Kept) -> Vec<String> {
    let new = &exception.new;
    let mut what = vec![new.rule.as_ref().map_or("any rule".into(), |rule| rule.to_string())];
    what.extend(new.field.as_ref().map(|(name, place)| match place {
        Place::Network(network) => format!("{name} in {network}"),
        Place::Text(pattern) => format!("{name}={pattern}"),
    }));
    if let Effect::Severity(severity) = new.effect {
        what.push(format!("is {}", severity.as_str()));
    }
    let until = exception.ended.or(new.until).map_or("-".into(), |until| moment(until, &kept.zone));
    vec![
        visible(&what.join(", ")),
        exception.id.to_string(),
        exception.count.to_string(),
        until,
        visible(&exception.author.name),
        visible(&new.reason),
    ]
}
