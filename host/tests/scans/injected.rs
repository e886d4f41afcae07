//! Nothing that a user types ends up as an option of nmap: words of all kinds in each place where one may stand, through the
//! program, to an nmap of the test's own that tells what it is called with, as targets that it does not understand.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::command::Here;

/// What wrappers have fallen for, and what shells, nmap and files read otherwise than a name.
const TYPED: [&str; 22] = [
    "--script=evil",
    "-oN",
    "-oX/tmp/x",
    "-iL/etc/passwd",
    "--datadir=.",
    "--",
    "-",
    "127.0.0.1,--script,evil",
    "127.0.0.1 --script evil",
    "127.0.0.1\n--script=evil",
    "127.0.0.1\t-oN x",
    "127.0.0.1\u{a0}--script=evil",
    "127.0.0.1;id",
    "127.0.0.1|id",
    "$(id)",
    "`id`",
    "@/etc/passwd",
    "/etc/passwd",
    "../evil",
    "*",
    "22 -oN x",
    "–script=evil",
];

/// Words that nmap is called with, but for what follows `-p`, `--script` and the like.
const OURS: [&str; 12] = [
    "-n",
    "-oX",
    "-",
    "--no-stylesheet",
    "--noninteractive",
    "--stats-every",
    "-iL",
    "-sT",
    "--unprivileged",
    "-p",
    "--host-timeout",
    "--script",
];

#[test]
fn nothing_that_is_typed_is_an_option() {
    let here = Here::new("");
    let program = here.folder.path().join("fake-nmap");
    // It may write no file.
    let words = "#!/bin/sh\nskipped() { printf '<target status=\"skipped\" specification=\"%s\"/>' \"$1\"; }\n\
                 printf '<nmaprun scanner=\"nmap\">'\nskipped \"$*\"\nskipped \"$(cat)\"\n\
                 printf '<runstats><finished exit=\"success\"/></runstats></nmaprun>'\n";
    fs::write(&program, words).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let configuration = format!(
        "[database]\npath = \"t.db\"\n[scan]\nnmap = \"{}\"\n[[scan.allow]]\nnetworks = [\"127.0.0.0/8\"]\n",
        program.display()
    );
    fs::write(here.folder.path().join("tripline.toml"), configuration).unwrap();
    let called = |words: &[&str]| {
        let output = here.command("scan run --scanner nmap --format json").args(words).output().unwrap();
        let json = serde_json::from_slice::<Value>(&output.stdout).ok();
        let said = json.and_then(|json| Some(json["scans"][0]["detail"].as_str()?.to_string()));
        (output.status.code(), said)
    };
    // It is called, with words of ours, and its targets stand in its input.
    let (_, said) = called(&["127.0.0.9", "--ports", "22", "--script", "banner"]);
    let said = said.unwrap();
    assert!(said.contains("--script banner, 127.0.0.9"), "{said}");
    let is_ours = |word: &str| OURS.contains(&word) || !word.starts_with('-');
    assert!(said.split_whitespace().all(is_ours), "{said}");
    for typed in TYPED {
        let equal = |option: &str| format!("{option}={typed}");
        for words in [
            &["--ports", "22", typed][..],
            &["--ports", "22", "--", typed],
            &["--ports", "22", "127.0.0.9", typed],
            &["127.0.0.9", "--ports", typed],
            &["127.0.0.9", &equal("--ports")],
            &["127.0.0.9", "--ports", "22", "--script", typed],
            &["127.0.0.9", "--ports", "22", &equal("--script")],
            &["127.0.0.9", "--ports", "22", "--name", typed],
            &["127.0.0.9", "--ports", "22", &equal("--name")],
        ] {
            let (code, said) = called(words);
            // Some are no more than the end of options, or what a scan may be called.
            let Some(said) = said else {
                assert_eq!(code, Some(2), "{words:?}");
                continue;
            };
            let is_typed = |word: &str| word.trim_end_matches(',') == typed && !OURS.contains(&typed);
            assert!(
                said.split_whitespace().all(|word| is_ours(word) && !is_typed(word)),
                "{words:?}: {said}"
            );
        }
    }
    for category in ["all", "vuln", "default", "not"] {
        let (code, said) = called(&["127.0.0.9", "--ports", "22", "--script", category]);
        assert_eq!((code, said), (Some(2), None), "{category}");
    }
}
