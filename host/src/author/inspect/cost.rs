//! What in a manifest makes matching dear.

use tripline_abi::manifest::WakesOn;
use tripline_engine::pattern::{Compiled, Rarity};
use tripline_engine::{Configured, Pack};

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

/// Names of the patterns that the index cannot rule out for any line.
pub(super) fn without_literals(pack: &Pack) -> Vec<String> {
    let manifest = pack.manifest();
    // Lists may come from settings; where one has no default, what it will be is not known here.
    let settings =
        Configured::new(pack.clone().into(), &serde_json::Map::new()).map(|configured| configured.settings);
    let settings = settings.unwrap_or_default();
    let bare = manifest.patterns.iter().filter(|pattern| {
        Compiled::new(pattern, &settings, &Rarity::default())
            .is_ok_and(|compiled| compiled.necessary().is_none())
    });
    bare.map(|pattern| pattern.name.clone()).collect()
}
