use std::path::PathBuf;

use clap::Args;

use crate::commit::Tenant;
use crate::notices::{Tls, check_address};

/// Where incidents are kept and who is told: flags, else the configuration.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct KeepArguments {
    /// The database; commands that add to it make it, if it is not there [default: the configuration's].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Keeping")]
    pub(in crate::cli) db: Option<PathBuf>,
    /// Whose incidents, silences and tokens these are.
    #[arg(long, global = true, value_name = "TENANT", default_value = Tenant::DEFAULT, value_parser = tenant, help_heading = "Keeping")]
    pub(in crate::cli) tenant: Tenant,
    /// The log of security events to write to [default: the configuration's].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Keeping")]
    pub(in crate::cli) security_log: Option<PathBuf>,
    /// Tell this address of every incident of --tenant, besides the configuration's routes; may be repeated. It counts
    /// for this command alone: give it to each, or write a route.
    #[arg(long, global = true, value_name = "ADDR", help_heading = "Keeping", value_parser = address)]
    pub(in crate::cli) mail_to: Vec<String>,
    /// Send mail from this address [default: the configuration's, or tripline@localhost].
    #[arg(long, global = true, value_name = "ADDR", help_heading = "Keeping", value_parser = address)]
    pub(in crate::cli) mail_from: Option<String>,
    /// Send mail by this relay: smtp://HOST[:PORT] with STARTTLS, smtps://HOST[:PORT] with TLS, or
    /// smtp+plaintext://HOST[:PORT] with neither [default: the configuration's, or smtp+plaintext://localhost].
    #[arg(long, global = true, value_name = "URL", help_heading = "Keeping", value_parser = relay)]
    pub(in crate::cli) relay: Option<Relay>,
}

/// A relay, as an address on the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Relay {
    pub(in crate::cli) tls: Tls,
    pub(in crate::cli) host: String,
    pub(in crate::cli) port: u16,
}

pub(super) fn tenant(text: &str) -> Result<Tenant, &'static str> {
    Tenant::new(text).ok_or("expected 1 to 64 lower case letters, digits and hyphens")
}

pub(super) fn address(text: &str) -> Result<String, String> {
    check_address(text).map_err(|error| error.to_string())?;
    Ok(text.into())
}

fn relay(text: &str) -> Result<Relay, String> {
    const EXPECTED: &str = "expected smtp://HOST[:PORT], smtps://… or smtp+plaintext://…";
    let (scheme, rest) = text.split_once("://").ok_or(EXPECTED)?;
    let tls = match scheme {
        "smtp" => Tls::StartTls,
        "smtps" => Tls::Implicit,
        "smtp+plaintext" => Tls::Plaintext,
        _ => return Err(EXPECTED.into()),
    };
    let (host, port) = match rest.rsplit_once(':').filter(|(host, _)| !host.ends_with(':')) {
        Some((host, port)) => (host, port.parse().map_err(|_| EXPECTED)?),
        None => (rest, tls.port()),
    };
    // A password on a command line is everybody's on the machine.
    match host.is_empty() || host.contains(['@', '/', '?']) {
        true => Err(EXPECTED.into()),
        false => Ok(Relay { tls, host: host.into(), port }),
    }
}
