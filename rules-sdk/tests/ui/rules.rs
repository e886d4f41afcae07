mod twice {
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

        #[rule { id: "one", title: "Two", severity: low, on: [failed] }]
        fn two(&self) {}
    }
}

mod unknown_pattern {
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

        #[rule { id: "two", title: "Two", severity: low, on: [{ all: [failed], none: [feiled] }] }]
        fn two(&self) {}
    }
}

mod severity {
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

        #[rule { id: "two", title: "Two", severity: severe, on: [failed] }]
        fn two(&self) {}
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
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}

        #[rule { id: "two", name: "Two", severity: low, on: [failed] }]
        fn two(&self) {}
    }
}

mod id {
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

        #[rule { id: "Two", title: "Two", severity: low, on: [failed] }]
        fn two(&self) {}
    }
}

mod no_on {
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

        #[rule { id: "two", title: "Two", severity: low }]
        fn two(&self) {}
    }
}

mod no_title {
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

        #[rule { id: "two", severity: low, on: [failed] }]
        fn two(&self) {}
    }
}

mod tick {
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

        #[rule { id: "two", title: "Two", severity: low, on: tick }]
        fn two(&self) {}
    }
}

mod outside {
    struct Pack;

    impl Pack {
        #[tripline_sdk::rule { id: "one", title: "One", severity: low, on: every_event }]
        fn one(&self) {}
    }
}

mod capture {
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
        fn two(&self, address: Text) {}
    }
}

mod capture_of_some {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
            closed: { regex: r"^Closed (?P<ip>\S+)" },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}

        #[rule { id: "two", title: "Two", severity: low, on: [failed, closed] }]
        fn two(&self, ip: Text, user: Text) {}
    }
}

mod capture_of_none {
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

        #[rule { id: "two", title: "Two", severity: low, on: every_event }]
        fn two(&self, ip: Text) {}
    }
}

fn main() {}
