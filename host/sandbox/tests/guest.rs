//! The hostile guest of `tests/hostile/guest`, mirrored one to one: what Rust does when it goes wrong in a pack.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock};

use tripline_abi::{BatchWriter, EventHead, LogSource, OpenWriter, Reply, ReplyLimit};
use tripline_engine::Pack;
use tripline_engine::sandbox::{Instance, Module, Sandbox, Trap};
use tripline_sandbox::{Limits, Wasmtime};

static PACK: LazyLock<Pack> = LazyLock::new(|| Pack::read(build()).unwrap());
static MODULE: LazyLock<Arc<dyn Module>> =
    LazyLock::new(|| Wasmtime::new(Limits::default()).unwrap().load(&PACK).unwrap());

/// Builds the guest with a target folder of its own, without the flags of the build that runs this test.
fn build() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/hostile/guest");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-guest");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder).args(["build", "--quiet", "--locked", "--release"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--target-dir"]).arg(&target);
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        cargo.env_remove(flags);
    }
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(target.join("wasm32-unknown-unknown/release/tripline_hostile_guest.wasm")).unwrap()
}

struct Guest(Box<dyn Instance>);

impl Guest {
    fn new() -> Guest {
        let mut instance = MODULE.instantiate().unwrap();
        assert_eq!(instance.open(&OpenWriter::new().finish(None)), Ok(Ok(())));
        Guest(instance)
    }

    /// Tells the rule of this name to do what it does.
    fn tell(&mut self, rule: &str) -> Result<Vec<u8>, Trap> {
        let mut writer = BatchWriter::new();
        let log_source = Some(writer.log_source(LogSource::default()));
        let raw = writer.text(rule.as_bytes());
        let message = raw;
        let (id, time, received) = ([7; 16], None, None);
        writer.event(&EventHead { id, time, received, log_source, source: 0, cut: false, raw, message });
        writer.begin_match(PACK.manifest().pattern(rule).unwrap(), Some(0), false);
        let (mut batch, mut reply) = (Vec::new(), Vec::new());
        writer.finish(&mut batch);
        self.0.check(&batch, 1, &mut reply).map(|()| reply)
    }
}

/// What the rule's trap is; the pack says which rule it was.
#[track_caller]
fn trap(rule: &str) -> Trap {
    let mut guest = Guest::new();
    let trap = guest.tell(rule).map(|reply| reply.len()).unwrap_err();
    let number = PACK.manifest().rules.iter().position(|one| one.id == rule).unwrap();
    assert_eq!(guest.0.rule(), Some(number as u32));
    assert_eq!(guest.tell("behaves"), Err(Trap::Dead));
    trap
}

#[track_caller]
fn panics(rule: &str, text: &str) {
    let Trap::Panic(found) = trap(rule) else { panic!("expected a panic") };
    let (said, place) = found.split_once(", at ").unwrap();
    assert_eq!(said, text);
    assert!(place.starts_with("src/lib.rs:"), "{place}");
}

#[test]
fn behaves() {
    let mut guest = Guest::new();
    let reply = guest.tell("behaves").unwrap();
    let reply = Reply::parse(&reply, PACK.manifest().rules.len() as u32).unwrap();
    assert_eq!(reply.decisions().next().unwrap().fingerprint(), Some(b"behaves".as_slice()));
    assert_eq!(guest.0.rule(), None);
}

#[test]
fn panics_with_a_text() {
    panics("panics", "told to panic by \"panics\"");
}

#[test]
fn indexes() {
    panics("indexes", "index out of bounds: the len is 3 but the index is 7");
}

#[test]
fn loops() {
    assert!(matches!(trap("loops"), Trap::Cpu { .. }));
}

#[test]
fn recurses() {
    // Which of its two stacks ends first is the compiler's business.
    let trap = trap("recurses");
    let memory = Trap::Wasm("out of bounds memory access".into());
    assert!(matches!(trap, Trap::Stack { .. }) || trap == memory, "{trap:?}");
}

#[test]
fn nests() {
    assert_eq!(trap("nests"), Trap::Wasm("out of bounds memory access".into()));
}

#[test]
fn eats() {
    let trap = trap("eats");
    assert!(matches!(trap, Trap::Memory { limit, found } if found > limit), "{trap:?}");
}

#[test]
fn hoards() {
    let mut guest = Guest::new();
    assert_eq!(guest.tell("hoards"), Ok(Vec::new()));
    let saved = guest.0.save(&mut Vec::new());
    assert!(
        matches!(saved, Err(Trap::Answer { what: "state", limit: 0x10_0000, found: 1_600_000.. })),
        "{saved:?}"
    );
}

#[test]
fn floods() {
    let mut guest = Guest::new();
    assert!(matches!(guest.tell("floods"), Err(Trap::Cpu { .. })));
    let (lines, dropped) = guest.0.drain_log();
    assert_eq!((lines.len(), lines[0].text.as_str()), (100, "and another one"));
    assert!(dropped > 0);
}

#[test]
fn shouts() {
    // The SDK shortens what it sends, so that a crafted line cannot make a reply that is refused.
    let reply = Guest::new().tell("shouts").unwrap();
    let reply = Reply::parse(&reply, PACK.manifest().rules.len() as u32).unwrap();
    let decision = reply.decisions().next().unwrap();
    assert!(decision.fingerprint().unwrap().len() <= ReplyLimit::FINGERPRINT);
    assert_eq!(decision.values().count(), ReplyLimit::VALUES);
}
