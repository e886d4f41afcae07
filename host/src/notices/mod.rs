//! Notices on their way out: a mail, and what carries it.
//!
//! What a mail says comes from [`tripline_notice`]; here it becomes a [message](message) and goes to a relay, by a
//! [`Transport`]. The mail library is named nowhere else.

pub mod message;
mod progress;
pub mod smtp;
pub mod transport;

pub use message::{Mail, MessageError};
pub use smtp::{Smtp, SmtpError, SmtpSettings, Tls};
pub use transport::{Accepted, SendError, Transport};
