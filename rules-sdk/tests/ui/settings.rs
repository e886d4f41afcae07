mod default {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
        },
        settings: {
            limit: { integer: 0, min: 1 },
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
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
        },
        settings: {
            limit: { integer: 0, most: 1 },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

mod kind {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
        },
        settings: {
            limit: { min: 1 },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

mod keyword {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
        },
        settings: {
            self: { integer: 1 },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

fn main() {}
