//! A mail as it is sent.
//!
//! Everything in a header is typed: what comes from a log can be shown in a subject, and can neither begin another
//! header nor hide in an encoded word.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::{Address, address::Envelope};
use thiserror::Error;
use tripline_notice::{is_hidden, visible};

/// One mail to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The message's id, without `<` and `>`: the same each time that this mail is tried.
    pub id: String,
    /// The id of the first mail of the thread; `None`, or the same as `id`: this one begins it.
    pub thread: Option<String>,
    /// Who writes: `Tripline <tripline@example.com>`.
    pub from: String,
    /// Where the relay sends what it cannot deliver; empty: nowhere.
    pub envelope_from: String,
    /// Who reads.
    pub to: String,
    /// What it is called.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// When it was written; the same each time that it is tried.
    pub date: Timestamp,
    /// Why it is sent, in one word: the reason's code.
    pub reason: String,
}

/// Why a mail cannot become a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MessageError {
    /// An address is none.
    #[error("expected a mail address in `{field}`, found \"{found}\": {why}")]
    Address {
        /// Which one.
        field: AddressField,
        /// What it is, made visible.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// An id is none.
    #[error("expected an id like `17.1@example.com`, found \"{found}\"")]
    Id {
        /// What it is, made visible.
        found: String,
    },
    /// The message has parts that do not go together.
    #[error("cannot build the message: {0}")]
    Built(String),
}

/// Which of a mail's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressField {
    /// Who writes.
    From,
    /// Who reads.
    To,
    /// Where the relay sends what it cannot deliver.
    Envelope,
}

impl fmt::Display for AddressField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AddressField::From => "from",
            AddressField::To => "to",
            AddressField::Envelope => "envelope_from",
        })
    }
}

impl MessageError {
    /// Whether it is wrong with whoever sends, and so in each mail: ids are at the sender's domain.
    pub fn is_of_sender(&self) -> bool {
        match self {
            MessageError::Address { field, .. } => *field != AddressField::To,
            MessageError::Id { .. } => true,
            MessageError::Built(_) => false,
        }
    }
}

/// What is handed to a server.
pub(super) struct Letter {
    /// Where failures go.
    pub(super) from: Option<Address>,
    /// The one recipient.
    pub(super) to: Address,
    /// Headers and body: seven bits, lines that end with CRLF.
    pub(super) bytes: Vec<u8>,
}

/// Characters of a header's text.
const HEADER: usize = 200;
/// Bytes of an address, and of an id.
const ADDRESS: usize = 254;
/// Stands between the parts. Quoted-printable writes each `=` of the parts as `=3D`, so it never stands in one.
const BOUNDARY: &str = "=_tripline";

/// The message as it is sent, headers and body: for those who keep or show it.
///
/// # Errors
/// Says which address or id is wrong.
pub fn bytes(mail: &Mail) -> Result<Vec<u8>, MessageError> {
    Ok(letter(mail)?.bytes)
}

pub(super) fn letter(mail: &Mail) -> Result<Letter, MessageError> {
    let from = mailbox(AddressField::From, &mail.from)?;
    let to = mailbox(AddressField::To, &mail.to)?;
    let sender = match mail.envelope_from.as_str() {
        "" => None,
        address => Some(mailbox(AddressField::Envelope, address)?.email),
    };
    let recipient = to.email.clone();
    let envelope = Envelope::new(sender.clone(), vec![recipient.clone()]);
    let mut builder = Message::builder()
        .envelope(envelope.map_err(|error| MessageError::Built(error.to_string()))?)
        .from(from)
        .to(to)
        .subject(header_text(&mail.subject))
        .date(SystemTime::from(mail.date))
        .message_id(Some(id(&mail.id)?));
    if let Some(root) = mail.thread.as_ref().filter(|root| **root != mail.id) {
        builder = builder.in_reply_to(id(root)?).references(id(root)?);
    }
    let parts = MultiPart::alternative()
        .boundary(BOUNDARY)
        .singlepart(part(ContentType::TEXT_PLAIN, &mail.text)?)
        .singlepart(part(ContentType::TEXT_HTML, &mail.html)?);
    let mut message = builder.multipart(parts).map_err(|error| MessageError::Built(error.to_string()))?;
    // No vacation notes in answer, by the standard, and by Exchange's own word for it.
    header(&mut message, HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated");
    header(&mut message, HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All");
    header(&mut message, HeaderName::new_from_ascii_str("X-Tripline-Reason"), &header_text(&mail.reason));
    Ok(Letter { from: sender, to: recipient, bytes: message.formatted() })
}

fn header(message: &mut Message, name: HeaderName, value: &str) {
    message.headers_mut().insert_raw(HeaderValue::new(name, value.into()));
}

/// Quoted-printable always: short lines of seven bits that a person can still read in the raw message.
fn part(kind: ContentType, text: &str) -> Result<SinglePart, MessageError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let body = Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable);
    let body = body.map_err(|_| MessageError::Built("a part that cannot be encoded".into()))?;
    Ok(SinglePart::builder().header(kind).body(body))
}

/// One line, without what is hidden, and without what a reader would decode: `=?` begins an encoded word.
fn header_text(text: &str) -> String {
    visible(text.trim(), HEADER).replace("=?", "=\\x3f")
}

fn mailbox(field: AddressField, text: &str) -> Result<Mailbox, MessageError> {
    let wrong = |why: String| MessageError::Address { field, found: visible(text, HEADER), why };
    if text.chars().any(is_hidden) {
        return Err(wrong("a hidden character".into()));
    }
    let mailbox: Mailbox =
        text.parse().map_err(|error: lettre::address::AddressError| wrong(error.to_string()))?;
    let address: &str = mailbox.email.as_ref();
    if !address.is_ascii() {
        // Few relays take others; a domain can be written in letters that all take.
        return Err(wrong("a letter outside ASCII".into()));
    }
    if address.len() > ADDRESS || text.len() > 2 * ADDRESS {
        return Err(wrong(format!("more than {ADDRESS} bytes")));
    }
    Ok(mailbox)
}

/// An id in the brackets that headers want.
fn id(text: &str) -> Result<String, MessageError> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>\"(),:;[]\\".contains(&byte);
    let halves = text.split('@').filter(|half| !half.is_empty()).count();
    if halves == 2 && text.matches('@').count() == 1 && text.len() <= ADDRESS && text.bytes().all(plain) {
        Ok(format!("<{text}>"))
    } else {
        Err(MessageError::Id { found: visible(text, HEADER) })
    }
}

#[cfg(test)]
mod tests;
