//! Does what no pack should, when a line tells it to: one rule for each way. The tests of the sandbox mirror it.
#![forbid(unsafe_code)]

use std::hint::black_box;

use tripline_sdk::prelude::*;

/// What it keeps from one event to the next.
#[derive(Default, State)]
pub struct Hostile {
    hoard: Vec<u64>,
}

#[tripline_sdk::pack {
    name: "hostile-guest",
    patterns: {
        panics: { contains: ["panic"] },
        indexes: { contains: ["index"] },
        loops: { contains: ["loop"] },
        recurses: { contains: ["recurse"] },
        nests: { contains: ["nest"] },
        eats: { contains: ["eat"] },
        hoards: { contains: ["hoard"] },
        floods: { contains: ["flood"] },
        shouts: { contains: ["shout"] },
        behaves: { contains: ["behave"] },
    },
}]
impl Hostile {
    /// A panic with a text.
    #[rule { id: "panics", title: "Panics", severity: low, on: [panics] }]
    fn panics(&mut self, event: &Event<'_>) -> Option<Decision> {
        panic!("told to panic by {:?}", event.message().to_string());
    }

    /// A panic that nobody wrote.
    #[rule { id: "indexes", title: "Reads behind a list", severity: low, on: [indexes] }]
    fn indexes(&mut self) -> Option<Decision> {
        let list = black_box([1u64, 2, 3]);
        Some(Decision::new(list[black_box(7)]))
    }

    /// A loop without an end.
    #[rule { id: "loops", title: "Never comes back", severity: low, on: [loops] }]
    fn loops(&mut self) -> Option<Decision> {
        loop {
            black_box(());
        }
    }

    /// A recursion without an end, with nothing on the stack but its return.
    #[rule { id: "recurses", title: "Calls itself", severity: low, on: [recurses] }]
    fn recurses(&mut self) -> Option<Decision> {
        fn deeper(n: u64) -> u64 {
            if black_box(n) == 0 { 0 } else { black_box(deeper(n + 1)) + 1 }
        }
        Some(Decision::new(deeper(1)))
    }

    /// A recursion without an end, with much on the stack that Rust keeps in linear memory.
    #[rule { id: "nests", title: "Calls itself with luggage", severity: low, on: [nests] }]
    fn nests(&mut self) -> Option<Decision> {
        fn deeper(n: u64) -> u64 {
            let luggage = black_box([n; 4096]);
            if n == 0 { 0 } else { black_box(deeper(n + 1)) + luggage[(n % 4096) as usize] }
        }
        Some(Decision::new(deeper(1)))
    }

    /// Memory without an end; it is not written to, which would take longer than a call may.
    #[rule { id: "eats", title: "Takes all memory", severity: low, on: [eats] }]
    fn eats(&mut self) -> Option<Decision> {
        let mut all: Vec<Vec<u8>> = Vec::new();
        loop {
            all.push(black_box(Vec::with_capacity(1 << 20)));
        }
    }

    /// A state that grows over its limit, and is kept.
    #[rule { id: "hoards", title: "Remembers too much", severity: low, on: [hoards] }]
    fn hoards(&mut self) -> Option<Decision> {
        self.hoard.extend(0..200_000);
        None
    }

    /// A log without an end.
    #[rule { id: "floods", title: "Logs for ever", severity: low, on: [floods] }]
    fn floods(&mut self) -> Option<Decision> {
        loop {
            tripline_sdk::warn!("and another one");
        }
    }

    /// A decision that is longer than any limit, in every part.
    #[rule { id: "shouts", title: "Decides at length", severity: low, on: [shouts] }]
    fn shouts(&mut self) -> Option<Decision> {
        let long = "long\n\u{1b}[2J".repeat(10_000);
        let decision = Decision::new(&*long).title(&*long).summary(&*long);
        Some((0..100).fold(decision, |decision, _| decision.value("value", &*long)))
    }

    /// What a pack should do.
    #[rule { id: "behaves", title: "Behaves", severity: low, on: [behaves] }]
    fn behaves(&mut self, event: &Event<'_>) -> Option<Decision> {
        Some(Decision::new(event.message()))
    }
}
