//! Judging: one pack's events in order, one batch at a time, whatever the pack does.

mod batcher;
mod codec;
mod cost;
mod failed;
mod life;
mod memory;
mod quarantine;
mod reply;
mod ring;
mod ticks;

use std::sync::Arc;

use tripline_abi::sub_batch;

pub use self::batcher::{BatchLimits, Delivery};
pub use self::cost::{JudgeCost, Times};
pub use self::life::LifeLimits;
pub use self::memory::with_texts;
pub use self::reply::DECISIONS_PER_ENTRY;
pub use self::ring::RingLimits;
pub use self::ticks::{has_to_tick, next_tick};

use self::batcher::Batcher;
use self::life::Life;
use self::memory::Memory;
use self::reply::ReplyReader;
use self::ring::Ring;
use self::ticks::Ticks;
use crate::decision::Decision;
use crate::fault::{Fault, PackFault};
use crate::id::Position;
use crate::sandbox::{LogLine, Sandbox};
use crate::{Configured, Pack};

/// Every bound of judging.
#[derive(Clone, Copy, Debug, Default)]
pub struct JudgeLimits {
    /// Of a batch.
    pub batch: BatchLimits,
    /// Of an instance's life.
    pub life: LifeLimits,
    /// Of what is kept for evidence.
    pub ring: RingLimits,
}

/// So many of a pack's log lines are kept: they wait in memory for the end of a run, which may be days away.
const LOGS: u64 = 1_000;

/// One instance of a pack, and all that surrounds it.
pub struct Judge {
    pack: Arc<Pack>,
    batcher: Batcher,
    ring: Ring,
    life: Life,
    replies: ReplyReader,
    tick: Option<Ticks>,
    latest: Option<i64>,
    /// Whether there ever was an event, in this run or before.
    woken: bool,
    /// The first event since the last snapshot.
    since: Option<Position>,
    changed: bool,
    quarantined: bool,
    /// Log lines that were kept …
    logged: u64,
    /// … and faults.
    faulted: u64,
    cost: JudgeCost,
    /// Batches and parts of batches that are to be judged, the next one last; what is gathered comes behind them.
    waiting: Vec<(Vec<u8>, u32)>,
    batch: Vec<u8>,
    reply: Vec<u8>,
}

/// What judging gave: in order, to be folded.
#[derive(Default)]
pub struct Verdicts {
    /// What rules decided.
    pub decisions: Vec<Decision>,
    /// What went wrong: of each pack the first 100, and the one that put it out. [`JudgeCost::faults`] counts all.
    pub faults: Vec<PackFault>,
    /// What packs logged: the pack's name and the line, of each pack the first 1,000.
    pub logs: Vec<(String, LogLine)>,
}

/// A pack's state, to go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What the pack saved; `None`: it saves nothing.
    pub state: Option<Vec<u8>>,
    /// The version of the pack that saved it.
    pub version: String,
    /// What the host remembers for it: ticks, the latest time, recent evidence.
    pub host: Vec<u8>,
}

impl Judge {
    /// A judge for one configured pack; nothing is loaded before its first batch.
    pub fn new(sandbox: Arc<dyn Sandbox>, configured: &Configured, limits: JudgeLimits) -> Judge {
        let manifest = configured.pack.manifest();
        Judge {
            pack: Arc::clone(&configured.pack),
            batcher: Batcher::new(manifest, limits.batch),
            ring: Ring::new(limits.ring),
            life: Life::new(sandbox, configured, limits.life),
            replies: ReplyReader::new(manifest),
            tick: Ticks::of(&configured.pack),
            latest: None,
            woken: false,
            since: None,
            changed: false,
            quarantined: false,
            logged: 0,
            faulted: 0,
            cost: JudgeCost::default(),
            waiting: Vec::new(),
            batch: Vec::new(),
            reply: Vec::new(),
        }
    }

    /// Goes on from a snapshot; only before the first event. The pack is offered its state right away. If it does not
    /// take it, it starts empty, and the fault says so: an upgrade must not put a pack out.
    pub fn restore(&mut self, snapshot: Snapshot, out: &mut Verdicts) {
        let limits = self.ring.limits();
        let (memory, ring) = Memory::read(&snapshot.host, limits)
            .unwrap_or_else(|| (Memory::default(), Ring::resumed(limits)));
        (self.ring, self.latest, self.woken) = (ring, memory.latest, memory.woken);
        if let Some(ticks) = &mut self.tick {
            ticks.restore(memory.next);
        }
        if let Some(state) = snapshot.state
            && let Err(fault) = self.life.restore(state, snapshot.version)
        {
            self.cost.faults += 1;
            let pack = self.pack.name().to_string();
            let (rule, event) = (None, None);
            self.keep(PackFault { pack, rule, event, fault, quarantined: false, state_lost: true }, out);
        }
        self.drain_log(out);
    }

    /// Whether anything came in since the last snapshot.
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// Hands over an event that woke the pack, with the ticks that are due before it.
    pub fn push(&mut self, delivery: &Delivery<'_>, out: &mut Verdicts) {
        if self.quarantined {
            return;
        }
        self.since.get_or_insert(delivery.position);
        (self.woken, self.changed) = (true, true);
        if let Some(time) = delivery.event.time() {
            self.ticks_until(time, out);
            self.latest = self.latest.max(Some(time));
        }
        if self.batcher.is_full_for(delivery) {
            self.flush(out);
        }
        let spans = self.batcher.push(delivery);
        self.ring.push(delivery.position, delivery.event.time(), delivery.line, spans);
        self.cost.events += 1;
        self.cost.matches += delivery.matches.len() as u64;
    }

    /// The input is over at this time: one last tick, if there ever was an event, and what is left is judged. Not for
    /// an input that brought no line: nothing has happened since it was over the last time.
    pub fn end(&mut self, time: Option<i64>, out: &mut Verdicts) {
        if let Some(time) = time.max(self.latest)
            && self.tick.is_some()
            && self.woken
        {
            self.ticks_until(time, out);
            self.one_tick(time, out);
        }
        self.flush(out);
    }

    /// It is this time, and all that had come by then was handed over: the ticks that are due by now, if there ever was
    /// an event. Only where lines are judged as they come; elsewhere time is what events say. What the clock says now is
    /// later than that by what waits; a tick that is far ahead of it is put back.
    pub fn passed(&mut self, time: i64, now: i64, out: &mut Verdicts) {
        if !self.quarantined && self.tick.as_mut().is_some_and(|ticks| ticks.put_back(now)) {
            self.changed = true;
        }
        let due = self.next_tick().is_some_and(|next| next <= time);
        if due && !self.quarantined {
            self.changed = true;
            self.ticks_until(time, out);
        }
    }

    /// When its next tick is due; `None`: it asks for none, or there was no event yet.
    pub fn next_tick(&self) -> Option<i64> {
        self.tick.as_ref().and_then(Ticks::next)
    }

    /// What was kept in [`Verdicts`] was taken: as much again is kept from now on.
    pub fn taken(&mut self) {
        (self.logged, self.faulted) = (0, 0);
    }

    /// Whether its state can be kept: the pack can save, and has never answered that it saves nothing.
    pub fn saves(&self) -> bool {
        self.life.saves()
    }

    /// Whether it is out.
    pub fn is_quarantined(&self) -> bool {
        self.quarantined
    }

    /// Judges what has come in so far.
    pub fn flush(&mut self, out: &mut Verdicts) {
        while self.advance(out) {}
    }

    /// Whether [`Judge::push`] would only gather this event; else [`Judge::advance`] comes first.
    pub fn is_ready_for(&self, delivery: &Delivery<'_>) -> bool {
        self.quarantined || self.waiting.is_empty() && !self.batcher.is_full_for(delivery)
    }

    /// Judges one batch of what has come in so far, or one part of a batch that has failed; `false`: nothing was left.
    /// Whoever shares a thread with others gives way behind it: the pack is called once, and if it fails once more for
    /// each batch since it was saved.
    pub fn advance(&mut self, out: &mut Verdicts) -> bool {
        if self.waiting.is_empty() && self.batcher.entries() > 0 {
            let mut batch = std::mem::take(&mut self.batch);
            let entries = self.batcher.finish(&mut batch);
            self.waiting.push((batch, entries));
        }
        let Some((mut batch, entries)) = self.waiting.pop() else { return false };
        if !self.quarantined {
            self.part(&mut batch, entries, out);
        }
        // Of what has failed there are parts, which are smaller.
        if batch.capacity() > self.batch.capacity() {
            self.batch = batch;
        }
        true
    }

    /// What to go on from after a restart; nothing of a pack that is out.
    pub fn snapshot(&mut self, out: &mut Verdicts) -> Option<Snapshot> {
        self.flush(out);
        if self.quarantined {
            return None;
        }
        let (state, version) = match self.life.save() {
            Ok(Some((state, version))) => (Some(state.clone()), version.clone()),
            Ok(None) => (None, self.pack.manifest().pack.version.to_string()),
            Err(fault) => {
                self.fault(fault, None, false, out);
                return None;
            }
        };
        (self.since, self.changed) = (None, false);
        let next = self.next_tick();
        let memory = Memory { next, latest: self.latest, woken: self.woken };
        Some(Snapshot { state, version, host: memory.write(&self.ring) })
    }

    /// The pack's patterns were suspended: it is out.
    pub fn suspend(&mut self, fault: Fault, out: &mut Verdicts) {
        if !self.quarantined {
            self.flush(out);
            self.fault(fault, None, false, out);
        }
    }

    /// What it has cost.
    pub fn cost(&self) -> JudgeCost {
        let usage = self.life.usage();
        JudgeCost {
            cpu: usage.cpu,
            memory: usage.memory,
            live: self.life.live(),
            starts: self.life.starts,
            quarantined: self.quarantined,
            ..self.cost
        }
    }

    /// The pack.
    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// Judges a batch; if the pack fails, its halves wait to be judged, down to the event that does it.
    fn part(&mut self, batch: &mut Vec<u8>, entries: u32, out: &mut Verdicts) {
        let fault = match self.attempt(batch, entries, out) {
            Ok(()) => return,
            Err(fault) => fault,
        };
        let rule = self.life.rule();
        self.drain_log(out);
        if fault.is_without_event() {
            return self.fault(fault, None, false, out);
        }
        let lost = match self.life.rebuild() {
            Ok(lost) => lost,
            Err(fault) => return self.fault(fault, None, false, out),
        };
        if entries <= 1 {
            return self.skip(batch, fault, rule, lost, out);
        }
        let half = entries / 2;
        // The first half is the next.
        for (first, count) in [(half, entries - half), (0, half)] {
            self.waiting.extend(sub_batch(batch, first, count).map(|part| (part, count)));
        }
    }

    fn attempt(&mut self, batch: &mut Vec<u8>, entries: u32, out: &mut Verdicts) -> Result<(), Fault> {
        let before = self.life.usage().cpu;
        let checked = self.life.check(batch, entries, &mut self.reply);
        let took = self.life.usage().cpu.saturating_sub(before);
        self.cost.times.count(took);
        self.batcher.took(entries, took);
        checked?;
        if !self.reply.is_empty() {
            self.ring.index();
        }
        let decisions = self.replies.read(&self.reply, self.pack.name(), &self.ring)?;
        self.cost.batches += 1;
        self.cost.decisions += decisions.len() as u64;
        out.decisions.extend(decisions);
        self.drain_log(out);
        self.life.keep(batch, entries, took)
    }

    fn drain_log(&mut self, out: &mut Verdicts) {
        let (lines, dropped) = self.life.drain_log();
        let pack = self.pack.name();
        let (room, came) = (LOGS.saturating_sub(self.logged), lines.len() as u64);
        let kept = came.min(room);
        out.logs.extend(lines.into_iter().take(kept as usize).map(|line| (pack.to_string(), line)));
        self.logged += kept;
        self.cost.logs_dropped += dropped + came - kept;
    }

    /// Adds the ticks that are due by this time.
    fn ticks_until(&mut self, time: i64, out: &mut Verdicts) {
        let Some(due) = self.tick.as_mut().map(|ticks| ticks.until(time)) else { return };
        for tick in due {
            self.one_tick(tick, out);
        }
    }

    fn one_tick(&mut self, time: i64, out: &mut Verdicts) {
        if self.batcher.is_full() {
            self.flush(out);
        }
        self.batcher.tick(time);
    }
}
