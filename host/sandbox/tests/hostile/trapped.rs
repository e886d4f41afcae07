//! Traps, pointers that lead nowhere, and answers that are too long.

use tripline_engine::sandbox::{Sandbox, Trap};

use super::{Beside, SANDBOX, check_traps, pack, wasm};

const MEMORY: u64 = 48 * 64 * 1024;

#[track_caller]
fn wasm_trap(name: &str, expected: &'static str) {
    assert_eq!(check_traps(name), Trap::Wasm(expected.into()));
}

#[test]
fn traps_of_webassembly() {
    wasm_trap("trap-unreachable", "unreachable");
    wasm_trap("trap-load", "out of bounds memory access");
    wasm_trap("trap-load-far", "out of bounds memory access");
    wasm_trap("trap-call-null", "uninitialized element");
    wasm_trap("trap-call-outside", "out of bounds table access");
    wasm_trap("trap-call-type", "indirect call type mismatch");
    wasm_trap("trap-divide-by-zero", "integer divide by zero");
    wasm_trap("trap-integer-overflow", "integer overflow");
    wasm_trap("trap-not-a-number", "invalid conversion to integer");
    wasm_trap("traps-always", "unreachable");
}

#[test]
fn trap_data() {
    let module = SANDBOX.load(&pack("trap-data")).unwrap();
    assert_eq!(module.instantiate().map(drop), Err(Trap::Wasm("out of bounds memory access".into())));
}

#[test]
fn trap_twice() {
    // `Beside` calls again after the trap; without the host's care the second call would answer.
    wasm_trap("trap-twice", "unreachable");
}

#[test]
fn panic() {
    assert_eq!(check_traps("panic"), Trap::Panic("rule.rs:7".to_owned()));
}

#[test]
fn rule_outside() {
    let mut beside = Beside::new("rule-outside");
    assert_eq!(beside.check(), Err(Trap::Wasm("unreachable".into())));
    assert_eq!(beside.instance.rule(), None);
}

#[test]
fn rule_3() {
    let mut beside = Beside::new("rule-3");
    assert_eq!(beside.check(), Err(Trap::Wasm("unreachable".into())));
    assert_eq!(beside.instance.rule(), Some(3));
}

#[track_caller]
fn leads_nowhere(trap: Trap, what: &'static str, pointer: u32, length: u32) {
    assert_eq!(trap, Trap::Pointer { what, pointer, length, memory: MEMORY });
}

#[test]
fn input_buffers() {
    for (name, pointer) in [
        ("buffer-outside", 0x30_0000),
        ("buffer-border", 0x2f_ffff),
        ("buffer-negative", u32::MAX),
        ("buffer-overflow", 0xffff_ff00),
    ] {
        leads_nowhere(check_traps(name), "input buffer", pointer, 64);
        leads_nowhere(Beside::new(name).open().unwrap_err(), "input buffer", pointer, 64);
    }
}

#[test]
fn replies() {
    for (name, pointer, length) in [
        ("reply-outside", 0x30_0000, 0x10),
        ("reply-border", 0x2f_fff0, 0x11),
        ("reply-negative", 0x20_0000, u32::MAX),
        ("reply-overflow", 0xffff_ff00, 0x200),
    ] {
        leads_nowhere(check_traps(name), "reply", pointer, length);
    }
}

#[test]
fn reply_huge() {
    let expected = Trap::Answer { what: "reply", limit: 4 << 20, found: 60_000_000 };
    assert_eq!(check_traps("reply-huge"), expected);
}

#[test]
fn error_texts() {
    let trap = |name| Beside::new(name).open().unwrap_err();
    leads_nowhere(trap("error-outside"), "error text", 0x40_0000, 4);
    leads_nowhere(trap("error-overflow"), "error text", 0xffff_fff0, 0xff);
    assert_eq!(trap("error-huge"), Trap::Answer { what: "error text", limit: 4096, found: 1 << 20 });
}

#[test]
fn error_bytes() {
    assert_eq!(Beside::new("error-bytes").open(), Ok(Err("no\u{1b}[2J\u{fffd}\n".to_owned())));
}

#[test]
fn states() {
    let trap = |name| Beside::new(name).save().unwrap_err();
    leads_nowhere(trap("state-outside"), "state", 0x40_0000, 4);
    leads_nowhere(trap("state-overflow"), "state", u32::MAX, 0x7fff_ffff);
    assert_eq!(trap("state-huge"), Trap::Answer { what: "state", limit: 1 << 20, found: 2 << 20 });
}

#[test]
fn leak() {
    let module = SANDBOX.load(&pack("leak")).unwrap();
    for _ in 0..50 {
        let (mut instance, mut reply) = (module.instantiate().unwrap(), Vec::new());
        instance.check(&[], 0, &mut reply).unwrap();
        assert_eq!(reply, [0; 0x10000], "memory of another instance");
    }
}

#[test]
fn the_same_bytes_are_the_same_pack() {
    assert_eq!(pack("leak").digest(), tripline_engine::Pack::read(wasm("leak")).unwrap().digest());
}
