//! Limits of time, memory, tables, stack and log, at their defaults.

use std::time::Duration;

use tripline_abi::LogLevel;
use tripline_engine::sandbox::{LogLine, Sandbox, Trap};

use super::{Beside, SANDBOX, check_traps, pack};

#[track_caller]
fn out_of_cpu(trap: Trap, expected: Duration) {
    let Trap::Cpu { used, limit } = trap else { panic!("expected a trap for its CPU time, found {trap:?}") };
    assert_eq!(limit, expected);
    assert!(used >= limit && used < limit + Duration::from_millis(100), "{used:?}");
}

const BASE: Duration = Duration::from_millis(50);
const ONE_ENTRY: Duration = Duration::from_micros(50_020);

#[test]
fn loops() {
    out_of_cpu(check_traps("loop-check"), ONE_ENTRY);
    out_of_cpu(check_traps("loop-buffer"), ONE_ENTRY);
    out_of_cpu(Beside::new("loop-buffer").open().unwrap_err(), BASE);
    out_of_cpu(Beside::new("loop-open").open().unwrap_err(), BASE);
    out_of_cpu(Beside::new("loop-save").save().unwrap_err(), BASE);
    out_of_cpu(check_traps("loop-without-branches"), ONE_ENTRY);
}

#[test]
fn loop_start() {
    let module = SANDBOX.load(&pack("loop-start")).unwrap();
    out_of_cpu(module.instantiate().map(drop).unwrap_err(), BASE);
}

#[test]
fn memory() {
    const LIMIT: u64 = 64 << 20;
    let bomb = check_traps("memory-bomb");
    assert_eq!(bomb, Trap::Memory { limit: LIMIT, found: LIMIT + (16 << 16) });
    assert_eq!(check_traps("memory-at-once"), Trap::Memory { limit: LIMIT, found: 65_536 << 16 });
}

#[test]
fn memory_polite() {
    let mut beside = Beside::new("memory-polite");
    assert_eq!(beside.check(), Ok(Vec::new()));
    assert_eq!(beside.check(), Ok(Vec::new()));
    assert_eq!(beside.instance.usage().memory, 64 << 20);
}

#[test]
fn table_bomb() {
    assert_eq!(check_traps("table-bomb"), Trap::Table { limit: 20_000, found: 20_001 });
}

#[test]
fn recursion() {
    assert_eq!(check_traps("recursion"), Trap::Stack { limit: 512 * 1024 });
}

#[test]
fn log_flood() {
    let mut beside = Beside::new("log-flood");
    out_of_cpu(beside.check().map(drop).unwrap_err(), ONE_ENTRY);
    let (lines, dropped) = beside.instance.drain_log();
    assert_eq!(lines.len(), 100);
    assert!(dropped > 100, "{dropped}");
}

#[test]
fn log_thousand() {
    let mut beside = Beside::new("log-thousand");
    assert_eq!(beside.check(), Ok(Vec::new()));
    assert_eq!(beside.check(), Ok(Vec::new()));
    let (lines, dropped) = beside.instance.drain_log();
    assert_eq!((lines.len(), dropped), (100, 1_900));
    assert_eq!(lines[0], LogLine { level: LogLevel::Warn, text: "\0".repeat(10) });
    assert_eq!(beside.instance.drain_log(), (Vec::new(), 0));
}

#[test]
fn log_huge() {
    let mut beside = Beside::new("log-huge");
    assert_eq!(beside.check(), Ok(Vec::new()));
    assert_eq!(beside.instance.drain_log().0[0].text.len(), 1024);
}

#[test]
fn log_outside() {
    let expected =
        Trap::Pointer { what: "log line", pointer: 0x2f_fff0, length: 0x7fff_ffff, memory: 48 << 16 };
    assert_eq!(check_traps("log-outside"), expected);
}

#[test]
fn log_panic_flood() {
    let mut beside = Beside::new("log-panic-flood");
    assert_eq!(beside.check(), Ok(Vec::new()));
    let (lines, dropped) = beside.instance.drain_log();
    assert_eq!((lines.len(), lines[0].level, dropped), (1, LogLevel::Panic, 0));
    assert_eq!(lines[0].text.len(), 4096);
}

#[test]
fn log_start() {
    let mut beside = Beside::new("log-start");
    let early = LogLine { level: LogLevel::Info, text: "early".to_owned() };
    assert_eq!(beside.instance.drain_log(), (vec![early], 0));
}

#[test]
fn panic_then_loop() {
    out_of_cpu(check_traps("panic-then-loop"), ONE_ENTRY);
}

#[test]
fn usage_is_counted() {
    let mut beside = Beside::new("loop-check");
    assert!(beside.instance.usage().cpu < Duration::from_millis(10));
    beside.check().unwrap_err();
    assert!(beside.instance.usage().cpu >= BASE);
}
