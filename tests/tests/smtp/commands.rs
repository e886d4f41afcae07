//! Commands that send mail, beside each other and beside a server.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use tripline::commit::Tenant;
use tripline::incidents::Policy;
use tripline::notices::Outbox;
use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::SystemClock;
use tripline_tests::mail_server::MailServer;
use tripline_tests::program;

fn tripline(folder: &Path, arguments: &str, more: &[String]) -> Command {
    let mut command = program();
    command.current_dir(folder).args(arguments.split(' ')).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn by(relay: &MailServer) -> [String; 2] {
    ["--relay".into(), format!("smtp+plaintext://127.0.0.1:{}", relay.port())]
}

fn open(folder: &Path) -> Database {
    let options = DatabaseOptions::default();
    Database::open(&folder.join("t.db"), Policy::default(), Arc::new(SystemClock), options).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const REPORT: &str = "incident report --db t.db --severity low --title found";

#[test]
fn beside_a_program_that_delivers_a_command_leaves_it_to_that() {
    let folder = tempfile::tempdir().unwrap();
    let relay = MailServer::plain(Vec::new());
    let database = open(folder.path());
    let held = database.deliverer().unwrap().unwrap();
    let to = |to: &str| [&by(&relay)[..], &["--mail-to".into(), to.into()]].concat();
    for (number, address) in ["a@example.org", "b@example.org"].into_iter().enumerate() {
        let report = format!("{REPORT}{number}");
        let output = tripline(folder.path(), &report, &to(address)).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        // Its own, and nobody else's.
        assert!(said.contains("1 notice is left to the program that delivers for this database"), "{said}");
        assert!(!said.contains("example.org") && !said.contains("waits to be sent"), "{said}");
    }
    drop(held);
    // Both go with the next that acts; the relay hears that it has no name for us but our address.
    let output =
        tripline(folder.path(), "incident comment 1 seen --db t.db --mail-to c@example.org", &by(&relay));
    let output = { output }.output().unwrap();
    assert!(output.status.success() && said(&output).contains("2 mails sent"), "{}", said(&output));
    assert_eq!(relay.over(2).iter().map(|seen| seen.mails.len()).sum::<usize>(), 2);
}

/// Each ends well and no mail stays: whoever finds another that delivers has left its own to that one.
#[test]
fn commands_beside_each_other_leave_no_mail_behind() {
    const MANY: usize = 24;
    let folder = tempfile::tempdir().unwrap();
    let relay = MailServer::plain(Vec::new());
    let database = open(folder.path());
    let start = |number: usize| {
        let to = [&by(&relay)[..], &["--mail-to".into(), format!("a{number}@example.org")]].concat();
        tripline(folder.path(), &format!("{REPORT}{number}"), &to).spawn().unwrap()
    };
    let started: Vec<_> = (0..MANY).map(start).collect();
    for one in started {
        let output = one.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    let status = database.outbox(&Tenant::default(), 100).unwrap();
    assert_eq!(status.states, [("sent".to_string(), MANY as u64)]);
    assert_eq!(relay.over(MANY).iter().map(|seen| seen.mails.len()).sum::<usize>(), MANY);
}

#[test]
fn a_test_mail_needs_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let relay = MailServer::plain(Vec::new());
    fs::write(
        folder.path().join("own.toml"),
        format!(
            "[mail]\nfrom = 't@example.org'\nrelay = '127.0.0.1'\nport = {}\ntls = 'plaintext'\nhello = 'web1.example.org'\n",
            relay.port()
        ),
    )
    .unwrap();
    for (arguments, more) in [
        ("notify test a@example.org", by(&relay).to_vec()),
        ("--config own.toml notify test a@example.org", Vec::new()),
    ] {
        let output = tripline(folder.path(), arguments, &more).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
    let seen = relay.over(2);
    assert_eq!(seen.iter().map(|one| one.mails.len()).collect::<Vec<_>>(), [1, 1]);
    // A machine whose name others cannot know says its address.
    let greeting = |number: usize| {
        let plain = String::from_utf8_lossy(&seen[number].plain).into_owned();
        plain.lines().next().unwrap().to_string()
    };
    let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let expected = if hostname.contains('.') { hostname.trim() } else { "[127.0.0.1]" };
    assert_eq!([greeting(0), greeting(1)], [format!("EHLO {expected}"), "EHLO web1.example.org".into()]);
    assert!(!folder.path().join("tripline.db").exists());
}
