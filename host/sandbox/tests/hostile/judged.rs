//! Modules that are the judge's business: what the sandbox sees of them is what it should.

use tripline_abi::{BatchWriter, EventHead, LogSource, Malformed, OpenWriter, Reply};
use tripline_engine::sandbox::{Sandbox, Trap};

use super::{Beside, SANDBOX, pack};

fn batch(messages: &[&str]) -> Vec<u8> {
    let mut writer = BatchWriter::new();
    for (i, message) in messages.iter().enumerate() {
        let log_source = Some(writer.log_source(LogSource::default()));
        let raw = writer.text(message.as_bytes());
        let (id, message) = ([i as u8 + 1; 16], raw);
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
    }
    let mut out = Vec::new();
    writer.finish(&mut out);
    out
}

#[track_caller]
fn judge(name: &str, messages: &[&str]) -> Result<Vec<u8>, Trap> {
    let mut reply = Vec::new();
    let mut instance = Beside::new(name).instance;
    assert_eq!(instance.open(&OpenWriter::new().finish(None)), Ok(Ok(())));
    instance.check(&batch(messages), messages.len() as u32, &mut reply).map(|()| reply)
}

#[track_caller]
fn malformed(name: &str) -> Malformed {
    let reply = judge(name, &["one", "two"]).unwrap();
    Reply::parse(&reply, 1).map(|reply| reply.len()).unwrap_err()
}

#[test]
fn on_line() {
    for (name, expected) in [
        ("trips-on-line", Trap::Wasm("unreachable".into())),
        ("loops-on-line", Trap::Dead),
        ("eats-on-line", Trap::Memory { limit: 64 << 20, found: 65 << 20 }),
    ] {
        let reply = judge(name, &["a line", "boo", ""]).unwrap();
        let reply = Reply::parse(&reply, 1).unwrap();
        let decisions: Vec<_> = reply.decisions().map(|one| (one.trigger(), one.fingerprint())).collect();
        let letters: [&[u8]; 3] = [b"aaaa", b"baaa", b"caaa"];
        assert_eq!(decisions, [1, 2, 3].map(|i| ([i; 16], Some(letters[i as usize - 1]))));
        match judge(name, &["a line", "it goes boom"]).unwrap_err() {
            Trap::Cpu { .. } => assert_eq!(name, "loops-on-line"),
            trap => assert_eq!(trap, expected),
        }
    }
}

#[test]
fn ids_of_others() {
    let reply = judge("evidence-of-others", &["one", "two"]).unwrap();
    let reply = Reply::parse(&reply, 1).unwrap();
    let evidence: Vec<_> = reply.decisions().flat_map(|one| one.evidence()).collect();
    assert_eq!(evidence, [[0x41; 16]; 2]);
    let reply = judge("trigger-of-others", &["one", "two"]).unwrap();
    let reply = Reply::parse(&reply, 1).unwrap();
    assert!(reply.decisions().all(|one| one.trigger() == [0x41; 16]));
}

#[test]
fn lies() {
    let (offset, count) = (64, u32::MAX);
    assert_eq!(malformed("lying-count"), Malformed::Section { kind: 32, offset, count, stride: 64 });
    assert_eq!(malformed("lying-stride"), Malformed::Section { kind: 32, offset, count, stride: 0 });
    assert_eq!(malformed("lying-evidence"), Malformed::Range { kind: 34, first: 0, count, records: 1 });
    assert_eq!(malformed("lying-rule"), Malformed::Number { what: "rule", found: 7 });
    assert!(matches!(malformed("reply-garbage"), Malformed::Magic { .. }));
    assert!(matches!(malformed("reply-null"), Malformed::Magic { .. }));
}

#[test]
fn too_many_decisions() {
    let reply = judge("too-many-decisions", &["one"]).unwrap();
    let reply = Reply::parse(&reply, 1).unwrap();
    let fingerprints: std::collections::BTreeSet<_> =
        reply.decisions().map(|one| one.fingerprint()).collect();
    assert_eq!((reply.len(), fingerprints.len()), (10_000, 10_000));
}

#[test]
fn patterns() {
    let reply = judge("decides-on-all", &["one", "two"]).unwrap();
    assert_eq!(Reply::parse(&reply, 1).unwrap().len(), 2);
    assert_eq!(pack("regex-slow-small").manifest().patterns.len(), 1);
}

#[test]
fn states() {
    let mut instance = Beside::new("state-refused").instance;
    let mut state = Vec::new();
    assert_eq!(instance.open(&OpenWriter::new().finish(None)), Ok(Ok(())));
    assert_eq!(instance.save(&mut state), Ok(true));
    let mut again = SANDBOX.load(&pack("state-refused")).unwrap().instantiate().unwrap();
    let frame = OpenWriter::new().finish(Some((&state, "1.0.0")));
    assert_eq!(again.open(&frame), Ok(Err("not mine".to_owned())));
    assert!(pack("state-none").saves());
    assert_eq!(Beside::new("state-none").save(), Ok(None));
    assert_eq!(Beside::new("good").save(), Ok(None));
}
