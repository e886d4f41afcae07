use std::path::PathBuf;

use tripline_engine::PackFault;
use tripline_engine::sandbox::LogLine;

use super::Refused;
use crate::commit::{Committed, StoreError, Tenant};
use crate::files::InputError;
use crate::follow::FollowNote;
use crate::notices::Delivered;
use crate::quota::QuotaKind;
use crate::scans::{ScanName, Scanned};
use crate::security_log::SecurityLogError;

/// What happens while a server runs, for whoever logs it.
#[derive(Debug)]
pub enum Event {
    /// A source is followed from now on.
    Follows(PathBuf),
    /// What is named is written by the server itself: it is not followed.
    Own(PathBuf),
    /// What is named for these tenants is not followed: nobody can say whose it is.
    Disputed(PathBuf, Vec<Tenant>),
    /// What is named for the first tenant is not followed: it is another name of a file that is the second one's.
    Linked(PathBuf, Tenant, Tenant),
    /// Something about a file.
    File(FollowNote),
    /// What was named and cannot be followed.
    Input(InputError),
    /// A barrier was committed, and changed incidents.
    Committed(Tenant, Committed),
    /// The store does not take what it is given now. It is tried again; until then inputs wait.
    Waits(StoreError),
    /// The store takes barriers again.
    GoesOn,
    /// The machine has no room for one more instance of a pack, by these words; it is tried again, and judging waits.
    Starved(String),
    /// There is room again.
    Fed,
    /// More files are named than may be open at once: so many are open, and so many are left out for now.
    Crowded(usize, usize),
    /// A pack failed.
    Fault(Tenant, PackFault),
    /// A pack logged a line.
    Log(Tenant, String, LogLine),
    /// It goes on with other packs, settings or sources.
    Changed,
    /// security.log cannot be written; its records wait.
    SecurityLog(SecurityLogError),
    /// The database cannot be used for what is due or told; it is tried again.
    Telling(StoreError),
    /// A tenant uses more of this than so much, which is its quota.
    OverQuota(Tenant, QuotaKind, u64),
    /// A scan was made, or could not be.
    Scanned(Tenant, Box<Scanned>),
    /// A time of a schedule has passed at which nobody was there.
    ScanMissed(Tenant, ScanName),
    /// There is no nmap for this scan: ports are found by connecting.
    ScanLesser(Tenant, ScanName),
    /// There is no room for what a scan found; it waits.
    FindingsWait(Tenant, ScanName, Refused),
    /// Scans cannot be kept now; it is tried again.
    Scanning(StoreError),
    /// Another program delivers notices: this one does not as long as it does.
    Elsewhere,
    /// It delivers from now on: the other program does no more.
    Delivers,
    /// Mails were sent, or could not be.
    Delivered(Delivered),
}
