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
/// Where mail goes if nothing names a relay: on this machine, so it needs no TLS.
const LOCALHOST: &str = "localhost";
const TIMEOUT: Duration = Duration::from_secs(15);

/// The way to the mailboxes.
pub(super) struct Mailing {
    /// Without what is secret …
    smtp: SmtpSettings,
    /// … which is read from where this says when something is sent: lists need no password.
    secrets: Option<MailSettings>,
    /// Nobody has named the relay.
    pub(super) usual: bool,
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
        // What sends a machine's other mail.
        (None, None) => (LOCALHOST.to_string(), Tls::Plaintext.port(), Tls::Plaintext),
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
        usual: arguments.relay.is_none() && configured.is_none(),
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

/// Whether the configuration has all that mail is sent with; no relay is asked.
pub(in crate::cli) fn can_mail(configuration: &Configuration) -> Result<(), Failure> {
    let mailing = mailing(&KeepArguments::default(), configuration, &TimeZone::UTC)?;
    mailing.map_or(Ok(()), |mailing| mailing.transport().map(drop))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_relay_mail_goes_to_this_machine() {
        let zone = TimeZone::UTC;
        let to = |mail_to: &[&str]| {
            let mail_to = mail_to.iter().map(|to| to.to_string()).collect();
            let arguments = KeepArguments { mail_to, ..KeepArguments::default() };
            mailing(&arguments, &Configuration::default(), &zone).unwrap().map(|mailing| mailing.sender.relay)
        };
        assert_eq!(to(&[]), None, "nobody is to be told");
        assert_eq!(to(&["security@example.org"]).as_deref(), Some("localhost:25 in plaintext"));
    }
}
