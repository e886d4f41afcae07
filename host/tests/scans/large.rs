//! Large scans through the program: it never holds all of what it reads, compares, judges or shows.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::Here;

/// Bytes of the file.
const BYTES: u64 = 30_000_000;
/// KiB that the program may write to, its stacks and what judging needs of each core among them: of a file with this many bytes it
/// once held twenty times as many.
const MEMORY: u64 = 350 * 1024;

/// A file as nmap writes it with `-sV`, of three open ports at each host.
fn write(path: &Path) -> u32 {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let head = "<?xml version=\"1.0\"?>\n<nmaprun scanner=\"nmap\" start=\"1795694400\">\n\
                <scaninfo type=\"connect\" protocol=\"tcp\" services=\"1-1000\"/>\n";
    out.write_all(head.as_bytes()).unwrap();
    let (mut written, mut hosts) = (0, 0);
    while written < BYTES {
        let address = std::net::Ipv4Addr::from(0x0a00_0000 + hosts);
        let port = |port: u16| {
            format!(
                "<port protocol=\"tcp\" portid=\"{port}\"><state state=\"open\" reason=\"syn-ack\"/><service name=\"http\" \
                 product=\"Apache httpd\" version=\"2.4.{}\" extrainfo=\"(Debian)\" method=\"probed\" conf=\"10\">\
                 <cpe>cpe:/a:apache:http_server:2.4.{}</cpe></service></port>\n",
                hosts % 60,
                hosts % 60
            )
        };
        let host = format!(
            "<host endtime=\"1795694401\"><status state=\"up\"/><address addr=\"{address}\" addrtype=\"ipv4\"/>\n<hostnames>\
             <hostname name=\"host-{hosts}.example.org\" type=\"PTR\"/></hostnames><ports><extraports state=\"closed\" \
             count=\"997\"/>\n{}{}{}</ports></host>\n",
            port(22),
            port(80),
            port(443)
        );
        out.write_all(host.as_bytes()).unwrap();
        (written, hosts) = (written + host.len() as u64, hosts + 1);
    }
    out.write_all(b"<runstats><finished exit=\"success\"/></runstats></nmaprun>\n").unwrap();
    out.flush().unwrap();
    hosts
}

/// Runs the program with a limit of the kernel on what it may write to; answers how many bytes it says.
#[track_caller]
fn run(here: &Here, line: &str, code: i32) -> u64 {
    let limited = format!("ulimit -d {MEMORY}; exec \"$0\" {line}");
    let mut command = Command::new("sh");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_tripline")]).current_dir(here.folder.path());
    command.env_remove("TRIPLINE_CONFIG").env("XDG_CACHE_HOME", here.folder.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let said = std::io::copy(&mut child.stdout.take().unwrap(), &mut std::io::sink()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn a_large_file_is_taken_judged_and_shown_in_bounded_memory() {
    let here = Here::new("[database]\npath = \"t.db\"\n");
    let hosts = write(&here.folder.path().join("large.xml"));
    assert!(hosts > 20_000);
    run(&here, "scan import large.xml --name large", 1);
    // Each host and each open port is a finding, and none is missing.
    assert!(run(&here, "scan show 1 --format json", 0) > u64::from(hosts) * 4 * 200);
    run(&here, "scan show 1", 0);
    run(&here, "scan diff 1 --format json", 0);
    let (out, _) = here.run("scan list", 0);
    assert!(out.contains(&hosts.to_string()) && out.contains(&(hosts * 3).to_string()), "{out}");
}

#[test]
fn a_large_file_of_which_nothing_is_kept_needs_no_more() {
    let here = Here::new("");
    write(&here.folder.path().join("large.xml"));
    run(&here, "scan import large.xml --format json", 1);
}
