//! Whoever only looks changes nothing: timers run in commands that act.

use crate::fixture::Fixture;

/// What a command that ends well prints.
#[track_caller]
fn said(fixture: &Fixture, command: &str) -> String {
    let arguments: Vec<&str> = command.split(' ').collect();
    let output = fixture.tripline(&arguments).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn only_commands_that_act_run_timers() {
    let fixture = Fixture::new();
    said(&fixture, "incident report --severity low --title lost --db t.db --security-log security.log");
    said(&fixture, "incident ack 1 --for 0s --db t.db");
    for command in [
        "incident list --db t.db",
        "incident show 1 --db t.db",
        "incident export --db t.db",
        "silence list --db t.db",
        "exception list --db t.db",
        "notify status --db t.db",
        "notify why 1 --db t.db",
        "log verify security.log --db t.db",
        "db check t.db",
    ] {
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
