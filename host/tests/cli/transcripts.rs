//! Each file of `transcripts` is what a user sees: commands, what they say, how they end. `UPDATE=1` rewrites them.
//!
//! `>/dev/null` behind a command leaves out its standard output, `>FILE` keeps it in a file, `<FILE` is its standard
//! input. A line `# NAME` starts a file of that name, up to the next empty line. `$ sed` is the system's, `$ chmod` is
//! done here.
//!
//! Times of the run itself are written as what they are from now, like `now` or `+24h`; the folder and the
//! log's last hash have names, too, and whoever runs this is alice.

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use regex::{Captures, Regex};

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
    let me = fixture.me();
    let mut out = String::new();
    let mut lines = transcript.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("# ") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            let text = text.join("\n") + "\n";
            fixture.write(name, &text);
            let _ = write!(out, "{line}\n{text}\n");
        } else if let Some(command) = line.strip_prefix("$ tripline") {
            let _ = writeln!(
                out,
                "{line}\n{}",
                from_now(&alice(&in_folder(&fixture, &one(&fixture, command)), &me), Timestamp::now())
            );
        } else if let Some(change) = line.strip_prefix("$ chmod ") {
            let (mode, name) = change.split_once(' ').unwrap();
            let mode = Permissions::from_mode(u32::from_str_radix(mode, 8).unwrap());
            fs::set_permissions(fixture.path().join(name), mode).unwrap();
            let _ = writeln!(out, "{line}\n");
        } else if let Some(command) = line.strip_prefix("$ sed ") {
            let (arguments, to) = command.split_once(" >").unwrap_or((command, ""));
            let sed =
                Command::new("sed").args(words(arguments)).current_dir(fixture.path()).output().unwrap();
            let _ = writeln!(out, "{line}");
            match to {
                "" => out += &String::from_utf8(sed.stdout).unwrap(),
                to => fixture.write(to, sed.stdout),
            }
            out.push('\n');
        }
    }
    out
}

/// The same as alice would see it: in sentences, in objects, and in columns, which are as wide as the name.
fn alice(text: &str, me: &str) -> String {
    let text = text.replace(&format!(" by {me}"), " by alice");
    let text = Regex::new(&format!("\"(by|author)\":( ?)\"{}\"", regex::escape(me)))
        .unwrap()
        .replace_all(&text, "\"$1\":$2\"alice\"")
        .into_owned();
    let Some(width) = text.lines().find_map(|line| line.find("  by ").filter(|_| line.contains(" why")))
    else {
        return text;
    };
    let column = |line: &str| {
        let before: String = line.chars().take(width + 2).collect();
        let rest = &line[before.len()..];
        let (name, rest) = match rest.strip_prefix(me) {
            Some(rest) => ("alice", rest),
            None => ("by", rest.strip_prefix("by ")?),
        };
        Some(format!("{before}{name:5}  {}", rest.trim_start()))
    };
    let lines = text.lines().map(|line| column(line).unwrap_or_else(|| line.into()) + "\n");
    lines.collect()
}

/// Words between spaces; what stands in `'…'` is one.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (i, part) in command.split('\'').enumerate() {
        if i % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        let mut parts = part.split(' ');
        words.last_mut().unwrap().push_str(parts.next().unwrap());
        words.extend(parts.map(String::from));
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The folder's name, which is another each time; columns stay as wide as they were.
fn in_folder(fixture: &Fixture, text: &str) -> String {
    let name = fixture.path().file_name().unwrap().to_str().unwrap();
    let whole = text.replace(fixture.path().to_str().unwrap(), "/folder");
    // The start of a long path is left out.
    (0..name.len() - 3).fold(whole, |text, cut| text.replace(&name[cut..], &"folder----"[cut..]))
}

/// Times that lie around now, or whole hours from it, by how far they are; columns stay as wide as they were.
pub(crate) fn from_now(text: &str, now: Timestamp) -> String {
    let time = Regex::new(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(Z?)").unwrap();
    let text = time.replace_all(text, |found: &Captures<'_>| {
        let at: Timestamp = format!("{}T{}Z", &found[1], &found[2]).parse().unwrap();
        let seconds = at.duration_since(now).as_secs();
        let hours = (seconds as f64 / 3600.0).round() as i64;
        if (seconds - hours * 3600).abs() > 600 || hours.abs() > 24 * 90 {
            return found[0].to_string();
        }
        let name = if hours == 0 { "now".to_string() } else { format!("{hours:+}h") };
        if found[4].is_empty() { format!("{name:-<19}") } else { name }
    });
    Regex::new("(record [0-9]+) [0-9a-f]{64}").unwrap().replace_all(&text, "$1 (hash)").into_owned()
}

fn one(fixture: &Fixture, command: &str) -> String {
    let (mut arguments, mut to, mut stdin) = (Vec::new(), None, None);
    let words = words(command);
    for word in &words {
        match (word.strip_prefix('<'), word.strip_prefix('>')) {
            (Some(file), _) => stdin = Some(file),
            (_, Some(file)) => to = Some(file),
            (None, None) => arguments.push(&word[..]),
        }
    }
    let mut program = fixture.tripline(&arguments);
    program
        .stdin(stdin.map_or_else(Stdio::null, |file| File::open(fixture.path().join(file)).unwrap().into()));
    let output = program.output().unwrap();
    let mut said = String::new();
    match to {
        None => said += &String::from_utf8(output.stdout).unwrap(),
        Some("/dev/null") => {}
        Some(file) => fixture.write(file, output.stdout),
    }
    said += &String::from_utf8(output.stderr).unwrap();
    let _ = writeln!(said, "exit {}", output.status.code().unwrap());
    said
}
