mod regex {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
            broken: { regex: r"(?P<ip>\d+" },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

mod twice {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
            failed: { contains: ["x"] },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

mod unknown_setting {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
            words: { contains: setting(words) },
        },
        settings: {
            threshold: { integer: 5, min: 1 },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

mod setting_type {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
            words: { contains: setting(threshold) },
        },
        settings: {
            threshold: { integer: 5, min: 1 },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

mod empty_list {
    use tripline_sdk::prelude::*;

    #[derive(Default, State)]
    pub struct Pack;

    #[tripline_sdk::pack {
        name: "pack",
        patterns: {
            failed: { regex: r"^Failed for (?P<user>.*) from (?P<ip>\S+)" },
            many: { contains: [] },
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
            net: { cidr: ["192.0.2.1/24"] },
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
            net: { contains: ["x"], ignore_case: true },
        },
    }]
    impl Pack {
        #[rule { id: "one", title: "One", severity: low, on: [failed] }]
        fn one(&self) {}
    }
}

fn main() {}
