//! What is written is what is read; what a stranger wrote never panics the reader.

use proptest::prelude::*;
use tripline_abi::*;

fn sample() -> Vec<u8> {
    let mut writer = BatchWriter::new();
    for i in 0..10u8 {
        let source = writer.log_source(LogSource { service: Some(b"sshd"), ..LogSource::default() });
        let raw = writer.text(b"sshd[1]: Failed password for root from 192.0.2.7");
        let message = raw.part(9, raw.length - 9);
        writer.event(&EventHead {
            id: [i; 16],
            time: Some(i64::from(i)),
            received: None,
            log_source: Some(source),
            source: 3,
            cut: i == 4,
            raw,
            message,
        });
        let user = writer.text(b"root");
        writer.field(2, FieldType::Text, user);
        writer.begin_match(7, None, false);
        writer.capture(Some((1, 20, 4)));
        writer.capture(None);
        writer.begin_match(8, Some(2), true);
        writer.capture(Some((4, 0, 4)));
    }
    writer.tick([0xff; 16], 99);
    let (expected, mut out) = (writer.len(), Vec::new());
    writer.finish(&mut out);
    assert_eq!(out.len(), expected);
    out
}

#[test]
fn a_batch_reads_as_it_was_written() {
    let bytes = sample();
    let batch = Batch::parse(&bytes).unwrap();
    batch.validate().unwrap();
    assert_eq!(batch.len(), 11);
    for (i, entry) in batch.entries().take(10).enumerate() {
        assert_eq!(entry.id(), [i as u8; 16]);
        assert_eq!(entry.time(), Some(i as i64));
        assert_eq!(entry.received(), None);
        assert_eq!(entry.is_cut(), i == 4);
        assert_eq!(entry.source(), 3);
        assert_eq!(entry.log_source().unwrap().service, Some(b"sshd".as_slice()));
        assert_eq!(entry.message(), Some(b"Failed password for root from 192.0.2.7".as_slice()));
        assert_eq!(entry.field(2).unwrap().value, b"root");
        assert_eq!(entry.field(0), None);
        let matches: Vec<_> = entry.matches().collect();
        assert_eq!((matches[0].pattern(), matches[0].list_entry(), matches[0].is_cut()), (7, None, false));
        assert_eq!((matches[1].pattern(), matches[1].list_entry(), matches[1].is_cut()), (8, Some(2), true));
        assert_eq!(matches[0].capture(0).unwrap().bytes, b"root");
        assert_eq!(matches[0].capture(1), None);
        assert_eq!(matches[0].capture(2), None);
        assert_eq!(matches[1].capture(0).unwrap().bytes, b"root");
    }
    let tick = batch.entries().last().unwrap();
    assert_eq!((tick.kind(), tick.time(), tick.message()), (EntryKind::Tick, Some(99), None));
}

#[test]
fn a_part_of_a_batch_is_a_batch() {
    let bytes = sample();
    let part = sub_batch(&bytes, 3, 4).unwrap();
    let batch = Batch::parse(&part).unwrap();
    batch.validate().unwrap();
    assert_eq!(batch.entries().map(|entry| entry.id()[0]).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert_eq!(sub_batch(&bytes, 8, 4), None);
    assert_eq!(sub_batch(&bytes, u32::MAX, 2), None);
}

#[test]
fn an_open_frame_reads_as_it_was_written() {
    let mut writer = OpenWriter::new();
    writer.setting("threshold", &SettingValue::Integer(-5));
    writer.setting("ratio", &SettingValue::Number(0.5));
    writer.setting("on", &SettingValue::Bool(true));
    let words = ["ERROR", "FATAL"].map(|word| SettingValue::Text(word.into()));
    writer.setting("words", &SettingValue::List(words.into()));
    let bytes = writer.finish(Some((b"state", "1.2.3")));
    let open = Open::parse(&bytes).unwrap();
    assert_eq!(open.settings().count(), 4);
    assert!(matches!(open.setting("threshold"), Some(Value::Integer(-5))));
    assert!(matches!(open.setting("ratio"), Some(Value::Number(0.5))));
    assert!(matches!(open.setting("on"), Some(Value::Bool(true))));
    let Some(Value::List(words)) = open.setting("words") else { panic!("expected a list") };
    assert!(words.clone().any(|word| matches!(word, Value::Text(b"FATAL"))));
    assert_eq!((open.state(), open.state_version()), (Some(b"state".as_slice()), b"1.2.3".as_slice()));
    assert_eq!(Open::parse(&writer.finish(None)).unwrap().state(), None);
}

fn reply() -> Vec<u8> {
    let mut writer = ReplyWriter::new();
    let head = DecisionHead {
        rule: 1,
        severity: Some(Severity::High),
        fingerprint: Some(b"192.0.2.7"),
        title: Some(b"guessing"),
        summary: None,
        trigger: [9; 16],
    };
    writer.decision(&head, [(b"ip".as_slice(), b"192.0.2.7".as_slice())], &[[1; 16], [2; 16]]);
    writer.decision(&DecisionHead { severity: None, fingerprint: None, title: None, ..head }, [], &[]);
    let mut out = Vec::new();
    writer.finish(&mut out);
    out
}

#[test]
fn a_reply_reads_as_it_was_written() {
    let bytes = reply();
    let reply = Reply::parse(&bytes, 2).unwrap();
    let all: Vec<_> = reply.decisions().collect();
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].rule(), all[0].severity()), (1, Some(Severity::High)));
    assert_eq!(all[0].values().collect::<Vec<_>>(), [(b"ip".as_slice(), b"192.0.2.7".as_slice())]);
    assert_eq!(all[0].evidence().collect::<Vec<_>>(), [[1; 16], [2; 16]]);
    assert_eq!((all[0].trigger(), all[0].summary()), ([9; 16], None));
    assert_eq!((all[1].severity(), all[1].fingerprint(), all[1].title()), (None, None, None));
    assert_eq!(Reply::parse(&bytes, 1).err(), Some(Malformed::Number { what: "rule", found: 1 }));
}

proptest! {
    #[test]
    fn a_changed_frame_never_panics(
        which in 0..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        keep in any::<bool>(),
    ) {
        let mut open = OpenWriter::new();
        open.setting("words", &SettingValue::List(vec![SettingValue::Text("a".into())]));
        let mut bytes = match which { 0 => sample(), 1 => reply(), _ => open.finish(None) };
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !keep {
            bytes.truncate(cut.index(bytes.len()));
            if let Some(length) = bytes.get(4..8).map(<[u8]>::len) {
                let whole = bytes.len() as u32;
                bytes[4..4 + length].copy_from_slice(&whole.to_le_bytes());
            }
        }
        read_everything(&bytes);
    }
}

fn read_everything(bytes: &[u8]) {
    if let Ok(batch) = Batch::parse(bytes) {
        let _ = batch.validate();
        for entry in batch.entries().take(1000) {
            let _ = (entry.raw(), entry.message(), entry.log_source(), entry.fields().take(100).count());
            for seen in entry.matches().take(100) {
                for n in 0..seen.captures().min(100) {
                    let _ = seen.capture(n);
                }
            }
        }
        let _ = sub_batch(bytes, 1, 2).map(|part| Batch::parse(&part).map(|batch| batch.len()));
    }
    if let Ok(reply) = Reply::parse(bytes, 2) {
        for decision in reply.decisions() {
            let _ = (decision.title(), decision.values().count(), decision.evidence().count());
        }
    }
    if let Ok(open) = Open::parse(bytes) {
        for setting in open.settings() {
            if let Value::List(values) = setting.value {
                let _ = values.count();
            }
        }
    }
}
