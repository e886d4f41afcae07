//! What somebody asks for.

use std::io::Read;
use std::sync::Arc;
use std::thread::{Builder, Scope};

use crossbeam_channel::Sender;

use super::super::Event;
use super::super::control::Guard;
use super::super::scans::{Asked, NotBegun, What};
use super::making::{Wanted, making};
use super::place::{Place, Unwatched};
use super::{Said, Scanning, Time};
use crate::commit::{StoreError, Tenant};
use crate::incidents::Actor;
use crate::scans::{Request, ScanName};

impl<'a> Scanning<'a> {
    /// Makes a scan that somebody asks for, or takes a file of one.
    pub(super) fn asked<'s>(&mut self, asked: Asked, scope: &'s Scope<'s, 'a>)
    where
        'a: 's,
    {
        let Asked { tenant, actor, what, reply } = asked;
        let begun = match self.is_alone() {
            Ok(true) => match what {
                What::Scan(request) => {
                    let wanted = Wanted { time: None, reply: Some(reply.clone()) };
                    self.now(tenant, actor, request, wanted, scope)
                }
                What::Schedule(name) => self.schedule_now(tenant, actor, &name, reply.clone(), scope),
                What::File(name, file) => self.file(tenant, actor, name, file, reply.clone(), scope),
            },
            Ok(false) => Err(NotBegun::Alone),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = begun {
            // Whoever asked may have gone.
            let _ = reply.send(Err(error));
        }
    }

    fn now<'s>(
        &mut self,
        tenant: Tenant,
        actor: Actor,
        request: Request,
        wanted: Wanted,
        scope: &'s Scope<'s, 'a>,
    ) -> Result<(), NotBegun>
    where
        'a: 's,
    {
        let placed = self.place(&tenant, &request)?;
        self.turns.gave(&tenant, &request.name);
        self.begin(tenant, actor, request, wanted, placed, scope);
        Ok(())
    }

    /// A schedule's scan, whether or not it is due: whole, it counts as one of its own.
    fn schedule_now<'s>(
        &mut self,
        tenant: Tenant,
        actor: Actor,
        name: &ScanName,
        reply: Sender<Result<u64, NotBegun>>,
        scope: &'s Scope<'s, 'a>,
    ) -> Result<(), NotBegun>
    where
        'a: 's,
    {
        let plan = self.scans.plan();
        let mut own = plan.settings.schedules.iter().filter(|one| one.tenant == tenant);
        let found = own.find(|one| one.request.name == *name);
        let scheduled = found.ok_or_else(|| NotBegun::NoSchedule(name.clone()))?;
        let before = self.standings.of(&tenant, name)?;
        let time = Time { due: self.shared.clock.now(), before, missed: scheduled.schedule.missed };
        let wanted = Wanted { time: Some(time), reply: Some(reply) };
        self.now(tenant, actor, scheduled.request.clone(), wanted, scope)
    }

    /// Takes a file, on a thread of its own.
    fn file<'s>(
        &self,
        tenant: Tenant,
        actor: Actor,
        name: ScanName,
        file: Box<dyn Read + Send>,
        reply: Sender<Result<u64, NotBegun>>,
        scope: &'s Scope<'s, 'a>,
    ) -> Result<(), NotBegun>
    where
        'a: 's,
    {
        self.scans.enter_with_file(&tenant, &name)?;
        let place = Place { scans: self.scans.clone(), tenant: tenant.clone(), name: name.clone() };
        let (said, shared, plan) = (self.said.0.clone(), self.shared, self.scans.plan());
        let thread = Builder::new().name("scan-file".into());
        let begun = thread.spawn_scoped(scope, move || {
            let _guard = Guard(shared.control);
            let making = making(shared, &actor, &plan.settings);
            let imported = making.import(&tenant, &name, file, &mut Unwatched);
            drop(place);
            let told = match imported {
                Ok(scanned) => {
                    let run = scanned.origin.run.ok_or(NotBegun::Stopping);
                    // The server has ended.
                    let _ = said.send(Said::Made { tenant, name, due: None, scanned: Ok(Box::new(scanned)) });
                    run
                }
                Err(error) => {
                    let error = NotBegun::from(error);
                    if let NotBegun::Quota(over) = &error {
                        shared.over_quota(&tenant, over.kind, over.most);
                    }
                    Err(error)
                }
            };
            let _ = reply.send(told);
        });
        begun.map(drop).map_err(|error| {
            let error = StoreError::Io(Arc::new(error));
            self.shared.tell(Event::Scanning(error.clone()));
            error.into()
        })
    }
}
