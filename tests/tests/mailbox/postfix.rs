//! Postfix, with Cyrus' SASL for the login.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::relay::{Daemon, PASSWORD, USER, owner, program};

/// Folders of its queue, and whether only it may look into them.
const QUEUE: [(&str, bool); 14] = [
    ("active", true),
    ("bounce", true),
    ("corrupt", true),
    ("defer", true),
    ("deferred", true),
    ("flush", true),
    ("hold", true),
    ("incoming", true),
    ("maildrop", true),
    ("pid", false),
    ("private", true),
    ("public", false),
    ("saved", true),
    ("trace", true),
];

pub(crate) struct Postfix {
    /// Where its daemons are.
    daemons: PathBuf,
    /// What puts a password into a file.
    passwords: PathBuf,
    owner: (u32, u32),
}

impl Postfix {
    pub(crate) fn find() -> Option<Postfix> {
        let daemons = PathBuf::from("/usr/lib/postfix/sbin");
        let passwords = program("saslpasswd2")?;
        let owner = owner("postfix")?;
        daemons.join("master").is_file().then_some(Postfix { daemons, passwords, owner })
    }
}

impl Daemon for Postfix {
    fn set_up(&self, folder: &Path, port: u16) {
        let (user, group) = self.owner;
        for name in ["queue", "data", "log", "mail", "conf", "conf/sasl"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        for (name, is_own) in QUEUE {
            let path = folder.join("queue").join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(if is_own { 0o700 } else { 0o755 })).unwrap();
            // Only the lock files' folder is the administrator's.
            if name != "pid" {
                chown(&path, Some(user), Some(group)).unwrap();
            }
        }
        for name in ["data", "mail"] {
            chown(folder.join(name), Some(user), Some(group)).unwrap();
        }
        fs::set_permissions(folder.join("key.pem"), Permissions::from_mode(0o600)).unwrap();
        fs::write(folder.join("conf/main.cf"), configuration(folder, &self.daemons, user, group)).unwrap();
        fs::write(folder.join("conf/master.cf"), services(port)).unwrap();
        let sasl = format!(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\nsasldb_path: {}\n",
            folder.join("passwords").display()
        );
        fs::write(folder.join("conf/sasl/smtpd.conf"), sasl).unwrap();
        let mut command = Command::new(&self.passwords);
        command.args(["-p", "-c", "-u", "localhost", "-f"]).arg(folder.join("passwords")).arg(USER);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        chown(folder.join("passwords"), Some(user), Some(group)).unwrap();
    }

    fn command(&self, folder: &Path, _: u16) -> Command {
        let mut command = Command::new(self.daemons.join("master"));
        command.arg("-c").arg(folder.join("conf")).arg("-d");
        command
    }

    fn holds(&self, folder: &Path, _: usize) -> bool {
        // A mail is here before it says 250, and until it lies in the mailbox.
        let any = |name: &&str| fs::read_dir(folder.join("queue").join(name)).unwrap().next().is_some();
        // In this order it moves on: whoever looks in this order does not miss it.
        ["maildrop", "incoming", "active", "deferred"].iter().any(any)
    }
}

fn configuration(folder: &Path, daemons: &Path, user: u32, group: u32) -> String {
    let (folder, daemons) = (folder.display(), daemons.display());
    format!(
        "compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = localhost
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
maillog_file = {folder}/log/main.log
maillog_file_prefixes = {folder}
smtpd_tls_cert_file = {folder}/certificate.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_received_header = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_authenticated_header = yes
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{{{nobody@ = REJECT nobody of that name}}}}
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_forbid_bare_newline = yes
strict_rfc821_envelopes = yes
strict_mime_encoding_domain = yes
strict_8bitmime_body = yes
strict_7bit_headers = yes
virtual_mailbox_domains = static:all
virtual_mailbox_base = {folder}
virtual_mailbox_maps = static:mail/
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{group}
virtual_minimum_uid = 1
"
    )
}

fn services(port: u16) -> String {
    let own = ["bounce", "defer", "trace"].map(|name| format!("{name} unix - - n - 0 bounce\n"));
    let plain = ["proxymap", "error", "retry"].map(|name| {
        let program = if name == "retry" { "error" } else { name };
        format!("{name} unix - - n - - {program}\n")
    });
    format!(
        "127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
virtual unix - n n - - virtual
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
showq unix n - n - - showq
flush unix n - n 1000? 0 flush
{}{}",
        own.concat(),
        plain.concat()
    )
}
