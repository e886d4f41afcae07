//! Each limit holds alone, with all the others off.

use std::time::Duration;

use tripline_abi::OpenWriter;
use tripline_engine::Pack;
use tripline_engine::sandbox::{Allowance, LoadError, Sandbox, Trap};
use tripline_sandbox::{Limits, SetupError, Wasmtime};

use super::{Beside, beside, pack, wasm};

fn off() -> Limits {
    Limits {
        cpu_base: Duration::MAX,
        cpu_entry: Duration::MAX,
        wall: Duration::MAX,
        memory: u64::MAX,
        table: u64::MAX,
        stack: Limits::STACK_MOST,
        reply: u64::MAX,
        state: u64::MAX,
        error_text: u64::MAX,
        log_lines: usize::MAX,
        log_line: usize::MAX,
        panic_text: usize::MAX,
    }
}

#[track_caller]
fn only(limits: Limits, name: &str) -> Beside {
    beside(&Wasmtime::new(limits).unwrap(), name)
}

#[test]
fn none_of_them_is_passed_when_all_are_off() {
    let mut huge = only(off(), "reply-huge");
    assert_eq!(huge.check().unwrap().len(), 60_000_000);
    let mut thousand = only(off(), "log-thousand");
    thousand.check().unwrap();
    assert_eq!(thousand.instance.drain_log().0.len(), 1_000);
}

#[test]
fn cpu() {
    let limit = Duration::from_millis(20);
    let trap = only(Limits { cpu_base: limit, cpu_entry: Duration::ZERO, ..off() }, "loop-check").check();
    assert!(
        matches!(trap, Err(Trap::Cpu { used, limit: found }) if used >= limit && found == limit),
        "{trap:?}"
    );
}

#[test]
fn cpu_of_entries() {
    let limit = Duration::from_millis(20);
    let limits = Limits { cpu_base: Duration::ZERO, cpu_entry: limit / 10, ..off() };
    let mut instance = only(limits, "loop-check").instance;
    let trap = instance.check(&[], 10, &mut Vec::new());
    assert!(matches!(trap, Err(Trap::Cpu { limit: found, .. }) if found == limit), "{trap:?}");
}

#[test]
fn wall() {
    let limit = Duration::from_millis(50);
    let trap = only(Limits { wall: limit, ..off() }, "loop-check").check();
    assert!(
        matches!(trap, Err(Trap::Wall { used, limit: found }) if used >= limit && found == limit),
        "{trap:?}"
    );
}

#[test]
fn memory() {
    let trap = only(Limits { memory: 4 << 20, ..off() }, "memory-bomb").check();
    assert_eq!(trap, Err(Trap::Memory { limit: 4 << 20, found: 5 << 20 }));
}

#[test]
fn memory_at_load() {
    let sandbox = Wasmtime::new(Limits { memory: 1 << 20, ..off() }).unwrap();
    let expected = LoadError::Limit { what: "bytes of memory", limit: 1 << 20, found: 48 << 16 };
    assert_eq!(sandbox.load(&pack("good")).map(drop).unwrap_err(), expected);
}

#[test]
fn table() {
    let trap = only(Limits { table: 500, ..off() }, "table-bomb").check();
    assert_eq!(trap, Err(Trap::Table { limit: 500, found: 1_001 }));
}

#[test]
fn stack() {
    let trap = only(Limits { stack: 64 * 1024, ..off() }, "recursion").check();
    assert_eq!(trap, Err(Trap::Stack { limit: 64 * 1024 }));
    let most = only(off(), "recursion").check();
    assert_eq!(most, Err(Trap::Stack { limit: 1024 * 1024 }));
    let more = Wasmtime::new(Limits { stack: usize::MAX, ..off() }).map(drop).unwrap_err();
    assert!(matches!(more, SetupError::Stack { limit: Limits::STACK_MOST, found: usize::MAX }), "{more:?}");
}

#[test]
fn answers() {
    let reply = only(Limits { reply: 100, ..off() }, "reply-huge").check();
    assert_eq!(reply, Err(Trap::Answer { what: "reply", limit: 100, found: 60_000_000 }));
    let state = only(Limits { state: 100, ..off() }, "state-huge").save();
    assert_eq!(state, Err(Trap::Answer { what: "state", limit: 100, found: 2 << 20 }));
    let text = only(Limits { error_text: 100, ..off() }, "error-huge").open();
    assert_eq!(text, Err(Trap::Answer { what: "error text", limit: 100, found: 1 << 20 }));
}

#[test]
fn log() {
    let mut lines = only(Limits { log_lines: 3, ..off() }, "log-thousand");
    lines.check().unwrap();
    let (kept, dropped) = lines.instance.drain_log();
    assert_eq!((kept.len(), dropped), (3, 997));
    let mut line = only(Limits { log_line: 5, ..off() }, "log-huge");
    line.check().unwrap();
    assert_eq!(line.instance.drain_log().0[0].text.len(), 5);
    let panic = only(Limits { panic_text: 4, ..off() }, "panic").check();
    assert_eq!(panic, Err(Trap::Panic("rule".to_owned())));
}

#[test]
fn a_limit_of_one_sandbox_is_none_of_another() {
    let (narrow, wide) = (Wasmtime::new(Limits { reply: 8, ..off() }), Wasmtime::new(off()));
    let pack = Pack::read(wasm("reply-garbage")).unwrap();
    let check = |sandbox: Wasmtime| {
        let mut instance = sandbox.load(&pack).unwrap().instantiate().unwrap();
        instance.check(&[], 0, &mut Vec::new())
    };
    assert_eq!(check(narrow.unwrap()), Err(Trap::Answer { what: "reply", limit: 8, found: 64 }));
    assert_eq!(check(wide.unwrap()), Ok(()));
}

/// What one instance may have beside what all may: the less of both holds, and for that one alone.
#[test]
fn an_allowance_holds_for_its_instance() {
    let sandbox = Wasmtime::new(off()).unwrap();
    let frame = OpenWriter::new().finish(None);
    let begun = |name: &str, allowance| {
        let mut instance = sandbox.load(&pack(name)).unwrap().instantiate_within(allowance)?;
        instance.open(&frame)?.unwrap();
        Ok::<_, Trap>(instance)
    };
    let state = |most| {
        let mut instance = begun("state-huge", Allowance { state: most, ..Allowance::default() }).unwrap();
        let mut state = Vec::new();
        instance.save(&mut state).map(|_| state.len())
    };
    assert_eq!(state(100), Err(Trap::Answer { what: "state", limit: 100, found: 2 << 20 }));
    assert_eq!(state(u64::MAX), Ok(2 << 20), "others have what they had");
    let begins = |memory| begun("good", Allowance { memory, ..Allowance::default() }).map(drop);
    assert_eq!(begins(1 << 20), Err(Trap::Memory { limit: 1 << 20, found: 48 << 16 }));
    assert_eq!(begins(48 << 16), Ok(()));
    // No allowance goes further than the sandbox.
    let strict = Wasmtime::new(Limits { state: 100, ..off() }).unwrap();
    let mut instance =
        strict.load(&pack("state-huge")).unwrap().instantiate_within(Allowance::default()).unwrap();
    instance.open(&frame).unwrap().unwrap();
    assert!(matches!(instance.save(&mut Vec::new()), Err(Trap::Answer { limit: 100, .. })));
}
