//! Where scans are kept: a database on this machine, or a server that makes them.

use std::io::{self, Read};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Failure;
use super::super::arguments::{KeepArguments, ServerArguments};
use super::super::kept::Kept;
use super::server::{Refused, Server};
use crate::configuration::Configuration;
use crate::http::shapes::{IncidentShape, ScanShape};
use crate::incidents::{Evidence, Incident};
use crate::report::scans;
use crate::scans::{
    Cancel, Progress, Request, Run, RunState, ScanName, ScanStore, Scanning, ScheduleStore, Scheduled,
};

/// Runs, findings and incidents of a page: what the API gives at most.
const RUNS: u32 = 200;
const FINDINGS: u32 = 1_000;
const INCIDENTS: u32 = 200;
/// How often a scan is asked how far it is.
const LOOK: Duration = Duration::from_millis(500);

/// Scans, wherever they are kept.
pub(in crate::cli) trait ScanDesk {
    /// In which zone times are shown.
    fn zone(&self) -> &TimeZone;
    /// The latest runs, at most so many.
    fn runs(&self, most: u32) -> Result<Vec<Run>, Failure>;
    /// The run of this number.
    fn run(&self, number: u64) -> Result<Option<Run>, Failure>;
    /// What it found, behind this number: some, and the number behind which there are more.
    fn findings(&self, run: u64, after: u64) -> Result<(Vec<Value>, Option<u64>), Failure>;
    /// Scans that are made again and again, and how they stand.
    fn schedules(&self) -> Result<Vec<Value>, Failure>;
    /// Breaks a run off.
    fn cancel(&self, run: u64) -> Result<Cancelled, Failure>;
}

/// What became of it that a run was to be broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Cancelled {
    /// It ends soon.
    Soon,
    /// There is none of this number that is underway.
    NotUnderway,
    /// Nobody makes it any more: its program had died, and that is kept now.
    Died,
}

/// The server that is named, or the database on this machine.
pub(in crate::cli) fn open(
    keep: &KeepArguments,
    server: &ServerArguments,
    configuration: &Configuration,
    changes: bool,
) -> Result<Box<dyn ScanDesk>, Failure> {
    if let Some(remote) = RemoteScans::named(keep, server, configuration)? {
        return Ok(Box::new(remote));
    }
    let open = if changes { Kept::open } else { Kept::look };
    Ok(Box::new(Local { kept: open(keep, configuration)?, schedules: configuration.scan.schedules.clone() }))
}

struct Local {
    kept: Kept,
    schedules: Vec<Scheduled>,
}

impl ScanDesk for Local {
    fn zone(&self) -> &TimeZone {
        &self.kept.zone
    }

    fn runs(&self, most: u32) -> Result<Vec<Run>, Failure> {
        let runs = self.kept.database.runs(&self.kept.tenant, None, most);
        Ok(self.as_they_are(runs.map_err(|error| self.kept.failed(&error))?))
    }

    fn run(&self, number: u64) -> Result<Option<Run>, Failure> {
        let run = self.kept.database.run(&self.kept.tenant, number);
        Ok(self.as_they_are(run.map_err(|error| self.kept.failed(&error))?.into_iter().collect()).pop())
    }

    fn findings(&self, run: u64, after: u64) -> Result<(Vec<Value>, Option<u64>), Failure> {
        let lines = self.kept.database.findings(&self.kept.tenant, run, after, FINDINGS);
        let lines = lines.map_err(|error| self.kept.failed(&error))?;
        let next = lines.last().filter(|_| lines.len() == FINDINGS as usize).map(|(number, _)| *number);
        Ok((lines.iter().filter_map(|(_, line)| serde_json::from_str(line).ok()).collect(), next))
    }

    fn schedules(&self) -> Result<Vec<Value>, Failure> {
        let (tenant, now) = (&self.kept.tenant, self.kept.clock.now());
        let own = self.schedules.iter().filter(|one| one.tenant == *tenant);
        let object = |one: &Scheduled| {
            let standing = self.kept.database.stands(tenant, &one.request.name);
            let standing = standing.map_err(|error| self.kept.failed(&error))?;
            let mut standing = standing.unwrap_or_default();
            if standing.since == 0 {
                standing.since = now;
            }
            Ok(scans::schedule(one, &standing, now))
        };
        own.map(object).collect()
    }

    fn cancel(&self, run: u64) -> Result<Cancelled, Failure> {
        let (kept, actor) = (&self.kept, self.kept.actor());
        let failed = |error| kept.failed(&error);
        // Whoever gets the lock knows that nobody makes it.
        if let Some(_lock) = kept.database.scanning().map_err(failed)? {
            let was = kept.database.run(&kept.tenant, run).map_err(failed)?;
            let (store, clock) = (Some(&*kept.database as &dyn ScanStore), &*kept.clock);
            Scanning { store, clock, actor: &actor, closed_after: 1, patience: None }
                .tidy()
                .map_err(failed)?;
            return Ok(match was.is_some_and(|run| run.state == RunState::Running) {
                true => Cancelled::Died,
                false => Cancelled::NotUnderway,
            });
        }
        let asked = kept.database.cancel(&kept.tenant, run, &actor).map_err(failed)?;
        Ok(if asked { Cancelled::Soon } else { Cancelled::NotUnderway })
    }
}

impl Local {
    /// Runs that are said to run, and whose program has died, have failed; whoever scans next keeps that.
    fn as_they_are(&self, mut runs: Vec<Run>) -> Vec<Run> {
        let running = runs.iter_mut().filter(|run| run.state == RunState::Running);
        let mut running = running.peekable();
        if running.peek().is_some() && !self.kept.database.is_scanning() {
            running.for_each(Run::die);
        }
        runs
    }
}

/// What a server is to scan.
pub(in crate::cli) enum Wanted {
    /// This.
    Scan(Request),
    /// What this schedule asks for.
    Schedule(ScanName),
}

/// A request as a body.
fn body(request: &Request) -> Value {
    json!({
        "name": request.name.as_str(),
        "targets": request.targets.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "ports": request.ports.to_string(),
        "service": request.service,
        "scripts": request.scripts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "every_address": request.every_address,
    })
}

/// Scans that a server makes.
pub(in crate::cli) struct RemoteScans {
    server: Server,
    zone: TimeZone,
}

#[derive(Deserialize)]
struct Scans {
    scans: Vec<ScanShape>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Findings {
    findings: Vec<Value>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Found {
    incidents: Vec<IncidentShape>,
    next: Option<i64>,
}

#[derive(Deserialize)]
struct Schedules {
    schedules: Vec<Value>,
}

impl RemoteScans {
    /// The server, if one is named.
    pub(in crate::cli) fn named(
        keep: &KeepArguments,
        server: &ServerArguments,
        configuration: &Configuration,
    ) -> Result<Option<RemoteScans>, Failure> {
        let Some(url) = server.url(keep)? else { return Ok(None) };
        let zone = configuration.timezone.clone().unwrap_or_else(TimeZone::system);
        Ok(Some(RemoteScans { server: Server::new(&url, server.token_file.as_deref(), &keep.tenant)?, zone }))
    }

    /// Makes a scan, and waits until it has ended. `cancel` breaks it off.
    pub(in crate::cli) fn make(
        &self,
        wanted: &Wanted,
        cancel: &Cancel,
        mut so_far: impl FnMut(&Progress, u64),
    ) -> Result<Run, Failure> {
        let begun = match wanted {
            Wanted::Scan(request) => self.server.post("/scans", &body(request))?,
            Wanted::Schedule(name) => {
                self.server.post(&format!("/scans/schedules/{name}/run"), &json!({}))?
            }
        };
        let mut shape: ScanShape = self.known(begun)?;
        let mut is_asked = false;
        loop {
            if let Some(progress) = shape.progress() {
                so_far(&progress, shape.hosts());
            }
            let run = shape.read().map_err(|odd| self.server.odd(&odd))?;
            if run.state != RunState::Running {
                return Ok(run);
            }
            if cancel.is_cancelled() && !std::mem::replace(&mut is_asked, true) {
                self.cancel(run.number)?;
            }
            sleep(LOOK);
            shape = self.known(self.server.get(&format!("/scans/{}", run.number), &[])?)?;
        }
    }

    /// Has it take a file, packed.
    pub(in crate::cli) fn import(
        &self,
        name: &ScanName,
        path: &Path,
        mut file: impl Read,
    ) -> Result<Run, Failure> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        let read = io::copy(&mut file, &mut packed).and_then(|_| packed.finish());
        let packed =
            read.map_err(|error| Failure::new(format!("{}: cannot read it: {error}", path.display())))?;
        let called = [("name", name.as_str())];
        let taken = self.server.bring("/scans/import", &called, "application/xml", &packed)?;
        self.read(self.known(taken)?)
    }

    /// Waits until rules have judged it, and answers it as it is then; `false`: `cancel` has ended that before.
    pub(in crate::cli) fn judged(&self, mut run: Run, cancel: &Cancel) -> Result<(Run, bool), Failure> {
        // Whoever has broken the scan off wants to know what it found until then.
        let had_cancelled = cancel.is_cancelled();
        while !run.judged {
            if cancel.is_cancelled() && !had_cancelled {
                return Ok((run, false));
            }
            sleep(LOOK);
            let shape = self.known(self.server.get(&format!("/scans/{}", run.number), &[])?)?;
            run = self.read(shape)?;
        }
        Ok((run, true))
    }

    /// The incidents that its findings are evidence of.
    pub(in crate::cli) fn incidents(&self, run: u64) -> Result<Vec<(Incident, Vec<Evidence>)>, Failure> {
        let (mut all, mut after) = (Vec::new(), Some(0));
        while let Some(behind) = after {
            let query = [("limit", INCIDENTS.to_string()), ("after", behind.to_string())];
            let page: Found = self.known(self.server.get(&format!("/scans/{run}/incidents"), &query)?)?;
            for shape in page.incidents {
                let (incident, evidence, _) = shape.read().map_err(|odd| self.server.odd(&odd))?;
                all.push((incident, evidence));
            }
            after = page.next;
        }
        Ok(all)
    }

    fn known<T>(&self, answer: Result<T, Refused>) -> Result<T, Failure> {
        answer.map_err(|refused| self.server.failed(&refused))
    }

    fn read(&self, shape: ScanShape) -> Result<Run, Failure> {
        shape.read().map_err(|odd| self.server.odd(&odd))
    }
}

impl ScanDesk for RemoteScans {
    fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn runs(&self, most: u32) -> Result<Vec<Run>, Failure> {
        let (mut runs, mut before) = (Vec::new(), None);
        while (runs.len() as u64) < u64::from(most) {
            let mut query = vec![("limit", (most - runs.len() as u32).min(RUNS).to_string())];
            query.extend(before.map(|before: u64| ("before", before.to_string())));
            let page: Scans = self.known(self.server.get("/scans", &query)?)?;
            for shape in page.scans {
                runs.push(self.read(shape)?);
            }
            match page.next {
                Some(next) => before = Some(next),
                None => break,
            }
        }
        Ok(runs)
    }

    fn run(&self, number: u64) -> Result<Option<Run>, Failure> {
        match self.server.get::<ScanShape>(&format!("/scans/{number}"), &[])? {
            Ok(shape) => self.read(shape).map(Some),
            Err(refused) if refused.is(404) => Ok(None),
            Err(refused) => Err(self.server.failed(&refused)),
        }
    }

    fn findings(&self, run: u64, after: u64) -> Result<(Vec<Value>, Option<u64>), Failure> {
        let query = [("limit", FINDINGS.to_string()), ("after", after.to_string())];
        let page: Findings = self.known(self.server.get(&format!("/scans/{run}/findings"), &query)?)?;
        Ok((page.findings, page.next))
    }

    fn schedules(&self) -> Result<Vec<Value>, Failure> {
        let answer: Schedules = self.known(self.server.get("/scans/schedules", &[])?)?;
        Ok(answer.schedules)
    }

    fn cancel(&self, run: u64) -> Result<Cancelled, Failure> {
        match self.server.post::<ScanShape>(&format!("/scans/{run}/cancel"), &json!({}))? {
            Ok(_) => Ok(Cancelled::Soon),
            Err(refused) if refused.is(409) || refused.is(404) => Ok(Cancelled::NotUnderway),
            Err(refused) => Err(self.server.failed(&refused)),
        }
    }
}
