//! Whatever becomes of files, each line of them is seen, by one id; but for what is known to be lost.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod cases;
mod failing;
mod handing;
mod racing;
mod shrunk;
mod world;

use proptest::prelude::*;

use self::world::{World, step};

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn each_line_is_seen_by_one_id(alike: bool, steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        world.alike = alike;
        for step in &steps {
            world.step(step);
        }
        world.drain();
        let missing = world.missing();
        prop_assert!(missing.is_empty(), "never seen: {missing:?}");
        let mistaken = world.mistaken();
        prop_assert!(mistaken.is_empty(), "{mistaken:?}");
        prop_assert_eq!(world.mistold(), None);
    }
}
