use jiff::SignedDuration;

use super::judging::Judging;
use crate::cli::arguments::{KeepArguments, RunArguments};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, interrupt};
use crate::commit::Tenant;
use crate::configuration::Configuration;
use crate::report::waiting::Waiting;
use crate::scans::{
    Cancel, ChoiceError, Host, Order, Progress, Request, RunState, ScanName, ScanSettings, Scanner,
    ScannerKind, SystemResolver, Watch, choose,
};

/// Scans.
pub(super) fn run(
    arguments: RunArguments,
    keep: &KeepArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let settings = &configuration.scan;
    let request = match &arguments.schedule {
        Some(name) => scheduled(name, &keep.tenant, settings)?,
        None => request(&arguments),
    };
    let cancel = Cancel::by(interrupt::flag()?);
    let order = order(&request, keep, settings, &cancel)?;
    let scanner = wanted(arguments.scanner, &request, settings, screen)
        .map_err(|error| Failure::new(&error).hint(Some(error.hint())))?;
    let judging = Judging::open(arguments.judge, keep, configuration, screen)?;
    if let Some(over) = judging.over_quota()? {
        return Err(Failure::new(over));
    }
    let mut watch = Shown::new(screen);
    let scanned = judging.scan(&order, &*scanner, &mut watch, &cancel)?;
    drop(watch);
    if let Some(name) = arguments.schedule.filter(|_| scanned.state == RunState::Done) {
        judging.whole(&name, scanned.began)?;
    }
    judging.finish(vec![scanned], Vec::new(), Vec::new())
}

pub(super) fn request(arguments: &RunArguments) -> Request {
    let RunArguments { targets, ports, service, script, every_address, name, .. } = arguments;
    Request {
        name: name.clone(),
        targets: targets.clone(),
        // Without them there is a schedule.
        ports: ports.clone().unwrap_or_default(),
        service: *service,
        scripts: script.clone(),
        every_address: *every_address,
    }
}

/// What a schedule of the tenant asks for.
fn scheduled(name: &ScanName, tenant: &Tenant, settings: &ScanSettings) -> Result<Request, Failure> {
    let mut own = settings.schedules.iter().filter(|one| one.tenant == *tenant);
    let found = own.find(|one| one.request.name == *name).map(|one| one.request.clone());
    found.ok_or_else(|| {
        let message = format!("expected a schedule of tenant `{tenant}`, found none called `{name}`");
        Failure::new(message).hint(Some(format!("`tripline scan schedule{}` lists them", tenant.flag())))
    })
}

/// What may be scanned of what is asked for.
fn order(
    request: &Request,
    keep: &KeepArguments,
    settings: &ScanSettings,
    cancel: &Cancel,
) -> Result<Order, Failure> {
    let order = Order::check(request, &keep.tenant, settings, &SystemResolver::cancelled_by(cancel));
    order.map_err(|error| {
        let hint = error.hint();
        Failure::new(error).hint(hint)
    })
}

/// The scanner; the lesser one is told.
pub(super) fn wanted(
    asked: Option<ScannerKind>,
    request: &Request,
    settings: &ScanSettings,
    screen: &Screen,
) -> Result<Box<dyn Scanner>, ChoiceError> {
    let chosen = choose(asked, request, settings, std::env::var_os("PATH").as_deref())?;
    if chosen.lesser {
        screen.warning("there is no nmap: ports are found by connecting alone, and services stay unknown");
    }
    Ok(chosen.scanner)
}

/// Shows how far it is.
pub(super) struct Shown {
    waiting: Waiting,
    progress: Progress,
    hosts: u64,
}

impl Shown {
    pub(super) fn new(screen: &Screen) -> Shown {
        let waiting = screen.waiting("scanning".into()).in_parts();
        Shown { waiting, progress: Progress::default(), hosts: 0 }
    }

    /// It is so far, with so many hosts.
    pub(super) fn at(&mut self, progress: &Progress, hosts: u64) {
        (self.progress, self.hosts) = (progress.clone(), hosts);
        self.draw();
    }

    /// The scan has ended, and this is done.
    pub(super) fn then(&self, doing: &str) {
        self.waiting.at(doing.into(), 0, 0);
    }

    fn draw(&self) {
        // A scan that has not said what it does says nothing of how much of that is done, either.
        match self.progress.task.is_empty() {
            true => self.waiting.at("scanning".into(), 0, 0),
            false => self.waiting.at(far(&self.progress, self.hosts), self.progress.percent as u64, 100),
        }
    }
}

/// What is done, for how long yet, and what came of it so far.
fn far(progress: &Progress, hosts: u64) -> String {
    let left = progress.left.and_then(|left| SignedDuration::try_from(left).ok());
    let left = left.map(|left| format!(", {left:#} left")).unwrap_or_default();
    let hosts = if hosts == 1 { "1 host".into() } else { format!("{hosts} hosts") };
    format!("{}{left}, {hosts} so far", progress.task)
}

impl Watch for Shown {
    fn host(&mut self, host: Host) {
        self.hosts += u64::from(host.up);
        // What was told of the time that it takes was of what is done now.
        self.progress.left = None;
        self.draw();
    }

    fn progress(&mut self, progress: &Progress) {
        self.at(progress, self.hosts);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn how_far_it_is_is_told_by_what_is_known() {
        let progress = |left| Progress { task: "Connect Scan".into(), percent: 4.2, left };
        assert_eq!(far(&progress(None), 0), "Connect Scan, 0 hosts so far");
        assert_eq!(
            far(&progress(Some(Duration::from_secs(140))), 1),
            "Connect Scan, 2m 20s left, 1 host so far"
        );
    }
}
