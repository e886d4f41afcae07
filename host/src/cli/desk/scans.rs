//! Where scans are kept: a database on this machine, or a server that makes them.

use std::fs::File;
use std::io;
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
use crate::http::shapes::ScanShape;
use crate::report::scans;
use crate::scans::{Cancel, Progress, Request, Run, RunState, ScanName, ScanStore, ScheduleStore, Scheduled};

/// Runs and findings of a page: what the API gives at most.
const RUNS: u32 = 200;
const FINDINGS: u32 = 1_000;
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
    /// What it found.
    fn findings(&self, run: u64) -> Result<Vec<Value>, Failure>;
    /// Scans that are made again and again, and how they stand.
    fn schedules(&self) -> Result<Vec<Value>, Failure>;
    /// Breaks a run off; answers whether it was underway.
    fn cancel(&self, run: u64) -> Result<bool, Failure>;
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
        self.kept.database.runs(&self.kept.tenant, None, most).map_err(|error| self.kept.failed(&error))
    }

    fn run(&self, number: u64) -> Result<Option<Run>, Failure> {
        self.kept.database.run(&self.kept.tenant, number).map_err(|error| self.kept.failed(&error))
    }

    fn findings(&self, run: u64) -> Result<Vec<Value>, Failure> {
        let lines = self.kept.database.findings(&self.kept.tenant, run, 0, u32::MAX);
        let lines = lines.map_err(|error| self.kept.failed(&error))?;
        Ok(lines.iter().filter_map(|(_, line)| serde_json::from_str(line).ok()).collect())
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

    fn cancel(&self, run: u64) -> Result<bool, Failure> {
        let kept = &self.kept;
        kept.database.cancel(&kept.tenant, run, &kept.actor()).map_err(|error| kept.failed(&error))
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
        Ok(Some(RemoteScans { server: Server::new(&url, server.token_file.as_deref())?, zone }))
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
        mut file: File,
    ) -> Result<Run, Failure> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        let read = io::copy(&mut file, &mut packed).and_then(|_| packed.finish());
        let packed =
            read.map_err(|error| Failure::new(format!("{}: cannot read it: {error}", path.display())))?;
        let called = [("name", name.as_str())];
        let taken = self.server.bring("/scans/import", &called, "application/xml", &packed)?;
        self.read(self.known(taken)?)
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

    fn findings(&self, run: u64) -> Result<Vec<Value>, Failure> {
        let (mut all, mut after) = (Vec::new(), Some(0));
        while let Some(behind) = after {
            let query = [("limit", FINDINGS.to_string()), ("after", behind.to_string())];
            let page: Findings = self.known(self.server.get(&format!("/scans/{run}/findings"), &query)?)?;
            all.extend(page.findings);
            after = page.next;
        }
        Ok(all)
    }

    fn schedules(&self) -> Result<Vec<Value>, Failure> {
        let answer: Schedules = self.known(self.server.get("/scans/schedules", &[])?)?;
        Ok(answer.schedules)
    }

    fn cancel(&self, run: u64) -> Result<bool, Failure> {
        match self.server.post::<ScanShape>(&format!("/scans/{run}/cancel"), &json!({}))? {
            Ok(_) => Ok(true),
            Err(refused) if refused.is(409) || refused.is(404) => Ok(false),
            Err(refused) => Err(self.server.failed(&refused)),
        }
    }
}
