//! A pack is compiled by this very program in a process of its own, which the kernel ends if it takes too much: a module
//! may be within every limit and still keep a compiler busy.
//!
//! ```text
//!   tripline ──module──► tripline pack-compile: limits, then checks, then the compiler
//!      ▲  └── kills it, when it is too late            │
//!      └──────── CPU time, and why it is refused ◄──────┘──► machine code, in our own cache
//! ```

use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::retry_on_intr;
use rustix::param::clock_ticks_per_second;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, getppid, set_parent_process_death_signal,
    setrlimit, waitid,
};
use rustix::thread::set_no_new_privs;
use rustix::time::{ClockId, Timespec, clock_gettime};
use tripline_engine::{Pack, PackLimits};
use tripline_sandbox::{Cache, Limits, Wasmtime};

/// What compiling one pack may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Seconds of CPU time, of all its threads. 30: the worst that is within [`PackLimits`] takes some ten.
    pub cpu: u64,
    /// Bytes of memory. 2 GiB, most of which is reserved and never used.
    pub memory: u64,
    /// How long it may take. One minute: more than its CPU time, since a busy machine is no fault of a pack.
    pub wall: Duration,
}

impl Default for CompileLimits {
    fn default() -> CompileLimits {
        CompileLimits { cpu: 30, memory: 2 << 30, wall: Duration::from_secs(60) }
    }
}

/// Why a pack is not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler's words.
    #[error("{0}")]
    Refused(String),
    /// It took too much, and was ended.
    #[error("expected it to be compiled within {} s of CPU time and {} MiB, it took more", .0.cpu, .0.memory >> 20)]
    Ended(CompileLimits),
    /// No process can be had for it.
    #[error("no process can be had for it: {0}")]
    Process(#[from] io::Error),
}

/// How compiling a pack has ended.
#[derive(Debug)]
pub struct Compiling {
    /// Whether there is machine code.
    pub end: Result<(), CompileError>,
    /// CPU time that it has taken, however it has ended: the process's own, and what the system did for it.
    pub cpu: Duration,
}

/// Makes machine code in processes of its own.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// This program.
    pub program: PathBuf,
    /// Where machine code is kept; `None`: it is only tried.
    pub cache: Option<PathBuf>,
    /// What one may take.
    pub limits: CompileLimits,
}

impl Compiler {
    /// This program, as it runs now.
    pub fn new(cache: Option<PathBuf>) -> Compiler {
        Compiler { program: "/proc/self/exe".into(), cache, limits: CompileLimits::default() }
    }

    /// Compiles a pack, unless it is refused or takes too much.
    pub fn compile(&self, pack: &Pack) -> Compiling {
        let mut cpu = Duration::ZERO;
        let end = self.within(pack, &mut cpu);
        Compiling { end, cpu }
    }

    fn within(&self, pack: &Pack, cpu: &mut Duration) -> Result<(), CompileError> {
        let mut command = Command::new(&self.program);
        command.args(["pack-compile", "--parent", &process::id().to_string()]);
        command.args(["--cpu", &self.limits.cpu.to_string(), "--memory", &self.limits.memory.to_string()]);
        if let Some(cache) = &self.cache {
            command.arg("--cache").arg(cache);
        }
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = Ending(command.spawn()?);
        let (input, output) = (child.0.stdin.take(), child.0.stdout.take());
        let wasm = pack.wasm().clone();
        // It may end before it has read all.
        let writing = thread::spawn(move || input.map(|mut input| input.write_all(&wasm)));
        let reading = thread::spawn(move || {
            let mut said = String::new();
            let _ = output.map(|output| output.take(WORDS).read_to_string(&mut said));
            said
        });
        let (until, pid) = (Instant::now() + self.limits.wall, Pid::from_child(&child.0));
        let mut is_late = false;
        while !is_over(pid, WaitIdOptions::NOHANG)? {
            if Instant::now() >= until {
                is_late = true;
                child.0.kill()?;
                is_over(pid, WaitIdOptions::empty())?;
                break;
            }
            thread::sleep(LOOK);
        }
        // What it has taken is known from when it has ended until it is waited for.
        *cpu = spent(pid).unwrap_or_default();
        let status = Some(child.0.wait()?).filter(|_| !is_late);
        // Both end with it.
        drop(child);
        let _ = writing.join();
        let said = reading.join().unwrap_or_default();
        let (took, words) = said.trim_end().split_once(' ').unwrap_or((&said, ""));
        // It knows that better than to ten milliseconds, but nobody takes its word for less, nor for more than it could.
        let most = Duration::from_secs(self.limits.cpu.saturating_add(1));
        *cpu = (*cpu).max(Duration::from_nanos(took.trim_end().parse().unwrap_or(0)).min(most));
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) if status.code() == Some(REFUSED) => Err(CompileError::Refused(words.into())),
            _ => Err(CompileError::Ended(self.limits)),
        }
    }
}

/// Bytes of what the process says.
const WORDS: u64 = 2048;
/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(5);
/// Its exit code when the compiler refuses the module.
const REFUSED: i32 = 2;
/// Bytes of machine code: what is larger is not kept.
const ARTIFACT: u64 = 256 << 20;

/// Whether a child has ended. It can be waited for all the same.
fn is_over(pid: Pid, options: WaitIdOptions) -> io::Result<bool> {
    let options = options | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    Ok(retry_on_intr(|| waitid(WaitId::Pid(pid), options))?.is_some())
}

/// CPU time of a child that has ended and was not waited for, and of all its threads.
fn spent(pid: Pid) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    Some(Duration::from_secs(ticks(&stat)?) / u32::try_from(clock_ticks_per_second()).ok()?)
}

/// `pid (name) state … utime stime …`; a name may have anything in it.
fn ticks(stat: &str) -> Option<u64> {
    let (_, behind) = stat.rsplit_once(") ")?;
    let mut fields = behind.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    next()?.checked_add(next()?)
}

/// Nothing of it is left, however it is dropped.
struct Ending(process::Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the process does: compiles what comes from standard input, and says what that has taken, in nanoseconds, and why it
/// is refused; answers its exit code.
pub fn become_compiler(parent: i32, limits: &CompileLimits, cache: Option<PathBuf>) -> i32 {
    let compiled = compile(parent, limits, cache);
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ProcessCPUTime);
    let took = tv_sec.saturating_mul(1_000_000_000).saturating_add(tv_nsec);
    let (code, words) = compiled.err().map_or((0, String::new()), |words| (REFUSED, words));
    let _ = writeln!(io::stdout(), "{took} {words}");
    code
}

fn compile(parent: i32, limits: &CompileLimits, cache: Option<PathBuf>) -> Result<(), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    limit(limits).map_err(|error| words(&error))?;
    if getppid().map(Pid::as_raw_pid) != Some(parent) {
        return Err("whoever asked for it is gone".into());
    }
    let most = PackLimits::default();
    let mut wasm = Vec::new();
    let read = io::stdin().take(most.module_bytes as u64 + 1).read_to_end(&mut wasm);
    read.map_err(|error| words(&error))?;
    let pack = Pack::read_within(wasm, &most).map_err(|error| words(&error))?;
    let mut sandbox = Wasmtime::new(Limits::default()).map_err(|error| words(&error))?;
    if let Some(cache) = cache {
        sandbox = sandbox.with_cache(Cache::open(cache).map_err(|error| words(&error))?);
    }
    sandbox.load_from(&pack).map(drop).map_err(|error| words(&error))
}

/// What the kernel holds it to.
fn limit(limits: &CompileLimits) -> rustix::io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_no_new_privs(true)?;
    let limit = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Core, limit(0))?;
    setrlimit(Resource::Fsize, limit(ARTIFACT))?;
    setrlimit(Resource::As, limit(limits.memory))?;
    setrlimit(Resource::Cpu, limit(limits.cpu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_hides_nothing_of_what_was_taken() {
        let stat = "7 (a) R 1 (b) ) Z 1 7 7 0 -1 4228300 9 0 0 0 120 34 0 0 20 0 1 0 5 0 0";
        assert_eq!(ticks(stat), Some(154));
        assert_eq!(ticks("7 (a) Z 1"), None);
    }
}
