use std::cmp::Reverse;
use std::collections::BTreeMap;

use tripline_engine::Report;

use super::Kept;
use crate::check::Outcome;
use crate::cli::Failure;
use crate::incidents::Incident;
use crate::report::stored::{StoredAs, folded};
use crate::security_log::Deed;

/// Incidents of a check that are shown, the worst; the rest is in the database.
const SHOWN: usize = 10_000;

impl Kept {
    /// Says in security.log which packs have faulted in a check, and how often.
    pub(in crate::cli) fn note(&self, report: &Report) -> Result<(), Failure> {
        let mut faults: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
        for fault in &report.faults {
            let (count, is_out) = faults.entry(&fault.pack).or_default();
            (*count, *is_out) = (*count + 1, *is_out || fault.quarantined);
        }
        let of = |deed: Deed| deed.of(&self.tenant).by(self.actor());
        let mut deeds = Vec::new();
        for (pack, (count, is_out)) in faults {
            deeds.push(of(Deed::pack_faulted(pack, count)));
            deeds.extend(is_out.then(|| of(Deed::pack_out(pack))));
        }
        match deeds.is_empty() {
            true => Ok(()),
            false => self.database.note(deeds).map_err(|error| self.failed(&error)),
        }
    }

    /// Puts the incidents that a check has changed into its report, the worst first; answers what the database adds.
    pub(in crate::cli) fn touched(&self, outcome: &mut Outcome) -> Result<Vec<StoredAs>, Failure> {
        let failed = |error| self.failed(&error);
        let Some(committed) = &outcome.committed else { return Ok(Vec::new()) };
        let mut incidents = Vec::new();
        let worst = |one: &Incident| (Reverse(one.severity), one.first, one.id);
        for id in committed.opened.iter().chain(&committed.grown) {
            incidents.extend(self.database.incident(&self.tenant, *id).map_err(failed)?);
            if incidents.len() >= 2 * SHOWN {
                keep_first(&mut incidents, SHOWN, worst);
            }
        }
        keep_first(&mut incidents, SHOWN, worst);
        for one in &incidents {
            let evidence = self.database.evidence(&self.tenant, one.id).map_err(failed)?;
            outcome.report.incidents.push(folded(one, &evidence, &mut outcome.files));
        }
        Ok(incidents.iter().map(StoredAs::of).collect())
    }
}

/// Sorts the list and keeps so many.
fn keep_first<T, K: Ord>(list: &mut Vec<T>, most: usize, key: impl Fn(&T) -> K) {
    list.sort_by_key(key);
    list.truncate(most);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_are_kept_in_order_and_fewer_are_all_kept() {
        for (most, expected) in [(0, &[][..]), (2, &["a", "bb"][..]), (9, &["a", "bb", "ccc", "dddd"][..])] {
            let mut list = vec!["ccc", "a", "dddd", "bb"];
            keep_first(&mut list, most, |text| text.len());
            assert_eq!(list, expected, "{most}");
        }
        // Those that are alike stay as they came: what is shown does not depend on how often it was cut.
        let mut list = vec![(1, 'a'), (0, 'b'), (1, 'c'), (0, 'd')];
        keep_first(&mut list, 3, |(key, _)| *key);
        assert_eq!(list, [(0, 'b'), (0, 'd'), (1, 'a')]);
        keep_first(&mut list, 3, |(key, _)| Reverse(*key));
        assert_eq!(list, [(1, 'a'), (0, 'b'), (0, 'd')]);
    }
}
