//! Lines that were brought, as a source: each has a position as if all of them stood in one file.

use std::collections::VecDeque;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tripline_engine::line::{Block, LineSettings, Lines, Mark};

use super::input::{Came, Input};
use super::intake::{Batch, StreamSettings};
use super::passing::Ack;
use crate::check::{Keeping, mark};
use crate::commit::{FileIdentity, Store, StoreError, Tenant};
use crate::follow::FollowNote;
use crate::store::Database;

/// A source whose lines are brought.
pub(super) struct Stream {
    tenant: Tenant,
    name: String,
    number: u32,
    lines: Lines,
    /// How its bytes become lines, but for what its batches say …
    usual: LineSettings,
    /// … and what the last one has said.
    settings: StreamSettings,
    database: Arc<Database>,
    batches: VecDeque<Batch>,
    /// The file that is brought in pieces, if it is one, and how much of it was judged before.
    file: Option<FileIdentity>,
    skip: u64,
    /// Blocks that are not given out yet, each with whether a batch ends with it.
    blocks: VecDeque<(Block, i64)>,
    acks: Vec<Ack>,
}

impl Stream {
    /// The source of this name, at the position where it was committed last.
    pub(super) fn open(
        name: &str,
        settings: &StreamSettings,
        lines: LineSettings,
        keeping: &Keeping,
        database: &Arc<Database>,
    ) -> Result<Stream, StoreError> {
        let known = keeping.store.source(&keeping.tenant, name)?;
        let file = match known.files.last() {
            Some(file) => file.number,
            None => {
                // What has no bytes to be known by is known by its name.
                let head = Sha256::digest(name).into();
                let identity = FileIdentity { device: 0, inode: 0, head, head_length: 0, generation: 0, seal: None };
                keeping.store.file(&keeping.tenant, known.number, None, &identity, name)?
            }
        };
        let position = known.files.last().and_then(|file| file.position.as_ref());
        let begin = Mark { file, ..mark(0, position, None, &known) };
        let (usual, lines) = (lines.clone(), lines_of(&lines, settings, &begin));
        Ok(Stream {
            tenant: keeping.tenant.clone(),
            name: name.into(),
            number: known.number,
            lines,
            usual,
            settings: settings.clone(),
            database: Arc::clone(database),
            batches: VecDeque::new(),
            file: None,
            skip: 0,
            blocks: VecDeque::new(),
            acks: Vec::new(),
        })
    }

    /// Takes the source's next batch.
    pub(super) fn bring(&mut self, batch: Batch) {
        self.batches.push_back(batch);
    }

    /// When that came which was brought first and not given out yet, if there is something.
    pub(super) fn oldest(&self) -> Option<i64> {
        let read = self.blocks.front().map(|(_, received)| *received);
        read.or_else(|| self.batches.front().map(|batch| batch.received))
    }

    /// Goes on in the file of which a piece comes, behind what of it was judged.
    fn enter(&mut self, identity: &FileIdentity, settings: &StreamSettings) -> Result<(), StoreError> {
        if self.file.as_ref() == Some(identity) {
            return Ok(());
        }
        let known = self.database.source(&self.tenant, &self.name)?;
        let file = known.files.iter().find(|file| file.identity == *identity);
        let number = match file {
            Some(file) => file.number,
            None => self.database.file(&self.tenant, self.number, None, identity, &self.name)?,
        };
        let position = file.and_then(|file| file.position.as_ref());
        let begin = Mark { file: number, ..mark(0, position, None, &known) };
        (self.skip, self.file) = (begin.offset, Some(identity.clone()));
        (self.lines, self.settings) = (lines_of(&self.usual, settings, &begin), settings.clone());
        Ok(())
    }

    fn push(&mut self, mut batch: Batch) {
        let judged = usize::try_from(self.skip).unwrap_or(usize::MAX).min(batch.lines.len());
        batch.lines.drain(..judged);
        self.skip -= judged as u64;
        if batch.settings != self.settings {
            // Nothing of the batches before is left in them.
            self.lines = lines_of(&self.usual, &batch.settings, &self.lines.mark());
            self.settings = batch.settings;
        }
        self.lines.set_reference(Some(batch.received));
        self.lines.push(&batch.lines);
        if batch.lines.last().is_some_and(|last| *last != b'\n') {
            self.lines.push(b"\n");
        }
        // What is brought together is whole: the next batch joins nothing of it.
        self.lines.quiet();
        while let Some(block) = self.lines.next_block() {
            self.blocks.push_back((block, batch.received));
        }
        self.acks.push(Ack { key: batch.key, done: batch.done });
    }
}

/// Lines that are read so, from there on.
fn lines_of(usual: &LineSettings, settings: &StreamSettings, begin: &Mark) -> Lines {
    let StreamSettings { format, timezone, log_source, join, silent_after: _ } = settings.clone();
    let mut lines =
        Lines::new(LineSettings { format, timezone, log_source, join, live: true, ..usual.clone() });
    lines.resume(begin);
    lines
}

impl Input for Stream {
    fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    fn number(&self) -> u32 {
        self.number
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// A source is called by its kind and what is its own.
    fn kind(&self) -> &'static str {
        match self.name.split('/').next() {
            Some("http") => "http",
            Some("syslog") => "syslog",
            Some(name) if name.starts_with("scan:") => "scan",
            _ => "program",
        }
    }

    /// What waits in the intake is soon read, and what waits at its sender nobody knows.
    fn lag(&self) -> Option<u64> {
        None
    }

    /// A turn of the intake is the turn's bytes already.
    fn read(&mut self, _: &mut [u8], _: i64) -> Result<Came, StoreError> {
        if self.batches.is_empty() {
            return Ok(Came::Nothing);
        }
        while let Some(batch) = self.batches.front() {
            // Its key was on its way when its sender asked whether it is known.
            let known = match batch.key {
                Some(key) => self.database.batch(&self.tenant, &key.key)?.is_some(),
                None => false,
            };
            if let Some(Batch { file: Some(file), settings, .. }) = self.batches.front() {
                let (file, settings) = (file.clone(), settings.clone());
                self.enter(&file, &settings)?;
            }
            let Some(batch) = self.batches.pop_front() else { break };
            match known {
                true => self.acks.push(Ack { key: batch.key, done: batch.done }),
                false => self.push(batch),
            }
        }
        Ok(Came::All)
    }

    fn next_block(&mut self) -> Option<Block> {
        let (block, received) = self.blocks.pop_front()?;
        Some(Block { received: Some(received), ..block })
    }

    fn acks(&mut self) -> Vec<Ack> {
        std::mem::take(&mut self.acks)
    }

    fn notes(&mut self) -> Vec<FollowNote> {
        Vec::new()
    }
}
