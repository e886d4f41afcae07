//! Packs without the SDK, written by hand and in C, give the same decisions in any batches and over a restart.
#![allow(clippy::unwrap_used)]

use std::io::ErrorKind;
use std::process::Command;
use std::sync::Arc;

use tripline_abi::{BatchWriter, EventHead, EventId, LogSource, OpenWriter, Reply};
use tripline_engine::Pack;
use tripline_engine::sandbox::{Instance, Module, Sandbox};
use tripline_sandbox::{Limits, Wasmtime};

const EVENTS: u8 = 50;

fn load(wasm: Vec<u8>) -> Arc<dyn Module> {
    let pack = Pack::read(wasm).unwrap();
    assert!(pack.saves());
    Wasmtime::new(Limits::default()).unwrap().load(&pack).unwrap()
}

fn by_hand() -> Arc<dyn Module> {
    load(wat::parse_file(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/abi/counter.wat")).unwrap())
}

/// The same in C; `None` where there is no clang.
fn in_c() -> Option<Arc<dyn Module>> {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) =
        (concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/abi/counter.c"), folder.path().join("c.wasm"));
    let mut clang = Command::new("clang");
    clang
        .args(["--target=wasm32", "-O2", "-nostdlib", "-mbulk-memory", "-Wl,--no-entry", "-o"])
        .arg(&out)
        .arg(file);
    match clang.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: no clang");
            None
        }
        output => {
            let output = output.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(load(std::fs::read(out).unwrap()))
        }
    }
}

fn open(module: &dyn Module, state: Option<&[u8]>) -> Box<dyn Instance> {
    let mut instance = module.instantiate().unwrap();
    let frame = OpenWriter::new().finish(state.map(|state| (state, "1.0.0")));
    instance.open(&frame).unwrap().unwrap();
    instance
}

fn batch(events: std::ops::Range<u8>) -> (Vec<u8>, u32) {
    let mut writer = BatchWriter::new();
    for i in events {
        let source = writer.log_source(LogSource::default());
        let (number, raw) = (i.to_string(), format!("n={i}"));
        let message = writer.text(raw.as_bytes());
        let (log_source, raw) = (Some(source), message);
        let head = EventHead {
            id: [i; 16],
            time: None,
            received: None,
            log_source,
            source: 0,
            cut: false,
            raw,
            message,
        };
        writer.event(&head);
        writer.begin_match(0, None, false);
        writer.capture(Some((1, 2, number.len() as u32)));
        if i % 4 == 0 {
            writer.tick([0xff; 16], 1);
        }
    }
    let (entries, mut out) = (writer.entries(), Vec::new());
    writer.finish(&mut out);
    (out, entries)
}

type Judged = Vec<(EventId, Vec<EventId>, String)>;

fn judge(module: &dyn Module, size: u8, restart: bool) -> Judged {
    let mut instance = open(module, None);
    let (mut all, mut reply, mut state) = (Vec::new(), Vec::new(), Vec::new());
    for first in (0..EVENTS).step_by(size.into()) {
        let (bytes, entries) = batch(first..(first + size).min(EVENTS));
        instance.check(&bytes, entries, &mut reply).unwrap();
        if !reply.is_empty() {
            all.extend(Reply::parse(&reply, 1).unwrap().decisions().map(|decision| {
                let (name, value) = decision.values().next().unwrap();
                assert_eq!((decision.rule(), name), (0, b"n".as_slice()));
                let value = String::from_utf8(value.to_vec()).unwrap();
                (decision.trigger(), decision.evidence().collect(), value)
            }));
        }
        if restart {
            assert!(instance.save(&mut state).unwrap());
            instance = open(module, Some(&state));
        }
    }
    all
}

#[track_caller]
fn batches_and_restarts_change_no_decision(module: &dyn Module) {
    let expected: Judged = (0..EVENTS / 3)
        .map(|i| {
            let ids = [i * 3, i * 3 + 1, i * 3 + 2].map(|n| [n; 16]);
            (ids[2], ids.to_vec(), (i * 3 + 2).to_string())
        })
        .collect();
    for size in [1, 7, EVENTS] {
        for restart in [false, true] {
            assert_eq!(judge(module, size, restart), expected, "batches of {size}, restarts: {restart}");
        }
    }
}

#[track_caller]
fn a_large_frame_makes_the_buffer_grow(module: &dyn Module) {
    let mut instance = open(module, None);
    let mut reply = Vec::new();
    let (mut bytes, entries) = batch(0..4);
    bytes.resize(3_000_000, 0);
    let length = bytes.len() as u32;
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    instance.check(&bytes, entries, &mut reply).unwrap();
    assert_eq!(Reply::parse(&reply, 1).unwrap().len(), 1);
    assert!(instance.usage().memory > 4_000_000);
}

#[test]
fn written_by_hand() {
    batches_and_restarts_change_no_decision(by_hand().as_ref());
    a_large_frame_makes_the_buffer_grow(by_hand().as_ref());
}

#[test]
fn written_in_c() {
    if let Some(module) = in_c() {
        batches_and_restarts_change_no_decision(module.as_ref());
        a_large_frame_makes_the_buffer_grow(module.as_ref());
    }
}
