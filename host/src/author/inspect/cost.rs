//! What in a manifest makes matching dear.

use tripline_abi::manifest::WakesOn;
use tripline_engine::{Pack, without_literals};

/// What an author should know, in sentences; empty if there is nothing.
pub(super) fn hints(pack: &Pack) -> Vec<String> {
    let manifest = pack.manifest();
    let mut hints = Vec::new();
    if manifest.wakes_on == WakesOn::EveryEvent {
        hints.push("it is handed every event of its sources: each one costs a call's share, not only the few that match".into());
    }
    let bare = without_literals(pack);
    if !bare.is_empty() {
        let names = bare.join(", ");
        hints.push(format!(
            "no text stands in every match of {names}: every line is decoded and searched for it; \
             a literal of three letters or more would let most lines pass unseen"
        ));
    }
    hints
}
