//! What a command that keeps incidents works with: the database, security.log, and the way to the mailboxes.

mod mailing;
mod settling;
mod touched;
mod user;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;

use self::mailing::{Mailing, mailing};
pub(super) use self::mailing::{can_mail, test};
pub(super) use self::settling::Patience;
use super::Failure;
use super::arguments::KeepArguments;
use crate::check::Keeping;
use crate::commit::{Store, StoreError, Tenant};
use crate::configuration::Configuration;
use crate::files::{OwnFiles, OwnKind, is_database};
use crate::incidents::{Actor, Policy};
use crate::notices::{Recipients, Route};
use crate::quota::TenantQuotas;
use crate::security_log::SecurityLogError;
use crate::store::{Database, DatabaseOptions};
use crate::wall_clock::{SystemClock, WallClock};

/// What keeps incidents of a server if nothing names a database.
pub(super) const DATABASE: &str = "tripline.db";

/// An open database, and whom to tell.
pub(super) struct Kept {
    pub(super) database: Arc<Database>,
    pub(super) tenant: Tenant,
    pub(super) clock: Arc<dyn WallClock>,
    pub(super) zone: TimeZone,
    /// Addresses by the configuration's names.
    pub(super) recipients: BTreeMap<String, String>,
    security_log: Option<PathBuf>,
    mail: Option<Mailing>,
    /// What it writes is never read as a log.
    _own: OwnFiles,
}

/// Whether flags or the configuration name a database.
pub(super) fn is_wanted(arguments: &KeepArguments, configuration: &Configuration) -> bool {
    arguments.db.is_some() || configuration.database.is_some()
}

/// What a command works with that keeps incidents if flags or the configuration name a database.
pub(super) fn wanted(
    arguments: &KeepArguments,
    configuration: &Configuration,
) -> Result<Option<Kept>, Failure> {
    if is_wanted(arguments, configuration) {
        return Kept::make(arguments, configuration).map(Some);
    }
    if arguments.mail_to.is_empty() && arguments.security_log.is_none() {
        return Ok(None);
    }
    let hint = "notices and security.log are fed from a database: name one with --db FILE";
    Err(Failure::new("expected --db, found none").hint(Some(hint)))
}

/// How a database is opened: to look at it, or to write.
type Opening = fn(&Path, Policy, Arc<dyn WallClock>, DatabaseOptions) -> Result<Database, StoreError>;

impl Kept {
    /// Opens a database that is there to look at it: nothing is written, nothing becomes due by that. Whoever looks need
    /// not know how its incidents are kept and told.
    pub(super) fn look(arguments: &KeepArguments, configuration: &Configuration) -> Result<Kept, Failure> {
        must_be_there(&path(arguments, configuration)?)?;
        Kept::opened(arguments, configuration, Database::look)
    }

    /// Opens a database that is there. What is due is done once the command has done what it is for: who resolves an
    /// incident must not be mailed first that it is open again.
    pub(super) fn open(arguments: &KeepArguments, configuration: &Configuration) -> Result<Kept, Failure> {
        must_be_there(&path(arguments, configuration)?)?;
        Kept::opened(arguments, configuration, Database::open)
    }

    /// Opens the database, makes it if it is not there, and does what is due.
    pub(super) fn make(arguments: &KeepArguments, configuration: &Configuration) -> Result<Kept, Failure> {
        let kept = Kept::opened(arguments, configuration, Database::open)?;
        kept.due()?;
        Ok(kept)
    }

    /// Does what is due.
    pub(super) fn due(&self) -> Result<(), Failure> {
        self.database.due().map(drop).map_err(|error| self.failed(&error))
    }

    fn opened(
        arguments: &KeepArguments,
        configuration: &Configuration,
        open: Opening,
    ) -> Result<Kept, Failure> {
        let path = &*path(arguments, configuration)?;
        let policy = policy(arguments, configuration, path);
        let zone = configuration.timezone.clone().unwrap_or_else(TimeZone::system);
        let mail = mailing(arguments, configuration, &zone)?;
        let clock: Arc<dyn WallClock> = Arc::new(SystemClock);
        let options = DatabaseOptions { max_bytes: configuration.max_bytes, ..DatabaseOptions::default() };
        let opened = open(path, policy, Arc::clone(&clock), options);
        let database = opened.map_err(|error| at(path, &error))?;
        let security_log = arguments.security_log.clone().or_else(|| configuration.security_log.clone());
        if let Some(log) = security_log.as_deref().filter(|log| is_database(log)) {
            return Err(Failure::new(SecurityLogError::Database { path: log.into() }));
        }
        let written = OwnFiles::claim(OwnKind::Lines, security_log.iter().cloned().collect());
        let tenant = arguments.tenant.clone();
        let own = configuration.recipients.iter().filter(|(_, recipient)| recipient.tenant == tenant);
        let recipients = own.map(|(name, recipient)| (name.clone(), recipient.address.clone())).collect();
        let database = Arc::new(database);
        Ok(Kept { database, tenant, clock, zone, recipients, security_log, mail, _own: written })
    }

    /// The user whose command this is.
    pub(super) fn actor(&self) -> Actor {
        user::actor()
    }

    /// Where a check commits to.
    pub(super) fn keeping(&self) -> Keeping {
        Keeping::new(Arc::clone(&self.database) as Arc<dyn Store>, self.tenant.clone())
    }

    /// A failure of the database.
    pub(super) fn failed(&self, error: &StoreError) -> Failure {
        at(self.database.path(), error)
    }

    /// Where security.log is written, if it is.
    pub(super) fn security_log(&self) -> Option<PathBuf> {
        self.security_log.clone()
    }
}

/// That security.log is none of these files, which others write: by whatever name they are known.
pub(super) fn apart<'f>(
    arguments: &KeepArguments,
    configuration: &Configuration,
    files: impl IntoIterator<Item = &'f PathBuf>,
) -> Result<(), Failure> {
    let log = arguments.security_log.as_ref().or(configuration.security_log.as_ref());
    let lies = |path: &Path| path.metadata().ok().map(|about| (about.dev(), about.ino()));
    let Some((log, place)) = log.and_then(|log| Some((log, lies(log)?))) else { return Ok(()) };
    match files.into_iter().find(|file| lies(file) == Some(place)) {
        None => Ok(()),
        Some(file) => Err(Failure::new(format!(
            "{}: expected security.log to be a file of its own, found it named as a log to read: {}",
            log.display(),
            file.display()
        ))),
    }
}

/// The user whose command this is.
pub(super) fn user() -> Actor {
    user::actor()
}

/// A misspelt name must not look like a day without incidents.
pub(super) fn must_be_there(path: &Path) -> Result<(), Failure> {
    // What cannot be looked for may be there.
    if path.try_exists().unwrap_or(true) {
        return Ok(());
    }
    let hint = "`tripline check --db FILE` makes one";
    Err(Failure::new(format!("{}: expected a database, found none", path.display())).hint(Some(hint)))
}

/// How this database's incidents are kept and told, as flags and configuration say.
pub(super) fn policy(arguments: &KeepArguments, configuration: &Configuration, database: &Path) -> Policy {
    let mut policy = configuration.policy.clone();
    if !is_of(configuration, database) {
        // Flags do not say how long incidents are kept, and another command's configuration may say: for ever. Nor do
        // they say whom else it tells, or who is told no more.
        policy.limits.retention = None;
        policy.recipients = Recipients::Whoever;
        policy.quotas = TenantQuotas::default();
        policy.partial = true;
    }
    if !arguments.mail_to.is_empty() {
        let (tenant, to) = (arguments.tenant.clone(), arguments.mail_to.clone());
        policy.routes.0.push(Route { name: Route::FLAG.into(), tenant, to, ..Route::all("") });
    }
    policy
}

/// As [`policy`], of a server: without a configuration nobody else tells what is due.
pub(super) fn policy_of_server(
    arguments: &KeepArguments,
    configuration: &Configuration,
    database: &Path,
) -> Policy {
    let mut policy = policy(arguments, configuration, database);
    policy.partial &= configuration.path.is_some();
    // It tells by this configuration, whichever database that names.
    policy.recipients = configuration.policy.recipients.clone();
    policy.quotas = configuration.policy.quotas.clone();
    policy.configured = configuration.tenants().cloned().collect();
    policy
}

/// Whether a configuration's file speaks of this database: one that names another does not.
fn is_of(configuration: &Configuration, path: &Path) -> bool {
    let same = |own: &PathBuf| {
        own == path || own.canonicalize().is_ok_and(|own| path.canonicalize().is_ok_and(|path| own == path))
    };
    configuration.path.is_some() && configuration.database.as_ref().is_none_or(same)
}

fn path<'a>(
    arguments: &'a KeepArguments,
    configuration: &'a Configuration,
) -> Result<Cow<'a, Path>, Failure> {
    if let Some(named) = arguments.db.as_deref().or(configuration.database.as_deref()) {
        return Ok(named.into());
    }
    // A server that was started without a configuration keeps its own here.
    let usual = Path::new(DATABASE);
    if configuration.path.is_none() && usual.exists() {
        return Ok(usual.into());
    }
    let hint = "name it with --db FILE, or in tripline.toml: [database] path = \"…\"";
    Err(Failure::new("expected a database, found none").hint(Some(hint)))
}

/// A failure of the database at this path.
pub(super) fn at(path: &Path, error: &StoreError) -> Failure {
    Failure::new(format!("{}: {error}", path.display())).hint(error.hint())
}
