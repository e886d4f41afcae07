//! Somebody with a log, a configuration and the program.

use std::fs;
use std::io::Write;
use std::process::Output;

use tempfile::TempDir;
use tripline_tests::program;

use crate::relay::{PASSWORD, Relay, USER};

pub(crate) struct Person {
    folder: TempDir,
}

impl Person {
    /// With a configuration for this server, and the right password.
    pub(crate) fn of(relay: &Relay) -> Person {
        let person = Person { folder: tempfile::tempdir().unwrap() };
        let configuration = format!(
            "[database]\npath = \"t.db\"\n[mail]\nfrom = \"tripline@example.org\"\n\
             envelope = \"bounces@example.org\"\nrelay = \"localhost\"\nport = {}\ntls = \"starttls\"\n\
             ca_file = \"ca.pem\"\nuser = \"{USER}\"\n[mail.password]\nfile = \"password\"\n",
            relay.port
        );
        person.write("tripline.toml", &configuration);
        person.write("ca.pem", &relay.authority);
        person.password(PASSWORD);
        person
    }

    /// Takes another server's authority for this one's.
    pub(crate) fn trusts(&self, relay: &Relay) {
        self.write("ca.pem", &relay.authority);
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(crate) fn password(&self, password: &str) {
        self.write("password", &format!("{password}\n"));
    }

    pub(crate) fn log(&self, line: &str) {
        let path = self.folder.path().join("app.log");
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "2026-11-24T10:00:00Z ERROR {line}").unwrap();
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = program();
        command.current_dir(self.folder.path()).env_remove("TRIPLINE_CONFIG").args(arguments);
        command.output().unwrap()
    }

    /// Checks the log; answers what was said, and fails unless the exit code is this.
    #[track_caller]
    pub(crate) fn check(&self, to: &[&str], expected: i32) -> String {
        let mut arguments = vec!["check", "app.log", "--only", "app-errors", "--db", "t.db"];
        arguments.extend(to.iter().flat_map(|to| ["--mail-to", to]));
        self.expect(&arguments, expected)
    }

    #[track_caller]
    pub(crate) fn expect(&self, arguments: &[&str], expected: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}
