//! What happens in a server, in words and as fields.

use serde_json::Value;

use super::journal::{Level, Line};
use crate::check::Change;
use crate::commit::{Committed, StoreError, Tenant};
use crate::follow::FollowNote;
use crate::notices::{Delivered, End};
use crate::packs::LeftOut;
use crate::report::visible;
use crate::scans::{Counts, Scanned};
use crate::security_log::SecurityLogError;
use crate::serve::Event;
use crate::syslog::SyslogNote;

/// Incidents of a barrier that are named to people.
const SHOWN: usize = 20;

/// The lines of packs that are kept and do not judge.
pub(super) fn left_out(packs: &[LeftOut]) -> Vec<Line> {
    let line = |LeftOut { tenant, name, why }: &LeftOut| {
        let message = format!("pack {name} does not judge: {}", visible(&why.to_string()));
        of(tenant, Level::Error, "left-out", message).with("pack", &**name)
    };
    packs.iter().map(line).collect()
}

/// The lines of an event.
pub(super) fn lines(event: &Event) -> Vec<Line> {
    use Level::{Error, Info, Warning};
    let one = match event {
        Event::Follows(path) => {
            let path = path.display().to_string();
            Line::new(Info, "follows", format!("follows {path}")).with("path", path)
        }
        Event::OverQuota(tenant, kind, most) => {
            let shown = kind.unit().show(*most);
            let message = format!("tenant {tenant} is over its quota of {shown} {}", kind.words());
            let line = of(tenant, Warning, "over-quota", message);
            line.with("quota", kind.as_str()).with("most", *most)
        }
        Event::Own(path) => {
            let path = path.display().to_string();
            let message = format!("{path} is written by this server: it is not followed");
            Line::new(Warning, "own", message).with("path", path)
        }
        Event::Disputed(path, tenants) => {
            let (path, names) = (path.display().to_string(), tenants.iter().map(Tenant::as_str));
            let names: Vec<&str> = names.collect();
            let message = format!(
                "{path} is named for tenants {}: expected one, so that it is clear whose it is; it is not followed",
                names.join(", ")
            );
            Line::new(Error, "disputed", message).with("path", path).with("tenants", names)
        }
        Event::File(FollowNote::Lost { path, change }) => {
            let path = path.display().to_string();
            let (event, words) = match change {
                Change::Cut => ("cut", "was cut: what was written just before may be lost"),
                Change::Replaced => ("replaced", "was replaced"),
            };
            Line::new(Warning, event, format!("{path} {words}")).with("path", path)
        }
        Event::Linked(path, tenant, owner) => {
            let path = path.display().to_string();
            let message = format!(
                "{path} is named for tenant {tenant}, and is a file that is named for {owner}, too: expected one tenant; \
                 it is {owner}'s, and not followed by this name"
            );
            of(tenant, Error, "linked", message).with("path", path).with("owner", owner.as_str())
        }
        Event::File(FollowNote::TakenOver { path, from, tenant }) => {
            let path = path.display().to_string();
            let message =
                format!("{path} was tenant {from}'s until now: {tenant} goes on where that one stopped");
            of(tenant, Warning, "taken-over", message).with("path", path).with("from_tenant", from.as_str())
        }
        Event::File(FollowNote::Unread(error)) | Event::Input(error) => {
            Line::new(Error, "unread", error).with("path", error.path.display().to_string())
        }
        Event::Committed(tenant, committed) => return incidents(tenant, committed),
        Event::Waits(error) => {
            Line::new(Error, "store-waits", format!("{error}; it is tried again, and nothing is lost"))
        }
        Event::GoesOn => Line::new(Info, "store-goes-on", "the database takes what comes again"),
        Event::Starved(words) => {
            let message = format!(
                "no room for one more instance of a pack: {words}; it is tried again, and nothing is lost"
            );
            Line::new(Error, "sandbox-waits", message)
        }
        Event::Fed => Line::new(Info, "sandbox-goes-on", "there is room for packs again"),
        Event::Crowded(open, left_out) => {
            let message = format!(
                "{left_out} files are not followed for now: {open} are open, and more descriptors are not to be had \
                 (`ulimit -n`, LimitNOFILE)"
            );
            Line::new(Error, "crowded", message).with("open", *open).with("left_out", *left_out)
        }
        Event::Changed => Line::new(Info, "changed", "goes on with the changed configuration"),
        Event::Fault(tenant, fault) => {
            of(tenant, Warning, "fault", format!("pack {}: {}", fault.pack, fault.fault))
                .with("pack", &*fault.pack)
        }
        Event::Log(tenant, pack, line) => {
            of(tenant, Info, "pack-log", format!("{pack}: {}", line.text)).with("pack", &**pack)
        }
        // What to do about it is said where the server waits for the database.
        Event::SecurityLog(SecurityLogError::Store(error)) => {
            let message =
                format!("security.log is behind: {error}; it is tried again, and no record is lost");
            Line::new(Error, "security-log", message)
        }
        Event::SecurityLog(error) => {
            let hint = match error {
                // No command that could be run again: a server goes on by itself.
                SecurityLogError::Store(StoreError::Full) => Some("make room, and it goes on"),
                error => error.hint(),
            };
            let hint = hint.map(|hint| format!(": {hint}")).unwrap_or_default();
            Line::new(Error, "security-log", format!("{error}; its records wait in the database{hint}"))
        }
        Event::Telling(error) => Line::new(Error, "telling", format!("{error}; it is tried again")),
        Event::Scanned(tenant, scanned) => scan(tenant, scanned),
        Event::ScanMissed(tenant, name) => {
            let message = format!("scan {name} was missed: the next one is made");
            of(tenant, Warning, "scan-missed", message).with("scan", name.as_str())
        }
        Event::ScanLesser(tenant, name) => {
            let message = format!("scan {name}: there is no nmap, ports are found by connecting alone");
            of(tenant, Warning, "scan-lesser", message).with("scan", name.as_str())
        }
        Event::FindingsWait(tenant, name, refused) => {
            let message = format!("what scan {name} found waits: {refused}");
            of(tenant, Warning, "findings-wait", message).with("scan", name.as_str())
        }
        Event::Scanning(error) => Line::new(Error, "scanning", format!("{error}; it is tried again")),
        Event::Elsewhere => Line::new(
            Info,
            "delivered-elsewhere",
            "another program delivers notices: this one does once it ends",
        ),
        Event::Delivers => Line::new(Info, "delivers", "delivers notices from now on"),
        Event::Delivered(delivered) => return mails(delivered),
    };
    vec![one]
}

/// What a syslog listener tells.
pub(super) fn syslog(note: &SyslogNote) -> Line {
    let line = of(&note.tenant, Level::Warning, "syslog", note.to_string());
    line.with("source", &*note.source).with("count", note.count).with("lost", note.lost())
}

/// What a scan has come to.
fn scan(tenant: &Tenant, scanned: &Scanned) -> Line {
    let Scanned { origin, state, broken, counts: Counts { up, open, .. }, changes, .. } = scanned;
    let run = origin.run.map(|run| format!(" (run {run})")).unwrap_or_default();
    let (level, message) = match broken {
        None => {
            let found = format!("hosts {up}, open ports {open}, changes {changes}");
            (Level::Info, format!("scan {} is done{run}: {found}", origin.scan))
        }
        Some(broken) => (Level::Warning, format!("scan {} is {state}{run}: {}", origin.scan, broken.detail)),
    };
    let line = of(tenant, level, "scanned", message);
    let line = line.with("scan", origin.scan.as_str()).with("state", state.as_str()).with("hosts", *up);
    line.with("run", origin.run).with("open", *open).with("changes", *changes)
}

fn of(tenant: &Tenant, level: Level, event: &'static str, message: String) -> Line {
    Line::new(level, event, message).with("tenant", tenant.as_str())
}

fn incidents(tenant: &Tenant, committed: &Committed) -> Vec<Line> {
    let list = |ids: &[i64]| {
        let shown = ids.iter().take(SHOWN).map(i64::to_string).collect::<Vec<_>>().join(", ");
        match ids.len().saturating_sub(SHOWN) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    };
    let kinds = [("opened", "opened", &committed.opened), ("grown", "occurred again", &committed.grown)];
    let some = kinds.into_iter().filter(|(.., ids)| !ids.is_empty());
    let line = |(event, what, ids): (&'static str, &str, &Vec<i64>)| {
        let whose = match *tenant == Tenant::default() {
            true => String::new(),
            false => format!(" of {tenant}"),
        };
        let incidents: Vec<Value> = ids.iter().map(|id| Value::from(*id)).collect();
        of(tenant, Level::Info, event, format!("{what}: incident {}{whose}", list(ids)))
            .with("incidents", incidents)
    };
    some.map(line).collect()
}

fn mails(delivered: &Delivered) -> Vec<Line> {
    let mut lines = Vec::new();
    if delivered.sent > 0 {
        let mails = if delivered.sent == 1 { "mail" } else { "mails" };
        let line = Line::new(Level::Info, "mailed", format!("{} {mails} sent", delivered.sent));
        lines.push(line.with("sent", delivered.sent));
    }
    let failed = |(recipient, end): &(String, End)| {
        let message = format!("a mail to {recipient} was not sent: {end}");
        Line::new(Level::Warning, "mail-failed", message).with("recipient", &**recipient)
    };
    lines.extend(delivered.failed.iter().map(failed));
    let given_up = |(recipient, end): &(String, End)| {
        let message = format!("a notice to {recipient} was given up: {end}");
        Line::new(Level::Error, "mail-given-up", message).with("recipient", &**recipient)
    };
    lines.extend(delivered.given_up.iter().map(given_up));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::StoreError;

    /// A server is no command that is run again.
    #[test]
    fn a_full_disk_is_told_as_a_server_has_it() {
        let full = SecurityLogError::Store(StoreError::Full);
        let message = lines(&Event::SecurityLog(full)).remove(0).message;
        let expected = "security.log is behind: expected room for the database, found none; it is tried again, and no \
                        record is lost";
        assert_eq!(message, expected);
    }
}
