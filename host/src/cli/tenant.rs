//! Tenants: added, listed, given out, deleted.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::tz::TimeZone;

use super::arguments::{Format, TenantArguments, TenantCommand};
use super::desk::tenants::{self, Asked, Purpose};
use super::exit::Exit;
use super::{Failure, Screen, objects, shipping, signatures};
use crate::commit::Tenant;
use crate::configuration::Configuration;
use crate::quota::{Quota, QuotaKind};
use crate::report::table::{Column, Table};
use crate::report::{listed, moment, strict_json, visible};
use crate::tenants::KnownTenant;
use crate::token::ConfirmationSecret;

/// A file with all rows of somebody: only the user whose command it is.
const MODE: u32 = 0o600;

/// Sees to tenants.
pub(super) fn run(
    arguments: TenantArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let purpose = match arguments.command {
        TenantCommand::Add { .. } => Purpose::Add,
        TenantCommand::List { .. } | TenantCommand::Show { .. } => Purpose::Look,
        TenantCommand::Confirm { .. }
        | TenantCommand::Ask { .. }
        | TenantCommand::Set { .. }
        | TenantCommand::Signers { .. }
        | TenantCommand::Export { .. } => Purpose::Change,
        TenantCommand::Delete { .. } => Purpose::Delete,
    };
    if let TenantCommand::Delete { name, yes: false } = &arguments.command {
        let hint = format!("`tripline tenant export {name}` writes what it has");
        let message = "expected --yes, found none: nothing brings a tenant back that is deleted";
        return Err(Failure::new(message).hint(Some(hint)));
    }
    if let TenantCommand::Confirm { token: Some(token), .. } = &arguments.command {
        let hint = "the mail has it: `tlc_` and 43 characters";
        let other = || Failure::new("expected the token of a mail, found something else").hint(Some(hint));
        let secret = ConfirmationSecret::read(token.trim()).ok_or_else(other)?;
        let (tenant, address) =
            tenants::confirm_by_token(&arguments.keep, &arguments.server, configuration, &secret)?;
        let (tenant, address) = (visible(&tenant), visible(&address));
        screen.put(|out| writeln!(out, "{address} is told of what happens to tenant {tenant}"))?;
        return Ok(Exit::Clean);
    }
    let desk = &*tenants::open(&arguments.keep, &arguments.server, configuration, purpose)?;
    match arguments.command {
        TenantCommand::Add { name, recipient, confirmed, quota: given, syslog, format } => {
            let mut quota = Quota::default();
            given.into_iter().for_each(|(kind, most)| quota.set(kind, most));
            let (token, secret, not_asked) =
                desk.add(&Asked { tenant: &name, recipients: &recipient, confirmed, quota })?;
            let url = desk.url().unwrap_or("http://127.0.0.1:8480");
            for address in not_asked.iter().map(|address| visible(address)) {
                screen.warning(&format!(
                    "{address} is not asked, since it was three times within a day: \
                     `tripline tenant ask {name} {address}` asks later"
                ));
            }
            let shipping = shipping::of(&name, syslog, url, secret.show());
            if format == Format::Human {
                screen.say(&format!("tenant {name} is added; its token {token} is shown this once"));
                let is_asked = |address: &str| !not_asked.iter().any(|one| one.eq_ignore_ascii_case(address));
                let waits = recipient.iter().filter(|address| !confirmed && is_asked(address));
                waits.for_each(|address| {
                    let address = visible(address);
                    screen.hint(&format!(
                        "{address} is asked by mail; `tripline tenant confirm {name} {address}` answers for it"
                    ));
                });
                return screen.put(|out| shipping.write(out)).map(|()| Exit::Clean);
            }
            let object = shipping.object(&name, token, secret.show());
            screen.put(|out| {
                strict_json::write(out, &object)?;
                out.write_all(b"\n")
            })?;
        }
        TenantCommand::Confirm { name, recipient, .. } => {
            let (Some(name), Some(recipient)) = (name, recipient) else { return Ok(Exit::Wrong) };
            if !desk.confirm(&name, &recipient)? {
                let recipient = visible(&recipient);
                return Err(Failure::new(format!(
                    "{recipient} is no recipient of tenant {name} that could be confirmed"
                )));
            }
            screen.put(|out| writeln!(out, "{} is told of what happens", visible(&recipient)))?;
        }
        TenantCommand::Ask { name, recipient } => {
            let (asked, recipient) = (desk.ask(&name, &recipient)?, visible(&recipient));
            match asked {
                Some(true) => screen.put(|out| writeln!(out, "{recipient} is asked by mail"))?,
                Some(false) => {
                    let hint = format!("`tripline tenant confirm {name} {recipient}` answers for it");
                    let message = format!("{recipient} is not asked: it was three times within a day");
                    return Err(Failure::new(message).hint(Some(hint)));
                }
                None => {
                    return Err(Failure::new(format!(
                        "{recipient} is no recipient of tenant {name} that could be asked"
                    )));
                }
            }
        }
        TenantCommand::Set { name, quota } => {
            let Some(quota) = desk.set(&name, &quota)? else { return Err(unknown(&name)) };
            let quota = if quota.is_empty() { "as much as there is".into() } else { quota.to_string() };
            screen.put(|out| writeln!(out, "tenant {name} may use {quota}"))?;
        }
        TenantCommand::Show { name, format } => {
            let Some(one) = desk.list()?.into_iter().find(|one| one.tenant == name) else {
                return Err(unknown(&name));
            };
            screen.put(|out| match format {
                Format::Human => {
                    table(std::slice::from_ref(&one), desk.zone()).write(out, screen.width())?;
                    writeln!(out)?;
                    uses(&one).write(out, screen.width())
                }
                _ => {
                    strict_json::write(out, &listed::tenant(&one))?;
                    out.write_all(b"\n")
                }
            })?;
        }
        TenantCommand::Signers { name, signed_by, .. } => {
            let signed_by = signatures::keys(&signed_by)?;
            let left_out = desk.demand(&name, &signed_by)?;
            for pack in left_out {
                screen.warning(&format!(
                    "pack {} of tenant {name} is not signed so: it does not judge",
                    visible(&pack)
                ));
            }
            if desk.url().is_none() {
                screen
                    .hint("a server that runs obeys when a pack is pushed; for packs that are there: SIGHUP");
            }
            screen.put(|out| {
                if signed_by.is_empty() {
                    return writeln!(out, "packs of tenant {name} are signed as the configuration says");
                }
                writeln!(out, "packs of tenant {name} are to be signed by")?;
                signed_by.iter().try_for_each(|key| writeln!(out, "  {} ({key})", key.id()))
            })?;
        }
        TenantCommand::List { format } => {
            let all = desk.list()?;
            screen.put(|out| match format {
                Format::Human if all.is_empty() => writeln!(out, "no tenants"),
                Format::Human => table(&all, desk.zone()).write(out, screen.width()),
                _ => objects::put(out, format, "tenants", all.iter().map(listed::tenant)),
            })?;
        }
        TenantCommand::Export { name, output } => {
            let count = match output {
                Some(path) => file(&path, |out| desk.export(&name, out))?,
                None => {
                    let mut exported = Ok(0);
                    screen.put(|out| {
                        exported = desk.export(&name, out);
                        out.flush()
                    })?;
                    exported?
                }
            };
            screen.say(&format!("{count} rows of tenant {name}"));
        }
        TenantCommand::Delete { name, .. } => {
            if !desk.delete(&name)? {
                return Err(unknown(&name));
            }
            screen.put(|out| writeln!(out, "tenant {name} is deleted"))?;
        }
    }
    Ok(Exit::Clean)
}

/// Writes a new file; what breaks off is no export, and is taken away.
fn file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<u64, Failure>) -> Result<u64, Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("{}: cannot write it: {error}", path.display()));
    let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let written = write(&mut out).and_then(|count| {
        out.flush().and_then(|()| out.get_ref().sync_all()).map_err(failed)?;
        Ok(count)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

fn unknown(name: &Tenant) -> Failure {
    Failure::new(format!("there is no tenant {name}"))
}

/// What it may use and what it uses.
fn uses(one: &KnownTenant) -> Table {
    use Column::{Figure, Text};
    let mut table = Table::of(&[Text("quota"), Figure("most"), Figure("used"), Text("")]);
    for kind in QuotaKind::ALL {
        let used = one.used.iter().find(|(of, _)| *of == kind).map(|(_, used)| *used);
        let shown = |number: Option<u64>| number.map_or_else(String::new, |number| kind.unit().show(number));
        let over = if one.over.contains(&kind) { "over" } else { "" };
        table.row(vec![kind.as_str().into(), shown(one.quota.most(kind)), shown(used), over.into()]);
    }
    table
}

fn table(tenants: &[KnownTenant], zone: &TimeZone) -> Table {
    use Column::{Figure, Text};
    let columns = [
        Text("tenant"),
        Figure("added"),
        Text("quota"),
        Text("over"),
        Figure("open"),
        Figure("tokens"),
        Text("recipients"),
    ];
    let mut table = Table::of(&columns);
    for one in tenants {
        let told = one.recipients.iter().map(|recipient| {
            let waits = if recipient.confirmed.is_some() { "" } else { " (not confirmed)" };
            format!("{}{waits}", visible(&recipient.address))
        });
        table.row(vec![
            one.tenant.to_string(),
            one.created.map_or("configured".into(), |at| moment(at, zone)),
            one.quota.to_string(),
            one.over.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" "),
            one.open.to_string(),
            one.tokens.to_string(),
            told.collect::<Vec<_>>().join(", "),
        ]);
    }
    table
}
