mod parameter {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}

        #[rule { id: "two", title: "Two", severity: low, on: [failed] }]
        fn two(&self, ip: Vec<u8>) {
            drop(ip)
        }
    }
}

mod returned {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}

        #[rule { id: "two", title: "Two", severity: low, on: [failed] }]
        fn two(&self) -> bool {
            true
        }
    }
}

mod state {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Timed {
        at: Option<std::time::Duration>,
    }
}

fn main() {}
