//! Files of scans that were made elsewhere, from the disk and through a pipe.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::command::Here;

#[test]
fn files_are_taken_in_the_order_of_their_scans_packed_and_through_a_pipe() {
    let here = Here::new("[database]\npath = \"t.db\"\n");
    let write = |name: &str, start: u32| {
        let xml = format!(
            "<nmaprun scanner=\"nmap\" start=\"{start}\"><scaninfo type=\"connect\" protocol=\"tcp\" services=\"22\"/>\
             <runstats><finished time=\"{start}\" exit=\"success\"/></runstats></nmaprun>"
        );
        fs::write(here.folder.path().join(name), &xml).unwrap();
        xml
    };
    write("a3.xml", 1_790_000_300);
    write("a1.xml", 1_790_000_100);
    write("a2.xml", 1_790_000_200);
    let gzip = Command::new("gzip").current_dir(here.folder.path()).arg("a2.xml").status().unwrap();
    assert!(gzip.success());
    let last = write("a4.xml", 1_790_000_400);
    let (_, err) = here.run("scan import a3.xml a1.xml a2.xml.gz --name dmz", 0);
    assert_eq!(err, "", "each is later than the one before it");
    let mut child = here.command("scan import - --name dmz");
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(last.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let listed = here.json("scan list --format json", 0);
    let started: Vec<&str> =
        listed["scans"].as_array().unwrap().iter().filter_map(|one| one["started"].as_str()).collect();
    assert!(started.len() == 4 && started.is_sorted_by(|one, other| one > other), "{listed}");
    // To a pipe that nobody writes to nobody listens for ever.
    mknodat(CWD, here.folder.path().join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let (_, err) = here.run("scan import pipe --name dmz", 3);
    assert!(err.contains("pipe: expected a file, found none") && err.contains("scan import -"), "{err}");
}
