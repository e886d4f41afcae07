use std::path::PathBuf;

use jiff::SignedDuration;

use super::arguments::ConfigCommand;
use super::exit::Exit;
use super::{Failure, Screen, configuration};
use crate::configuration::{
    Configuration, EXAMPLE, HttpSource, Places, Recipient, SecretReference, ServerSettings, SyslogListener,
};
use crate::notices::Route;
use crate::report::{visible, zone_name};

/// Looks at the configuration.
pub(super) fn run(command: ConfigCommand, named: Option<PathBuf>, screen: &Screen) -> Result<Exit, Failure> {
    let file = match command {
        ConfigCommand::Example => {
            screen.put(|out| out.write_all(EXAMPLE.as_bytes()))?;
            return Ok(Exit::Clean);
        }
        ConfigCommand::Check { file } => file.or(named),
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
    Ok(Exit::Clean)
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
    let quiet = |after| format!("by itself after {} of quiet", long(after));
    lines.push(("resolved", limits.resolve_after.map_or("never by itself".into(), quiet)));
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
