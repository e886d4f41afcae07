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
//! is forgotten. Each row keeps why it was or was not sent. What a mail says comes from [`tripline_notice`]; the mail
//! library is named nowhere else.

mod address;
mod backoff;
mod deliverer;
mod hello;
mod lookup;
pub mod message;
mod outbox;
mod pattern;
mod plan;
mod quiet_hours;
mod recipients;
mod route;
mod routes;
pub mod smtp;
mod throttle;
mod tls_words;
pub mod transport;
mod view;
mod wire;

pub use self::address::{AddressError, check_address};
pub use self::backoff::backoff;
pub use self::deliverer::{Delivered, Deliverer, Sender};
pub use self::hello::is_hello;
pub use self::message::{AddressField, Mail, MessageError};
pub use self::outbox::{About, Asked, Content, DelivererLock, Digest, End, Leased, Next, Outbox, RuleText};
pub use self::pattern::Pattern;
pub use self::plan::{Again, Planned, Refusal, again, plan};
pub use self::quiet_hours::QuietHours;
pub use self::recipients::{Listed, Recipients};
pub use self::route::Route;
pub use self::routes::Routes;
pub use self::smtp::{Smtp, SmtpError, SmtpSettings, Tls};
pub use self::throttle::{Bucket, Throttle};
#[cfg(feature = "program")]
pub(crate) use self::tls_words::tls_words;
pub use self::transport::{Accepted, SendError, Transport};
pub use tripline_notice::{Reason, Templates};
