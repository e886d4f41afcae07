mod name {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "My Pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

mod key {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        colour: "red",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

mod no_rule {
    pub struct Pack;

    #[tripline_sdk::pack { name: "pack" }]
    impl Pack {}
}

mod state {
    #[derive(Default, tripline_sdk::State)]
    pub struct Numbers(u32);
}

fn main() {}
