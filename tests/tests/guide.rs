//! What the operator's guide says is what happens: its commands are run, in its order, and its settings taken.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use tripline_tests::certificates::Identity;
use tripline_tests::{Sink, program, root};

fn guide() -> String {
    fs::read_to_string(root().join("host/README.md")).unwrap()
}

/// The fenced snippets of a language.
fn snippets(language: &str) -> Vec<String> {
    let (guide, fence) = (guide(), format!("```{language}\n"));
    guide.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_string()).collect()
}

fn commands() -> Vec<String> {
    let all: Vec<String> = snippets("console");
    all.iter()
        .flat_map(|snippet| snippet.lines())
        .map(|line| line.strip_prefix("$ ").unwrap().into())
        .collect()
}

/// What the guide's paths are in the test's folder.
fn here(text: &str, folder: &Path) -> String {
    let mut text = text.to_string();
    for path in ["/var/lib/tripline", "/var/log/tripline", "/etc/tripline", "/run/credentials", "/backup"] {
        text = text.replace(path, &format!("{}{path}", folder.display()));
    }
    text
}

/// A folder with all that the guide supposes: the sample configuration, with mail, a database with incidents.
fn prepared(sink: &Sink) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for name in ["bin", "var/lib/tripline", "var/log/tripline", "etc/tripline", "backup"] {
        fs::create_dir_all(path.join(name)).unwrap();
    }
    symlink(program().get_program(), path.join("bin/tripline")).unwrap();
    let sample = fs::read_to_string(root().join("host/systemd/tripline.toml")).unwrap();
    let relay = sink.relay();
    let port = relay.rsplit(':').next().unwrap();
    let mail = format!(
        "[mail]\nfrom = \"tripline@example.org\"\nrelay = \"127.0.0.1\"\nport = {port}\ntls = \"plaintext\"\n\
         [recipients]\noncall = \"oncall@example.org\"\n[[routes]]\nname = \"high\"\nseverity = \"high\"\nto = [\"oncall\"]\n"
    );
    fs::write(path.join("etc/tripline/tripline.toml"), here(&sample, path) + "\n" + &mail).unwrap();
    for number in 0..17 {
        let title = format!("tripline incident report --severity low --title 'Test {number}' </dev/null");
        assert_eq!(run(&title, path).0, Some(0));
    }
    folder
}

/// Has a shell run a command; answers its exit code and what it said.
fn run(command: &str, folder: &Path) -> (Option<i32>, String) {
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder).env("PATH", path).env("NO_COLOR", "1").env("TZ", "UTC");
    shell.env("TRIPLINE_CONFIG", folder.join("etc/tripline/tripline.toml"));
    let output = shell.stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn its_commands_do_what_they_say() {
    let sink = Sink::start(env!("CARGO_BIN_EXE_smtp-sink"));
    let folder = prepared(&sink);
    let mut done = 0;
    for command in commands() {
        let first = command.split(' ').next().unwrap();
        // What needs the machine itself is tried elsewhere: the unit by its own test, serving and curl by the clients',
        // a server that is asked from elsewhere by its own.
        let elsewhere = ["cargo", "install", "systemctl", "journalctl", "curl", "export"].contains(&first);
        let served = ["tripline serve ", "tripline top "].iter().any(|words| command.starts_with(words));
        if elsewhere || served || command.contains("--server") {
            continue;
        }
        assert_eq!(first, "tripline", "{command}");
        let (code, said) = run(&here(&command, folder.path()), folder.path());
        assert_eq!(code, Some(0), "{command}: {said}");
        done += 1;
    }
    assert!(done > 20, "{done} commands");
}

#[test]
fn what_it_copies_is_there() {
    for command in commands().iter().filter(|command| command.starts_with("install ")) {
        let words: Vec<&str> = command.split(' ').collect();
        let from = words[words.len() - 2];
        assert!(from == "target/release/tripline" || root().join(from).is_file(), "{command}");
    }
    let linked = guide();
    for path in linked.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
        assert!(path.is_empty() || root().join("host").join(path).exists(), "the guide names {path}");
    }
}

/// What lies on the machine that the guide speaks of: a certificate with its key, and a password.
fn laid_down(folder: &Path) {
    let etc = folder.join("etc/tripline");
    fs::create_dir_all(&etc).unwrap();
    let Identity { certificate, key } = Identity::alone("tripline.example.org");
    fs::write(etc.join("server.pem"), certificate).unwrap();
    fs::write(etc.join("server.key"), key).unwrap();
    let credentials = folder.join("run/credentials/tripline.service");
    fs::create_dir_all(&credentials).unwrap();
    fs::write(credentials.join("smtp-password"), "a password").unwrap();
}

#[test]
fn its_settings_are_taken() {
    let (folder, all) = (tempfile::tempdir().unwrap(), snippets("toml"));
    assert!(all.len() >= 4, "{} snippets", all.len());
    laid_down(folder.path());
    for snippet in all {
        let path = folder.path().join("tripline.toml");
        fs::write(&path, here(&snippet, folder.path())).unwrap();
        let checked = program().args(["config", "check"]).arg(&path).output().unwrap();
        assert!(checked.status.success(), "{snippet}\n{}", String::from_utf8_lossy(&checked.stderr));
    }
}

/// The figures that it names are those of the code.
#[test]
fn its_limits_are_those_of_the_code() {
    use tripline::serve::IntakeLimits;
    use tripline::syslog::SyslogLimits;
    let guide = guide();
    let row = |name: &str| {
        let found = guide.lines().find(|line| line.starts_with(&format!("| {name} |")));
        found.unwrap_or_else(|| panic!("expected a limit {name}")).to_string()
    };
    let (intake, syslog) = (IntakeLimits::default(), SyslogLimits::default());
    let figures = [
        (
            "lines that wait in the server",
            format!(
                "{} MiB in all, {} MiB of one tenant, {} MiB of one source",
                intake.bytes >> 20,
                intake.tenant_bytes >> 20,
                intake.source_bytes >> 20
            ),
        ),
        ("a line", format!("{} KiB", syslog.message >> 10)),
        ("syslog: connections", format!("of one address {}", syslog.connections_of_address)),
    ];
    for (name, figure) in figures {
        assert!(row(name).contains(&figure), "{}: expected {figure}", row(name));
    }
    assert_eq!((intake.sources, syslog.connections, syslog.idle.as_secs()), (1_000, 1_000, 3600));
}
