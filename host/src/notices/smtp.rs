//! Mails by SMTP: one connection for each mail, one recipient for each connection.
//!
//! The conversation is led step by step, since only who knows the step knows whether a mail may be sent again.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tripline_notice::visible;

use super::message::{self, Letter, Mail};
use super::progress::{Progress, Stage};
use super::transport::{Accepted, SendError, Transport, chain, words};

/// How a connection is kept from strangers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "STARTTLS is what everybody calls it")]
pub enum Tls {
    /// TLS from the first byte: mostly port 465.
    Implicit,
    /// TLS before anything is said that matters, or no mail: mostly port 587.
    #[default]
    StartTls,
    /// Everybody on the way reads everything, the password too.
    Plaintext,
}

impl Tls {
    /// Its word in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Tls::StartTls => "starttls",
            Tls::Implicit => "implicit",
            Tls::Plaintext => "plaintext",
        }
    }

    /// What has this word.
    pub fn parse(word: &str) -> Option<Tls> {
        [Tls::StartTls, Tls::Implicit, Tls::Plaintext].into_iter().find(|tls| tls.as_str() == word)
    }

    /// The port where this is usual.
    pub fn port(self) -> u16 {
        match self {
            Tls::StartTls => 587,
            Tls::Implicit => 465,
            Tls::Plaintext => 25,
        }
    }
}

/// Where mails go, and how.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// The relay: its certificate must have this name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// Name and password, where the relay wants them.
    pub login: Option<(String, SecretString)>,
    /// How long to wait for one step: to connect, for a reply. All steps together have five times as much.
    pub timeout: Duration,
    /// What this program says it is called; `None`: its address.
    pub hello: Option<String>,
    /// Certificates to trust besides the system's, as PEM: for a private authority.
    pub extra_root: Option<Vec<u8>>,
}

/// What is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SmtpError {
    /// The relay's name, or the one that this program gives itself, is none.
    #[error("expected a host's name in `{field}`, found \"{found}\"")]
    Name {
        /// `host` or `hello`.
        field: &'static str,
        /// What it is, made visible.
        found: String,
    },
    /// The certificates cannot be used.
    #[error("expected certificates to trust, as PEM: {0}")]
    Certificates(String),
}

/// Sends by SMTP.
pub struct Smtp {
    relay: Arc<Relay>,
    /// Conversations that have not ended, whether or not anybody waits for them.
    open: Arc<AtomicUsize>,
}

/// Conversations that a server may keep open by never finishing its replies, before no more are begun.
const OPEN: usize = 8;
/// Steps whose time all steps have together.
const STEPS: u32 = 5;

impl Smtp {
    /// Gets ready; connects to nothing yet.
    ///
    /// # Errors
    /// The settings are wrong, or the system's certificates cannot be read.
    pub fn new(settings: SmtpSettings) -> Result<Smtp, SmtpError> {
        let name = |field, name: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
            let good = (1..=255).contains(&name.len()) && name.chars().all(plain);
            good.then_some(()).ok_or_else(|| SmtpError::Name { field, found: visible(name, 100) })
        };
        name("host", &settings.host)?;
        let hello = match &settings.hello {
            Some(hello) => {
                name("hello", hello)?;
                ClientId::Domain(hello.clone())
            }
            None => ClientId::default(),
        };
        let tls = match settings.tls {
            Tls::Plaintext => None,
            Tls::Implicit | Tls::StartTls => Some(tls(&settings)?),
        };
        let relay = Arc::new(Relay { settings, hello, tls });
        Ok(Smtp { relay, open: Arc::default() })
    }
}

fn tls(settings: &SmtpSettings) -> Result<TlsParameters, SmtpError> {
    let wrong = |error: Error| SmtpError::Certificates(chain(&error));
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.extra_root {
        // Without this the library takes any bytes, and trusts nothing more than before.
        if !String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(SmtpError::Certificates("found none".into()));
        }
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(wrong)?);
    }
    builder.build().map_err(wrong)
}

impl Transport for Smtp {
    fn send(&mut self, mail: &Mail) -> Result<Accepted, SendError> {
        let letter = message::letter(mail)?;
        let open = Open::one_more(&self.open)?;
        let progress = Arc::new(Progress::new(self.relay.settings.timeout.saturating_mul(STEPS)));
        let (result, answer) = sync_channel(1);
        let thread = {
            let (relay, progress) = (Arc::clone(&self.relay), Arc::clone(&progress));
            thread::Builder::new().name("smtp".into()).spawn(move || {
                let _open = open;
                relay.talk(&letter, &progress, &result);
            })
        };
        thread.map_err(|error| relay_error("starting a thread", None, &error.to_string()))?;
        let waited = answer.recv_timeout(progress.left());
        waited.unwrap_or_else(|why| {
            let words = match why {
                RecvTimeoutError::Timeout => "expected an end in time, found the server still at its replies",
                RecvTimeoutError::Disconnected => "expected an end, found the conversation broken off",
            };
            Err(match progress.give_up() {
                Stage::Before => relay_error("talking", None, words),
                Stage::Handed => SendError::Unsure { words: words.into() },
            })
        })
    }
}

/// One conversation more; one less when it is dropped.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn one_more(count: &Arc<AtomicUsize>) -> Result<Open, SendError> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let open = Open(Arc::clone(count));
        if before < OPEN {
            Ok(open)
        } else {
            let words =
                format!("expected the server to finish its replies, found {before} that it never does");
            Err(relay_error("waiting", None, &words))
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Relay {
    settings: SmtpSettings,
    hello: ClientId,
    tls: Option<TlsParameters>,
}

impl Relay {
    /// The whole conversation; the result is told before the goodbye, which changes nothing any more.
    fn talk(&self, letter: &Letter, progress: &Progress, result: &SyncSender<Result<Accepted, SendError>>) {
        match self.hand_over(letter, progress) {
            Ok((accepted, mut connection)) => {
                let _ = result.send(Ok(accepted));
                let _ = connection.set_timeout(Some(self.settings.timeout.min(GOODBYE)));
                let _ = connection.quit();
            }
            Err(error) => {
                let _ = result.send(Err(error));
            }
        }
    }

    fn hand_over(
        &self,
        letter: &Letter,
        progress: &Progress,
    ) -> Result<(Accepted, SmtpConnection), SendError> {
        let mut connection = self.connect(progress)?;
        self.sign_in(&mut connection, progress)?;
        self.patience(&mut connection, progress)?;
        let sender = MailFrom::new(letter.from.clone(), Vec::new());
        connection.command(sender).map_err(|error| relay("naming the sender", &error))?;
        self.patience(&mut connection, progress)?;
        let recipient = Rcpt::new(letter.to.clone(), Vec::new());
        connection.command(recipient).map_err(|error| of_mail("naming the recipient", &error))?;
        self.patience(&mut connection, progress)?;
        let go = connection.command(Data).map_err(|error| of_mail("asking to send", &error))?;
        if !go.has_code(354) {
            // Its replies are not the ones to our commands; nothing that it says can be relied upon.
            let words = format!("expected 354, found {} {}", go.code(), reply(&go));
            return Err(relay_error("asking to send", None, &words));
        }
        self.patience(&mut connection, progress)?;
        if !progress.hand_over() {
            return Err(relay_error("asking to send", None, "the time is over"));
        }
        let end = connection.message(&letter.bytes).map_err(|error| of_body(&error))?;
        if !(200..300).contains(&u16::from(end.code())) {
            return Err(SendError::Unsure { words: words(&format!("found {} {}", end.code(), reply(&end))) });
        }
        Ok((Accepted { words: words(&format!("{} {}", end.code(), reply(&end))) }, connection))
    }

    fn connect(&self, progress: &Progress) -> Result<SmtpConnection, SendError> {
        let Relay { settings, hello, tls } = self;
        let patience = settings.timeout.min(progress.left());
        let implicit = tls.as_ref().filter(|_| settings.tls == Tls::Implicit);
        let server = (settings.host.as_str(), settings.port);
        let mut connection = SmtpConnection::connect(server, Some(patience), hello, implicit, None)
            .map_err(|error| relay("connecting", &error))?;
        if let (Tls::StartTls, Some(tls)) = (settings.tls, tls) {
            if !connection.can_starttls() {
                let words = "expected the server to offer STARTTLS, found that it does not";
                connection.abort();
                return Err(relay_error("beginning TLS", None, words));
            }
            self.patience(&mut connection, progress)?;
            connection.starttls(tls, hello).map_err(|error| relay("beginning TLS", &error))?;
            nothing_injected(&mut connection)?;
        }
        Ok(connection)
    }

    /// Only ever over TLS, unless plaintext was asked for by name.
    fn sign_in(&self, connection: &mut SmtpConnection, progress: &Progress) -> Result<(), SendError> {
        let Some((name, password)) = &self.settings.login else { return Ok(()) };
        if self.settings.tls != Tls::Plaintext && !connection.is_encrypted() {
            return Err(relay_error("signing in", None, "expected TLS, found none"));
        }
        self.patience(connection, progress)?;
        let credentials = Credentials::new(name.clone(), password.expose_secret().into());
        let reply = connection
            .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
            .map_err(|error| relay("signing in", &error))?;
        if reply.has_code(235) {
            Ok(())
        } else {
            Err(relay_error("signing in", None, &format!("expected 235, found {}", reply.code())))
        }
    }

    /// How long the next step may take: its own time, or what is left of all.
    fn patience(&self, connection: &mut SmtpConnection, progress: &Progress) -> Result<(), SendError> {
        let left = self.settings.timeout.min(progress.left());
        if left.is_zero() {
            return Err(relay_error("talking", None, "the time is over"));
        }
        connection.set_timeout(Some(left)).map_err(|error| relay_error("talking", None, &error.to_string()))
    }
}

/// For the reply to a goodbye.
const GOODBYE: Duration = Duration::from_secs(5);

/// Refuses replies that came before TLS began. The mail library keeps what it has read ahead, so that somebody on the
/// way could put replies behind the one to STARTTLS, and we would take them for the server's: a mail that was
/// refused would count as sent. One such reply is the one to EHLO, and the wrong one to DATA shows it; more are
/// still unread now, and should not be there.
fn nothing_injected(connection: &mut SmtpConnection) -> Result<(), SendError> {
    let doing = "beginning TLS";
    let set = connection.set_timeout(Some(Duration::from_millis(1)));
    set.map_err(|error| relay_error(doing, None, &error.to_string()))?;
    match connection.read_response() {
        Err(error) if is_timeout(&error) => Ok(()),
        _ => Err(relay_error(doing, None, "expected silence after the greeting, found a reply to nothing")),
    }
}

/// A socket's timeout is `WouldBlock` on Linux, which the library's own question does not know.
fn is_timeout(error: &Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return matches!(io.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
        }
        next = cause.source();
    }
    false
}

fn relay(doing: &'static str, error: &Error) -> SendError {
    relay_error(doing, error.status().map(u16::from), &said(error))
}

fn relay_error(doing: &'static str, code: Option<u16>, text: &str) -> SendError {
    SendError::Relay { doing, code, words: words(text) }
}

/// An error that may have to do with the recipient or the mail.
fn of_mail(doing: &'static str, error: &Error) -> SendError {
    coded(error).unwrap_or_else(|| relay(doing, error))
}

/// An error after the first byte of the body.
fn of_body(error: &Error) -> SendError {
    coded(error).unwrap_or_else(|| SendError::Unsure { words: said(error) })
}

fn coded(error: &Error) -> Option<SendError> {
    let code = u16::from(error.status()?);
    let words = said(error);
    Some(if error.is_permanent() {
        SendError::Refused { code, words }
    } else {
        SendError::Deferred { code, words }
    })
}

/// The server's own words, or what went wrong.
fn said(error: &Error) -> String {
    match (error.status(), error.source()) {
        (Some(_), Some(reply)) => words(&reply.to_string()),
        _ if is_timeout(error) => "expected a reply in time, found none".into(),
        _ => chain(error),
    }
}

fn reply(response: &Response) -> String {
    response.message().collect::<Vec<_>>().join(" ")
}
