//! Which scanner makes a scan: the one that was asked for, else nmap, else the one that is built in.

use std::ffi::OsStr;

use super::connect::Connect;
use super::nmap::{Nmap, NmapError, find};
use super::order::Request;
use super::scanner::{Scanner, ScannerKind};
use super::settings::ScanSettings;

/// A scanner that was chosen.
pub struct Chosen {
    /// It.
    pub scanner: Box<dyn Scanner>,
    /// Whether there is no nmap, and it is the lesser one.
    pub lesser: bool,
}

/// Why there is no scanner for what is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// nmap is asked for, or needed, and cannot be run.
    #[error(transparent)]
    Nmap(#[from] NmapError),
    /// Only nmap can do what is asked.
    #[error("expected nmap for services and scripts, found connect asked for")]
    OnlyNmap,
}

impl ChoiceError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "install nmap, or leave services and scripts out: without it, ports are found by connecting"
    }
}

/// Chooses one; `path` is the `PATH` on which nmap is looked for.
///
/// # Errors
/// None can do what is asked.
pub fn choose(
    asked: Option<ScannerKind>,
    request: &Request,
    settings: &ScanSettings,
    path: Option<&OsStr>,
) -> Result<Chosen, ChoiceError> {
    let needs_nmap = request.service || !request.scripts.is_empty();
    let connect = |lesser| Ok(Chosen { scanner: Box::new(Connect::default()), lesser });
    if asked == Some(ScannerKind::Connect) {
        return if needs_nmap { Err(ChoiceError::OnlyNmap) } else { connect(false) };
    }
    match find(settings.nmap.as_deref(), path) {
        Ok(program) => {
            let nmap = Nmap { program, launcher: "/proc/self/exe".into() };
            Ok(Chosen { scanner: Box::new(nmap), lesser: false })
        }
        Err(NmapError::None) if asked.is_none() && !needs_nmap => connect(true),
        Err(error) => Err(error.into()),
    }
}
