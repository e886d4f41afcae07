//! Checks a file with a rule pack: `cargo run --example embed --no-default-features -- PACK.wasm FILE`.

use std::error::Error;
use std::sync::Arc;
use std::{env, fs};

use tripline::{Check, Configured, Limits, Pack, Wasmtime};

fn main() -> Result<(), Box<dyn Error>> {
    let [pack, log] =
        env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "usage: embed PACK.wasm FILE")?;
    let pack = Configured::new(Arc::new(Pack::read(fs::read(pack)?)?), &Default::default())?;
    let mut check = Check::new(Arc::new(Wasmtime::new(Limits::default())?), &[pack])?;
    for line in fs::read(log)?.split_inclusive(|&byte| byte == b'\n') {
        check.feed(line);
    }
    for incident in check.finish().incidents {
        println!("{:8} {} ×{}", incident.severity, incident.title, incident.count);
    }
    Ok(())
}
