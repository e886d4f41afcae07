use std::io::{self, IsTerminal, Read};

use super::arguments::{ExportFormat, FilterArguments, Format, IncidentArguments, IncidentCommand};
use super::desk::{self, Desk, Purpose, Reported};
use super::exit::Exit;
use super::{Failure, Screen};
use crate::configuration::Configuration;
use crate::incidents::{Act, Filter, Incident, Report, State};
use crate::notices::Pattern;
use crate::report::stored_human::{list, page};
use crate::report::stored_page::{CSV_HEAD, csv_row, csv_table, json_line, json_page, json_whole};
use crate::report::visible;

/// Incidents read at once.
const PAGE: u32 = 1_000;

/// A person's working day.
pub(super) fn run(
    arguments: IncidentArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let purpose = match arguments.command {
        IncidentCommand::Report { .. } => Purpose::Add,
        IncidentCommand::List { .. } | IncidentCommand::Show { .. } | IncidentCommand::Export { .. } => {
            Purpose::Look
        }
        _ => Purpose::Change,
    };
    let desk = &*desk::open(&arguments.keep, &arguments.server, configuration, purpose)?;
    let flag = arguments.keep.tenant.flag();
    match arguments.command {
        IncidentCommand::List { filter, limit, format } => {
            let (incidents, more) = found(desk, &filter, limit)?;
            screen.put(|out| match format {
                Format::Human => list(out, &incidents, screen.width(), desk.zone()),
                Format::Ndjson => incidents.iter().try_for_each(|one| json_line(out, one, &[])),
                Format::Json => json_page(out, &incidents),
            })?;
            if more {
                screen
                    .say(&format!("these are {limit}, and there are more: --limit N, or `incident export`"));
            }
            Ok(Exit::Clean)
        }
        IncidentCommand::Show { id, format } => {
            show(desk, id, format, &flag, screen)?;
            Ok(Exit::Clean)
        }
        IncidentCommand::Export { filter, format } => {
            export(desk, &filter, format, screen)?;
            Ok(Exit::Clean)
        }
        IncidentCommand::Ack { ids, hold } => act(desk, &ids, &Act::Acknowledge { hold }, screen),
        IncidentCommand::Assign { id, to } => act(desk, &[id], &Act::Assign { to }, screen),
        IncidentCommand::Comment { id, text } => act(desk, &[id], &Act::Comment { text }, screen),
        IncidentCommand::Resolve { ids, resolution, comment } => {
            act(desk, &ids, &Act::Resolve { resolution, comment }, screen)
        }
        IncidentCommand::Reopen { ids, comment } => act(desk, &ids, &Act::Reopen { comment }, screen),
        IncidentCommand::Report { severity, title, fingerprint, values, tags } => {
            let report = Report { severity, title, details: details()?, fingerprint, values, tags };
            report.check().map_err(Failure::new)?;
            let reported = desk.report(report)?;
            screen.put(|out| match reported {
                Reported::Opened(id) => writeln!(out, "incident {id} opened"),
                Reported::Grown(id) => writeln!(out, "incident {id} has occurred again"),
                Reported::Excepted => writeln!(out, "an exception covers it: no incident"),
                Reported::Known => Ok(()),
            })?;
            Ok(if desk.settle(screen)? { Exit::Clean } else { Exit::Undelivered })
        }
    }
}

/// Does the same to each. What cannot be done to one is told, and done to the others.
fn act(desk: &dyn Desk, ids: &[i64], act: &Act, screen: &Screen) -> Result<Exit, Failure> {
    act.check().map_err(Failure::new)?;
    let (mut none, mut wrong) = (true, false);
    for id in ids {
        let incident = match desk.act(*id, act)? {
            Ok(incident) => incident,
            Err(failure) => {
                screen.fail(&failure);
                wrong = true;
                continue;
            }
        };
        none = false;
        let done = match act {
            Act::Assign { to: Some(to) } => format!("is assigned to {}", visible(to)),
            Act::Assign { to: None } => "is assigned to nobody".into(),
            Act::Comment { .. } => "has your comment".into(),
            _ => format!("is {}", incident.state),
        };
        screen.put(|out| writeln!(out, "incident {id} {done}"))?;
    }
    Ok(match none || desk.settle(screen)? {
        _ if wrong => Exit::Wrong,
        true => Exit::Clean,
        false => Exit::Undelivered,
    })
}

fn filter(desk: &dyn Desk, arguments: &FilterArguments) -> Filter {
    let states = match (arguments.all, &arguments.state[..]) {
        (true, _) => Vec::new(),
        (false, []) => vec![State::Open, State::Acknowledged],
        (false, states) => states.to_vec(),
    };
    Filter {
        states,
        severity: arguments.severity,
        rule: arguments.rule.clone().map(Pattern::new),
        source: arguments.source.clone().map(Pattern::new),
        assignee: arguments.assignee.clone(),
        since: arguments.since.map(|since| since.before(desk.now(), desk.zone())),
        before: None,
        text: arguments.search.clone(),
    }
}

/// So many incidents, and whether there are more.
fn found(desk: &dyn Desk, arguments: &FilterArguments, most: u32) -> Result<(Vec<Incident>, bool), Failure> {
    let filter = filter(desk, arguments);
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        // A server gives less at once than a database does.
        let left = most - u32::try_from(all.len()).unwrap_or(most).min(most);
        let (incidents, next) = desk.page(&filter, after.as_ref(), left)?;
        all.extend(incidents);
        if next.is_none() || all.len() >= most as usize {
            let more = next.is_some() || all.len() > most as usize;
            all.truncate(most as usize);
            return Ok((all, more));
        }
        after = next;
    }
}

fn show(desk: &dyn Desk, id: i64, format: Format, flag: &str, screen: &Screen) -> Result<(), Failure> {
    let Some((incident, evidence, timeline)) = desk.incident(id)? else {
        let hint = format!("`tripline incident list --all{flag}` lists those there are");
        return Err(Failure::new(format!("there is no incident {id}")).hint(Some(hint)));
    };
    screen.put(|out| match format {
        Format::Human => page(out, &incident, &evidence, &timeline, screen.width(), desk.zone()),
        Format::Ndjson | Format::Json => json_whole(out, &incident, &evidence, &timeline),
    })
}

/// Page by page: there may be a million.
fn export(
    desk: &dyn Desk,
    arguments: &FilterArguments,
    format: ExportFormat,
    screen: &Screen,
) -> Result<(), Failure> {
    let filter = filter(desk, arguments);
    let counted = |count: u64| format!("{count} incidents exported");
    let waiting = screen.waiting_beside_data(counted(0));
    let (mut after, mut count, mut failed) = (None, 0, None);
    screen.put(|out| {
        if format == ExportFormat::Csv {
            out.write_all(&csv_table([Ok(CSV_HEAD.map(String::from))])?)?;
        }
        loop {
            let (incidents, next) = match desk.page(&filter, after.as_ref(), PAGE) {
                Ok(page) => page,
                Err(error) => {
                    failed = Some(error);
                    return Ok(());
                }
            };
            match format {
                ExportFormat::Csv => out.write_all(&csv_table(incidents.iter().map(csv_row))?)?,
                ExportFormat::Json => incidents.iter().try_for_each(|one| json_line(out, one, &[]))?,
            }
            count += incidents.len() as u64;
            waiting.at(counted(count), 0, 0);
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    })?;
    failed.map_or(Ok(()), Err)
}

/// What comes on standard input, unless that is a terminal; one byte more than there may be is enough to know it.
fn details() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    if io::stdin().is_terminal() {
        return Ok(String::new());
    }
    let read = io::stdin().lock().take(Report::DETAILS as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(format!("cannot read the details from standard input: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().into())
}
