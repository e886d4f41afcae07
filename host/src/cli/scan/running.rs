use super::judging::Judging;
use crate::cli::arguments::{KeepArguments, RunArguments};
use crate::cli::exit::Exit;
use crate::cli::{Failure, Screen, interrupt};
use crate::configuration::Configuration;
use crate::report::waiting::Waiting;
use crate::scans::{
    Cancel, Host, Order, Progress, Request, ScanSettings, Scanner, ScannerKind, SystemResolver, Watch, choose,
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

/// The scanner; the lesser one is told.
fn wanted(
    asked: Option<ScannerKind>,
    request: &Request,
    settings: &ScanSettings,
    screen: &Screen,
) -> Result<Box<dyn Scanner>, Failure> {
    let chosen = choose(asked, request, settings, std::env::var_os("PATH").as_deref());
    let chosen = chosen.map_err(|error| Failure::new(&error).hint(Some(error.hint())))?;
    if chosen.lesser {
        screen.warning("there is no nmap: ports are found by connecting alone, and services stay unknown");
    }
    Ok(chosen.scanner)
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
