//! Exim from Debian's packages, in a folder of its own: STARTTLS, a login, and a Maildir for every address.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tripline_tests::certificates::Authority;

/// Who may send, with which password.
pub(crate) const USER: &str = "tripline";
pub(crate) const PASSWORD: &str = "right-4711";

/// A mail server with its mailbox; it ends with the value.
pub(crate) struct Exim {
    folder: TempDir,
    program: PathBuf,
    pub(crate) port: u16,
    /// Who vouches for its certificate.
    pub(crate) authority: String,
    process: Option<Child>,
}

impl Exim {
    /// `None`, and why is said, where there is none: never with CI=true.
    pub(crate) fn start() -> Option<Exim> {
        let found = program().and_then(|program| Some((program, owner()?)));
        let Some((program, (user, group))) = found else {
            assert!(
                std::env::var_os("CI").as_deref() != Some(OsStr::new("true")),
                "expected exim4, run by root"
            );
            eprintln!("skipped: no exim4, or not root");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let identity = authority.sign(&["localhost"]);
        let path = folder.path();
        // Exim changes to its own user, who must get in.
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["spool", "log", "mail"] {
            fs::create_dir(path.join(name)).unwrap();
            chown(path.join(name), Some(user), Some(group)).unwrap();
        }
        for (name, text) in [("certificate.pem", &identity.certificate), ("key.pem", &identity.key)] {
            fs::write(path.join(name), text).unwrap();
            chown(path.join(name), Some(user), Some(group)).unwrap();
        }
        fs::write(path.join("exim.conf"), configuration(path, user, group)).unwrap();
        // The same port after a restart, so it cannot be the server that chooses.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut exim = Exim { folder, program, port, authority: authority.pem, process: None };
        exim.run();
        Some(exim)
    }

    /// Starts it; it answers when this returns.
    pub(crate) fn run(&mut self) {
        let path = self.folder.path();
        let mut command = Command::new(&self.program);
        command.arg("-bdf").arg("-C").arg(path.join("exim.conf")).arg("-oP").arg(path.join("spool/pid"));
        command.arg("-oX").arg(format!("127.0.0.1.{}", self.port));
        self.process = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let patience = Instant::now() + PATIENCE;
        while !greets(self.port) {
            let process = self.process.as_mut().unwrap();
            assert!(process.try_wait().unwrap().is_none(), "exim ends at once: {}", self.log());
            assert!(Instant::now() < patience, "exim does not start: {}", self.log());
            sleep(Duration::from_millis(5));
        }
    }

    /// Ends it, and nothing else.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// The mails in the mailbox, once all are there that it has taken.
    #[track_caller]
    pub(crate) fn mails(&self) -> Vec<Vec<u8>> {
        // It writes this before it says 250.
        let taken = self.log().lines().filter(|line| line.contains(" <= ")).count();
        let (new, patience) = (self.folder.path().join("mail/new"), Instant::now() + PATIENCE);
        loop {
            let entries = fs::read_dir(&new).into_iter().flatten().map(|entry| entry.unwrap().path());
            let mut paths: Vec<PathBuf> = entries.collect();
            if paths.len() == taken {
                // Their names begin with the time.
                paths.sort();
                return paths.iter().map(|path| fs::read(path).unwrap()).collect();
            }
            assert!(Instant::now() < patience, "{} of {taken} mails: {}", paths.len(), self.log());
            sleep(Duration::from_millis(5));
        }
    }

    /// What it has to say.
    pub(crate) fn log(&self) -> String {
        let file = |name| fs::read_to_string(self.folder.path().join("log").join(name)).unwrap_or_default();
        file("main.log") + &file("reject.log") + &file("panic.log")
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        self.kill();
    }
}

/// After this a test has failed.
const PATIENCE: Duration = Duration::from_secs(180);

fn greets(port: u16) -> bool {
    let mut first = [0; 3];
    let connection = TcpStream::connect(("127.0.0.1", port));
    connection.and_then(|mut connection| connection.read_exact(&mut first)).is_ok() && &first == b"220"
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // An ordinary user's PATH may lack the second.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join("exim4")).find(|program| program.is_file())
}

/// The user that the package made for it; `None` for whoever may not become that user.
fn owner() -> Option<(u32, u32)> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let own = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    if own.split_whitespace().nth(1) != Some("0") {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let user = users.lines().find_map(|line| line.strip_prefix("Debian-exim:"))?;
    let mut numbers = user.split(':').skip(1);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
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
