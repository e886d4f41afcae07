//! A check with a store goes on where it stopped: on real files that grow, are rotated, packed, cut and made anew.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod failing;
mod fixture;
mod growing;
mod memory;
mod rotating;
