//! Lines that were brought, as a source: each has a position as if all of them stood in one file.

use std::collections::VecDeque;
use std::mem::replace;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tripline_engine::line::{Block, LineSettings, Lines, Mark};

use super::batch::StreamSettings;
use super::input::{Came, Input};
use super::intake::Taken;
use super::passing::Ack;
use crate::check::{Keeping, mark};
use crate::commit::{BatchKey, FileIdentity, Store, StoreError, Tenant};
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
    batches: VecDeque<Taken>,
    /// The batch that is being read.
    open: Option<Open>,
    /// Lines of the source's own, while those of a file or a large batch are read.
    own: Option<Lines>,
    /// The file that is brought in pieces, if it is one, and how much of it was judged before.
    file: Option<FileIdentity>,
    skip: u64,
    /// Blocks that are not given out yet, each with when it came.
    blocks: VecDeque<(Block, i64)>,
    acks: Vec<Ack>,
}

/// A batch, and how many of its bytes were read.
struct Open {
    taken: Taken,
    read: usize,
    /// It is read at once.
    is_small: bool,
}

/// Turns' bytes of a batch that is read at once: so that its lines and its key are committed together. One that is larger
/// is read in turns.
const SMALL: usize = 4;

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
        // What has no bytes to be known by is known by its name.
        let head = Sha256::digest(name).into();
        let identity = FileIdentity { device: 0, inode: 0, head, head_length: 0, generation: 0, seal: None };
        let own = known.files.iter().find(|file| file.identity == identity);
        let file = match own {
            Some(file) => file.number,
            None => keeping.store.file(&keeping.tenant, known.number, None, &identity, name)?,
        };
        let position = own.and_then(|file| file.position.as_ref());
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
            open: None,
            own: None,
            file: None,
            skip: 0,
            blocks: VecDeque::new(),
            acks: Vec::new(),
        })
    }

    /// Takes the source's next batch.
    pub(super) fn bring(&mut self, taken: Taken) {
        self.batches.push_back(taken);
    }

    /// When that came which was brought first and not given out yet, if there is something.
    pub(super) fn oldest(&self) -> Option<i64> {
        let read = self.blocks.front().map(|(_, received)| *received);
        let open = || self.open.as_ref().map(|open| open.taken.batch.received);
        read.or_else(open).or_else(|| self.batches.front().map(|taken| taken.batch.received))
    }

    /// Goes on in the file of which a piece comes, behind what of it was judged; or in what is the source's own.
    fn enter(&mut self, file: Option<FileIdentity>, settings: &StreamSettings) -> Result<(), StoreError> {
        if self.file == file {
            return Ok(());
        }
        let Some(identity) = &file else {
            // Not where the store says: what was fed last may not be on disk yet.
            if let Some(own) = self.own.take() {
                (self.lines, self.file, self.skip) = (own, None, 0);
                // Another batch may have said something else meanwhile.
                self.lines = lines_of(&self.usual, settings, &self.lines.mark());
                self.settings = settings.clone();
            }
            return Ok(());
        };
        let known = self.database.source(&self.tenant, &self.name)?;
        let found = known.files.iter().find(|file| file.identity == *identity);
        let number = match found {
            Some(file) => file.number,
            None => self.database.file(&self.tenant, self.number, None, identity, &self.name)?,
        };
        let position = found.and_then(|file| file.position.as_ref());
        let begin = Mark { file: number, ..mark(0, position, None, &known) };
        let before = replace(&mut self.lines, lines_of(&self.usual, settings, &begin));
        if self.file.is_none() {
            self.own = Some(before);
        }
        (self.skip, self.file, self.settings) = (begin.offset, file, settings.clone());
        Ok(())
    }

    /// Opens the next batch that has to be read; `false`: there is none, or it does not fit into what is left of a turn.
    fn begin(&mut self, left: usize, turn: usize) -> Result<bool, StoreError> {
        while let Some(Taken { batch, .. }) = self.batches.front() {
            // Its key was on its way when its sender asked whether it is known.
            let known = match batch.key {
                Some(key) => self.database.batch(&self.tenant, &key.key)?.is_some(),
                None => false,
            };
            let (size, is_small) = (batch.lines.len(), batch.lines.len() <= SMALL * turn);
            if !known && is_small && size > left && left < turn {
                return Ok(false);
            }
            if !known {
                // Commits come in the middle of it. What is known by a key goes on there if it is sent again.
                let large = batch.key.as_ref().filter(|_| !is_small).map(large);
                let (file, settings) = (batch.file.clone().or(large), batch.settings.clone());
                self.enter(file, &settings)?;
            }
            let Some(Taken { batch, room }) = self.batches.pop_front() else { break };
            if known {
                self.acks.push(Ack { key: batch.key, done: batch.done });
                continue;
            }
            let judged = usize::try_from(self.skip).unwrap_or(usize::MAX).min(batch.lines.len());
            self.skip -= judged as u64;
            if batch.settings != self.settings {
                // Nothing of the batches before is left in them.
                self.lines = lines_of(&self.usual, &batch.settings, &self.lines.mark());
                self.settings = batch.settings.clone();
            }
            self.lines.set_reference(Some(batch.received));
            self.open = Some(Open { taken: Taken { batch, room }, read: judged, is_small });
            return Ok(true);
        }
        Ok(false)
    }

    /// Reads about so many bytes of the open batch; how many.
    fn some(&mut self, most: usize) -> usize {
        let Some(mut open) = self.open.take() else { return 0 };
        let batch = &open.taken.batch;
        let (received, left) = (batch.received, batch.lines.get(open.read..).unwrap_or_default());
        let piece = if open.is_small { left } else { &left[..left.len().min(most)] };
        self.lines.push(piece);
        let count = piece.len();
        open.read += count;
        let is_whole = count == left.len();
        if is_whole {
            if piece.last().is_some_and(|last| *last != b'\n') {
                self.lines.push(b"\n");
            }
            // What is brought together is whole: the next batch joins nothing of it.
            self.lines.end_of_batch();
        }
        while let Some(block) = self.lines.next_block() {
            self.blocks.push_back((block, received));
        }
        match is_whole {
            true => self.acks.push(Ack { key: open.taken.batch.key, done: open.taken.batch.done }),
            false => self.open = Some(open),
        }
        count
    }
}

/// A large batch is a file of its own: by what it is known if it is sent again.
fn large(key: &BatchKey) -> FileIdentity {
    let head = Sha256::new().chain_update(key.key).chain_update(key.body).finalize().into();
    FileIdentity { device: 0, inode: 1, head, head_length: 0, generation: 0, seal: None }
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

    /// About as many bytes as the buffer has: a batch that is much larger has several turns.
    fn read(&mut self, buffer: &mut [u8], _: i64) -> Result<Came, StoreError> {
        let (mut left, before) = (buffer.len(), self.acks.len());
        let mut has_read = false;
        while left > 0 && (self.open.is_some() || self.begin(left, buffer.len())?) {
            has_read = true;
            left = left.saturating_sub(self.some(left).max(1));
        }
        Ok(match has_read || self.acks.len() > before {
            true if self.open.is_some() || !self.batches.is_empty() => Came::More,
            true => Came::All,
            false => Came::Nothing,
        })
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
