//! The life of an instance: started at the first batch, rebuilt after a fault.
//!
//! ```text
//!   save ──► batch ──► batch ──► batch ✗ fault
//!     │        kept      kept
//!     └─► new instance ─► batch ─► batch ─► the failing batch in halves, until the poisonous event stands alone
//!                         replayed, replies thrown away
//! ```

use std::sync::Arc;
use std::time::Duration;

use tripline_abi::{OpenWriter, SettingValue};

use crate::fault::Fault;
use crate::sandbox::{Allowance, Instance, LogLine, Module, Sandbox, Trap, Usage};
use crate::{Configured, Pack};

/// When an instance saves, and what is kept in between.
#[derive(Clone, Copy, Debug)]
pub struct LifeLimits {
    /// Bytes of batches after which the state is saved, so that less has to be replayed. 512 KiB.
    pub save_after: usize,
    /// Bytes of batches kept for a pack that cannot save; with more, a fault empties its state. 8 MiB.
    pub keep: usize,
    /// What an instance may have. As much as everybody.
    pub allowance: Allowance,
    /// CPU time of kept batches after which it is the same: whoever shares a thread waits for all of it when they are
    /// replayed. `None`: nobody waits.
    pub replay: Option<Duration>,
}

impl Default for LifeLimits {
    fn default() -> Self {
        LifeLimits {
            save_after: 512 * 1024,
            keep: 8 * 1024 * 1024,
            allowance: Allowance::default(),
            replay: None,
        }
    }
}

pub(super) struct Life {
    sandbox: Arc<dyn Sandbox>,
    pack: Arc<Pack>,
    settings: OpenWriter,
    limits: LifeLimits,
    saves: bool,
    module: Option<Arc<dyn Module>>,
    instance: Option<Box<dyn Instance>>,
    /// State, and the version of the pack that saved it.
    saved: Option<(Vec<u8>, String)>,
    kept: Vec<(Vec<u8>, u32)>,
    /// Memory of batches that were let go where as many will be kept again.
    spare: Vec<Vec<u8>>,
    kept_bytes: usize,
    kept_time: Duration,
    /// Whether batches were let go that no save covers.
    gap: bool,
    /// Cost of the instances that are gone.
    spent: Usage,
    pub(super) starts: u64,
}

impl Life {
    pub(super) fn new(sandbox: Arc<dyn Sandbox>, configured: &Configured, limits: LifeLimits) -> Life {
        let mut settings = OpenWriter::new();
        for (name, value) in &configured.settings {
            let value: &SettingValue = value;
            settings.setting(name, value);
        }
        Life {
            sandbox,
            pack: Arc::clone(&configured.pack),
            settings,
            limits,
            saves: configured.pack.saves(),
            module: None,
            instance: None,
            saved: None,
            kept: Vec::new(),
            spare: Vec::new(),
            kept_bytes: 0,
            kept_time: Duration::ZERO,
            gap: false,
            spent: Usage::default(),
            starts: 0,
        }
    }

    /// Whether it can still be asked to save.
    pub(super) fn saves(&self) -> bool {
        self.saves
    }

    /// Goes on from a state that was saved before; only before the first batch. The pack is offered it right away: a
    /// state that it cannot take is dropped, and the fault says why.
    pub(super) fn restore(&mut self, state: Vec<u8>, version: String) -> Result<(), Fault> {
        if !self.saves {
            return Ok(());
        }
        self.saved = Some((state, version));
        match self.started() {
            Err(fault @ (Fault::Open(_) | Fault::Refused(_))) => {
                self.saved = None;
                Err(fault)
            }
            // What is not the state's fault shows again at the first batch.
            _ => Ok(()),
        }
    }

    /// Judges a batch; starts an instance if there is none.
    pub(super) fn check(&mut self, batch: &[u8], entries: u32, reply: &mut Vec<u8>) -> Result<(), Fault> {
        self.started()?.check(batch, entries, reply).map_err(Fault::Check)
    }

    /// A batch was judged, in that time, and its reply is good: it is part of the state from now on. What is left in its place
    /// is memory for another.
    pub(super) fn keep(&mut self, batch: &mut Vec<u8>, entries: u32, took: Duration) -> Result<(), Fault> {
        self.kept_bytes += batch.len();
        let kept = if batch.len() < batch.capacity() / 8 * 7 {
            // It would have all that room as long as it is kept.
            self.spare.pop();
            batch.to_vec()
        } else {
            std::mem::replace(batch, self.spare.pop().unwrap_or_default())
        };
        self.kept.push((kept, entries));
        self.kept_time += took;
        let is_long = self.limits.replay.is_some_and(|most| self.kept_time > most);
        let saved = self.saved.as_ref().map_or(0, |(state, _)| state.len());
        // A large state is saved less often, so that saving never costs more than judging.
        if self.saves && (is_long || self.kept_bytes > self.limits.save_after.max(8 * saved)) {
            self.save()?;
        }
        if !self.saves && (is_long || self.kept_bytes > self.limits.keep) {
            // There will be as many again, and fresh memory costs more than what is written to it.
            self.spare.extend(self.kept.drain(..).map(|(batch, _)| batch));
            self.let_go();
            self.gap = true;
        }
        Ok(())
    }

    /// Saves the state, if the pack can; what is kept is covered by it then.
    pub(super) fn save(&mut self) -> Result<Option<&(Vec<u8>, String)>, Fault> {
        if !self.saves {
            return Ok(None);
        }
        if self.instance.is_none() {
            return Ok(self.saved.as_ref());
        }
        let mut state = Vec::new();
        if self.started()?.save(&mut state).map_err(Fault::Save)? {
            self.saved = Some((state, self.pack.manifest().pack.version.to_string()));
            self.let_go();
        } else {
            // It could and does not: it is not asked again.
            self.saves = false;
            return Ok(None);
        }
        Ok(self.saved.as_ref())
    }

    /// Throws the instance away and brings a new one to where it was; answers whether state was lost.
    pub(super) fn rebuild(&mut self) -> Result<bool, Fault> {
        self.drop_instance();
        let lost = std::mem::take(&mut self.gap);
        if lost {
            self.let_go();
        }
        let kept = std::mem::take(&mut self.kept);
        let mut reply = Vec::new();
        let mut replay = || {
            for (batch, entries) in &kept {
                self.started()?.check(batch, *entries, &mut reply).map_err(Fault::Replay)?;
            }
            // What it logged then was shown then.
            self.started().map(|instance| drop(instance.drain_log()))
        };
        let replayed = replay();
        self.kept = kept;
        replayed.map(|()| lost)
    }

    fn let_go(&mut self) {
        self.kept.clear();
        (self.kept_bytes, self.kept_time) = (0, Duration::ZERO);
    }

    /// The rule that ran last, if the pack says so.
    pub(super) fn rule(&mut self) -> Option<u32> {
        self.instance.as_mut()?.rule()
    }

    pub(super) fn drain_log(&mut self) -> (Vec<LogLine>, u64) {
        self.instance.as_mut().map(|instance| instance.drain_log()).unwrap_or_default()
    }

    /// CPU time of all instances so far, and memory of the one that lives.
    pub(super) fn usage(&self) -> Usage {
        let now = self.instance.as_ref().map(|instance| instance.usage()).unwrap_or_default();
        Usage { cpu: self.spent.cpu + now.cpu, memory: now.memory.max(self.spent.memory) }
    }

    /// Bytes of memory of the instance that lives.
    pub(super) fn live(&self) -> u64 {
        self.instance.as_ref().map_or(0, |instance| instance.usage().memory)
    }

    fn started(&mut self) -> Result<&mut Box<dyn Instance>, Fault> {
        if self.instance.is_none() {
            let module = match &self.module {
                Some(module) => Arc::clone(module),
                None => Arc::clone(self.module.insert(self.sandbox.load(&self.pack)?)),
            };
            let mut instance = module.instantiate_within(self.limits.allowance).map_err(Fault::Start)?;
            self.starts += 1;
            let state = self.saved.as_ref().map(|(state, version)| (&state[..], &version[..]));
            let opened = instance.open(&self.settings.finish(state));
            opened.map_err(Fault::Open)?.map_err(Fault::Refused)?;
            self.instance = Some(instance);
        }
        self.instance.as_mut().ok_or(Fault::Start(Trap::Dead))
    }

    fn drop_instance(&mut self) {
        if let Some(instance) = self.instance.take() {
            let usage = instance.usage();
            self.spent.cpu += usage.cpu;
            self.spent.memory = self.spent.memory.max(usage.memory);
        }
    }
}
