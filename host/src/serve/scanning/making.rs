//! A scan on a thread of its own.

use std::sync::Arc;
use std::thread::{Builder, Scope};

use crossbeam_channel::Sender;

use super::super::Event;
use super::super::control::Guard;
use super::super::scans::NotBegun;
use super::super::shared::Shared;
use super::place::{Place, Placed, Watched};
use super::{Said, Scanning, Time};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::scans::{
    Broken, Order, Patience, Reason, Request, ScanSettings, ScanStore, Scanning as Making, SystemResolver,
    choose,
};

/// For whom a scan is made.
pub(super) struct Wanted {
    /// For this time of a schedule.
    pub(super) time: Option<Time>,
    /// For somebody who waits for its number.
    pub(super) reply: Option<Sender<Result<u64, NotBegun>>>,
}

/// Who scans, and where that is kept.
pub(super) fn making<'m>(shared: &'m Shared<'_>, actor: &'m Actor, settings: &ScanSettings) -> Making<'m> {
    let store = Some(&**shared.database as &dyn ScanStore);
    let patience = Some(shared as &dyn Patience);
    Making { store, clock: shared.clock, actor, closed_after: settings.closed_after, patience }
}

impl<'a> Scanning<'a> {
    /// A scanner and a place for a scan.
    pub(super) fn place(&mut self, tenant: &Tenant, request: &Request) -> Result<Placed, NotBegun> {
        if let Err(over) = self.shared.database.may_scan(tenant)? {
            self.shared.over_quota(tenant, over.kind, over.most);
            return Err(NotBegun::Quota(over));
        }
        let plan = self.scans.plan();
        let chosen = choose(None, request, &plan.settings, plan.path.as_deref())?;
        let cancel = self.scans.enter(tenant, &request.name)?;
        let place = Place { scans: self.scans.clone(), tenant: tenant.clone(), name: request.name.clone() };
        if chosen.lesser && self.lesser.insert((tenant.clone(), request.name.clone())) {
            self.shared.tell(Event::ScanLesser(tenant.clone(), request.name.clone()));
        }
        Ok(Placed { plan, scanner: chosen.scanner, cancel, place })
    }

    /// Begins a scan on a thread of its own, which resolves what is asked, and scans if that is allowed.
    pub(super) fn begin<'s>(
        &self,
        tenant: Tenant,
        actor: Actor,
        request: Request,
        wanted: Wanted,
        placed: Placed,
        scope: &'s Scope<'s, 'a>,
    ) where
        'a: 's,
    {
        let (said, shared) = (self.said.0.clone(), self.shared);
        let thread = Builder::new().name("scan".into());
        let begun = thread.spawn_scoped(scope, move || {
            let _guard = Guard(shared.control);
            let Placed { plan, scanner, cancel, place } = placed;
            let making = making(shared, &actor, &plan.settings);
            let name = request.name.clone();
            let Wanted { time, reply } = wanted;
            let resolver = SystemResolver::cancelled_by(&cancel);
            let scanned = match Order::check(&request, &tenant, &plan.settings, &resolver) {
                Ok(order) => {
                    place.change(|one| one.addresses = order.addresses().clone());
                    let mut watched = Watched { place: &place, cancel: &cancel, reply };
                    let scanned = making.run(&tenant, &order, &*scanner, &mut watched, &cancel);
                    if let Err(StoreError::Over(of, over)) = &scanned {
                        shared.over_quota(of, over.kind, over.most);
                    }
                    match (watched.reply, scanned) {
                        // It could not be kept that it begins.
                        (Some(reply), Err(error)) => {
                            let _ = reply.send(Err(error.into()));
                            return;
                        }
                        // There was room when it got its place, and too little for its run; nobody waits who would hear of it.
                        (None, Err(StoreError::Over(_, over))) => {
                            let why = Broken::new(Reason::Quota, over.to_string());
                            making.refuse(&tenant, &name, scanner.kind(), why)
                        }
                        (_, scanned) => scanned,
                    }
                }
                Err(error) => match reply {
                    // Whoever asked hears it; of a schedule nobody would.
                    Some(reply) => {
                        let _ = reply.send(Err(error.into()));
                        return;
                    }
                    None => making.refuse(&tenant, &name, scanner.kind(), error.broken()),
                },
            };
            let scanned = scanned.map(Box::new);
            // The server has ended.
            let _ = said.send(Said::Made { tenant, name, due: time, scanned });
            drop(place);
        });
        if let Err(error) = begun {
            // Whoever asked is told that it has not begun, since nobody holds the other end any more.
            self.shared.tell(Event::Scanning(StoreError::Io(Arc::new(error))));
        }
    }
}
