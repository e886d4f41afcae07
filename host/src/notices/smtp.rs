//! Mails by SMTP: one connection for each mail, one recipient for each connection.
//!
//! The conversation is led step by step, since only who knows the step knows whether a mail may be sent again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tripline_notice::visible;

use super::hello::{self, is_hello};
use super::lookup::Lookup;
use super::message::{self, Letter, Mail};
use super::transport::{Accepted, SendError, Transport, chain, words};
use super::wire::{Reply, Wire, WireError};

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
    /// How long to wait for one step: for the address, to connect, for a reply. All steps together have five times as much.
    pub timeout: Duration,
    /// What this program says it is called: a domain, or an address in brackets. `None`: as the machine is, if others
    /// can know that name, else the address by which it speaks to the relay.
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
    settings: SmtpSettings,
    relay: Lookup,
    /// `None`: the address.
    hello: Option<String>,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// Steps whose time all steps have together.
const STEPS: u32 = 5;
/// For the reply to a goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

impl Smtp {
    /// Gets ready; connects to nothing yet.
    ///
    /// # Errors
    /// The settings are wrong, or the system's certificates cannot be read.
    pub fn new(settings: SmtpSettings) -> Result<Smtp, SmtpError> {
        let wrong = |field, name: &str| SmtpError::Name { field, found: visible(name, 100) };
        let name = |field, name: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
            let good = (1..=255).contains(&name.len()) && name.chars().all(plain);
            good.then_some(()).ok_or_else(|| wrong(field, name))
        };
        name("host", &settings.host)?;
        let hello = match &settings.hello {
            Some(given) if !is_hello(given) => return Err(wrong("hello", given)),
            Some(given) => Some(given.clone()),
            None => hello::machine(),
        };
        let tls = match settings.tls {
            Tls::Plaintext => None,
            Tls::Implicit | Tls::StartTls => {
                let name = ServerName::try_from(settings.host.clone());
                let name = name.map_err(|_| wrong("host", &settings.host))?;
                Some((trusting(settings.extra_root.as_deref())?, name))
            }
        };
        let relay = Lookup::new(&settings.host, settings.port);
        Ok(Smtp { settings, relay, hello, tls })
    }
}

/// Trusts the system's certificates and these.
fn trusting(extra: Option<&[u8]>) -> Result<Arc<ClientConfig>, SmtpError> {
    let wrong = |error: &dyn std::fmt::Display| SmtpError::Certificates(words(&error.to_string()));
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(pem) = extra {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
        }
        if roots.len() == before {
            return Err(SmtpError::Certificates("found none".into()));
        }
    }
    if roots.is_empty() {
        let why = system.errors.first().map_or_else(|| "the system has none".into(), |error| chain(error));
        return Err(SmtpError::Certificates(why));
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions();
    let config = config.map_err(|error| wrong(&error))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

impl Transport for Smtp {
    fn send(&mut self, mail: &Mail) -> Result<Accepted, SendError> {
        let letter = message::letter(mail)?;
        let timeout = self.settings.timeout;
        let end = Instant::now() + timeout.saturating_mul(STEPS);
        let wire = Wire::connect(&mut self.relay, timeout, end);
        let mut wire = wire.map_err(|error| broken("connecting", &error))?;
        let result = self.talk(&mut wire, &letter);
        wire.goodbye(GOODBYE);
        result
    }
}

impl Smtp {
    /// The whole conversation but for the goodbye, which changes nothing any more.
    fn talk(&self, wire: &mut Wire, letter: &Letter) -> Result<Accepted, SendError> {
        let offers = self.greet(wire)?;
        self.sign_in(wire, &offers)?;
        let sender = letter.from.as_ref().map(ToString::to_string).unwrap_or_default();
        let doing = "naming the sender";
        done(doing, of_relay(doing, wire.ask(&format!("MAIL FROM:<{sender}>")))?)?;
        let doing = "naming the recipient";
        done(doing, of_mail(doing, wire.ask(&format!("RCPT TO:<{}>", letter.to)))?)?;
        let doing = "asking to send";
        let go = of_mail(doing, wire.ask("DATA"))?;
        if go.code != 354 {
            return Err(unexpected(doing, "354", &go));
        }
        hand_over(wire, &on_the_wire(&letter.bytes))
    }

    /// Until the server says what it offers, over TLS unless plaintext was asked for by name.
    fn greet(&self, wire: &mut Wire) -> Result<Vec<String>, SendError> {
        let doing = "connecting";
        if let (Tls::Implicit, Some((config, name))) = (self.settings.tls, &self.tls) {
            wire.begin_tls(config, name).map_err(|error| broken(doing, &error))?;
        }
        done(doing, of_relay(doing, wire.reply())?)?;
        let offers = self.hello(doing, wire)?;
        let (Tls::StartTls, Some((config, name))) = (self.settings.tls, &self.tls) else { return Ok(offers) };
        let doing = "beginning TLS";
        if !offers.iter().any(|offer| offer.trim_end().eq_ignore_ascii_case("STARTTLS")) {
            let words = "expected the server to offer STARTTLS, found that it does not";
            return Err(relay_error(doing, None, words));
        }
        done(doing, of_relay(doing, wire.ask("STARTTLS"))?)?;
        wire.begin_tls(config, name).map_err(|error| broken(doing, &error))?;
        // What was offered in plaintext counts no more.
        self.hello(doing, wire)
    }

    fn hello(&self, doing: &'static str, wire: &mut Wire) -> Result<Vec<String>, SendError> {
        let own = self.hello.clone().unwrap_or_else(|| hello::literal(wire.own()));
        let reply = of_relay(doing, wire.ask(&format!("EHLO {own}")))?;
        // The first line is its name.
        Ok(done(doing, reply)?.lines.into_iter().skip(1).collect())
    }

    /// Only ever over TLS, unless plaintext was asked for by name.
    fn sign_in(&self, wire: &mut Wire, offers: &[String]) -> Result<(), SendError> {
        let doing = "signing in";
        let Some((name, password)) = &self.settings.login else { return Ok(()) };
        if self.settings.tls != Tls::Plaintext && !wire.is_encrypted() {
            return Err(relay_error(doing, None, "expected TLS, found none"));
        }
        let password = password.expose_secret();
        let plain = BASE64.encode(format!("\0{name}\0{password}"));
        // A server that repeats what it was told must not bring it into lists and logs.
        [plain.clone(), BASE64.encode(password), password.into()]
            .into_iter()
            .for_each(|secret| wire.hide(secret));
        let mut ask = |line: &str| of_relay(doing, wire.ask(line));
        let mut last = if offers_login(offers, "PLAIN") {
            ask(&format!("AUTH PLAIN {plain}"))?
        } else if offers_login(offers, "LOGIN") {
            let mut reply = ask("AUTH LOGIN")?;
            // It asks for the name, then for the password, in words that differ.
            for answer in [name.as_str(), password] {
                if reply.code == 334 {
                    reply = ask(&BASE64.encode(answer))?;
                }
            }
            reply
        } else {
            let words = "expected the server to offer PLAIN or LOGIN, found neither";
            return Err(relay_error(doing, None, words));
        };
        if last.code == 235 {
            return Ok(());
        }
        // A challenge could be made of what we said.
        last.lines.clear();
        Err(unexpected(doing, "235", &last))
    }
}

/// The mail itself. From its first byte on, the server may have taken it, whatever it says.
fn hand_over(wire: &mut Wire, bytes: &[u8]) -> Result<Accepted, SendError> {
    let unsure = |words: String| SendError::Unsure { words };
    let before = wire.out();
    let end = match wire.ask_bytes(bytes) {
        Ok(end) => end,
        // The time was over, or the connection, before anything of it had left.
        Err(error) if wire.out() == before => return Err(broken("sending the mail", &error)),
        Err(error) => return Err(unsure(words(&error.to_string()))),
    };
    let said = words(&format!("{} {}", end.code, end.lines.join(" ")));
    match end.code {
        400.. => Err(coded(&end)),
        _ if end.is_done() => Ok(Accepted { words: said }),
        _ => Err(unsure(words(&format!("found {said}")))),
    }
}

/// Whether the server offers this way to sign in.
fn offers_login(offers: &[String], way: &str) -> bool {
    offers.iter().any(|offer| {
        let mut words = offer.split([' ', '=']);
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("AUTH"))
            && words.any(|word| word.trim_end().eq_ignore_ascii_case(way))
    })
}

/// A message as the standard sends it: each line ends with CRLF, a dot that begins one is doubled, a dot alone ends
/// all. Bare CR and LF, of which the message has none, would be line ends for some servers: so they are here.
fn on_the_wire(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + message.len() / 50 + 5);
    let (mut begins, mut before) = (true, 0);
    for &byte in message {
        match byte {
            b'\n' if before == b'\r' => {}
            b'\r' | b'\n' => {
                wire.extend_from_slice(b"\r\n");
                begins = true;
            }
            _ => {
                if byte == b'.' && begins {
                    wire.push(b'.');
                }
                wire.push(byte);
                begins = false;
            }
        }
        before = byte;
    }
    wire.extend_from_slice(if begins { b".\r\n" } else { b"\r\n.\r\n" });
    wire
}

/// A reply before the mail: what is refused here would be refused to every mail.
fn of_relay(doing: &'static str, reply: Result<Reply, WireError>) -> Result<Reply, SendError> {
    let reply = reply.map_err(|error| broken(doing, &error))?;
    match reply.code {
        400.. => Err(relay_error(doing, Some(reply.code), &reply.lines.join(" "))),
        _ => Ok(reply),
    }
}

/// A reply that may have to do with the recipient or the mail.
fn of_mail(doing: &'static str, reply: Result<Reply, WireError>) -> Result<Reply, SendError> {
    let reply = reply.map_err(|error| broken(doing, &error))?;
    if reply.code >= 400 { Err(coded(&reply)) } else { Ok(reply) }
}

fn done(doing: &'static str, reply: Reply) -> Result<Reply, SendError> {
    if reply.is_done() { Ok(reply) } else { Err(unexpected(doing, "2xx", &reply)) }
}

/// Its replies are not the ones to our commands; nothing that it says can be relied upon.
fn unexpected(doing: &'static str, expected: &str, reply: &Reply) -> SendError {
    let found = format!("{} {}", reply.code, reply.lines.join(" "));
    relay_error(doing, None, &format!("expected {expected}, found {}", found.trim_end()))
}

fn coded(reply: &Reply) -> SendError {
    let (code, words) = (reply.code, words(&reply.lines.join(" ")));
    if code >= 500 { SendError::Refused { code, words } } else { SendError::Deferred { code, words } }
}

fn broken(doing: &'static str, error: &WireError) -> SendError {
    relay_error(doing, None, &error.to_string())
}

fn relay_error(doing: &'static str, code: Option<u16>, text: &str) -> SendError {
    SendError::Relay { doing, code, words: words(text) }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::{Lookup, SendError, Wire, hand_over, on_the_wire};

    /// To somebody who says nothing.
    fn connected() -> (Wire, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (step, end) = (Duration::from_millis(20), Instant::now() + Duration::from_secs(60));
        let wire = Wire::connect(&mut Lookup::new("127.0.0.1", port), step, end).unwrap();
        (wire, listener.accept().unwrap().0)
    }

    #[test]
    fn a_mail_of_which_nothing_has_left_is_not_unsure() {
        let (mut wire, _silent) = connected();
        wire.use_up_time();
        let result = hand_over(&mut wire, b"mail\r\n.\r\n");
        assert!(matches!(result, Err(SendError::Relay { doing: "sending the mail", .. })), "{result:?}");
        assert_eq!(wire.out(), 0);
    }

    #[test]
    fn a_mail_of_which_something_has_left_is() {
        let (mut wire, _silent) = connected();
        let result = hand_over(&mut wire, b"mail\r\n.\r\n");
        assert!(matches!(result, Err(SendError::Unsure { .. })), "{result:?}");
    }

    #[test]
    fn one_end_whatever_is_in_it() {
        for (message, wire) in [
            ("", ".\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            ("a\r\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
            ("\n\n\r\r\n.", "\r\n\r\n\r\n\r\n..\r\n.\r\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&on_the_wire(message.as_bytes())), wire, "{message:?}");
        }
    }
}
