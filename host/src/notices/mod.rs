//! Notices: who is told what, how often, and that it arrives.
//!
//! ```text
//!   what happened ─► route ─► outbox ─────────► throttle ─► mail ─► relay
//!   to an incident   to whom  one row for each  too many    one     retry, breaker,
//!                             (event, recipient) are one    recipient dead letters
//!                             with the incident  digest     each
//! ```
//!
//! A row is written in the transaction of what it tells, so nothing is told that is not on disk, and nothing on disk
//! is forgotten. Each row keeps why it was or was not sent.

mod address;
mod backoff;
mod outbox;
mod pattern;
mod plan;
mod quiet_hours;
mod route;
mod routes;
mod throttle;

pub use self::address::{AddressError, check_address};
pub use self::backoff::backoff;
pub use self::outbox::{About, Content, Digest, End, Leased, Next, Outbox, RuleText};
pub use self::pattern::Pattern;
pub use self::plan::{Planned, Refusal, plan};
pub use self::quiet_hours::QuietHours;
pub use self::route::Route;
pub use self::routes::Routes;
pub use self::throttle::{Bucket, Throttle};
pub use tripline_notice::Reason;
