//! tripline-sdk
#![warn(missing_docs)]

extern crate self as tripline_sdk;

mod capture;
mod decision;
mod digest;
mod event;
#[doc(hidden)]
pub mod export;
mod id;
mod instance;
mod log;
pub mod prelude;
mod replies;
mod settings;
mod shown;
pub mod state;
#[cfg(feature = "testing")]
pub mod testing;
mod text;

pub use tripline_abi as abi;
pub use tripline_abi::{EventId, STATE_BYTES, Severity};
pub use tripline_sdk_macros::{State, pack, rule};

pub use self::capture::FromCapture;
pub use self::decision::{Decision, Decisions};
pub use self::event::{Event, Match};
pub use self::id::{CaptureId, FieldId, PatternId};
pub use self::instance::{Instance, Pack};
pub use self::log::log;
pub use self::replies::Replies;
#[doc(hidden)]
pub use self::settings::setting;
pub use self::settings::{FromSetting, Settings};
pub use self::shown::Shown;
pub use self::state::{Corrupt, State, StateReader, StateWriter};
pub use self::text::Text;
