//! One test for each hostile module of `tests/hostile`, with the exact refusal or trap. A good pack runs beside each
//! and must not notice.
#![allow(clippy::unwrap_used)]

#[path = "../../../../tests/hostile/load.rs"]
mod load;

mod alone;
mod judged;
mod limited;
mod refused;
mod trapped;

use std::sync::LazyLock;

use tripline_engine::Pack;
use tripline_engine::sandbox::{Instance, Sandbox, Trap};
use tripline_sandbox::{Limits, Wasmtime};

/// Bytes that are no frame; a hostile module does not care.
const FRAME: &[u8] = &[0; 64];

#[track_caller]
fn wasm(name: &str) -> Vec<u8> {
    load::module(&load::folder(env!("CARGO_MANIFEST_DIR")), name)
}

#[track_caller]
fn pack(name: &str) -> Pack {
    Pack::read(wasm(name)).unwrap_or_else(|error| panic!("{name} is a pack: {error}"))
}

/// Under the default limits, all in one process, as they are in production.
static SANDBOX: LazyLock<Wasmtime> = LazyLock::new(|| Wasmtime::new(Limits::default()).unwrap());

/// A module and, in the same sandbox, a good one beside it.
struct Beside {
    instance: Box<dyn Instance>,
    good: Box<dyn Instance>,
}

#[track_caller]
fn beside(sandbox: &Wasmtime, name: &str) -> Beside {
    let good = sandbox.load(&pack("good")).unwrap().instantiate().unwrap();
    let instance = sandbox.load(&pack(name)).unwrap().instantiate();
    Beside { instance: instance.unwrap_or_else(|trap| panic!("{name} starts: {trap}")), good }
}

impl Beside {
    #[track_caller]
    fn new(name: &str) -> Beside {
        beside(&SANDBOX, name)
    }

    fn check(&mut self) -> Result<Vec<u8>, Trap> {
        let mut reply = b"what was there before".to_vec();
        let result = self.instance.check(FRAME, 1, &mut reply);
        self.verify(result.map(|()| reply))
    }

    fn open(&mut self) -> Result<Result<(), String>, Trap> {
        let result = self.instance.open(FRAME);
        self.verify(result)
    }

    fn save(&mut self) -> Result<Option<Vec<u8>>, Trap> {
        let mut state = b"what was there before".to_vec();
        let result = self.instance.save(&mut state);
        self.verify(result.map(|saves| saves.then_some(state)))
    }

    /// What trapped is dead for every call, and the good pack is as it was.
    #[track_caller]
    fn verify<T>(&mut self, result: Result<T, Trap>) -> Result<T, Trap> {
        if result.is_err() {
            assert_eq!(self.instance.check(FRAME, 1, &mut Vec::new()), Err(Trap::Dead));
            assert_eq!(self.instance.open(FRAME), Err(Trap::Dead));
            assert_eq!(self.instance.save(&mut Vec::new()), Err(Trap::Dead));
        }
        let mut reply = Vec::new();
        assert_eq!(self.good.open(FRAME), Ok(Ok(())));
        assert_eq!(self.good.check(FRAME, 1, &mut reply), Ok(()));
        assert!(reply.is_empty());
        result
    }
}

/// The trap of a check.
#[track_caller]
fn check_traps(name: &str) -> Trap {
    Beside::new(name).check().map(|reply| reply.len()).unwrap_err()
}

#[test]
fn every_module_of_the_folder_has_a_test() {
    let tests = [
        include_str!("alone.rs"),
        include_str!("judged.rs"),
        include_str!("limited.rs"),
        include_str!("refused.rs"),
        include_str!("trapped.rs"),
    ];
    for entry in std::fs::read_dir(load::folder(env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|extension| extension == "wat")
            && !["skeleton", "good"].contains(&name)
        {
            let quoted = format!("\"{name}\"");
            assert!(tests.iter().any(|test| test.contains(&quoted)), "no test names {quoted}");
        }
    }
}
