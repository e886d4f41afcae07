//! The unit and its sample configuration: systemd takes the one, the program the other.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tripline_tests::{program, root};

const UNIT: &str = "host/systemd/tripline.service";
const SAMPLE: &str = "host/systemd/tripline.toml";
/// Tenths of systemd's exposure: 0 is none, 100 is all. What is left is the network, which it is for, and memory that is
/// written and executed, as compiling packs needs.
const EXPOSURE: u32 = 20;

fn unit() -> String {
    fs::read_to_string(root().join(UNIT)).unwrap()
}

fn value<'a>(unit: &'a str, key: &str) -> &'a str {
    let value = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("expected {key} in {UNIT}"))
}

/// The unit with the program that was built just now, under its own name.
fn written(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("tripline.service");
    let built = program().get_program().to_string_lossy().into_owned();
    fs::write(&path, unit().replace("/usr/local/bin/tripline", &built)).unwrap();
    path
}

/// `None`, and why is said, where there is none: never with CI=true.
fn analyze(arguments: &[&str], unit: &Path) -> Option<(bool, String)> {
    let output =
        Command::new("systemd-analyze").args(arguments).arg(unit).env("SYSTEMD_COLORS", "0").output();
    match output {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8(said).unwrap()))
        }
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "expected systemd-analyze: {error}");
            eprintln!("skipped: no systemd-analyze");
            None
        }
    }
}

#[test]
fn systemd_takes_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let Some((verified, said)) = analyze(&["verify", "--man=no"], &written(folder.path())) else { return };
    // It warns of what it does not know, and succeeds.
    assert!(verified && said.is_empty(), "{said}");
}

#[test]
fn the_unit_gives_little_away() {
    let folder = tempfile::tempdir().unwrap();
    let threshold = format!("--threshold={EXPOSURE}");
    let arguments = ["security", "--offline=true", "--no-pager", &threshold];
    let Some((within, said)) = analyze(&arguments, &written(folder.path())) else { return };
    let score = said.lines().find(|line| line.contains("Overall exposure level"));
    println!("{}", score.unwrap_or("no score"));
    assert!(within && score.is_some(), "{said}");
}

#[test]
fn the_unit_starts_what_there_is() {
    let unit = unit();
    let mut words = value(&unit, "ExecStart").split(' ');
    assert_eq!(words.next(), Some("/usr/local/bin/tripline"));
    let help = program().args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    assert_eq!(words.next(), Some("serve"));
    for flag in words.filter(|word| word.starts_with("--")) {
        assert!(help.contains(flag), "{flag}");
    }
    assert_eq!(value(&unit, "ExecReload"), "kill -HUP $MAINPID");
    let stop: u64 = value(&unit, "TimeoutStopSec").strip_suffix('s').unwrap().parse().unwrap();
    assert!(Duration::from_secs(stop) > Duration::from_secs(30), "it may take 30 seconds to end");
}

#[track_caller]
fn check(text: &str, folder: &Path) -> String {
    // Where systemd puts the unit's credentials, for this test.
    let credentials = folder.join("credentials");
    fs::create_dir_all(&credentials).unwrap();
    fs::write(credentials.join("smtp-password"), "a password").unwrap();
    let text = text.replace("/run/credentials/tripline.service", &credentials.display().to_string());
    let path = folder.join("tripline.toml");
    fs::write(&path, text).unwrap();
    let output = program().args(["config", "check"]).arg(&path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_program_takes_the_sample_and_all_that_it_proposes() {
    let folder = tempfile::tempdir().unwrap();
    let sample = fs::read_to_string(root().join(SAMPLE)).unwrap();
    let said = check(&sample, folder.path());
    let unit = unit();
    // Where the unit lets it write.
    for (folder, key) in [("/var/lib/", "StateDirectory"), ("/var/log/", "LogsDirectory")] {
        let path = format!("{folder}{}/", value(&unit, key));
        assert!(said.contains(&path), "{path}: {said}");
    }
    // A proposal has no blank behind its mark.
    let lines = sample
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line));
    let proposed = lines.collect::<Vec<_>>().join("\n");
    let said = check(&proposed, folder.path());
    for part in ["0.0.0.0:514/tcp", "from tripline@example.org", "high to oncall"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let (credential, _) = value(&unit, "LoadCredential").split_once(':').unwrap();
    assert!(proposed.contains(&format!("/run/credentials/tripline.service/{credential}")), "{proposed}");
    let password = format!("{}/credentials/{credential} (set)", folder.path().display());
    assert!(said.contains(&password), "{said}");
}
