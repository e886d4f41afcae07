//! One line's candidates, verified: exact, with captures.

use std::time::Duration;

use tripline_abi::FieldType;

use super::matched::Waked;
use super::scratch::{HitIn, Look, Tried, Work};
use super::watch::Watch;
use super::{Matched, Matcher, Seen, Set};
use crate::clock::Clock;
use crate::event::{Event, Place};
use crate::pattern::{Found, Said};

/// A line that became an event.
pub(super) struct Decoded<'a> {
    /// Its number in the block.
    pub(super) number: u32,
    /// The latest time of the lines up to it.
    pub(super) latest: i64,
    pub(super) text: &'a [u8],
    pub(super) event: &'a Event,
    /// Whether decoding changed a value.
    pub(super) changed: bool,
}

/// Patterns that are told of a literal each time that it stands in a line.
const FEW: usize = 8;

impl Set {
    /// A literal stands in the line, at this place: its patterns may match, and the packs they can wake are looked at.
    pub(super) fn hit(&self, literal: u32, start: u32, work: &mut Work) {
        let patterns = self.index.patterns_of(literal);
        if patterns.len() > FEW {
            let known = &mut work.literals[literal as usize];
            if known.mark == work.mark && known.first <= start {
                return;
            }
            *known = HitIn { mark: work.mark, first: start };
        }
        for &pattern in patterns {
            let hit = &mut work.hit[pattern as usize];
            if hit.mark == work.mark {
                hit.first = hit.first.min(start);
                continue;
            }
            *hit = HitIn { mark: work.mark, first: start };
            work.candidates.push(pattern);
            if let Some(pack) = self.woken[pattern as usize]
                && work.touched.last() != Some(&pack)
            {
                work.touched.push(pack);
            }
        }
    }
}

impl Matcher {
    /// Verifies the candidates of a decoded line, pack by pack; when it is by the clock then.
    pub(super) fn decoded(
        &self,
        line: &Decoded,
        clock: &dyn Clock,
        work: &mut Work,
        matched: &mut Matched,
    ) -> Duration {
        if line.changed && !line.event.arena.is_empty() {
            // Values that decoding changed are texts of their own: the raw bytes say nothing of them.
            let mut hits = std::mem::take(&mut work.changed);
            let length = line.event.arena.len();
            self.set.index.some(&line.event.arena, |text| (text == 0).then_some(length), &mut hits);
            for hit in hits.all() {
                self.set.hit(hit.literal, 0, work);
            }
            work.changed = hits;
        }
        let mut candidates = std::mem::take(&mut work.candidates);
        candidates.sort_unstable();
        let mut touched = std::mem::take(&mut work.touched);
        touched.sort_unstable();
        touched.dedup();
        let first_wake = matched.wakes.len();
        let mut before = clock.now();
        for &pack in &touched {
            let watch = &self.set.watches[pack as usize];
            if self.meters[pack as usize].is_suspended() || !watch.takes(line.event, line.text) {
                continue;
            }
            self.pack(pack, watch, line, &candidates, work, matched);
            let now = clock.now();
            let (time, tried) = &mut work.time[pack as usize];
            *time += now.saturating_sub(before);
            *tried += 1;
            before = now;
        }
        (work.touched, work.candidates) = (touched, candidates);
        if matched.wakes.len() > first_wake {
            matched.keep(line, first_wake, &self.set.wanted);
        }
        before
    }

    fn pack(
        &self,
        pack: u32,
        watch: &Watch,
        line: &Decoded,
        candidates: &[u32],
        work: &mut Work,
        matched: &mut Matched,
    ) {
        let candidates = &candidates[candidates.partition_point(|&p| p < watch.first)..];
        let end = candidates.partition_point(|&p| p < watch.first + watch.patterns);
        let mut all = std::mem::take(&mut work.own);
        let mut own = &candidates[..end];
        if !watch.unfiltered.is_empty() {
            all.clear();
            all.extend_from_slice(own);
            all.extend_from_slice(&watch.single);
            self.look(pack, watch, line, work, &mut all);
            if !all.is_sorted() {
                all.sort_unstable();
            }
            own = &all;
        }
        if watch.wakes(own, |pattern| self.holds(pattern, line, work)) {
            let first = matched.matches.len() as u32;
            for &pattern in own {
                if !self.holds(pattern, line, work) {
                    continue;
                }
                let Some((found, start, end)) = work.tried[pattern as usize].found else { continue };
                let captures = matched.captures.len() as u32;
                matched.captures.extend_from_slice(&work.search.captures[start as usize..end as usize]);
                matched.matches.push(Seen {
                    pattern: pattern - watch.first,
                    entry: found.entry,
                    cut: found.cut,
                    captures: (captures, matched.captures.len() as u32),
                });
            }
            matched.wakes.push(Waked { pack, matches: (first, matched.matches.len() as u32) });
        }
        work.own = all;
    }

    /// Whether a pattern matches the current line; tried once at most.
    #[inline]
    fn holds(&self, pattern: u32, line: &Decoded, work: &mut Work) -> bool {
        let tried = work.tried[pattern as usize];
        if tried.mark == work.mark { tried.found.is_some() } else { self.tries(pattern, line, work) }
    }

    fn tries(&self, pattern: u32, line: &Decoded, work: &mut Work) -> bool {
        let at = pattern as usize;
        let compiled = &self.set.patterns[at];
        let hit = work.hit[at];
        let is_hit = hit.mark == work.mark;
        let possible = is_hit
            || self.set.watches[self.set.pack_of[at] as usize].unfiltered.binary_search(&pattern).is_ok();
        let place = match &compiled.field {
            _ if !possible => None,
            None => line.event.message,
            Some(field) => (line.event.field(line.text, field.as_bytes()))
                .filter(|field| !matches!(field.kind, FieldType::Null | FieldType::Absent))
                .map(|field| field.value),
        };
        let started = if possible { work.started() } else { None };
        let said = self.said(pattern, work);
        let captures = work.search.captures.len() as u32;
        let found = match place {
            Some(place) => {
                let first = if is_hit && !line.changed { first_in(place, hit.first) } else { 0 };
                let value = line.event.text(line.text, place);
                let limit = self.limits.value_bytes;
                match said {
                    Said::Differs => None,
                    Said::Matches if compiled.captures() == 0 => {
                        Some(Found { entry: None, cut: value.len() > limit })
                    }
                    _ => compiled.find_from(at, value, first, limit, &mut work.search),
                }
            }
            None if possible => compiled.find_none(),
            None => None,
        };
        if let (Some(profile), Some(started)) = (&mut work.profile, started) {
            profile.verified(at, said == Said::Alone, found.is_some(), started);
        }
        let found = found.map(|found| (found, captures, work.search.captures.len() as u32));
        work.tried[at] = Tried { mark: work.mark, found };
        found.is_some()
    }

    /// Has the pack's union look at the line; adds the patterns that may match.
    fn look(&self, pack: u32, watch: &Watch, line: &Decoded, work: &mut Work, candidates: &mut Vec<u32>) {
        let Some((union, message)) = watch.union.as_ref().zip(line.event.message) else { return };
        let started = work.started();
        let Look { mark, said } = &mut work.unions[pack as usize];
        let value = line.event.text(line.text, message);
        union.look(&value[..value.len().min(self.limits.value_bytes)], said);
        *mark = work.mark;
        candidates.extend(union.may_match(said).map(|pattern| pattern + watch.first));
        if let (Some(profile), Some(started)) = (&mut work.profile, started) {
            let members = (0..).zip(union.patterns());
            let asked = members.filter(|(member, _)| said.said(*member) != Said::Alone);
            profile.looked(asked.map(|(_, pattern)| (pattern + watch.first) as usize), started);
        }
    }

    /// What its pack's union says of a pattern.
    #[inline]
    fn said(&self, pattern: u32, work: &Work) -> Said {
        let pack = self.set.pack_of[pattern as usize] as usize;
        let watch = &self.set.watches[pack];
        let Some(union) = &watch.union else { return Said::Alone };
        let Some(member) = union.member(pattern - watch.first) else { return Said::Alone };
        let look = &work.unions[pack];
        if look.mark == work.mark { look.said.said(member) } else { Said::Alone }
    }

    pub(super) fn charge(&self, work: &Work) {
        for (meter, (time, tried)) in self.meters.iter().zip(&work.time) {
            if *tried > 0 {
                meter.charge(*time, *tried, &self.limits.budget);
            }
        }
    }
}

/// Before which place of a value no literal begins that begins first in its line at `hit`.
fn first_in(value: Place, hit: u32) -> usize {
    if value.in_arena { 0 } else { hit.saturating_sub(value.start) as usize }
}
