use std::path::PathBuf;
use std::time::Duration;

use super::document::Document;
use super::table::{Given, Keys, Table};
use super::{ConfigurationError, Problem, SecretReference};
use crate::notices::{check_address, is_hello};

pub use crate::notices::Tls;

/// How mail is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailSettings {
    /// Whom it is from.
    pub from: String,
    /// Whom the relay tells what did not arrive.
    pub envelope: String,
    /// The relay's host.
    pub relay: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub tls: Tls,
    /// Certificates of an authority that the system does not know.
    pub ca_file: Option<PathBuf>,
    /// Who signs in; `None`: nobody does.
    pub user: Option<String>,
    /// Where the password is; there if `user` is.
    pub password: Option<SecretReference>,
    /// What the relay is told that this machine is called; `None`: its name or address.
    pub hello: Option<String>,
    /// How long the relay may take for one answer.
    pub timeout: Duration,
}

/// The keys of `[mail]`.
pub(super) const KEYS: Keys =
    &["from", "envelope", "relay", "port", "tls", "ca_file", "user", "password", "hello", "timeout"];

/// Reads `[mail]`.
pub(super) fn read(document: &Document, table: Table<'_>) -> Result<MailSettings, ConfigurationError> {
    let from = table.text("from")?;
    let from = address(table.required("from", from)?)?;
    let envelope = table.text("envelope")?.map(address).transpose()?.unwrap_or_else(|| from.clone());
    let relay = table.text("relay")?;
    let relay = host(table.required("relay", relay)?)?;
    let tls = table.parsed("tls", "starttls, implicit or plaintext", Tls::parse)?;
    let tls = tls.map(|tls| tls.value).unwrap_or_default();
    let port = table.integer("port", 1..=65_535)?.and_then(|port| u16::try_from(port).ok());
    let ca_file = table.text("ca_file")?.map(|path| document.beside(path.value));
    let user = table.text("user")?.map(|user| user.value.to_string());
    let password = secret(document, &table)?;
    let expected = "a domain like web1.example.org, or an address like [192.0.2.7]";
    let hello = table.parsed("hello", expected, |text| is_hello(text).then(|| text.to_string()))?;
    let hello = hello.map(|hello| hello.value);
    let timeout = table.duration("timeout")?.and_then(|timeout| u64::try_from(timeout).ok());
    if user.is_some() != password.is_some() {
        let key = if user.is_some() { "password" } else { "user" };
        return Err(table.wrong(Problem::Missing { table: "[mail]".into(), key }));
    }
    let timeout = timeout.map_or(Duration::from_secs(15), Duration::from_nanos);
    let port = port.unwrap_or(tls.port());
    Ok(MailSettings { from, envelope, relay, port, tls, ca_file, user, password, hello, timeout })
}

/// An address that is one.
pub(super) fn address(text: Given<'_, &str>) -> Result<String, ConfigurationError> {
    match check_address(text.value) {
        Ok(()) => Ok(text.value.into()),
        Err(error) => Err(text.wrong(Problem::Address { key: text.key.clone(), error })),
    }
}

/// A name or an address of a machine: no scheme, port or user, which could come with a password.
fn host(text: Given<'_, &str>) -> Result<String, ConfigurationError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    let name = !text.value.contains(':') || text.value.parse::<std::net::Ipv6Addr>().is_ok();
    if (1..=253).contains(&text.value.len()) && text.value.bytes().all(plain) && name {
        return Ok(text.value.into());
    }
    let expected = "the name of a host alone, like smtp.example.org".into();
    Err(text.hiding(Problem::Value { key: text.key.clone(), expected, found: "…".into() }))
}

fn secret(document: &Document, table: &Table<'_>) -> Result<Option<SecretReference>, ConfigurationError> {
    let Some(given) = table.value("password") else { return Ok(None) };
    if given.value.is_str() {
        return Err(given.hiding(Problem::LiteralSecret { key: given.key.clone() }));
    }
    let Some(inner) = table.table("password", &["env", "file"])? else { return Ok(None) };
    let (env, file) = (inner.text("env")?, inner.text("file")?);
    let reference = match (env, file) {
        (Some(env), None) => SecretReference::Env(env.value.into()),
        (None, Some(file)) => SecretReference::File(document.beside(file.value)),
        (env, _) => {
            let found = if env.is_some() { "both" } else { "neither" };
            return Err(given.hiding(Problem::Secret { key: given.key.clone(), found }));
        }
    };
    Ok(Some(reference))
}
