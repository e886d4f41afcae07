//! Scans: what is reachable, and what of that is new.
//!
//! ```text
//!   targets ─► order ──────────► scanner ────► seen ─────► difference ─► findings ─► rules, like any line
//!   asked      resolved, within  nmap, or      what was    against what  lines of
//!              what is allowed   connecting    covered     is known      `scan:NAME`
//! ```
//!
//! nmap is a program of the operator's: it is found, run and read here, and nowhere else.

mod addresses;
mod allowed;
mod choice;
mod connect;
mod difference;
mod finding;
mod found;
mod gathered;
mod gathering;
mod host;
mod import;
mod known;
mod nmap;
mod order;
mod packed;
mod ports;
mod ranges;
mod record;
mod resolve;
mod run;
mod scanner;
mod schedule;
mod script;
mod seen;
mod settings;
mod target;
mod told;
mod xml;

pub use self::addresses::Addresses;
pub use self::allowed::Allowed;
pub use self::choice::{ChoiceError, Chosen, choose};
pub use self::connect::Connect;
pub use self::difference::{Comparing, compare};
pub use self::finding::{Finding, FindingKind, Origin};
pub use self::found::Findings;
pub use self::gathered::Gathered;
pub use self::host::{Host, Port, PortState, Protocol, ScriptResult, Service};
pub use self::import::ImportError;
pub use self::known::{Baseline, InMemory, Known, KnownHost, KnownHosts, KnownPort, Remembered};
pub use self::nmap::{Launch, Nmap, NmapError, SIGNALS, find, guard, launch};
pub use self::order::{Order, OrderError, Request, ScanName};
pub use self::ports::{Ports, PortsError};
pub use self::ranges::Ranges;
pub use self::record::{Keeps, NewRun, Run, RunEnd, RunState, ScanLock, ScanStore, ScheduleStore, Tells};
pub use self::resolve::{ResolveError, Resolver, SystemResolver};
pub use self::run::{Patience, Scanned, Scanning};
pub use self::scanner::{Broken, Cancel, Ended, Progress, Reason, Scanner, ScannerKind, Watch};
pub use self::schedule::{
    Due, LONGEST, Missed, Overdue, SHORTEST, Schedule, Scheduled, Standing, Times, TimesError, When,
};
pub use self::script::{Script, ScriptError};
pub use self::seen::{Counts, Presence, Seen, SeenHost, SeenPort};
pub use self::settings::ScanSettings;
pub use self::target::{HostName, Target, TargetError};
pub use self::xml::{Asked, Item, ScanXml, XmlError, XmlLimits};
