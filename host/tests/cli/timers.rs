//! Whoever only looks changes nothing: timers run in commands that act.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::SystemTime;

use tripline::incidents::Policy;
use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::{SystemClock, WallClock};

use crate::fixture::Fixture;

/// Commands that look.
const LOOKS: [&str; 10] = [
    "incident list --db t.db",
    "incident show 1 --db t.db",
    "incident export --db t.db",
    "silence list --db t.db",
    "exception list --db t.db",
    "token list --db t.db",
    "notify status --db t.db",
    "notify why 1 --db t.db",
    "log verify security.log --db t.db",
    "db check t.db",
];

/// What a command that ends well prints.
#[track_caller]
fn said(fixture: &Fixture, command: &str) -> String {
    let arguments: Vec<&str> = command.split(' ').collect();
    let output = fixture.tripline(&arguments).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// An hour ago.
struct Before;

impl WallClock for Before {
    fn now(&self) -> i64 {
        SystemClock.now() - 3_600_000_000_000
    }

    fn wait(&self, _: i64, _: &crossbeam_channel::Receiver<()>) -> bool {
        true
    }
}

/// Somebody has taken incident 1 an hour ago, for a minute.
fn taken_long_ago(fixture: &Fixture) {
    let (path, options) = (fixture.path().join("t.db"), DatabaseOptions::default());
    let database = Database::open(&path, Policy::default(), Arc::new(Before), options).unwrap();
    let hold = Some(60_000_000_000);
    let act = tripline::incidents::Act::Acknowledge { hold };
    let actor = tripline::incidents::Actor::user(0, "root");
    database.act(&Default::default(), 1, None, act, actor).unwrap().unwrap();
}

/// Whoever resolves what has run out is not mailed that it is open again.
#[test]
fn what_a_command_does_goes_before_what_is_due() {
    let fixture = Fixture::new();
    let route = "[[routes]]\nname = \"duty\"\nto = [\"duty\"]\nresolved = true\n[recipients]\nduty = \"duty@example.org\"\n";
    fixture.write("own.toml", format!("[database]\npath = \"t.db\"\n{route}"));
    let run = |command: &str| {
        let arguments: Vec<&str> = command.split(' ').collect();
        fixture.tripline(&arguments).output().unwrap().status.code()
    };
    // Nobody sends mail: what is told waits.
    assert_eq!(run("--config own.toml incident report --severity low --title lost"), Some(4));
    taken_long_ago(&fixture);
    assert_eq!(run("--config own.toml incident resolve 1"), Some(4));
    let told = said(&fixture, "--config own.toml notify why 1 --format ndjson");
    let reasons: Vec<bool> =
        ["first", "acknowledgement-expired", "resolved"].iter().map(|one| told.contains(one)).collect();
    assert_eq!(reasons, [true, false, true], "{told}");
    // What is due all the same is done behind it.
    assert_eq!(run("--config own.toml incident reopen 1"), Some(4));
    taken_long_ago(&fixture);
    assert_eq!(run("--config own.toml incident comment 1 seen"), Some(4));
    let told = said(&fixture, "--config own.toml notify why 1 --format ndjson");
    assert!(told.contains("acknowledgement-expired"), "{told}");
}

#[test]
fn only_commands_that_act_run_timers() {
    let fixture = Fixture::new();
    said(&fixture, "incident report --severity low --title lost --db t.db --security-log security.log");
    taken_long_ago(&fixture);
    for command in LOOKS {
        said(&fixture, command);
        let held = said(&fixture, "incident list --state acknowledged --db t.db");
        assert!(held.contains("lost"), "after {command}");
    }
    said(&fixture, "incident comment 1 seen --db t.db");
    assert!(said(&fixture, "incident list --state open --db t.db").contains("lost"));
}

#[test]
fn only_the_databases_own_configuration_deletes() {
    let fixture = Fixture::new();
    fixture.write("other.toml", "[database]\npath = \"other.db\"\n[incidents]\nretention = \"1s\"\n");
    fixture.write("own.toml", "[database]\npath = \"t.db\"\n[incidents]\nretention = \"1s\"\n");
    said(&fixture, "incident report --severity low --title lost --db t.db");
    said(&fixture, "incident report --severity low --title stolen --db t.db");
    said(&fixture, "incident resolve 1 --db t.db");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    for act in ["incident comment 2 seen --db t.db", "--config other.toml incident comment 2 seen --db t.db"]
    {
        said(&fixture, act);
        assert!(said(&fixture, "incident list --all --db t.db").contains("lost"), "after {act}");
    }
    said(&fixture, "--config own.toml incident comment 2 seen");
    let left = said(&fixture, "incident list --all --db t.db");
    assert!(!left.contains("lost") && left.contains("stolen"), "{left}");
}

#[test]
fn a_file_that_does_not_change_opens_nothing_again() {
    let fixture = Fixture::new();
    fixture.write("own.toml", "[database]\npath = \"t.db\"\n[incidents]\nretention = \"1s\"\n");
    fixture.write("app.log", "2026-11-24T10:00:00Z ERROR payment failed\n");
    let check = || said(&fixture, "--config own.toml check app.log --only app-errors --fail-on critical");
    assert!(check().contains("payment failed"));
    for _ in 0..2 {
        if said(&fixture, "--config own.toml incident list").contains("payment failed") {
            said(&fixture, "--config own.toml incident resolve 1");
        }
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let again = check();
        assert!(again.contains("No new incident: 1 decision known already."), "{again}");
        assert_eq!(said(&fixture, "--config own.toml incident list --all"), "no incidents\n");
    }
    // What is written then is new.
    fixture.write(
        "app.log",
        "2026-11-24T10:00:00Z ERROR payment failed\n2026-11-24T10:05:00Z ERROR payment failed again\n",
    );
    assert!(check().contains("failed again"));
}

/// Every file of the fixture's folder, with when it was written.
fn files(fixture: &Fixture) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let files = fs::read_dir(fixture.path()).unwrap().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().unwrap().is_file());
    let each = |entry: fs::DirEntry| {
        let written = entry.metadata().unwrap().modified().unwrap();
        (entry.file_name().into_string().unwrap(), (fs::read(entry.path()).unwrap(), written))
    };
    files.map(each).collect()
}

#[test]
fn commands_that_look_write_nothing() {
    let fixture = Fixture::new();
    said(&fixture, "incident report --severity low --title lost --db t.db --security-log security.log");
    let before = files(&fixture);
    for command in LOOKS {
        said(&fixture, command);
        let after = files(&fixture);
        let changed: Vec<_> = after.iter().filter(|(name, file)| before.get(*name) != Some(*file)).collect();
        let changed: Vec<_> = changed.iter().map(|(name, _)| name).collect();
        assert!(changed.is_empty() && after.len() == before.len(), "after {command}: {changed:?}");
    }
}

/// Somebody who may read all of the fixture, and write nothing of it.
fn stranger(fixture: &Fixture, command: &str) -> Output {
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let names = ["t.db", "t.db-wal", "t.db-shm", "security.log"].map(|name| fixture.path().join(name));
    names.iter().filter(|path| path.exists()).for_each(|path| mode(path, 0o444));
    mode(fixture.path(), 0o555);
    let arguments: Vec<&str> = command.split(' ').collect();
    let mut program = fixture.tripline(&arguments);
    if rustix::process::getuid().is_root() {
        // Modes do not bind root; and the program may lie where only root finds it.
        let copy = fixture.path().join("program");
        if !copy.exists() {
            // By another process: a child of another test could keep what we write open, and then nobody can run it.
            assert!(Command::new("cp").arg(program.get_program()).arg(&copy).status().unwrap().success());
        }
        let mut other = Command::new(copy);
        other.args(arguments).current_dir(fixture.path()).uid(65534).gid(65534).env("TZ", "UTC");
        program = other;
    }
    let output = program.output().unwrap();
    mode(fixture.path(), 0o755);
    names.iter().filter(|path| path.exists()).for_each(|path| mode(path, 0o644));
    output
}

#[test]
fn a_database_that_can_only_be_read_is_looked_at() {
    let fixture = Fixture::new();
    said(&fixture, "incident report --severity low --title lost --db t.db --security-log security.log");
    let looked = |command: &str| {
        let output = stranger(&fixture, command);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    LOOKS.iter().for_each(|command| drop(looked(command)));
    // Beside its owner, who has it open and has just written.
    let path = fixture.path().join("t.db");
    let (clock, options) = (Arc::new(SystemClock), DatabaseOptions::default());
    let database = Database::open(&path, Policy::default(), clock, options).unwrap();
    let comment = tripline::incidents::Act::Comment { text: "found again".into() };
    let actor = tripline::incidents::Actor::user(0, "root");
    database.act(&Default::default(), 1, None, comment, actor).unwrap().unwrap();
    assert!(looked("incident show 1 --db t.db").contains("found again"));
    drop(database);
    // Its owner has died, and left changes that are not in the file.
    let mut died = fixture.tripline(&["incident", "comment", "1", "crashed", "--db", "t.db"]);
    assert!(died.env("TRIPLINE_CRASH", "after_commit:2").output().unwrap().status.code().is_none());
    assert!(looked("incident show 1 --db t.db").contains("crashed"));
    // Without their index they cannot be read; that is said.
    fs::remove_file(fixture.path().join("t.db-shm")).unwrap();
    for command in ["incident show 1 --db t.db", "db check t.db"] {
        let output = stranger(&fixture, command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains("changes beside it"), "{command}: {said}");
    }
    // What must write says that it cannot.
    let output = stranger(&fixture, "incident comment 1 mine --db t.db");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn flags_leave_timers_to_the_configuration() {
    let fixture = Fixture::new();
    let route = "[[routes]]\nname = \"duty\"\nto = [\"duty\"]\n[recipients]\nduty = \"duty@example.org\"\n";
    let mail = "[mail]\nrelay = \"127.0.0.1\"\nport = 1\ntls = \"plaintext\"\nfrom = \"t@example.org\"\n";
    fixture.write("own.toml", format!("[database]\npath = \"t.db\"\n{mail}{route}"));
    // The relay is down: what is told waits.
    let run = |command: &str, code| {
        let arguments: Vec<&str> = command.split(' ').collect();
        let output = fixture.tripline(&arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{command}: {said}");
        said
    };
    run("--config own.toml incident report --severity low --title lost", 4);
    // What it has queued itself is nothing.
    run("--config own.toml incident ack 1", 0);
    taken_long_ago(&fixture);
    // Whom the configuration tells is not told of what flags and other commands know of; that is said.
    let flags = "--db t.db --mail-to other@example.org --relay smtp+plaintext://127.0.0.1:1";
    let less = "others are told of this database's incidents by routes that this command does not have";
    let said_less = run(&format!("incident report --severity low --title stolen {flags}"), 4);
    assert!(said_less.contains(less) && said_less.contains("1 notice waits"), "{said_less}");
    let said_less = run("incident report --severity low --title broken --db t.db", 0);
    assert!(said_less.contains(less) && said_less.contains("--config FILE"), "{said_less}");
    for silent in [
        "incident comment 3 seen --db t.db",
        "incident report --severity low --title x --tenant shop --db t.db",
    ] {
        assert!(!run(silent, 0).contains(less), "{silent}");
    }
    let held = said(&fixture, "incident list --state acknowledged --db t.db");
    assert!(held.contains("lost"), "its own route tells of it: {held}");
    run("--config own.toml incident comment 2 seen", 4);
    let told = said(&fixture, "notify why 1 --format ndjson --db t.db");
    assert!(told.contains("acknowledgement-expired") && !told.contains("other@example.org"), "{told}");
}
