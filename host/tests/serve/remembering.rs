//! A pack that remembers how many events it has judged, and says so at each event and each tick.

use std::sync::Arc;

use tripline::abi::{Batch, DecisionHead, EntryKind, Guest, Open, ReplyWriter};
use tripline::{Configured, Pack};

const MANIFEST: &str = r#"{
  "abi": 1, "pack": { "name": "remembering", "version": "1.0.0" }, "tick": 60,
  "patterns": [{ "name": "n", "contains": ["n="] }], "wakes_on": ["n"],
  "rules": [
    { "id": "event", "title": "an event", "severity": "low" },
    { "id": "tick", "title": "a tick", "severity": "low" }
  ]
}"#;

/// The number of the event is its fingerprint: whoever forgets begins at 1 again, and that shows.
pub(crate) struct Remembering(u64);

impl Guest for Remembering {
    fn manifest() -> &'static [u8] {
        MANIFEST.as_bytes()
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        let open = Open::parse(frame).map_err(|error| format!("{error:?}"))?;
        let count = open.state().map(|state| u64::from_le_bytes(state.try_into().unwrap()));
        Ok(Remembering(count.unwrap_or(0)))
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        let mut writer = ReplyWriter::new();
        for entry in Batch::parse(batch).unwrap().entries() {
            let is_tick = entry.kind() == EntryKind::Tick;
            self.0 += u64::from(!is_tick);
            let fingerprint = self.0.to_string();
            let head = DecisionHead {
                rule: u32::from(is_tick),
                severity: None,
                fingerprint: Some(fingerprint.as_bytes()),
                title: None,
                summary: None,
                trigger: entry.id(),
            };
            let evidence: &[_] = if is_tick { &[] } else { &[entry.id()] };
            writer.decision(&head, [], evidence);
        }
        reply.clear();
        writer.finish(reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        Some(self.0.to_le_bytes().to_vec())
    }
}

pub(crate) fn configured() -> Configured {
    let pack = Arc::new(Pack::from_manifest(MANIFEST.as_bytes()).unwrap());
    Configured::new(pack, &serde_json::Map::new()).unwrap()
}
