//! A run's findings, page by page.

use std::cell::RefCell;

use serde_json::Value;

use crate::cli::Failure;
use crate::cli::desk::scans::ScanDesk;
use crate::report::scans::Findings;

/// Findings of a run, which are read again each time: what holds some of them holds a page.
pub(super) struct Pages<'a> {
    desk: &'a dyn ScanDesk,
    run: u64,
    /// Why they could not be read on.
    failed: RefCell<Option<Failure>>,
}

impl<'a> Pages<'a> {
    pub(super) fn of(desk: &'a dyn ScanDesk, run: u64) -> Pages<'a> {
        Pages { desk, run, failed: RefCell::default() }
    }

    /// All of them, one by one; none behind a failure, which [`Pages::whole`] tells.
    pub(super) fn all(&self) -> Box<dyn Iterator<Item = Value> + '_> {
        let mut after = Some(0);
        let page = move || {
            let page = self.desk.findings(self.run, after?);
            match page {
                Ok((findings, next)) => {
                    after = next;
                    Some(findings)
                }
                Err(failure) => {
                    after = None;
                    self.failed.replace(Some(failure));
                    None
                }
            }
        };
        Box::new(std::iter::from_fn(page).flatten())
    }

    /// The same, from the first on each time.
    pub(super) fn again(&self) -> Box<Findings<'_>> {
        Box::new(|| self.all())
    }

    /// Whether all could be read.
    pub(super) fn whole(self) -> Result<(), Failure> {
        self.failed.into_inner().map_or(Ok(()), Err)
    }
}
