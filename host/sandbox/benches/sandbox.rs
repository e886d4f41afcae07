//! What a sandbox costs: to compile, to instantiate, to call, to save and restore, and in memory.
//!
//! `cargo bench -p tripline-sandbox`; the memory of instances is printed first.

use std::fs;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tripline_abi::{BatchWriter, EventHead, LogSource, OpenWriter};
use tripline_engine::Pack;
use tripline_engine::sandbox::{Instance, Module, Sandbox};
use tripline_sandbox::{Cache, Limits, Wasmtime};

const COUNTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/abi/counter.wat");

fn pack() -> Pack {
    Pack::read(wat::parse_file(COUNTER).expect("a module")).expect("a pack")
}

fn opened(module: &dyn Module, state: Option<&[u8]>) -> Box<dyn Instance> {
    let mut instance = module.instantiate().expect("an instance");
    let frame = OpenWriter::new().finish(state.map(|state| (state, "1.0.0")));
    instance.open(&frame).expect("no trap").expect("no refusal");
    instance
}

fn batch(events: u32) -> Vec<u8> {
    let mut writer = BatchWriter::new();
    for i in 0..events {
        let source = writer.log_source(LogSource::default());
        let message = writer.text(format!("n={i}").as_bytes());
        let id = [i as u8; 16];
        let (log_source, raw) = (Some(source), message);
        writer.event(&EventHead {
            id,
            time: None,
            received: None,
            log_source,
            source: 0,
            cut: false,
            raw,
            message,
        });
        writer.begin_match(0, None, false);
        writer.capture(Some((1, 2, 1)));
    }
    let mut out = Vec::new();
    writer.finish(&mut out);
    out
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0) * 4096
}

fn memory(module: &Arc<dyn Module>) {
    const INSTANCES: usize = 5_000;
    let each = |what: &str, make: &dyn Fn() -> Box<dyn Instance>| {
        let before = resident();
        let instances: Vec<_> = (0..INSTANCES).map(|_| make()).collect();
        println!("{what}: {} bytes for each of {INSTANCES}", (resident() - before) / instances.len());
    };
    each("instantiated", &|| module.instantiate().expect("an instance"));
    each("opened", &|| opened(module.as_ref(), None));
    for events in [60, 600] {
        let batch = batch(events);
        each(&format!("judged a batch of {events} events, {} bytes", batch.len()), &|| {
            let mut instance = opened(module.as_ref(), None);
            instance.check(&batch, events, &mut Vec::new()).expect("no trap");
            instance
        });
    }
}

fn sandbox(c: &mut Criterion) {
    let pack = pack();
    let sandbox = Wasmtime::new(Limits::default()).expect("a sandbox");
    let module = sandbox.load(&pack).expect("a module");
    memory(&module);

    c.bench_function("load, compiled", |b| b.iter(|| sandbox.load(black_box(&pack))));
    let folder = tempfile::tempdir().expect("a folder");
    let cached = Wasmtime::new(Limits::default()).expect("a sandbox");
    let cached = cached.with_cache(Cache::open(folder.path().join("cache")).expect("a cache"));
    cached.load(&pack).expect("a module");
    c.bench_function("load, cached", |b| b.iter(|| cached.load(black_box(&pack))));
    c.bench_function("read the pack", |b| b.iter(|| Pack::read(pack.wasm().clone())));

    c.bench_function("instantiate and drop", |b| b.iter(|| module.instantiate()));
    let mut instance = opened(module.as_ref(), None);
    let (mut reply, mut state) = (Vec::new(), Vec::new());
    let empty = batch(0);
    c.bench_function("call with nothing", |b| b.iter(|| instance.check(black_box(&empty), 0, &mut reply)));
    c.bench_function("save", |b| b.iter(|| instance.save(&mut state)));
    c.bench_function("instantiate and restore", |b| b.iter(|| opened(module.as_ref(), Some(&state))));
    let mut group = c.benchmark_group("check");
    for events in [1, 60, 600] {
        let bytes = batch(events);
        group.throughput(Throughput::Elements(events.into()));
        group.bench_function(format!("{events} events"), |b| {
            b.iter(|| instance.check(black_box(&bytes), events, &mut reply));
        });
    }
}

criterion_group!(benches, sandbox);
criterion_main!(benches);
