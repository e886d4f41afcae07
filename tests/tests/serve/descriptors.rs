//! No descriptor is left for one more connection: it waits without spinning, and goes on by itself.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use tripline_tests::{PATIENCE, Server, bring};

/// Files that it may have open.
const FILES: usize = 64;

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Ended {
    /// CPU time so far, in ticks of 10 ms.
    fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        // Behind the name, which may have anything in it.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    fn files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.0.id())).unwrap().count()
    }
}

fn lives(at: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(at) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let sent = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    sent.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

#[test]
fn it_goes_on_when_descriptors_are_free_again() {
    let server = Server::new("[server]\nlisten = \"127.0.0.1:0\"\n");
    let token = server.token("ingest", "default");
    let plain = server.command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {FILES} && exec \"$0\" serve --only app-errors")]);
    command.arg(plain.get_program()).current_dir(server.folder()).env("TRIPLINE_CONFIG", "tripline.toml");
    let mut process = Ended(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(process.0.stderr.take().unwrap()).lines();
    let at: SocketAddr = loop {
        let line = said.next().expect("it says where it listens").unwrap();
        if let Some((_, at)) = line.split_once("listens at http://") {
            break at.trim().parse().unwrap();
        }
    };
    spawn(move || said.for_each(drop));
    assert_eq!(bring(at, &token, "1", "2026-11-24T10:00:00Z ERROR one\n"), Some(200));
    // More than it can have; those that it cannot take wait in the system.
    let crowd: Vec<TcpStream> = (0..FILES).map(|_| TcpStream::connect(at).unwrap()).collect();
    let until = Instant::now() + PATIENCE;
    while process.files() < FILES {
        assert!(Instant::now() < until, "{} files are open", process.files());
        sleep(Duration::from_millis(10));
    }
    let before = process.ticks();
    sleep(Duration::from_secs(1));
    let spent = process.ticks() - before;
    assert!(spent < 50, "it spent {spent} of 100 ticks on waiting");
    drop(crowd);
    while !lives(at) {
        assert!(Instant::now() < until, "it does not go on");
    }
    assert_eq!(bring(at, &token, "2", "2026-11-24T10:00:00Z ERROR two\n"), Some(200));
    assert_eq!(server.count("default"), 2);
}

/// Files that are followed leave descriptors to packs, the database and HTTP; and no pack is put out for what the machine
/// lacks.
#[test]
fn many_files_leave_descriptors_to_packs_and_http() {
    let server = Server::new(
        "[server]\nlisten = \"127.0.0.1:0\"\n[[follow]]\npaths = [\"logs/*.log\"]\nfrom = \"start\"\n",
    );
    let folder = server.path("logs");
    fs::create_dir(&folder).unwrap();
    for number in 0..120 {
        let line = format!("2026-11-24T10:00:00Z ERROR number {number} failed\n");
        fs::write(folder.join(format!("{number:03}.log")), line).unwrap();
    }
    let plain = server.command(&[]);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {FILES} && exec \"$0\" serve --only app-errors")]);
    command.arg(plain.get_program()).current_dir(server.folder()).env("TRIPLINE_CONFIG", "tripline.toml");
    let mut process = Ended(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(process.0.stderr.take().unwrap()).lines();
    let mut at: Option<SocketAddr> = None;
    let mut words = Vec::new();
    while at.is_none() || !words.iter().any(|line: &String| line.contains("files are not followed for now")) {
        let line = said.next().expect("it says what it leaves out").unwrap();
        at = line.split_once("listens at http://").map(|(_, at)| at.trim().parse().unwrap()).or(at);
        words.push(line);
    }
    spawn(move || said.for_each(drop));
    assert!(
        words.iter().any(|line| line.contains("88 files are not followed for now: 32 are open")),
        "{words:?}"
    );
    server.until("default", 32);
    let packs: Vec<String> =
        server.incidents("default").iter().map(|one| one["pack"].as_str().unwrap().to_string()).collect();
    assert!(packs.iter().all(|pack| pack == "app-errors"), "{packs:?}");
    assert!(lives(at.unwrap()));
}
