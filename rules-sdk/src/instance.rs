use tripline_abi::{Batch, Guest, Open};

use crate::{Event, Replies, Settings, State, state};

/// A rule pack; `#[tripline_sdk::pack { … }]` on a struct's impl writes it.
pub trait Pack: State + Default + Send + 'static {
    /// What an operator may set.
    type Settings: Settings;
    /// The manifest's JSON.
    const MANIFEST: &'static [u8];

    /// Runs every rule that this event or tick is for.
    fn judge(&mut self, event: &Event<'_>, settings: &Self::Settings, replies: &mut Replies);
}

/// A pack with its settings, ready to judge: natively in tests, behind the exports as WebAssembly.
pub struct Instance<P: Pack> {
    pack: P,
    settings: P::Settings,
    replies: Replies,
    /// Bytes of the last save; the next one needs about as many.
    saved: usize,
}

impl<P: Pack> Guest for Instance<P> {
    fn manifest() -> &'static [u8] {
        P::MANIFEST
    }

    fn open(frame: &[u8]) -> Result<Self, String> {
        let open = Open::parse(frame).map_err(|error| format!("the open frame is malformed: {error}"))?;
        let settings = P::Settings::read(&open)?;
        let pack = match open.state() {
            None => P::default(),
            Some(state) => state::restore(state).map_err(|error| {
                let version = String::from_utf8_lossy(open.state_version());
                format!("the state that version {version} saved cannot be restored: {error}")
            })?,
        };
        Ok(Instance { pack, settings, replies: Replies::default(), saved: 0 })
    }

    fn check(&mut self, batch: &[u8], reply: &mut Vec<u8>) {
        match Batch::parse(batch) {
            Ok(batch) => {
                for entry in batch.entries() {
                    self.pack.judge(&Event::new(entry), &self.settings, &mut self.replies);
                }
            }
            // The ABI leaves no other way to say it, and going on would lose events silently.
            Err(error) => panic!("the host's batch is malformed: {error}"),
        }
        self.replies.finish(reply);
    }

    fn save(&mut self) -> Option<Vec<u8>> {
        let state = state::save(&self.pack, self.saved + self.saved / 8);
        self.saved = state.len();
        Some(state)
    }
}
