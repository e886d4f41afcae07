//! **What a notice says.**
//!
//! A [`Notice`] is one incident as the store knows it, with the [`Reason`] why somebody is told now; a [`Digest`] is
//! many of them. [`Templates`] makes subject, text and HTML of either; [`plain`] does so if an operator's template
//! fails. No clock, no files, no network: it compiles for browsers too.
//!
//! Whatever comes from logs and packs is a stranger's text. It is [made visible](visible), its links are
//! [broken](defang), its length is bounded, and only then does a template see it.

mod confirmation;
mod defang;
mod digest;
mod error;
mod exhibit;
mod limits;
mod notice;
mod plain;
mod reason;
mod safe;
pub mod sample;
mod shown;
mod shown_digest;
mod subject;
mod tag;
mod templates;
mod tenant;
mod time;
mod visible;

pub use confirmation::{Confirmation, confirmation};
pub use defang::defang;
pub use digest::{Digest, IncidentLine, RuleCount};
pub use error::{Part, RenderError};
pub use notice::{EvidenceView, IncidentView, Notice, State};
pub use plain::{plain, plain_digest};
pub use reason::Reason;
pub use templates::{Rendered, Templates};
pub use visible::{is_hidden, visible, visible_bytes};
