//! Each file of `transcripts` is what a user sees: commands, what they say, how they end. `UPDATE=1` rewrites them.
//!
//! `>/dev/null` behind a command leaves out its standard output, `<FILE` is its standard input. A line `# NAME` starts
//! a settings file of that name, up to the next empty line.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use crate::fixture::Fixture;

#[test]
fn transcripts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/transcripts");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut failures = String::new();
    for file in files {
        let expected = fs::read_to_string(&file).unwrap();
        let found = run(&expected);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, &found).unwrap();
        } else if found != expected {
            let _ = writeln!(failures, "{}\n--- expected\n{expected}\n--- found\n{found}", file.display());
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Runs the commands of a transcript; answers the transcript as it is.
fn run(transcript: &str) -> String {
    let fixture = Fixture::new();
    let mut out = String::new();
    let mut lines = transcript.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("# ") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            let text = text.join("\n") + "\n";
            fixture.write(name, &text);
            let _ = write!(out, "{line}\n{text}\n");
        } else if let Some(command) = line.strip_prefix("$ tripline") {
            let _ = writeln!(out, "{line}\n{}", one(&fixture, command));
        }
    }
    out
}

fn one(fixture: &Fixture, command: &str) -> String {
    let (mut arguments, mut quiet, mut stdin) = (Vec::new(), false, None);
    for word in command.split_whitespace() {
        match word.strip_prefix('<') {
            Some(file) => stdin = Some(file),
            None if word == ">/dev/null" => quiet = true,
            None => arguments.push(word.trim_matches('\'')),
        }
    }
    let mut program = fixture.tripline(&arguments);
    program
        .stdin(stdin.map_or_else(Stdio::null, |file| File::open(fixture.path().join(file)).unwrap().into()));
    let output = program.output().unwrap();
    let mut said = String::new();
    if !quiet {
        said += &String::from_utf8(output.stdout).unwrap();
    }
    said += &String::from_utf8(output.stderr).unwrap();
    let _ = writeln!(said, "exit {}", output.status.code().unwrap());
    said
}
