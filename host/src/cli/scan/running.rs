use super::judging::Judging;
use crate::cli::arguments::{Format, KeepArguments, RunArguments};
use crate::cli::desk::scans::{RemoteScans, ScanDesk, Wanted};
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
    let mut watch = Shown::new(screen);
    let scanned = judging.scan(&order, &*scanner, &mut watch, &cancel)?;
    drop(watch);
    if let Some(name) = arguments.schedule.filter(|_| scanned.state == RunState::Done) {
        judging.whole(&name, scanned.began)?;
    }
    judging.finish(vec![scanned], Vec::new(), Vec::new())
}

/// Has a server scan, which judges it, too.
pub(super) fn run_there(
    arguments: RunArguments,
    server: &RemoteScans,
    screen: &Screen,
) -> Result<Exit, Failure> {
    if arguments.scanner.is_some() {
        return Err(Failure::new(
            "expected --scanner or --server, found both: a server scans with what it has",
        ));
    }
    let cancel = Cancel::by(interrupt::flag()?);
    let mut shown = Shown::new(screen);
    let wanted = match &arguments.schedule {
        Some(name) => Wanted::Schedule(name.clone()),
        None => Wanted::Scan(request(&arguments)),
    };
    let run = server.make(&wanted, &cancel, |progress, hosts| {
        shown.hosts = hosts;
        shown.progress(progress);
    })?;
    drop(shown);
    if let Some(broken) = &run.broken {
        screen.warning(&format!("the scan did not see all: {}", broken.detail));
    }
    super::kept::put(&run, server.findings(run.number)?, arguments.judge.format, server.zone(), screen)?;
    if arguments.judge.format == Format::Human {
        screen.say("the server's rules judge it: `tripline incident list` shows what they decided");
    }
    Ok(if run.state == RunState::Done { Exit::Clean } else { Exit::Incomplete })
}

fn request(arguments: &RunArguments) -> Request {
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
        Failure::new(message).hint(Some("`tripline scan schedule` lists them"))
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
    hosts: u64,
}

impl Shown {
    pub(super) fn new(screen: &Screen) -> Shown {
        Shown { waiting: screen.waiting("scanning".into()), hosts: 0 }
    }
}

impl Watch for Shown {
    fn host(&mut self, host: Host) {
        self.hosts += u64::from(host.up);
    }

    fn progress(&mut self, progress: &Progress) {
        let hosts = if self.hosts == 1 { "host" } else { "hosts" };
        let doing = format!("{}, {} {hosts} done", progress.task, self.hosts);
        self.waiting.at(doing, progress.percent as u64, 100);
    }
}
