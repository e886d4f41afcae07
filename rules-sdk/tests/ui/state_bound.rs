use tripline_sdk::prelude::*;

#[derive(Default, State)]
pub struct Greedy {
    one: SlidingCount<600>,
    two: SlidingCount<600>,
}

#[tripline_sdk::pack { name: "greedy" }]
impl Greedy {
    #[rule { id: "one", title: "One", severity: low, on: every_event }]
    fn one(&self) {}
}

fn main() {}
