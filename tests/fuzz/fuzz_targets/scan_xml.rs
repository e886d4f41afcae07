//! A scanner's XML from any bytes: nothing panics, it comes to an end, and each finding is one line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tripline::commit::Tenant;
use tripline::incidents::Actor;
use tripline::scans::{Host, Progress, ScanName, Scanning, Watch};
use tripline::wall_clock::{SystemClock, WallClock};

struct Silent;

impl Watch for Silent {
    fn host(&mut self, _: Host) {}

    fn progress(&mut self, _: &Progress) {}
}

fuzz_target!(|bytes: &[u8]| {
    let clock: &dyn WallClock = &SystemClock;
    let scanning = Scanning { store: None, clock, actor: &Actor::timer(), closed_after: 2, patience: None };
    if let Ok(scanned) = scanning.import(&Tenant::default(), &ScanName::default(), bytes, &mut Silent) {
        for finding in &scanned.findings {
            assert!(!finding.line(&scanned.origin).contains('\n'));
        }
    }
});
