//! Try a rule pack in a browser, as it is shipped, bit for bit.
//!
//! The engine is the host's own, compiled to WebAssembly; `Browser` in `sandbox.rs` puts the browser's WebAssembly
//! behind the same trait as wasmtime. So decode, match, judge and fold are the very code that a server runs.
//!
//! ```text
//!   page ──pack, lines──► worker ──► Playground ──► engine ──► Browser ──► the pack, an instance of its own
//!     ▲                     │            │                        │
//!     │                     │            └─ rows, why, mail       └─ announces each call before it is made
//!     └── a call that does not return: the page ends the worker, says which pack it was, and goes on without it
//! ```
//!
//! [`check`] is all of it in one call, for other people's pages and for CI.

mod announce;
mod case;
mod clock;
mod exports;
mod failure;
mod instance;
mod mail;
mod memory;
mod packs;
mod playground;
mod report;
mod rows;
mod sandbox;
mod seen;
mod segments;
mod setup;
mod typescript;
mod why;

pub use self::exports::check;
pub use self::playground::Playground;
