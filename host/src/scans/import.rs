//! Files that nmap or masscan wrote elsewhere.

use std::io::Read;

use jiff::Timestamp;

use super::finding::Origin;
use super::gathering::Gathering;
use super::host::Protocol;
use super::known::Baseline;
use super::order::ScanName;
use super::ports::Ports;
use super::record::NewRun;
use super::run::{Compared, Scanned, Scanning};
use super::scanner::{ScannerKind, Watch};
use super::told::Told;
use super::xml::{Asked, ScanXml, XmlLimits};
use crate::commit::{StoreError, Tenant};

/// In nanoseconds.
const DAY: i64 = 24 * 3600 * 1_000_000_000;

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no scan.
    #[error("expected a scan of nmap or masscan in XML, found none: {0}")]
    NoScan(String),
    /// A later scan is known already.
    #[error("expected a scan that ended after the last one of `{0}`, found an earlier one")]
    Older(ScanName),
    /// It says that it is of another day than any that has come.
    #[error("expected a scan that has ended, found one that ended at {0}")]
    Future(Timestamp),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ImportError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ImportError::Older(_) => Some(
                "take files in the order of their scans; those of another network are a scan with a --name of its own",
            ),
            _ => None,
        }
    }
}

impl Scanning<'_> {
    /// Takes a file as if its scan had been made here. What it was asked is known as far as it says so.
    pub fn import(
        &self,
        tenant: &Tenant,
        name: &ScanName,
        input: impl Read,
        watch: &mut dyn Watch,
    ) -> Result<Scanned, ImportError> {
        let mut told = Told::default();
        let mut gathering = Gathering::new(None, watch);
        told.follow(&mut ScanXml::new(input, XmlLimits::default()), &mut gathering);
        let ended = gathering.bounded(told.ended());
        let seen = gathering.seen;
        let Some(scanner) = told.scanner else {
            let why = ended.broken.map(|broken| broken.detail).unwrap_or_default();
            return Err(ImportError::NoScan(why));
        };
        let began = told.begun.or(told.last).unwrap_or_else(|| self.clock.now());
        let at = told.last.or(told.begun).unwrap_or(began).max(began);
        // Whoever comes after it would be older for ever. A day: clocks are set in many ways.
        if let Ok(ended) = Timestamp::from_nanosecond(at.into())
            && at > self.clock.now().saturating_add(DAY)
        {
            return Err(ImportError::Future(ended));
        }
        let mut asked = told.asked;
        if asked.is_empty() {
            let technique = if scanner == ScannerKind::Masscan { "syn" } else { "unknown" };
            asked.push(Asked { technique: technique.into(), protocol: Protocol::Tcp, ports: None });
        }
        let mut baselines: Vec<(Baseline, Option<Ports>)> = Vec::new();
        for Asked { technique, protocol, ports } in asked {
            // Who may send only what anybody may, connects.
            let privileged = technique != "connect";
            let name = name.clone();
            let baseline = Baseline { name, scanner, technique, protocol, privileged };
            if baselines.iter().any(|(known, _)| *known == baseline) {
                continue;
            }
            let latest = self.store.map(|store| store.latest(tenant, &baseline)).transpose()?.flatten();
            if latest.is_some_and(|latest| at <= latest) {
                return Err(ImportError::Older(baseline.name));
            }
            baselines.push((baseline, ports));
        }
        let ports = baselines.first().and_then(|(_, ports)| ports.clone());
        let author = self.actor.clone();
        let run = NewRun { name: name.clone(), scanner, author, started: began, addresses: None, ports };
        let number = self.store.map(|store| store.begin(tenant, run)).transpose()?;
        let origin = Origin { scan: name.clone(), run: number, scanner };
        Ok(self.finish(tenant, origin, began, at, Compared { seen, baselines }, ended)?)
    }
}
