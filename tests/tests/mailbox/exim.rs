//! Exim, where there is no Postfix.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::relay::{Daemon, PASSWORD, USER, owner, program};

pub(crate) struct Exim {
    program: PathBuf,
    owner: (u32, u32),
}

impl Exim {
    pub(crate) fn find() -> Option<Exim> {
        Some(Exim { program: program("exim4")?, owner: owner("Debian-exim")? })
    }
}

impl Daemon for Exim {
    fn set_up(&self, folder: &Path, _: u16) {
        let (user, group) = self.owner;
        for name in ["spool", "log", "mail"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        for name in ["spool", "log", "mail", "certificate.pem", "key.pem"] {
            chown(folder.join(name), Some(user), Some(group)).unwrap();
        }
        fs::write(folder.join("exim.conf"), configuration(folder, user, group)).unwrap();
    }

    fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-bdf").arg("-C").arg(folder.join("exim.conf")).arg("-oP").arg(folder.join("spool/pid"));
        command.arg("-oX").arg(format!("127.0.0.1.{port}"));
        command
    }

    fn holds(&self, folder: &Path, kept: usize) -> bool {
        // It writes this before it says 250.
        let log = fs::read_to_string(folder.join("log/main.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains(" <= ")).count() != kept
    }
}

fn configuration(folder: &Path, user: u32, group: u32) -> String {
    let folder = folder.display();
    format!(
        "primary_hostname = localhost
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s.log
exim_user = {user}
exim_group = {group}
tls_certificate = {folder}/certificate.pem
tls_privatekey = {folder}/key.pem
tls_advertise_hosts = *
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =

begin acl
mail:
  deny message = sign in first
       !authenticated = *
  accept
rcpt:
  deny message = nobody of that name
       local_parts = nobody
  accept
data:
  deny message = headers as the standard wants them
       !verify = header_syntax
  accept

begin routers
keep:
  driver = accept
  transport = keep

begin transports
keep:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  envelope_to_add
  user = {user}
  group = {group}

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{USER}}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth2
"
    )
}
