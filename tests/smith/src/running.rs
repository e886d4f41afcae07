//! The way of a pushed pack, as the server goes it: the same checks, the same sandbox, the same judge.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Map;
use tripline_abi::OpenWriter;
use tripline_engine::sandbox::{LoadError, Module, Sandbox, Trap};
use tripline_engine::{Check, Configured, Fault, Pack, PackError};
use tripline_sandbox::{Limits, Wasmtime};

use crate::beside;
use crate::tally::Tally;

/// Lines of the batch; most manifests want some of them.
const LINES: &str = "\
2026-11-18T10:27:00Z app[7]: n=1 ERROR boom
2026-11-18T10:27:01Z app[7]: n=2 level=ERROR user=a@b
Nov 18 10:27:02 host sshd[99]: Failed password for root from 192.0.2.7 port 4711 ssh2
{\"time\":\"2026-11-18T10:27:03Z\",\"level\":\"ERROR\",\"msg\":\"n=3 abcd\"}
\u{1}\u{e9} what is no text n=
2026-11-18T10:40:00Z app[7]: n=5 the end
";

pub(crate) struct Way {
    sandbox: Arc<dyn Sandbox>,
    program: Option<PathBuf>,
}

impl Way {
    /// A tenth of the CPU time that a server gives a call: many loop for ever, and each is called several times.
    pub(crate) fn new(program: Option<PathBuf>) -> Result<Way, String> {
        let limits = Limits { cpu_base: Duration::from_millis(5), ..Limits::default() };
        let sandbox = Wasmtime::new(limits).map_err(|error| error.to_string())?;
        Ok(Way { sandbox: Arc::new(sandbox), program })
    }

    /// Answers what must not be.
    pub(crate) fn run(&self, wasm: &[u8], sampled: bool, tally: &mut Tally) -> Option<String> {
        let pack = match Pack::read(wasm) {
            Ok(pack) => Arc::new(pack),
            Err(error) => {
                let _ = (error.to_string(), error.hint());
                tally.stop("read", refused(&error));
                return None;
            }
        };
        let configured = match Configured::new(Arc::clone(&pack), &Map::new()) {
            Ok(configured) => configured,
            Err(error) => {
                tally.stop("settings", error.to_string());
                return None;
            }
        };
        let begun = Instant::now();
        let module = self.sandbox.load(&pack);
        tally.compiled(begun.elapsed());
        let finding = self.beside(&pack, sampled, module.as_ref().err(), tally);
        let module = match module {
            Ok(module) => module,
            Err(LoadError::Limit { what, .. }) => {
                tally.stop("load", format!("limit: {what}"));
                return finding;
            }
            // What the checks let through must compile: whoever pushed it is told of no proposal, no limit.
            Err(LoadError::Compile(words)) => {
                return finding.or(Some(format!("it does not compile: {words}")));
            }
        };
        finding.or_else(|| self.opened(&*module, &configured, tally))
    }

    /// As the shelf opens it; then a batch with whatever the judge does about faults.
    fn opened(&self, module: &dyn Module, configured: &Configured, tally: &mut Tally) -> Option<String> {
        let opened = module.instantiate().map_err(|trap| ("start", trap));
        let opened = opened.and_then(|mut instance| {
            let opened = instance.open(&OpenWriter::new().finish(None)).map_err(|trap| ("open", trap))?;
            Ok((instance, opened))
        });
        match opened {
            Err((_, Trap::Host(words))) => return Some(format!("the host could not run it: {words}")),
            Err((stage, trap)) => {
                tally.stop(stage, kind(&trap));
                return None;
            }
            Ok((_, Err(_))) => {
                tally.stop("open", "refused".into());
                return None;
            }
            Ok((mut instance, Ok(()))) => {
                tally.reach("opened");
                match instance.save(&mut Vec::new()) {
                    Err(Trap::Host(words)) => return Some(format!("the host could not save it: {words}")),
                    Err(trap) => tally.count("save", kind(&trap)),
                    Ok(saved) => tally.count("save", if saved { "state" } else { "nothing" }.into()),
                }
            }
        }
        let mut check = match Check::new(Arc::clone(&self.sandbox), std::slice::from_ref(configured)) {
            Ok(check) => check.save_states(),
            Err(error) => {
                tally.stop("patterns", error.problem.to_string());
                return None;
            }
        };
        check.feed(LINES.as_bytes());
        let report = check.finish();
        let [pack] = &report.packs[..] else { return Some("a pack has no report".into()) };
        tally.reach("judged");
        if pack.judging.batches > 0 {
            tally.reach("judged a batch");
        }
        for fault in &report.faults {
            let _ = fault.to_string();
            if let Fault::Load(error) = &fault.fault {
                return Some(format!("it was loaded before, and now: {error}"));
            }
            if fault.fault.code() == "host" || fault.fault.code() == "dead" {
                return Some(format!("what is no pack's fault: {}", fault.fault));
            }
            tally.count("fault", fault.fault.code().into());
        }
        None
    }

    /// The same in a process of its own, which must say the same.
    fn beside(
        &self,
        pack: &Pack,
        sampled: bool,
        error: Option<&LoadError>,
        tally: &mut Tally,
    ) -> Option<String> {
        let program = self.program.as_ref().filter(|_| sampled)?;
        let (found, expected) =
            (beside::compile(program, pack.wasm()), i32::from(error.is_some()) * beside::REFUSED);
        tally.reach("compiled in a process of its own");
        (found != Ok(expected))
            .then(|| format!("its own process ends with {found:?}, expected {expected}; here: {error:?}"))
    }
}

/// By what it is refused, without what differs from module to module.
fn refused(error: &PackError) -> String {
    match error {
        PackError::Limit { what, .. } => format!("limit: {what}"),
        PackError::NotAModule(_) => "no module".into(),
        PackError::Invalid { .. } => "not valid".into(),
        PackError::Proposal { proposal, .. } => format!("proposal {proposal}"),
        PackError::Abi { .. } => "another ABI".into(),
        PackError::NoAbi => "no marker".into(),
        PackError::Import { .. } => "an import".into(),
        PackError::NoExport { .. } => "an export is missing".into(),
        PackError::Type { .. } => "another type".into(),
        PackError::NoManifest => "no manifest".into(),
        PackError::Manifests(_) => "two manifests".into(),
        PackError::Manifest(_) => "its manifest".into(),
    }
}

fn kind(trap: &Trap) -> String {
    match trap {
        Trap::Wasm(words) => format!("trap: {words}"),
        other => Fault::Check(other.clone()).code().into(),
    }
}
