//! A pack as plain Rust whose decisions show every entry it was handed, in order.

use tripline_abi::{Batch, DecisionHead, EntryKind, Guest, Open, ReplyWriter};

/// Hashes every entry it is handed into its state, and decides on every third event: a lost, doubled or swapped
/// entry changes every later fingerprint. Panics on a message with `boom`.
pub(crate) struct Witness {
    hash: u64,
    events: u64,
    seen: Vec<[u8; 16]>,
}

pub(crate) const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "witness", "version": "1.0.0" },
  "patterns": [
    { "name": "failed", "regex": "(?P<what>[Ff]ailed) (?P<who>\\S+)" },
    { "name": "boom", "contains": ["boom"] },
    { "name": "user", "field": "user", "equals": ["root", "admin"] }
  ],
  "wakes_on": ["failed", "boom", "user"],
  "fields": ["user"], "tick": 3600,
  "rules": [{ "id": "third", "title": "every third event", "severity": "low" },
            { "id": "tick", "title": "a tick", "severity": "informational" }]
}"#;

impl Witness {
    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.hash = self.hash.rotate_left(7);
    }
}

impl Guest for Witness {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        let open = Open::parse(frame).map_err(|error| error.to_string())?;
        let mut witness = Witness { hash: 0xcbf2_9ce4_8422_2325, events: 0, seen: Vec::new() };
        if let Some(state) = open.state() {
            let (head, seen) = state.split_at(16);
            witness.hash = u64::from_le_bytes(head[..8].try_into().unwrap());
            witness.events = u64::from_le_bytes(head[8..].try_into().unwrap());
            witness.seen = seen.chunks_exact(16).map(|id| id.try_into().unwrap()).collect();
        }
        Ok(witness)
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let batch = Batch::parse(batch).unwrap();
        batch.validate().unwrap();
        let mut writer = ReplyWriter::new();
        for entry in batch.entries() {
            self.mix(&entry.id());
            self.mix(&entry.time().unwrap_or(0).to_le_bytes());
            let message = entry.message().unwrap_or_default();
            self.mix(message);
            if let Some(source) = entry.log_source() {
                for text in [source.kind, source.product, source.service, source.category] {
                    self.mix(text.unwrap_or(b"-"));
                }
            }
            for seen in entry.matches() {
                self.mix(&seen.pattern().to_le_bytes());
                for n in 0..seen.captures() {
                    self.mix(seen.capture(n).map(|capture| capture.bytes).unwrap_or_default());
                }
            }
            for field in entry.fields() {
                self.mix(field.value);
            }
            let tick = entry.kind() == EntryKind::Tick;
            assert!(!message.windows(4).any(|part| part == b"boom"), "boom at event {}", self.events);
            if !tick {
                self.events += 1;
                self.seen.push(entry.id());
            }
            if tick || self.events.is_multiple_of(3) {
                let fingerprint = format!("{:016x}", self.hash);
                let head = DecisionHead {
                    rule: u32::from(tick),
                    severity: None,
                    fingerprint: Some(fingerprint.as_bytes()),
                    title: None,
                    summary: None,
                    trigger: entry.id(),
                };
                writer.decision(&head, [], &self.seen);
                self.seen.clear();
            }
        }
        reply.clear();
        if !writer.is_empty() {
            writer.finish(reply);
        }
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        let mut state = self.hash.to_le_bytes().to_vec();
        state.extend_from_slice(&self.events.to_le_bytes());
        state.extend(self.seen.iter().flatten());
        Some(state)
    }
}
