//! Many instances, many threads, and what outlives what.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tripline_engine::Pack;
use tripline_engine::sandbox::{Module, Sandbox, Trap};
use tripline_sandbox::{Limits, Wasmtime};

#[path = "../../../tests/hostile/load.rs"]
mod load;

fn load(sandbox: &Wasmtime, name: &str) -> Arc<dyn Module> {
    let wasm = load::module(&load::folder(env!("CARGO_MANIFEST_DIR")), name);
    sandbox.load(&Pack::read(wasm).unwrap()).unwrap()
}

#[test]
fn thousands_of_instances() {
    let module = load(&Wasmtime::new(Limits::default()).unwrap(), "good");
    let mut instances: Vec<_> = (0..5_000).map(|_| module.instantiate().unwrap()).collect();
    for instance in &mut instances {
        instance.check(b"batch", 1, &mut Vec::new()).unwrap();
    }
}

#[test]
fn a_deadline_holds_after_the_sandbox_is_dropped() {
    let sandbox = Wasmtime::new(Limits::default()).unwrap();
    let module = load(&sandbox, "loop-check");
    drop(sandbox);
    let mut instance = module.instantiate().unwrap();
    drop(module);
    assert!(matches!(instance.check(&[], 0, &mut Vec::new()), Err(Trap::Cpu { .. })));
}

#[test]
fn a_deadline_holds_after_a_long_rest() {
    let sandbox = Wasmtime::new(Limits { cpu_base: Duration::from_millis(20), ..Limits::default() }).unwrap();
    let module = load(&sandbox, "loop-check");
    for _ in 0..5 {
        // Long enough for the ticker to fall asleep.
        std::thread::sleep(Duration::from_millis(200));
        let mut instance = module.instantiate().unwrap();
        assert!(matches!(instance.check(&[], 0, &mut Vec::new()), Err(Trap::Cpu { .. })));
    }
}

#[test]
fn each_thread_has_its_own_budget() {
    let sandbox = Wasmtime::new(Limits::default()).unwrap();
    let (good, looping) = (load(&sandbox, "good"), load(&sandbox, "loop-check"));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut instance = looping.instantiate().unwrap();
                let trap = instance.check(&[], 0, &mut Vec::new()).unwrap_err();
                assert!(matches!(trap, Trap::Cpu { .. }), "{trap}");
            });
            scope.spawn(|| {
                let mut instance = good.instantiate().unwrap();
                let until = Instant::now() + Duration::from_millis(200);
                while Instant::now() < until {
                    instance.check(&[], 0, &mut Vec::new()).unwrap();
                }
            });
        }
    });
}

#[test]
fn an_instance_can_move_to_another_thread() {
    let module = load(&Wasmtime::new(Limits::default()).unwrap(), "loop-check");
    let mut instance = module.instantiate().unwrap();
    let trap = std::thread::spawn(move || instance.check(&[], 0, &mut Vec::new())).join().unwrap();
    assert!(matches!(trap, Err(Trap::Cpu { .. })));
}
