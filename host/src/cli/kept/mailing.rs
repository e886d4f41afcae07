use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::cli::Failure;
use crate::cli::arguments::{KeepArguments, Relay};
use crate::configuration::{Configuration, MailSettings};
use crate::notices::{Sender, Smtp, SmtpSettings, Tls, Transport};
use crate::wall_clock::{SystemClock, WallClock};

/// What to do without a relay.
pub(super) const RELAY: &str =
    "name it with --relay smtp://HOST, or in tripline.toml: [mail] relay = \"HOST\"";
const TIMEOUT: Duration = Duration::from_secs(15);

/// The way to the mailboxes.
pub(super) struct Mailing {
    /// Without what is secret …
    smtp: SmtpSettings,
    /// … which is read from where this says when something is sent: lists need no password.
    secrets: Option<MailSettings>,
    pub(super) sender: Sender,
}

impl Mailing {
    /// The way to the relay, with what is secret.
    pub(super) fn transport(&self) -> Result<Box<dyn Transport>, Failure> {
        let mut smtp = self.smtp.clone();
        if let Some(mail) = &self.secrets {
            smtp.login = login(mail)?;
            smtp.extra_root = mail.ca_file.as_ref().map(read).transpose()?;
        }
        Ok(Box::new(Smtp::new(smtp).map_err(Failure::new)?))
    }
}

/// How mail is sent, if it is.
pub(super) fn mailing(
    arguments: &KeepArguments,
    configuration: &Configuration,
    zone: &TimeZone,
) -> Result<Option<Mailing>, Failure> {
    let configured = configuration.mail.as_ref();
    let (host, port, tls) = match (&arguments.relay, configured) {
        (Some(Relay { tls, host, port }), _) => (host.clone(), *port, *tls),
        (None, Some(mail)) => (mail.relay.clone(), mail.port, mail.tls),
        (None, None) if arguments.mail_to.is_empty() => return Ok(None),
        (None, None) => return Err(no_relay()),
    };
    // What is configured for one relay is not told to another.
    let own = configured.filter(|_| arguments.relay.is_none());
    let smtp = SmtpSettings {
        host: host.clone(),
        port,
        tls,
        login: None,
        timeout: own.map_or(TIMEOUT, |mail| mail.timeout),
        hello: own.and_then(|mail| mail.hello.clone()),
        extra_root: None,
    };
    let from = arguments.mail_from.clone().or_else(|| configured.map(|mail| mail.from.clone()));
    let from = from.unwrap_or_else(|| "tripline@localhost".into());
    let envelope = match (&arguments.mail_from, configured) {
        (None, Some(mail)) => mail.envelope.clone(),
        _ => from.clone(),
    };
    let relay = match tls {
        Tls::Plaintext => format!("{host}:{port} in plaintext"),
        _ => format!("{host}:{port}"),
    };
    Ok(Some(Mailing {
        smtp,
        secrets: own.cloned(),
        sender: Sender { from, envelope, relay, zone: zone.clone() },
    }))
}

/// Sends a test mail, for which there need be no database; answers the relay's words.
pub(in crate::cli) fn test(
    arguments: &KeepArguments,
    configuration: &Configuration,
    recipient: &str,
) -> Result<String, Failure> {
    let zone = configuration.timezone.clone().unwrap_or_else(TimeZone::system);
    let mailing = mailing(arguments, configuration, &zone)?.ok_or_else(no_relay)?;
    let now = SystemClock.now();
    let mail = mailing.sender.test(recipient, &format!("test.{now}.{}", std::process::id()), now);
    Ok(mailing.transport()?.send(&mail).map_err(Failure::new)?.words)
}

fn login(mail: &MailSettings) -> Result<Option<(String, secrecy::SecretString)>, Failure> {
    let (Some(user), Some(password)) = (&mail.user, &mail.password) else { return Ok(None) };
    Ok(Some((user.clone(), password.read().map_err(Failure::new)?)))
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::new(format!("{}: cannot read it: {error}", path.display())))
}

pub(super) fn no_relay() -> Failure {
    Failure::new("expected a relay to send mail by, found none").hint(Some(RELAY))
}
