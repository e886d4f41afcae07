use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::addresses::Addresses;
use super::ports::Ports;
use super::resolve::{ResolveError, Resolver};
use super::scanner::{Broken, Reason};
use super::script::Script;
use super::settings::ScanSettings;
use super::target::{Target, resolve};
use crate::commit::Tenant;

/// What a scan is called: its findings, and what is known from the last one, go by that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanName(String);

impl ScanName {
    /// What a scan is called that was not given a name.
    pub const ADHOC: &str = "adhoc";

    /// A name: 1 to 64 lower case letters, digits and hyphens.
    pub fn new(name: &str) -> Option<ScanName> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        ((1..=64).contains(&name.len()) && name.bytes().all(plain)).then(|| ScanName(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The source that its findings are of.
    pub fn source(&self) -> String {
        format!("scan:{}", self.0)
    }
}

impl Default for ScanName {
    fn default() -> ScanName {
        ScanName(ScanName::ADHOC.into())
    }
}

impl fmt::Display for ScanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The scan's name.
    pub name: ScanName,
    /// What to scan.
    pub targets: Vec<Target>,
    /// Which ports of it, by TCP.
    pub ports: Ports,
    /// Whether services are asked what they are.
    pub service: bool,
    /// Scripts to run.
    pub scripts: Vec<Script>,
    /// Whether each address is taken for a host, and none is asked first whether it is one.
    pub every_address: bool,
}

/// A scan that may be made: what is in it was resolved and allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub(super) name: ScanName,
    pub(super) addresses: Addresses,
    pub(super) names: BTreeMap<IpAddr, String>,
    pub(super) ports: Ports,
    pub(super) service: bool,
    pub(super) scripts: Vec<Script>,
    pub(super) every_address: bool,
    pub(super) privileged: bool,
    pub(super) host_timeout: Duration,
    pub(super) timeout: Duration,
}

/// Why a scan is not made.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// A name leads nowhere.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// There is nothing to scan.
    #[error("expected at least one target, found none")]
    NoTarget,
    /// There are no ports to scan.
    #[error("expected at least one port, found none")]
    NoPort,
    /// Nothing may be scanned.
    #[error("expected networks that tenant `{0}` may scan in `scan.allow.networks`, found none")]
    NothingAllowed(Tenant),
    /// An address that may not be scanned.
    #[error("expected targets in `scan.allow.networks` of tenant `{tenant}`, found {}", named(.address, .name))]
    NotAllowed {
        /// Whose scan it is.
        tenant: Tenant,
        /// The first that may not be scanned.
        address: IpAddr,
        /// The name that led there.
        name: Option<String>,
    },
    /// Too many addresses.
    #[error("expected at most {most} addresses (`scan.addresses`), found {found}")]
    TooMany {
        /// What there is.
        found: u128,
        /// What there may be.
        most: u64,
    },
    /// A script that is not on the list.
    #[error("expected a script of `scan.scripts`, found `{0}`")]
    Script(Script),
}

/// Where a name leads that is inside is for nobody to hear who may not scan it.
fn named(address: &IpAddr, name: &Option<String>) -> String {
    match name {
        Some(name) => format!("{name}, which leads elsewhere"),
        None => address.to_string(),
    }
}

impl OrderError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            OrderError::NothingAllowed(tenant) | OrderError::NotAllowed { tenant, .. } => Some(format!(
                "list what you may scan in tripline.toml: [[scan.allow]] tenant = \"{tenant}\", networks = [\"…\"]; \
                 loopback, link-local and multicast need a network of their own"
            )),
            OrderError::Script(_) => {
                Some("list it in tripline.toml, if you know what it does: [scan] scripts = [\"…\"]".into())
            }
            _ => None,
        }
    }
}

impl OrderError {
    /// Why the scan is not whole: there is none.
    pub fn broken(&self) -> Broken {
        let reason = match self {
            OrderError::NothingAllowed(_) | OrderError::NotAllowed { .. } | OrderError::Script(_) => {
                Reason::NotAllowed
            }
            OrderError::Resolve(ResolveError::Cancelled) => Reason::Cancelled,
            _ => Reason::SkippedTarget,
        };
        Broken::new(reason, self.to_string())
    }
}

impl Order {
    /// Resolves what is asked for, and checks it against what the operator allows. It is done right before the scan:
    /// where a name leads may change.
    pub fn check(
        request: &Request,
        tenant: &Tenant,
        settings: &ScanSettings,
        resolver: &dyn Resolver,
    ) -> Result<Order, OrderError> {
        Order::precheck(request, tenant, settings)?;
        let resolved = resolve(&request.targets, resolver)?;
        if let Some(address) = settings.allowed(tenant).refused(&resolved.addresses) {
            let name = resolved.names.get(&address).cloned();
            return Err(OrderError::NotAllowed { tenant: tenant.clone(), address, name });
        }
        few(&resolved.addresses, settings)?;
        if resolved.addresses.is_empty() {
            return Err(OrderError::NoTarget);
        }
        Ok(Order {
            name: request.name.clone(),
            addresses: resolved.addresses,
            names: resolved.names,
            ports: request.ports.clone(),
            service: request.service,
            scripts: request.scripts.clone(),
            every_address: request.every_address,
            privileged: settings.privileged,
            host_timeout: settings.host_timeout,
            timeout: settings.timeout,
        })
    }

    /// Checks what needs no names, so that whoever asks for what cannot be hears that before he waits for anything.
    ///
    /// # Errors
    /// It may not be made, wherever its names lead.
    pub fn precheck(request: &Request, tenant: &Tenant, settings: &ScanSettings) -> Result<(), OrderError> {
        let allowed = settings.allowed(tenant);
        if allowed.is_empty() {
            return Err(OrderError::NothingAllowed(tenant.clone()));
        }
        if request.targets.is_empty() {
            return Err(OrderError::NoTarget);
        }
        let addresses = request.targets.iter().filter_map(Target::network).collect::<Addresses>();
        if let Some(address) = allowed.refused(&addresses) {
            return Err(OrderError::NotAllowed { tenant: tenant.clone(), address, name: None });
        }
        few(&addresses, settings)?;
        if request.ports.is_empty() {
            return Err(OrderError::NoPort);
        }
        match request.scripts.iter().find(|script| !settings.scripts.contains(script)) {
            Some(script) => Err(OrderError::Script(script.clone())),
            None => Ok(()),
        }
    }

    /// The scan's name.
    pub fn name(&self) -> &ScanName {
        &self.name
    }

    /// What is scanned.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Which ports of it.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }
}

/// Whether they are as few as may be.
fn few(addresses: &Addresses, settings: &ScanSettings) -> Result<(), OrderError> {
    match addresses.count() {
        found if found > settings.addresses.into() => {
            Err(OrderError::TooMany { found, most: settings.addresses })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
