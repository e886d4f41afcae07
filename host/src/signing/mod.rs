//! Packs that are signed: who vouches for a module, and for which name and version of it.
//!
//! ```text
//!   door.wasm.sig   tripline-pack-signature 1 door 1.2.0 SHA256 KEY SIGNATURE      one line; in HTTP's header the same
//!                   └───────────── what is signed ─────────────┘ └ by Ed25519
//! ```
//!
//! The words before the signature are themselves what is signed: they begin with what it is, so that it is taken for a
//! signature of nothing else, and have name, version and key, so that it cannot be moved to another pack. Each of them has
//! one way of being written.

mod demands;
mod key;
mod secret;
mod signature;
mod statement;
#[cfg(test)]
mod tests;

pub use self::demands::{Demands, Signed};
pub use self::key::{KeyError, KeyId, PublicKey};
pub use self::secret::{SecretKey, SecretKeyError};
pub use self::signature::{Signature, SignatureError, Unsigned};
pub use self::statement::Statement;
