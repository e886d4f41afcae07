use std::time::Duration;

use tripline_abi::STATE_BYTES;

/// What a pack may use while it runs. Each limit holds alone; the largest number of its type switches one off.
///
/// What a module may be before it runs is [`PackLimits`](crate::PackLimits).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// CPU time of any call, instantiation with its start function included. Making and opening the sshd pack takes
    /// 60 µs; the rest is for large states and slow machines.
    pub cpu_base: Duration,
    /// CPU time more for each entry of a batch; a pack that only counts needs 0.04 µs.
    pub cpu_entry: Duration,
    /// Time that any call may take, as the ticker counts it: while the whole process stands still, nothing counts.
    /// Only a backstop, far over the CPU time, since a busy machine is no fault of a pack.
    pub wall: Duration,
    /// Bytes of linear memory; the sshd pack has 1.2 MB when it is opened. A choice, not a measurement: it leaves room
    /// for keyed windows, and 200 packs at their limit fit into 16 GB.
    pub memory: u64,
    /// Elements of one table; an element is a pointer of the host.
    pub table: u64,
    /// Bytes of the machine's stack for WebAssembly, at most [`Limits::STACK_MOST`]: it is a part of the calling
    /// thread's own. Compilers keep large values on a stack of their own in linear memory.
    pub stack: usize,
    /// Bytes of a reply: 5 KB for each of the 700 events that fit into a batch. A batch whose reply is longer is halved
    /// by the engine, so this is no way to switch a rule off.
    pub reply: u64,
    /// Bytes of a saved state; it goes into the database at every commit.
    pub state: u64,
    /// Bytes of the text with which a pack refuses to open.
    pub error_text: u64,
    /// Lines that a pack may log until they are drained. More are counted and thrown away.
    pub log_lines: usize,
    /// Bytes of a line that a pack logs; the rest of it is cut.
    pub log_line: usize,
    /// Bytes of a panic's text; the rest of it is cut. The last panic of a call is kept, whatever was logged before.
    pub panic_text: usize,
}

impl Limits {
    /// The largest stack: threads of Rust have 2 MiB, and the host needs some below and above the guest.
    pub const STACK_MOST: usize = 1024 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            cpu_base: Duration::from_millis(50),
            cpu_entry: Duration::from_micros(20),
            wall: Duration::from_secs(2),
            memory: 64 * 1024 * 1024,
            table: 20_000,
            stack: 512 * 1024,
            reply: 4 * 1024 * 1024,
            state: STATE_BYTES as u64,
            error_text: 4 * 1024,
            log_lines: 100,
            log_line: 1024,
            panic_text: 4 * 1024,
        }
    }
}
