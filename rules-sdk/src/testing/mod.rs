//! Runs a pack natively, for an author's unit tests: `tripline-sdk = { …, features = ["testing"] }` under
//! `[dev-dependencies]`.
//!
//! ```no_run
//! # use tripline_sdk::testing::{Line, Run};
//! # fn test<SshGuard: tripline_sdk::Pack>() {
//! let mut run = Run::<SshGuard>::new().unwrap().set("threshold", 2).unwrap();
//! assert!(run.judge("Failed password for root from 192.0.2.7 port 22 ssh2").is_empty());
//! let decided = run.judge(Line::new("Failed password for root from 192.0.2.7 port 22 ssh2").at(5));
//! assert_eq!(decided[0].rule, "password-guessing");
//! # }
//! ```
//!
//! It tries each pattern alone, as the contract says that it is; headers of lines are the host's to take off, so a
//! line here is a message, with fields if a test needs them; [`Line::finding`] is what a scan found. For whole lines there are `.case` files.

mod decided;
mod line;
mod patterns;
mod run;

use crate::State;
use crate::state::Corrupt;

pub use self::decided::Decided;
pub use self::line::{Line, with_event};
pub use self::run::{Given, Run};
pub use tripline_abi::manifest::Manifest;

/// The bytes that a state is saved as.
pub fn save(state: &impl State) -> Vec<u8> {
    crate::state::save(state, 0)
}

/// The state that was saved as these bytes.
pub fn restore<S: State>(bytes: &[u8]) -> Result<S, Corrupt> {
    crate::state::restore(bytes)
}
