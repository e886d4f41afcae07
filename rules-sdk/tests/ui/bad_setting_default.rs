use tripline_sdk::prelude::*;

#[derive(Default, State)]
pub struct Pack;

#[tripline_sdk::pack {
    name: "pack",
    patterns: {
        failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
    },
    settings: {
        threshold: { integer: 5, min: 1 },
        limit: { integer: 0, min: 1 },
    },
}]
impl Pack {
    #[rule { id: "one", title: "One", severity: low, on: [failed] }]
    fn one(&self) {}
}

fn main() {}
