//! Random modules on the way of a pushed pack: checked, compiled, opened, and one batch. No crash, no hang, no leak.
//!
//! ```text
//!   seed ─► module ─► Pack::read ─► patterns ─► compile ─► instantiate ─► open ─► a batch, through the judge
//!           making     refused by    1 in 1,000 also in a process of its own, as the server does it
//! ```
//!
//! Each number of `--seed … --seed + --count` is one module, the same at every run. In a release build, 100,000 take some
//! twenty minutes of one core; a nightly run takes a million:
//!
//! ```text
//!   cargo build --release -p tripline
//!   cargo run --release --manifest-path tests/smith/Cargo.toml -- --seed $(date +%s)000000 --count 1000000 \
//!       --program target/release/tripline
//! ```
//!
//! One that crashed the process is named by the last line of `--last` (a file, smith.last): `--seed N --count 1` does it
//! again. `--keep FOLDER` writes each module that was found.

mod beside;
mod holding;
mod making;
mod random;
mod running;
mod tally;

use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::exit;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::holding::{Held, Watch};
use self::running::Way;
use self::tally::Tally;

/// Of so many modules one is compiled in a process of its own, too.
const SAMPLE: u64 = 1_000;
/// So many are made before memory is looked at first: until then caches fill.
const WARM: u64 = 2_000;
/// Memory may grow by so many bytes from then on: fragments of the allocator's, and nothing for each module.
const GROWTH: u64 = 96 << 20;

struct Arguments {
    seed: u64,
    count: u64,
    program: Option<PathBuf>,
    keep: Option<PathBuf>,
    last: PathBuf,
}

fn main() {
    let arguments = arguments().unwrap_or_else(|found| {
        eprintln!("smith: {found}\nusage: smith [--seed N] [--count M] [--program TRIPLINE] [--keep FOLDER] [--last FILE]");
        exit(2);
    });
    let Arguments { seed, count, program, keep, last } = &arguments;
    let way = Way::new(program.clone()).unwrap_or_else(|error| {
        eprintln!("smith: {error}");
        exit(2);
    });
    let words = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&words);
    panic::set_hook(Box::new(move |panicked| {
        *heard.lock().unwrap_or_else(PoisonError::into_inner) = panicked.to_string();
    }));
    let watch = Watch::start(last);
    let (mut tally, begun, before) = (Tally::default(), Instant::now(), Held::now());
    let mut warm = None;
    for number in 0..*count {
        let seed = seed.wrapping_add(number);
        let at = Instant::now();
        watch.begin(seed);
        let module = making::module(seed);
        let sampled = seed % SAMPLE == 0;
        let ran = panic::catch_unwind(AssertUnwindSafe(|| way.run(&module.wasm, sampled, &mut tally)));
        let finding = match ran {
            Ok(finding) => finding,
            Err(_) => Some(words.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        };
        watch.end();
        tally.made(module.kind, seed, at.elapsed());
        if let Some(finding) = finding {
            println!("FOUND seed {seed}: {finding}");
            tally.findings += 1;
            if let Some(folder) = keep {
                let written = std::fs::write(folder.join(format!("{seed}.wasm")), &module.wasm);
                written.unwrap_or_else(|error| eprintln!("smith: {}: {error}", folder.display()));
            }
        }
        if number + 1 == WARM.min(*count) {
            warm = Some(Held::now());
        }
        if (number + 1) % 10_000 == 0 {
            println!("{} modules, {:.0?}, {}", number + 1, begun.elapsed(), Held::now());
        }
    }
    let after = Held::now();
    println!("seeds {seed} to {}, {:.1?}", seed.wrapping_add(count.saturating_sub(1)), begun.elapsed());
    println!("{tally}");
    println!(
        "held before  {before}\nheld warm    {}\nheld after   {after}",
        warm.as_ref().unwrap_or(&before)
    );
    if let Some(what) = warm.and_then(|warm| after.grown(&warm, GROWTH)) {
        println!("FOUND a leak: {what}");
        tally.findings += 1;
    }
    println!("{} findings", tally.findings);
    exit(i32::from(tally.findings > 0));
}

/// Longer than the longest that compiling within limits takes, many times: a hang.
pub(crate) const HANG: Duration = Duration::from_secs(120);

fn arguments() -> Result<Arguments, String> {
    let (program, keep, last) = (None, None, PathBuf::from("smith.last"));
    let mut arguments = Arguments { seed: 0, count: 100_000, program, keep, last };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next().ok_or_else(|| format!("expected a value for {name}"))?;
        let number =
            || value.parse::<u64>().map_err(|_| format!("{name}: expected a number, found {value:?}"));
        match &*name {
            "--seed" => arguments.seed = number()?,
            "--count" => arguments.count = number()?,
            "--program" => arguments.program = Some(value.into()),
            "--keep" => arguments.keep = Some(value.into()),
            "--last" => arguments.last = value.into(),
            _ => return Err(format!("unknown argument {name}")),
        }
    }
    Ok(arguments)
}
