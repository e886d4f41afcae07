//! Debian's rsyslog, which forwards what it is given.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tripline_tests::{PATIENCE, Server};

use crate::server::{TENANT, ports, sections, start, syslog};
use crate::tools::tool;

/// An rsyslogd of our own, ended by its process id and with the value.
pub(crate) struct Rsyslog {
    process: Child,
    socket: PathBuf,
}

impl Rsyslog {
    /// In this folder, with these actions.
    pub(crate) fn start(program: &Path, folder: &Path, actions: &str) -> Rsyslog {
        let (socket, configuration) = (folder.join("log"), folder.join("rsyslog.conf"));
        let text = format!(
            "global(workDirectory=\"{folder}\" parser.escapeControlCharactersOnReceive=\"off\")\n\
             module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
             input(type=\"imuxsock\" Socket=\"{socket}\" RateLimit.Interval=\"0\" CreatePath=\"off\" \
                   UseSpecialParser=\"off\" ParseHostname=\"on\")\n\
             {actions}\n",
            folder = folder.display(),
            socket = socket.display()
        );
        fs::write(&configuration, text).unwrap();
        let mut command = Command::new(program);
        command.arg("-n").arg("-f").arg(&configuration).arg("-i").arg(folder.join("rsyslog.pid"));
        let process =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut rsyslog = Rsyslog { process, socket };
        let patience = Instant::now() + PATIENCE;
        while rsyslog.connect().is_none() {
            assert!(rsyslog.process.try_wait().unwrap().is_none(), "rsyslogd ends at once");
            assert!(Instant::now() < patience, "rsyslogd does not start");
            sleep(Duration::from_millis(5));
        }
        rsyslog
    }

    fn connect(&self) -> Option<UnixDatagram> {
        let socket = UnixDatagram::unbound().unwrap();
        socket.connect(&self.socket).ok().map(|()| socket)
    }

    /// Gives it so many messages of this program; every tenth has several lines.
    pub(crate) fn log(&self, program: &str, count: u64) {
        let socket = self.connect().unwrap();
        for number in 0..count {
            let more = if number % 10 == 0 { "\nERROR is what its second line says" } else { "" };
            let text = format!("<11>Nov 26 10:00:00 web1 {program}[7]: ERROR job {number} failed{more}");
            socket.send(text.as_bytes()).unwrap();
        }
    }

    /// Asks it to end.
    pub(crate) fn end(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(asked.unwrap().success());
        self.process.wait().unwrap();
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn forward(port: u16, rest: &str) -> String {
    format!("action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{port}\" {rest})")
}

#[test]
fn what_it_forwards_counts_once() {
    let Some(rsyslogd) = tool("rsyslogd") else { return };
    let (mut server, udp, tcp) = syslog();
    // A name for each way, so that each is counted by itself.
    let ways = [
        (
            "counted-new",
            tcp,
            "protocol=\"tcp\" TCP_Framing=\"octet-counted\" template=\"RSYSLOG_SyslogProtocol23Format\"",
        ),
        (
            "counted-old",
            tcp,
            "protocol=\"tcp\" TCP_Framing=\"octet-counted\" template=\"RSYSLOG_TraditionalForwardFormat\"",
        ),
        (
            "counted-own",
            tcp,
            "protocol=\"tcp\" TCP_Framing=\"octet-counted\" template=\"RSYSLOG_ForwardFormat\"",
        ),
        ("datagrams", udp, "protocol=\"udp\" template=\"RSYSLOG_SyslogProtocol23Format\""),
    ];
    let actions = ways.map(|(name, port, rest)| {
        format!("if $programname == \"{name}\" then {{ {} stop }}", forward(port, rest))
    });
    let folder = tempfile::tempdir().unwrap();
    let rsyslog = Rsyslog::start(&rsyslogd, folder.path(), &actions.join("\n"));
    for (name, ..) in ways {
        rsyslog.log(name, 500);
    }
    // Asked to end, it reads no more of its own socket, where the system keeps eleven messages for it: they would be lost.
    server.until(TENANT, 2000);
    rsyslog.end();
    for (name, ..) in ways {
        assert_eq!(count_of(&server, name), 500, "{name}");
    }
    assert!(server.end().success());
}

/// Occurrences of what this program has said.
fn count_of(server: &Server, program: &str) -> u64 {
    let incidents = server.incidents(TENANT);
    let own =
        incidents.iter().filter(|one| one["title"].as_str().is_some_and(|title| title.starts_with(program)));
    own.filter_map(|one| one["count"].as_u64()).sum()
}

/// A server that is away for a while: rsyslog keeps what it could not send. The message on which a connection failed it
/// sends twice; so that is one of another program.
#[test]
fn it_waits_for_a_server_that_is_away() {
    let Some(rsyslogd) = tool("rsyslogd") else { return };
    let (udp, tcp) = ports();
    let mut server = Server::new(&sections(udp, tcp));
    let rest = "protocol=\"tcp\" TCP_Framing=\"octet-counted\" action.resumeRetryCount=\"-1\" \
                action.resumeInterval=\"1\" queue.type=\"LinkedList\" queue.size=\"10000\" \
                queue.dequeueBatchSize=\"1\"";
    let folder = tempfile::tempdir().unwrap();
    // Not what it says itself of a server that is away.
    let action = format!(
        "if $programname == \"first\" or $programname == \"early\" then {{ {} }}",
        forward(tcp, rest)
    );
    let rsyslog = Rsyslog::start(&rsyslogd, folder.path(), &action);
    rsyslog.log("first", 1);
    rsyslog.log("early", 200);
    start(&mut server);
    let patience = Instant::now() + PATIENCE;
    while count_of(&server, "early") < 200 {
        assert!(Instant::now() < patience, "{} of 200; {}", count_of(&server, "early"), server.said());
        sleep(Duration::from_millis(50));
    }
    rsyslog.end();
    assert!(server.end().success());
    assert_eq!(count_of(&server, "early"), 200);
    assert!((1..=2).contains(&count_of(&server, "first")));
}
