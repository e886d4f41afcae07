//! A judge's thread: some of the packs, each one's events in order.

use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crossbeam_channel::Receiver;
use tripline_engine::decision::Decision;
use tripline_engine::fold::Fold;
use tripline_engine::judge::{Judge, JudgeCost, Snapshot, Verdicts};
use tripline_engine::{Numbers, deliver};

use super::passing::{Keeps, Part, Work};
use super::spares::Spares;
use crate::commit::PackState;

/// Some of the packs, judged in one thread.
pub(super) struct Judging<'a> {
    seats: Vec<Seat>,
    numbers: &'a Numbers,
    spares: &'a Spares,
    /// Decisions of all judges so far, if they wait for a barrier.
    decided: Option<&'a AtomicU64>,
    /// Those that wait.
    waiting: Vec<Decision>,
    verdicts: Verdicts,
    fold: Fold,
}

/// A pack that is judged here.
struct Seat {
    pack: usize,
    judge: Judge,
    settings: [u8; 32],
}

pub(super) struct Judged {
    pub(super) fold: Fold,
    pub(super) verdicts: Verdicts,
    pub(super) costs: Vec<(usize, JudgeCost)>,
}

impl<'a> Judging<'a> {
    pub(super) fn new(
        numbers: &'a Numbers,
        spares: &'a Spares,
        decided: Option<&'a AtomicU64>,
    ) -> Judging<'a> {
        let (seats, waiting) = (Vec::new(), Vec::new());
        let (verdicts, fold) = (Verdicts::default(), Fold::new());
        Judging { seats, numbers, spares, decided, waiting, verdicts, fold }
    }

    /// Takes a pack, with what it remembers.
    pub(super) fn add(
        &mut self,
        pack: usize,
        mut judge: Judge,
        settings: [u8; 32],
        remembered: Option<&PackState>,
    ) {
        if let Some(PackState { state, version, host, .. }) = remembered {
            let snapshot = Snapshot { state: state.clone(), version: version.clone(), host: host.clone() };
            judge.restore(snapshot, &mut self.verdicts);
        }
        self.seats.push(Seat { pack, judge, settings });
    }

    pub(super) fn run(mut self, work: &Receiver<Work>) -> Judged {
        for work in work {
            match work {
                Work::Run(run) => {
                    deliver(&run, self.numbers, |pack, delivery| {
                        if let Some(seat) = self.seats.iter_mut().find(|seat| seat.pack == pack) {
                            seat.judge.push(&delivery, &mut self.verdicts);
                        }
                    });
                    if let Some(done) = Arc::into_inner(run).and_then(|run| Arc::into_inner(run.scanned)) {
                        self.spares.give(done);
                    }
                }
                Work::Suspend(pack, fault) => {
                    if let Some(seat) = self.seats.iter_mut().find(|seat| seat.pack == pack) {
                        seat.judge.suspend(fault, &mut self.verdicts);
                    }
                }
                Work::End(time) => {
                    for seat in &mut self.seats {
                        seat.judge.end(time, &mut self.verdicts);
                    }
                }
                Work::Barrier { keeps, reply } => {
                    let states = self.states(keeps);
                    self.take_decisions();
                    let decisions = take(&mut self.waiting);
                    // The collector waits for it, or is gone.
                    let _ = reply.send(Part { decisions, states });
                }
            }
            self.take_decisions();
        }
        let costs = self.seats.iter().map(|seat| (seat.pack, seat.judge.cost())).collect();
        Judged { fold: self.fold, verdicts: self.verdicts, costs }
    }

    /// What packs remember that have changed, with all judged that came in.
    fn states(&mut self, keeps: Keeps) -> Vec<PackState> {
        let mut states = Vec::new();
        for Seat { judge, settings, .. } in &mut self.seats {
            if keeps == Keeps::Decisions {
                judge.flush(&mut self.verdicts);
            } else if judge.is_changed()
                && let Some(Snapshot { state, version, host }) = judge.snapshot(&mut self.verdicts)
            {
                let (pack, digest, settings) =
                    (judge.pack().name().into(), *judge.pack().digest(), *settings);
                states.push(PackState { pack, version, digest, settings, state, host });
            }
        }
        states
    }

    fn take_decisions(&mut self) {
        let Some(decided) = self.decided else {
            return self.verdicts.decisions.drain(..).for_each(|decision| self.fold.add(decision));
        };
        decided.fetch_add(self.verdicts.decisions.len() as u64, Relaxed);
        self.waiting.append(&mut self.verdicts.decisions);
    }
}
