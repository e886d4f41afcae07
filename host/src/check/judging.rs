//! A judge's thread: some of the packs, each one's events in order.

use crossbeam_channel::Receiver;
use tripline_engine::deliver;
use tripline_engine::fold::Fold;
use tripline_engine::judge::{Judge, JudgeCost, Verdicts};

use super::run::Work;

/// Some of the packs, judged in one thread.
#[derive(Default)]
pub(super) struct Judging {
    pub(super) judges: Vec<(usize, Judge)>,
    verdicts: Verdicts,
    fold: Fold,
}

pub(super) struct Judged {
    pub(super) fold: Fold,
    pub(super) verdicts: Verdicts,
    pub(super) costs: Vec<(usize, JudgeCost)>,
}

impl Judging {
    pub(super) fn run(mut self, work: &Receiver<Work>) -> Judged {
        for work in work {
            match work {
                Work::Run(run) => deliver(&run, |pack, delivery| {
                    if let Some((_, judge)) = self.judges.iter_mut().find(|(number, _)| *number == pack) {
                        judge.push(&delivery, &mut self.verdicts);
                    }
                }),
                Work::Suspend(pack, fault) => {
                    if let Some((_, judge)) = self.judges.iter_mut().find(|(number, _)| *number == pack) {
                        judge.suspend(fault, &mut self.verdicts);
                    }
                }
                Work::End(time) => {
                    for (_, judge) in &mut self.judges {
                        judge.end(time, &mut self.verdicts);
                    }
                }
            }
            for decision in self.verdicts.decisions.drain(..) {
                self.fold.add(decision);
            }
        }
        let costs = self.judges.iter().map(|(pack, judge)| (*pack, judge.cost())).collect();
        Judged { fold: self.fold, verdicts: self.verdicts, costs }
    }
}
