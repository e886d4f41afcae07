//! Every case of every built-in pack, on the built .wasm in the sandbox: the same as natively in the packs' own tests.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::sync::Arc;

use tripline::cases::{Case, Outcome};
use tripline_tests::{root, sandbox};

#[test]
fn the_built_modules_pass_their_cases() {
    let mut run = 0;
    for pack in tripline::builtin::packs().unwrap() {
        let folder = root().join("guest/packs").join(pack.name()).join("cases");
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|end| end != "case") {
                continue;
            }
            let case =
                Case::parse(&fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            match case.run(&sandbox(), &Arc::clone(&pack)).unwrap_or_else(|error| panic!("{path:?}: {error}"))
            {
                Outcome::Holds => run += 1,
                Outcome::Differs { batch, expected, found } => {
                    panic!("{path:?} in batches of {batch}\n--- expected\n{expected}\n--- found\n{found}")
                }
            }
        }
    }
    assert!(run >= 24, "{run} cases");
}
