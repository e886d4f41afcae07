use std::io::{self, IsTerminal, Read};

use super::arguments::{ExportFormat, FilterArguments, Format, IncidentArguments, IncidentCommand};
use super::exit::Exit;
use super::kept::Kept;
use super::{Failure, Screen};
use crate::commit::{Commit, Store};
use crate::configuration::Configuration;
use crate::incidents::{Act, Filter, Page, Report, State};
use crate::notices::Pattern;
use crate::report::stored_human::{list, page};
use crate::report::stored_page::{CSV_HEAD, csv_row, json_line, json_page};
use crate::report::visible;

/// Bytes of details that are read.
const DETAILS: u64 = 64 * 1024;
/// Incidents read at once.
const PAGE: u32 = 1_000;

/// A person's working day.
pub(super) fn run(
    arguments: IncidentArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let kept = match arguments.command {
        IncidentCommand::Report { .. } => Kept::make(&arguments.keep, configuration)?,
        IncidentCommand::List { .. } | IncidentCommand::Show { .. } | IncidentCommand::Export { .. } => {
            Kept::look(&arguments.keep, configuration)?
        }
        _ => Kept::open(&arguments.keep, configuration)?,
    };
    match arguments.command {
        IncidentCommand::List { filter, limit, format } => {
            let Page { incidents, next } = found(&kept, &filter, limit)?;
            screen.put(|out| match format {
                Format::Human => list(out, &incidents, screen.width(), &kept.zone),
                Format::Ndjson => incidents.iter().try_for_each(|one| json_line(out, one, &[])),
                Format::Json => json_page(out, &incidents),
            })?;
            if next.is_some() {
                screen
                    .say(&format!("these are {limit}, and there are more: --limit N, or `incident export`"));
            }
            return Ok(Exit::Clean);
        }
        IncidentCommand::Show { id, format } => {
            show(&kept, id, format, screen)?;
            return Ok(Exit::Clean);
        }
        IncidentCommand::Export { filter, format } => {
            export(&kept, &filter, format, screen)?;
            return Ok(Exit::Clean);
        }
        IncidentCommand::Ack { ids, hold } => act(&kept, &ids, &Act::Acknowledge { hold }, screen)?,
        IncidentCommand::Assign { id, to } => act(&kept, &[id], &Act::Assign { to }, screen)?,
        IncidentCommand::Comment { id, text } => act(&kept, &[id], &Act::Comment { text }, screen)?,
        IncidentCommand::Resolve { ids, resolution, comment } => {
            act(&kept, &ids, &Act::Resolve { resolution, comment }, screen)?;
        }
        IncidentCommand::Reopen { ids, comment } => act(&kept, &ids, &Act::Reopen { comment }, screen)?,
        IncidentCommand::Report { severity, title, fingerprint, values, tags } => {
            let report = Report { severity, title, details: details()?, fingerprint, values, tags };
            let commit = Commit { decisions: vec![report.decision(kept.clock.now())], ..Commit::default() };
            let committed =
                kept.database.commit(&kept.tenant, commit).map_err(|error| kept.failed(&error))?;
            screen.put(|out| {
                committed.opened.iter().try_for_each(|id| writeln!(out, "incident {id} opened"))?;
                committed
                    .grown
                    .iter()
                    .try_for_each(|id| writeln!(out, "incident {id} has occurred again"))?;
                if committed.excepted > 0 {
                    writeln!(out, "an exception covers it: no incident")?;
                }
                Ok(())
            })?;
        }
    }
    Ok(if kept.settle(screen)? { Exit::Clean } else { Exit::Undelivered })
}

/// Does the same to each; the first that cannot be done ends it.
fn act(kept: &Kept, ids: &[i64], act: &Act, screen: &Screen) -> Result<(), Failure> {
    for id in ids {
        let done = kept.database.act(&kept.tenant, *id, None, act.clone(), kept.actor());
        let incident = done.map_err(|error| kept.failed(&error))?.map_err(Failure::new)?;
        let done = match act {
            Act::Assign { to: Some(to) } => format!("is assigned to {}", visible(to)),
            Act::Assign { to: None } => "is assigned to nobody".into(),
            Act::Comment { .. } => "has your comment".into(),
            _ => format!("is {}", incident.state),
        };
        screen.put(|out| writeln!(out, "incident {id} {done}"))?;
    }
    Ok(())
}

fn filter(kept: &Kept, arguments: &FilterArguments) -> Filter {
    let states = match (arguments.all, &arguments.state[..]) {
        (true, _) => Vec::new(),
        (false, []) => vec![State::Open, State::Acknowledged],
        (false, states) => states.to_vec(),
    };
    Filter {
        states,
        severity: arguments.severity,
        rule: arguments.rule.clone().map(Pattern::new),
        assignee: arguments.assignee.clone(),
        since: arguments.since.map(|since| since.before(kept.clock.now())),
        before: None,
        text: arguments.search.clone(),
    }
}

fn found(kept: &Kept, arguments: &FilterArguments, most: u32) -> Result<Page, Failure> {
    let page = kept.database.page(&kept.tenant, &filter(kept, arguments), None, most);
    page.map_err(|error| kept.failed(&error))
}

fn show(kept: &Kept, id: i64, format: Format, screen: &Screen) -> Result<(), Failure> {
    let failed = |error| kept.failed(&error);
    let Some(incident) = kept.database.incident(&kept.tenant, id).map_err(failed)? else {
        let hint = "`tripline incident list --all` lists those there are";
        return Err(Failure::new(format!("there is no incident {id}")).hint(Some(hint)));
    };
    let evidence = kept.database.evidence(&kept.tenant, id).map_err(failed)?;
    let timeline = kept.database.timeline(&kept.tenant, id).map_err(failed)?;
    screen.put(|out| match format {
        Format::Human => page(out, &incident, &evidence, &timeline, screen.width(), &kept.zone),
        Format::Ndjson | Format::Json => json_line(out, &incident, &evidence),
    })
}

/// Page by page: there may be a million.
fn export(
    kept: &Kept,
    arguments: &FilterArguments,
    format: ExportFormat,
    screen: &Screen,
) -> Result<(), Failure> {
    let filter = filter(kept, arguments);
    let counted = |count: u64| format!("{count} incidents exported");
    let waiting = screen.waiting_beside_data(counted(0));
    let (mut after, mut count, mut failed) = (None, 0, None);
    screen.put(|out| {
        if format == ExportFormat::Csv {
            out.write_all(&csv_rows([CSV_HEAD.map(String::from)])?)?;
        }
        loop {
            let page = match kept.database.page(&kept.tenant, &filter, after, PAGE) {
                Ok(page) => page,
                Err(error) => {
                    failed = Some(kept.failed(&error));
                    return Ok(());
                }
            };
            match format {
                ExportFormat::Csv => out.write_all(&csv_rows(page.incidents.iter().map(csv_row))?)?,
                ExportFormat::Json => page.incidents.iter().try_for_each(|one| json_line(out, one, &[]))?,
            }
            count += page.incidents.len() as u64;
            waiting.at(counted(count), 0, 0);
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    })?;
    failed.map_or(Ok(()), Err)
}

fn csv_rows<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> io::Result<Vec<u8>> {
    let mut bytes = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    rows.into_iter().try_for_each(|row| bytes.write_record(row))?;
    bytes.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// What comes on standard input, unless that is a terminal.
fn details() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    if io::stdin().is_terminal() {
        return Ok(String::new());
    }
    let read = io::stdin().lock().take(DETAILS).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(format!("cannot read the details from standard input: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().into())
}
