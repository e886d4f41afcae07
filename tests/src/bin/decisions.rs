//! What a pack decides on a log, in one thread of the engine with wasmtime: SHA-256 of the decisions as cases write them,
//! the lines, and the seconds that they took.
//!
//! ```text
//!   decisions PACK.wasm LOG [YEAR [FORMAT]]
//! ```

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs};

use serde_json::Map;
use sha2::{Digest, Sha256};
use tripline::cases::decided;
use tripline::decode::Format;
use tripline::judge::JudgeLimits;
use tripline::line::LineSettings;
use tripline::matcher::MatchLimits;
use tripline::sandbox::Sandbox;
use tripline::{Check, Configured, Limits, Pack, Wasmtime};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(pack), Some(log)) = (arguments.next(), arguments.next()) else {
        return Err("expected PACK.wasm LOG [YEAR [FORMAT]]".into());
    };
    let year = arguments.next().map(|year| year.parse()).transpose()?;
    let format = arguments.next().filter(|format| !format.is_empty());
    let format = format.map(|format| format.parse::<Format>()).transpose()?;
    let pack = Configured::new(Arc::new(Pack::read(fs::read(pack)?)?), &Map::new())?;
    let sandbox: Arc<dyn Sandbox> = Arc::new(Wasmtime::new(Limits::default())?);
    let (read, matching) = (LineSettings { year, format, ..LineSettings::default() }, MatchLimits::default());
    let bytes = fs::read(log)?;
    let start = Instant::now();
    let check = Check::with(sandbox, &[pack], 1, read, matching, JudgeLimits::default())?;
    let mut check = check.keep_decisions();
    bytes.chunks(256 * 1024).for_each(|piece| check.feed(piece));
    let report = check.finish();
    let seconds = start.elapsed().as_secs_f64();
    let digest = Sha256::digest(decided(&report, 1).as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{hex} {} {seconds:.3}", report.lines);
    Ok(())
}
