//! `[server]`: where it is reached, and how much it may hold.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use super::document::Document;
use super::table::{Given, Keys, Table};
use super::{ConfigurationError, Problem};

type Wrong = ConfigurationError;

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Where HTTP is taken; `None`: nowhere. `127.0.0.1:8480`.
    pub listen: Option<SocketAddr>,
    /// The certificate; there unless it listens on loopback or `plaintext` is set.
    pub tls: Option<TlsFiles>,
    /// HTTP without TLS, though others can reach it: behind a proxy that has it.
    pub plaintext: bool,
    /// Proxies that are believed when they say for whom they ask.
    pub proxies: Vec<IpNet>,
    /// Instances of packs that are alive at the same time; others are saved and wait. 4,096.
    pub instances: usize,
    /// Wrong tokens that an address may try in a minute; then it waits. 20.
    pub guesses: u32,
}

/// A certificate for a server, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for ServerSettings {
    fn default() -> ServerSettings {
        let listen = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8480)));
        let proxies = Vec::new();
        ServerSettings { listen, tls: None, plaintext: false, proxies, instances: 4096, guesses: 20 }
    }
}

/// The keys of `[server]`.
pub(super) const KEYS: Keys = &["listen", "tls", "plaintext", "proxies", "instances", "guesses"];

/// Reads `[server]`.
pub(super) fn read(document: &Document, table: Table<'_>) -> Result<ServerSettings, Wrong> {
    let usual = ServerSettings::default();
    let expected = "an address with a port, like 127.0.0.1:8480 or [::1]:8480, or off";
    let given = table.parsed("listen", expected, |text| match text {
        "off" => Some(None),
        address => address.parse().ok().map(Some),
    })?;
    let tls = table.table("tls", &["certificate", "key"])?.map(|tls| files(document, &tls)).transpose()?;
    let plaintext = table.boolean("plaintext")?.unwrap_or(usual.plaintext);
    if plaintext && tls.is_some() {
        return Err(table.wrong(Problem::TlsAndPlaintext));
    }
    let listen = given.as_ref().map_or(usual.listen, |given| given.value);
    if let Some((given, address)) = given.zip(listen)
        && !address.ip().to_canonical().is_loopback()
        && tls.is_none()
        && !plaintext
    {
        return Err(given.wrong(Problem::NoTls(address)));
    }
    let proxies = table.texts("proxies")?.unwrap_or_default();
    let proxies = proxies.iter().map(network).collect::<Result<_, _>>()?;
    let instances = table.integer("instances", 1..=1_000_000)?.and_then(|n| usize::try_from(n).ok());
    let instances = instances.unwrap_or(usual.instances);
    let guesses = table.integer("guesses", 1..=1_000_000)?.and_then(|n| u32::try_from(n).ok());
    let guesses = guesses.unwrap_or(usual.guesses);
    Ok(ServerSettings { listen, tls, plaintext, proxies, instances, guesses })
}

fn network(given: &Given<'_, &str>) -> Result<IpNet, Wrong> {
    let address = || given.value.parse().ok().map(|address: IpAddr| IpNet::from(address.to_canonical()));
    let network = given.value.parse().ok().or_else(address);
    network
        .ok_or_else(|| given.expected("an address like 192.0.2.7 or a network like 10.0.0.0/8", given.value))
}

fn files(document: &Document, table: &Table<'_>) -> Result<TlsFiles, Wrong> {
    let file = |given: Given<'_, &str>| {
        if given.value.is_empty() || given.value.contains(char::is_control) {
            // It may be the key itself.
            let expected = "the path of a PEM file".into();
            return Err(given.hiding(Problem::Value { key: given.key.clone(), expected, found: "…".into() }));
        }
        Ok(document.beside(given.value))
    };
    let (certificate, key) = (table.text("certificate")?, table.text("key")?);
    let certificate = file(table.required("certificate", certificate)?)?;
    Ok(TlsFiles { certificate, key: file(table.required("key", key)?)? })
}
