//! A tenant that goes over to other packs, at a barrier of its own: who judges by those that it has leaves, and who judges
//! by the others comes when all that was judged is on disk.

use super::{Judging, Part, Seat};
use crate::commit::{Store, Tenant};
use crate::serve::sets::PackSet;

impl Judging<'_> {
    /// The last part by the packs that a tenant has: nobody sits there any more.
    pub(super) fn leave(&mut self, tenant: &Tenant) -> Part {
        let mut part = self.part(tenant);
        let Some(bench) = self.benches.remove(tenant) else { return part };
        part.costs.iter_mut().for_each(|(_, since)| since.live = 0);
        for (pack, seat) in bench.seats.into_iter().enumerate() {
            if let Some(Seat::Taken(mut sitting)) = seat {
                part.costs.push((pack, sitting.spent_at_last()));
                self.sitting -= 1;
            }
        }
        part
    }

    /// A tenant has other packs than before. As at the beginning, who remembers something has a seat that rests.
    pub(super) fn come(&mut self, tenant: &Tenant, before: &PackSet) {
        self.suspended.retain(|(of, ..)| of != tenant);
        self.unwritten.retain(|(of, ..)| of != tenant);
        let set = self.bar.sets.of(tenant);
        let stays = |digest: &[u8; 32]| set.packs().iter().any(|one| one.pack.digest() == digest);
        let gone = before.packs().iter().map(|one| one.pack.digest());
        self.bar.modules.forget(gone.filter(|digest| !stays(digest)));
        // A server that stops asks no more, and ticks nobody.
        let _ = self.patiently(|judging| {
            let states = judging.bar.shared.database.states(tenant)?;
            let names: Vec<String> = states.iter().map(|state| state.pack.clone()).collect();
            judging.seat(tenant, &names)?;
            judging.bar.shared.health.accounts().goes_over(tenant, &set, &states);
            Ok(())
        });
    }
}
