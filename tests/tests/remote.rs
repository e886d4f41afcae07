//! The program asks the program: a server with TLS, and a command line that has nothing but its address and a token.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Output, Stdio};

use tempfile::TempDir;
use tripline_tests::certificates::Authority;
use tripline_tests::program;

struct Served {
    folder: TempDir,
    process: Child,
    url: String,
}

impl Served {
    fn new() -> Served {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        };
        let authority = Authority::new();
        let identity = authority.sign(&["localhost"]);
        write("authority.pem", &authority.pem);
        write("server.pem", &identity.certificate);
        write("server.key", &identity.key);
        write("app.log", "2026-11-24T10:00:00Z ERROR job 1 failed\n");
        write(
            "tripline.toml",
            "database.path = 'tripline.db'\n\
             [server]\nlisten = '127.0.0.1:0'\n\
             tls = { certificate = 'server.pem', key = 'server.key' }\n",
        );
        let in_folder = |arguments: &[&str]| {
            let mut command = program();
            command.current_dir(folder.path()).args(arguments);
            command.env_remove("TRIPLINE_CONFIG").env_remove("TRIPLINE_SERVER").env_remove("TRIPLINE_TOKEN");
            command
        };
        let made = in_folder(&["token", "add", "--name", "jana", "--scope", "analyst"]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        write("token", &String::from_utf8(made.stdout).unwrap());
        let mut serving = in_folder(&["serve", "--from-start", "--only", "app-errors", "app.log"]);
        let mut process = serving.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (mut port, mut opened) = (None, false);
        while port.is_none() || !opened {
            let line = lines.next().expect("it goes on").unwrap();
            let address = line.split("https://").nth(1).or(line.split("http://").nth(1));
            port =
                port.or(address.and_then(|address| address.trim().rsplit(':').next()?.parse::<u16>().ok()));
            opened |= line.contains("opened");
        }
        // Read to its end, or the program would wait for whoever reads.
        std::thread::spawn(move || lines.for_each(drop));
        let url = format!("https://localhost:{}", port.unwrap());
        Served { folder, process, url }
    }

    /// From elsewhere: in a folder of its own, with what was handed over.
    fn ask(&self, arguments: &[&str], authority: &str) -> Output {
        let elsewhere = tempfile::tempdir().unwrap();
        let mut command = program();
        command.current_dir(elsewhere.path()).args(arguments).args(["--server", &self.url]);
        command.arg("--token-file").arg(self.folder.path().join("token"));
        command.env_remove("TRIPLINE_CONFIG").env_remove("TRIPLINE_SERVER").env_remove("TRIPLINE_TOKEN");
        command.env("SSL_CERT_FILE", self.folder.path().join(authority)).env_remove("SSL_CERT_DIR");
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "it leaves nothing behind");
        output
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn an_incident_is_worked_off_from_elsewhere() {
    let served = Served::new();
    for (arguments, expected) in [
        (&["incident", "list"][..], "#1  "),
        (&["incident", "show", "1"], "app.log\n        1  "),
        (&["incident", "ack", "1"], "incident 1 is acknowledged"),
        (&["incident", "comment", "1", "seen"], "incident 1 has your comment"),
        (&["incident", "resolve", "1", "--as", "expected"], "incident 1 is resolved"),
        (&["incident", "report", "--title", "Laptop lost", "--fingerprint", "x"], "incident 2 opened"),
        (&["silence", "add", "--rule", "*", "--for", "1h", "--reason", "moving"], "silence 1 until"),
        (&["notify", "why", "2"], "Nobody is told of anything"),
    ] {
        let output = served.ask(arguments, "authority.pem");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains(expected), "{arguments:?}: {output:?}");
    }
    let show = served.ask(&["incident", "show", "1"], "authority.pem");
    assert!(String::from_utf8_lossy(&show.stdout).contains("resolved as expected by jana"), "{show:?}");
}

#[test]
fn whose_certificate_nobody_knows_is_not_asked() {
    let served = Served::new();
    fs::write(served.folder.path().join("stranger.pem"), Authority::new().pem).unwrap();
    let output = served.ask(&["incident", "list"], "stranger.pem");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot ask it"), "{said}");
}
