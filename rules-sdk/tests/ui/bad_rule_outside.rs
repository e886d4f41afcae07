use tripline_sdk::rule;

struct Pack;

impl Pack {
    #[rule { id: "one", title: "One", severity: low, on: every_event }]
    fn one(&self) {}
}

fn main() {}
