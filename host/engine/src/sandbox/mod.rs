//! What runs packs: a trait, so that wasmtime, a browser and an author's test are the same to the engine.

mod limits;
mod log;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use tripline_abi::LogLevel;

pub use self::limits::Limits;
pub use self::log::Log;

use crate::Pack;

/// Runs packs. `load` is dear and done once for each module; `instantiate` is cheap and done for each instance.
pub trait Sandbox: Send + Sync {
    /// Makes a checked pack ready to run.
    fn load(&self, pack: &Pack) -> Result<Arc<dyn Module>, LoadError>;

    /// Which limits hold here. What a platform cannot enforce is shown as not enforced.
    fn enforces(&self) -> Enforced;
}

/// A pack that is ready to run.
pub trait Module: Send + Sync {
    /// A fresh instance; runs the module's start function, if it has one, under every limit.
    fn instantiate(&self) -> Result<Box<dyn Instance>, Trap>;

    /// The same, within an allowance as well. A sandbox that enforces no limit enforces no allowance.
    fn instantiate_within(&self, allowance: Allowance) -> Result<Box<dyn Instance>, Trap> {
        let _ = allowance;
        self.instantiate()
    }
}

/// What one instance may have beside what the sandbox gives everybody: the less of both holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes of linear memory.
    pub memory: u64,
    /// Bytes of a saved state.
    pub state: u64,
}

impl Default for Allowance {
    /// As much as everybody.
    fn default() -> Allowance {
        Allowance { memory: u64::MAX, state: u64::MAX }
    }
}

/// A pack that runs. After a [`Trap`] every further call answers [`Trap::Dead`].
pub trait Instance: Send {
    /// Hands over settings and saved state; the inner error is the pack's own text.
    fn open(&mut self, frame: &[u8]) -> Result<Result<(), String>, Trap>;

    /// Judges one batch of so many entries; the reply frame replaces what `reply` held, empty for nothing.
    fn check(&mut self, batch: &[u8], entries: u32, reply: &mut Vec<u8>) -> Result<(), Trap>;

    /// Replaces what `state` held by the pack's state; `false` if the pack keeps none.
    fn save(&mut self, state: &mut Vec<u8>) -> Result<bool, Trap>;

    /// What the pack logged since the last call of this, and how many lines were over the limit.
    fn drain_log(&mut self) -> (Vec<LogLine>, u64);

    /// The rule that ran when it trapped, if the pack says so (export `tripline_rule`).
    fn rule(&mut self) -> Option<u32>;

    /// What it has cost since it was made.
    fn usage(&self) -> Usage;
}

/// A line that a pack logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How important.
    pub level: LogLevel,
    /// The text, lossy UTF-8.
    pub text: String,
}

/// What an instance has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all calls.
    pub cpu: Duration,
    /// Bytes of linear memory now.
    pub memory: u64,
}

/// Which limits a sandbox enforces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enforced {
    /// CPU time of a call.
    pub cpu: bool,
    /// Wall time of a call.
    pub wall: bool,
    /// Linear memory.
    pub memory: bool,
    /// Table elements.
    pub table: bool,
    /// Stack.
    pub stack: bool,
}

/// Why a checked pack cannot be made ready.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The compiler refused it; its words.
    #[error("the module does not compile: {0}")]
    Compile(String),
    /// The module asks for more than a limit gives, before it has run.
    #[error("the module asks for {found} {what}, the limit is {limit}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// What it asks for.
        found: u64,
    },
}

/// How a call into a pack ended early. Each variant is one limit, or one way to break the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trap {
    /// The pack panicked; its own text, with file and line.
    #[error("it panicked: {0}")]
    Panic(String),
    /// A WebAssembly trap, by its name in the specification; where a platform does not say which it is, in its words.
    #[error("it trapped: {0}")]
    Wasm(Cow<'static, str>),
    /// More CPU time than the call may take.
    #[error("it used {used:?} of CPU time, a call of this size may use {limit:?}")]
    Cpu {
        /// Used.
        used: Duration,
        /// Allowed.
        limit: Duration,
    },
    /// More wall time than any call may take.
    #[error("it ran for {used:?}, a call may run for {limit:?}")]
    Wall {
        /// Taken.
        used: Duration,
        /// Allowed.
        limit: Duration,
    },
    /// More linear memory than an instance may have.
    #[error("it asked for {found} bytes of memory, the limit is {limit}")]
    Memory {
        /// Allowed, in bytes.
        limit: u64,
        /// Asked for, in bytes.
        found: u64,
    },
    /// More table elements than an instance may have.
    #[error("it asked for {found} table elements, the limit is {limit}")]
    Table {
        /// Allowed.
        limit: u64,
        /// Asked for.
        found: u64,
    },
    /// The stack is full.
    #[error("its stack is deeper than {limit} bytes")]
    Stack {
        /// Allowed, in bytes.
        limit: u64,
    },
    /// An answer longer than the host takes.
    #[error("its {what} has {found} bytes, the limit is {limit}")]
    Answer {
        /// Which answer: `reply`, `state`, `error text`.
        what: &'static str,
        /// Allowed, in bytes.
        limit: u64,
        /// Answered, in bytes.
        found: u64,
    },
    /// A pointer and length that leave the memory.
    #[error("its {what} at {pointer} with {length} bytes leaves its memory of {memory} bytes")]
    Pointer {
        /// What they should point to: `input buffer`, `reply`, `state`, `error text`.
        what: &'static str,
        /// First byte.
        pointer: u32,
        /// Bytes.
        length: u32,
        /// Bytes of memory.
        memory: u64,
    },
    /// The instance has trapped before.
    #[error("it was called after it had trapped")]
    Dead,
    /// The host could not do its part; its words.
    #[error("the host could not run it: {0}")]
    Host(String),
}
