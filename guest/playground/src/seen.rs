//! What a run has seen: its lines, and which packs each of them woke. Kept for whoever scrolls through them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use tripline_engine::line::{Block, Line};
use tripline_engine::matcher::{Matched, Matcher};
use tripline_engine::{Check, Onlooker, Position};

/// Lines of a run, in the order of sources and of their lines.
#[derive(Default)]
pub(crate) struct Seen {
    blocks: Vec<(u32, Block)>,
    rows: Vec<Row>,
}

/// A line: an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    block: u32,
    line: u32,
    /// A bit for each pack that it woke; the last bit is for all packs from the 32nd on.
    pub(crate) woke: u32,
    /// Whether a decision was set off by it.
    pub(crate) decided: bool,
    /// Whether it is evidence.
    pub(crate) evidence: bool,
    /// Whether a pack failed on it.
    pub(crate) faulted: bool,
}

/// The bit of a pack.
pub(crate) fn bit(pack: usize) -> u32 {
    1 << pack.min(31)
}

/// Puts down what comes by.
#[derive(Clone, Default)]
pub(crate) struct Notes(Rc<RefCell<Seen>>);

impl Onlooker for Notes {
    fn matched(&mut self, source: u32, block: &Block, matched: &Matched) {
        self.0.borrow_mut().add(source, block, matched);
    }
}

impl Notes {
    /// What was seen; the run is over.
    pub(crate) fn take(&self) -> Seen {
        std::mem::take(&mut *self.0.borrow_mut())
    }

    /// Has a check show its blocks.
    pub(crate) fn of(&self, check: Check) -> Check {
        check.onlooker(Box::new(self.clone()))
    }
}

impl Seen {
    fn add(&mut self, source: u32, block: &Block, matched: &Matched) {
        let number = self.blocks.len() as u32;
        let first = self.rows.len();
        let row =
            |line| Row { block: number, line, woke: 0, decided: false, evidence: false, faulted: false };
        self.rows.extend((0..block.lines.len() as u32).map(row));
        for i in 0..matched.len() {
            let event = matched.event(i);
            let row = &mut self.rows[first + event.line()];
            event.wakes().for_each(|(pack, _)| row.woke |= bit(pack));
        }
        self.blocks.push((source, block.clone()));
    }

    /// The run is over: lines of a source stand together, and what was decided is put down beside them.
    pub(crate) fn settle<'a>(
        &mut self,
        triggers: impl Iterator<Item = &'a Position>,
        evidence: impl Iterator<Item = &'a Position>,
        faults: impl Iterator<Item = &'a Position>,
    ) {
        let blocks = &self.blocks;
        // Stable: of one source they are in order already.
        self.rows.sort_by_key(|row| blocks[row.block as usize].0);
        for position in triggers {
            self.mark(position, |row| row.decided = true);
        }
        for position in evidence {
            self.mark(position, |row| row.evidence = true);
        }
        for position in faults {
            self.mark(position, |row| row.faulted = true);
        }
    }

    fn mark(&mut self, position: &Position, mark: impl FnOnce(&mut Row)) {
        if let Some(row) = self.find(position) {
            mark(&mut self.rows[row]);
        }
    }

    /// The row of the event at this position.
    pub(crate) fn find(&self, position: &Position) -> Option<usize> {
        let key = |row: &Row| {
            let (source, block) = &self.blocks[row.block as usize];
            (*source, block.lines[row.line as usize].number)
        };
        self.rows.binary_search_by_key(&(position.source, position.line), key).ok()
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A row's source, block and line.
    pub(crate) fn line(&self, row: &Row) -> (u32, &Block, &Line) {
        let (source, block) = &self.blocks[row.block as usize];
        (*source, block, &block.lines[row.line as usize])
    }
}

/// A run that is over, with what explains it.
pub(crate) struct Over {
    pub(crate) seen: Seen,
    pub(crate) matcher: Arc<Matcher>,
}
