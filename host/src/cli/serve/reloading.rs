//! Configuration, packs and the certificate are read again at SIGHUP, and when their files have changed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tripline_engine::Configured;
use tripline_engine::sandbox::Sandbox;

use super::super::arguments::ServeArguments;
use super::super::configuration::placed;
use super::super::packs::Strangers;
use super::super::{Failure, kept, packs, signatures};
use super::journal::{Journal, Level, Line};
use super::{said, sources};
use crate::commit::StoreError;
use crate::configuration::Configuration;
use crate::http::{Certificate, HttpSources};
use crate::packs::Shelf;
use crate::security_log::Deed;
use crate::serve::{Change, Expected, Intake, ScanPlan, Scans};
use crate::store::Database;

/// How often it is looked whether files have changed.
const LOOK: Duration = Duration::from_secs(1);

/// What is needed to read it all again.
pub(super) struct Reloading {
    pub(super) sandbox: Arc<dyn Sandbox>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) arguments: Arc<ServeArguments>,
    pub(super) configuration: Configuration,
    pub(super) http_sources: HttpSources,
    /// They are as they were until the next start.
    pub(super) listeners: Vec<Expected>,
    pub(super) database: Arc<Database>,
    pub(super) intake: Intake,
    pub(super) scans: Scans,
    /// What is shown to who comes by TLS.
    pub(super) certificate: Option<Certificate>,
    pub(super) journal: Arc<Journal>,
}

/// What is scanned, as it is configured.
pub(super) fn plan(configuration: &Configuration) -> ScanPlan {
    ScanPlan { settings: configuration.scan.clone(), path: std::env::var_os("PATH") }
}

impl Reloading {
    /// Runs as long as the program does.
    pub(super) fn run(mut self, hung_up: &Receiver<()>) {
        let mut known = self.prints();
        let mut before = known.clone();
        loop {
            let is_asked = match hung_up.recv_timeout(LOOK) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let now = self.prints();
            // What changes from look to look is still being written.
            let is_changed = now != known && now == before;
            before.clone_from(&now);
            if !is_asked && !is_changed {
                continue;
            }
            known = now;
            let digest = self.configuration.path.as_deref().and_then(Configuration::digest_of);
            let read = self.read();
            let deed = match &read {
                Ok(packs) => Deed::settings_loaded(self.configuration.digest.as_ref(), packs),
                Err(_) => Deed::settings_refused(digest.as_ref()),
            };
            if let Err(error) = self.database.note(vec![deed]) {
                let message = format!("security.log does not tell of the change: {error}");
                self.journal.write(Line::new(Level::Error, "security-log", message));
            }
            if let Err(failure) = read {
                let message = format!("{}; it goes on as it was", failure.message());
                self.journal.write(Line::new(Level::Error, "unchanged", message));
                failure.hinted().into_iter().for_each(|hint| self.journal.hint(hint));
            }
        }
    }

    /// Goes on by what the files say; answers the packs.
    fn read(&mut self) -> Result<Vec<Configured>, Failure> {
        let configuration = match &self.configuration.path {
            Some(path) => Configuration::read(path).map_err(placed)?,
            None => Configuration::default(),
        };
        // The other cores are for lines.
        let packs = packs::configured(&self.arguments.packs, &configuration, &Strangers::Refused, 1)?;
        packs::tried(&packs, &*self.sandbox)?;
        // Files of another name count from the next start on, as all of [server].
        if let (Some(certificate), Some(files)) = (&self.certificate, &self.configuration.server.tls) {
            certificate.renew(files).map_err(|error| Failure::new(&error).hint(error.hint()))?;
        }
        // Nothing counts before all of it is known to: what is half the old and half the new is nobody's configuration.
        let shelf = Arc::clone(&self.shelf);
        let demands = configuration.demands.clone();
        let ready = shelf.operators(packs.clone(), demands).map_err(Failure::new)?;
        said::left_out(&ready.left_out).into_iter().for_each(|line| self.journal.write(line));
        let follow = sources::follow(&self.arguments, &configuration);
        for name in needs_restart(&self.configuration, &configuration) {
            let message = format!("{name} has changed: it counts from the next start on");
            self.journal.write(Line::new(Level::Warning, "restart-needed", message).with("name", name));
        }
        let policy = kept::policy_of_server(&self.arguments.keep, &configuration, self.database.path());
        self.database.set_policy(policy);
        quotas(&configuration, &self.database, &self.intake)
            .map_err(|error| Failure::new(&error).hint(error.hint()))?;
        self.scans.replan(plan(&configuration));
        self.http_sources.set(&configuration.http);
        let expected = [self.listeners.clone(), self.http_sources.expected()].concat();
        ready.count(Change { follow: Some(follow), expected: Some(expected), ..Change::default() });
        self.configuration = configuration;
        Ok(packs)
    }

    /// What tells that a file was written anew.
    fn prints(&self) -> Vec<(PathBuf, Option<Print>)> {
        let packs = &self.arguments.packs;
        let tls = self.configuration.server.tls.iter().flat_map(|files| [&files.certificate, &files.key]);
        let files = self.configuration.path.iter().chain(&packs.settings).chain(&packs.pack).chain(tls);
        let mut prints = Vec::new();
        for path in files {
            prints.push((path.clone(), print(path)));
            let signature = signatures::beside(path);
            prints.extend(print(&signature).map(|print| (signature, Some(print))));
            let Ok(folder) = fs::read_dir(path) else { continue };
            let inside = folder.flatten().map(|entry| entry.path());
            let mut modules: Vec<PathBuf> = inside
                .filter(|path| path.extension().is_some_and(|end| end == "wasm" || end == "sig"))
                .collect();
            modules.sort();
            prints.extend(modules.into_iter().map(|path| {
                let print = print(&path);
                (path, print)
            }));
        }
        prints
    }
}

/// Inode, bytes, when it was written: seconds and nanoseconds.
type Print = (u64, u64, i64, i64);

fn print(path: &Path) -> Option<Print> {
    let found = fs::metadata(path).ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

/// What tenants may use: what the configuration says goes before what was set at run time.
pub(super) fn quotas(
    configuration: &Configuration,
    database: &Database,
    intake: &Intake,
) -> Result<(), StoreError> {
    let Some(quotas) = intake.quotas() else { return Ok(()) };
    let written = &configuration.policy.quotas;
    quotas.read_all(|| {
        let mut all = database.quotas()?;
        for (tenant, quota) in written.each() {
            let kept = all.get(tenant).copied().unwrap_or_default();
            all.insert(tenant.clone(), quota.or(&kept));
        }
        Ok(all)
    })
}

/// What differs, and cannot be changed while it runs.
fn needs_restart(old: &Configuration, new: &Configuration) -> Vec<&'static str> {
    let mut names = Vec::new();
    let mut differs = |differs: bool, name| names.extend(differs.then_some(name));
    differs(old.database != new.database || old.max_bytes != new.max_bytes, "[database]");
    differs(old.security_log != new.security_log, "[security_log]");
    differs(old.mail != new.mail, "[mail]");
    differs(old.server != new.server, "[server]");
    differs(old.syslog != new.syslog, "[[syslog]]");
    names
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    fn configured(text: &str) -> Configuration {
        Configuration::parse(Path::new("/etc/tripline.toml"), text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn what_needs_a_restart_is_named() {
        let old = configured("");
        let new = configured(
            "[database]\npath = \"/x.db\"\n[server]\nlisten = \"off\"\n[security_log]\npath = \"/s.log\"\n\
             [[syslog]]\nlisten = \"127.0.0.1:5514\"\ntransport = \"udp\"\n[[follow]]\npaths = [\"/a.log\"]\n",
        );
        assert_eq!(needs_restart(&old, &new), ["[database]", "[security_log]", "[server]", "[[syslog]]"]);
        assert!(needs_restart(&old, &configured("[[follow]]\npaths = [\"/a.log\"]\n")).is_empty());
    }
}
