use super::judging::Judging;
use crate::cli::arguments::{KeepArguments, RunArguments};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, interrupt};
use crate::configuration::Configuration;
use crate::report::waiting::Waiting;
use crate::scans::{
    Cancel, Connect, Host, Nmap, NmapError, Order, Progress, Request, ScanSettings, Scanner, ScannerKind,
    SystemResolver, Watch, find,
};

/// Scans.
pub(super) fn run(
    arguments: RunArguments,
    keep: &KeepArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let RunArguments { targets, ports, service, script: scripts, every_address, scanner, judge } = arguments;
    let request = Request { name: judge.name.clone(), targets, ports, service, scripts, every_address };
    let settings = &configuration.scan;
    let order = Order::check(&request, &keep.tenant, settings, &SystemResolver::default());
    let order = order.map_err(|error| {
        let hint = error.hint();
        Failure::new(error).hint(hint)
    })?;
    let scanner = wanted(scanner, &request, settings, screen)?;
    let cancel = Cancel::by(interrupt::flag()?);
    let judging = Judging::open(judge, keep, configuration, screen)?;
    let mut watch = Shown { waiting: screen.waiting("scanning".into()), hosts: 0 };
    let scanned = judging.scan(&order, &*scanner, &mut watch, &cancel)?;
    drop(watch);
    judging.finish(vec![scanned], Vec::new())
}

/// The scanner: the one that was asked for, else nmap, else the one that is built in.
fn wanted(
    asked: Option<ScannerKind>,
    request: &Request,
    settings: &ScanSettings,
    screen: &Screen,
) -> Result<Box<dyn Scanner>, Failure> {
    const INSTALL: &str =
        "install nmap, or leave --service and --script out: without it, ports are found by connecting";
    let needs_nmap = request.service || !request.scripts.is_empty();
    let connects = || -> Box<dyn Scanner> { Box::new(Connect::default()) };
    if asked == Some(ScannerKind::Connect) {
        return match needs_nmap {
            true => Err(Failure::new("expected nmap for --service and --script, found --scanner connect")),
            false => Ok(connects()),
        };
    }
    match find(settings.nmap.as_deref(), std::env::var_os("PATH").as_deref()) {
        Ok(program) => Ok(Box::new(Nmap { program, launcher: "/proc/self/exe".into() })),
        Err(NmapError::None) if asked.is_none() && !needs_nmap => {
            screen
                .warning("there is no nmap: ports are found by connecting alone, and services stay unknown");
            Ok(connects())
        }
        Err(error) => Err(Failure::new(error).hint(Some(INSTALL))),
    }
}

/// Shows how far it is.
struct Shown {
    waiting: Waiting,
    hosts: u64,
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
