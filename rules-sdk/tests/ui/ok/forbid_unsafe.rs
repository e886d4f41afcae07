//! An author can forbid unsafe code: what the macro writes needs none of the author's.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub)]

use tripline_sdk::prelude::*;

/// Nothing to remember.
#[derive(Default, State)]
pub struct Nothing;

#[tripline_sdk::pack { name: "nothing" }]
impl Nothing {
    #[rule { id: "nothing", title: "Nothing", severity: low, on: every_event }]
    fn nothing(&self) {}
}

fn main() {}
