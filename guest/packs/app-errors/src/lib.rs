//! Errors in application logs, folded by the shape of their message.
#![forbid(unsafe_code)]

use tripline_sdk::prelude::*;

/// What the pack remembers.
#[derive(Default, State)]
pub struct AppErrors {
    seen: u64,
}

#[tripline_sdk::pack {
    name: "app-errors",
    patterns: { words: { contains: setting(words) } },
    settings: {
        /// Words that mean an error.
        words: { strings: ["ERROR", "FATAL", "CRITICAL"], max_items: 100 },
    },
}]
impl AppErrors {
    /// A line with one of the words.
    #[rule { id: "error", title: "Errors in an application's log", severity: medium, on: [words] }]
    fn error(&mut self, event: &Event) -> Decision {
        self.seen += 1;
        Decision::new(event.message())
    }
}
