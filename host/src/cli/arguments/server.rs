use std::path::PathBuf;

use clap::Args;

use super::keeping::KeepArguments;
use crate::cli::Failure;

/// Names the server, if nothing on the command line does.
const SERVER: &str = "TRIPLINE_SERVER";
/// Brings the token, if no file does.
pub(in crate::cli) const TOKEN: &str = "TRIPLINE_TOKEN";

/// A server that has the database, instead of this machine.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct ServerArguments {
    /// Ask this server, https://HOST[:PORT], instead of a database on this machine; it keeps and tells as its own
    /// configuration says [default: $TRIPLINE_SERVER].
    #[arg(long, global = true, value_name = "URL", help_heading = "Server")]
    server: Option<String>,
    /// The file with the token for it [default: the token in $TRIPLINE_TOKEN].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Server")]
    pub(in crate::cli) token_file: Option<PathBuf>,
}

impl ServerArguments {
    /// Which server is asked; `None`: none. What the command line says goes before the environment. Which tenant is meant
    /// is told to a server, too: mails say `--tenant`, and do not know where their reader has the database.
    pub(in crate::cli) fn url(&self, keep: &KeepArguments) -> Result<Option<String>, Failure> {
        let KeepArguments { db, tenant: _, security_log, mail_to, mail_from, relay } = keep;
        let given = [
            ("--db", db.is_some()),
            ("--security-log", security_log.is_some()),
            ("--mail-to", !mail_to.is_empty()),
            ("--mail-from", mail_from.is_some()),
            ("--relay", relay.is_some()),
        ];
        let own = given.iter().find(|(_, given)| *given).map(|(flag, _)| *flag);
        match (&self.server, own) {
            (Some(_), Some(flag)) => {
                let hint = "a server keeps and tells as its own configuration says";
                Err(Failure::new(format!("expected --server or {flag}, found both")).hint(Some(hint)))
            }
            (Some(url), None) => Ok(Some(url.clone())),
            (None, Some(_)) => Ok(None),
            (None, None) => Ok(self.named()),
        }
    }

    /// Which server the command line or the environment names.
    pub(in crate::cli) fn named(&self) -> Option<String> {
        self.server.clone().or_else(|| std::env::var(SERVER).ok().filter(|url| !url.is_empty()))
    }
}
