use std::path::PathBuf;

use jiff::SignedDuration;

use super::arguments::{ConfigCommand, PackArguments};
use super::exit::Exit;
use super::packs::Strangers;
use super::{Failure, Screen, configuration, kept, packs, sandbox};
use crate::configuration::{
    Configuration, EXAMPLE, HttpSource, Places, Recipient, SecretReference, ServerSettings, SyslogListener,
};
use crate::crew;
use crate::http::Certificate;
use crate::incidents::ResolveAfter;
use crate::notices::Route;
use crate::report::{visible, zone_name};

/// Looks at the configuration.
pub(super) fn run(command: ConfigCommand, named: Option<PathBuf>, screen: &Screen) -> Result<Exit, Failure> {
    let (file, packs) = match command {
        ConfigCommand::Example => {
            screen.put(|out| out.write_all(EXAMPLE.as_bytes()))?;
            return Ok(Exit::Clean);
        }
        ConfigCommand::Check { file, packs } => (file.or(named), packs),
    };
    let Some(read) = Places::of_process(file).read().map_err(configuration::failure)? else {
        screen.put(|out| writeln!(out, "no configuration: all is as by default"))?;
        return Ok(Exit::Clean);
    };
    let lines = lines(&read);
    screen.put(|out| {
        let path = read.path.as_ref().map_or_else(String::new, |path| path.display().to_string());
        writeln!(out, "{}", visible(&path))?;
        lines.iter().try_for_each(|(name, what)| writeln!(out, "  {name:<13} {}", visible(what)))
    })?;
    read.warnings().iter().for_each(|warning| screen.warning(&warning.to_string()));
    let wrong = unusable(&read, &packs, screen);
    let mut exit = Exit::Clean;
    for failure in &wrong {
        exit = screen.fail(failure);
    }
    Ok(exit)
}

/// What the file names and a server could not use, each by the way in which a server would find it.
fn unusable(read: &Configuration, arguments: &PackArguments, screen: &Screen) -> Vec<Failure> {
    let packs = || {
        let packs = packs::configured(arguments, read, &Strangers::Refused, crew::cores())?;
        packs::tried(&packs, &*sandbox::open(screen, false)?)?;
        Ok(())
    };
    let tls = || match &read.server.tls {
        Some(files) => Certificate::read(files).map(drop).map_err(Failure::new),
        None => Ok(()),
    };
    [packs(), tls(), kept::can_mail(read)].into_iter().filter_map(Result::err).collect()
}

/// A line for each section.
fn lines(read: &Configuration) -> Vec<(&'static str, String)> {
    let path =
        |path: &Option<PathBuf>| path.as_ref().map_or("none".into(), |path| path.display().to_string());
    let mut lines = vec![("database", path(&read.database)), ("security_log", path(&read.security_log))];
    lines.push(match &read.mail {
        None => ("mail", "none: nobody is told anything".into()),
        Some(mail) => {
            ("mail", format!("from {} by {}:{}, {}", mail.from, mail.relay, mail.port, mail.tls.as_str()))
        }
    });
    let secret = read.mail.as_ref().and_then(|mail| mail.password.as_ref());
    lines.extend(secret.map(|secret| {
        let set = if secret.read().is_ok() { "set" } else { "not set" };
        let from = match secret {
            SecretReference::Env(name) => format!("${name}"),
            SecretReference::File(path) => path.display().to_string(),
        };
        ("password", format!("from {from} ({set})"))
    }));
    for (name, Recipient { tenant, address }) in &read.recipients {
        lines.push(("recipient", format!("{name} {address} for {tenant}")));
    }
    for Route { name, tenant, severity, to, .. } in &read.policy.routes.0 {
        let (severity, to) = (severity.as_str(), to.join(", "));
        lines.push(("route", format!("{name}: {severity} and worse to {to} for {tenant}")));
    }
    lines.push(("throttle", format!("{} mails an hour for each recipient", read.policy.throttle.per_hour)));
    let limits = &read.policy.limits;
    lines.push(("acknowledged", format!("for {}", long(limits.acknowledge_for))));
    let resolved = match limits.resolve_after {
        ResolveAfter::AsRuled => "by itself as its rule says, else never".into(),
        ResolveAfter::Quiet(after) => {
            format!("by itself after {} of quiet, whatever its rule says", long(after))
        }
        ResolveAfter::Never => "never by itself, whatever its rule says".into(),
    };
    lines.push(("resolved", resolved));
    let kept = limits.retention.map_or("for ever".into(), |time| format!("for {}", long(time)));
    lines.push(("retention", format!("{kept} after it is resolved")));
    lines.extend(read.timezone.as_ref().map(|zone| ("timezone", zone_name(zone))));
    lines.push(("server", server(&read.server)));
    for source in &read.follow {
        let paths: Vec<String> = source.paths.iter().map(|path| path.display().to_string()).collect();
        lines.push((
            "follow",
            format!("{} for {}{}", paths.join(", "), source.tenant, silent(source.silent_after)),
        ));
    }
    for SyslogListener { listen, transport, tenant, silent_after, .. } in &read.syslog {
        let transport = transport.as_str();
        lines.push(("syslog", format!("{listen}/{transport} for {tenant}{}", silent(*silent_after))));
    }
    for HttpSource { source, tenant, silent_after, .. } in &read.http {
        lines.push(("http", format!("source {source} for {tenant}{}", silent(*silent_after))));
    }
    for (tenant, allowed) in &read.scan.allow {
        lines.push(("scan", format!("{allowed} for {tenant}")));
    }
    lines.extend(read.packs.names().map(|name| ("pack", name.to_string())));
    lines
}

fn server(server: &ServerSettings) -> String {
    let tls = if server.tls.is_some() { "TLS" } else { "plaintext" };
    server.listen.map_or("no HTTP".into(), |address| format!("HTTP on {address}, {tls}"))
}

fn silent(after: Option<i64>) -> String {
    after.map_or(String::new(), |after| format!(", silent after {}", long(after)))
}

/// How long something takes, in days or as `1h 30m`.
fn long(nanoseconds: i64) -> String {
    const DAY: i64 = 24 * 3600 * 1_000_000_000;
    match (nanoseconds / DAY, nanoseconds % DAY) {
        (days @ 2.., 0) => format!("{days} days"),
        _ => format!("{:#}", SignedDuration::from_nanos(nanoseconds)),
    }
}
