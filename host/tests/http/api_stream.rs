//! What happens, as it happens: nothing is missed, nothing is a stranger's, and it ends when it has to.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use tripline::abi::Severity;
use tripline::token::Scope;

use crate::api::{HOUR, call, get, incident, resolve, somebody, tenant};
use crate::fixture::{Site, problem};
use crate::raw::PATIENCE;

/// A stream of events that is read.
struct Listener(BufReader<Chunked>);

#[derive(Debug, PartialEq)]
struct Event {
    id: Option<i64>,
    name: String,
    data: Value,
}

impl Listener {
    #[track_caller]
    fn open(site: &Site, token: &str, headers: &str) -> Listener {
        let mut stream = TcpStream::connect(("127.0.0.1", site.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET /api/v1/incidents/stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        let mut listener = Listener(BufReader::new(Chunked { reader, left: 0 }));
        // From now on it is told.
        assert_eq!(listener.block().unwrap(), ": tripline\nretry: 5000\n");
        listener
    }

    /// What is between two empty lines; `None`: it has ended in good order.
    #[track_caller]
    fn block(&mut self) -> Option<String> {
        let mut block = String::new();
        loop {
            let mut line = String::new();
            match self.0.read_line(&mut line).unwrap() {
                0 => {
                    assert_eq!(block, "", "it ended within an event");
                    return None;
                }
                _ if line == "\n" => return Some(block),
                _ => block += &line,
            }
        }
    }

    /// The next event; `None`: it has ended.
    #[track_caller]
    fn event(&mut self) -> Option<Event> {
        loop {
            let block = self.block()?;
            let fields: HashMap<&str, &str> =
                block.lines().map(|line| line.split_once(": ").unwrap()).collect();
            if let Some(data) = fields.get("data") {
                return Some(Event {
                    id: fields.get("id").map(|id| id.parse().unwrap()),
                    name: fields["event"].into(),
                    data: serde_json::from_str(data).unwrap(),
                });
            }
        }
    }

    /// The incident and what happened to it.
    #[track_caller]
    fn happening(&mut self) -> (i64, String) {
        let event = self.event().expect("an event");
        assert_eq!(event.data["event"], event.name);
        assert_eq!(event.data["seq"].as_i64(), event.id);
        (event.data["incident"].as_i64().unwrap(), event.name)
    }
}

/// A body in chunks, as it comes.
struct Chunked {
    reader: BufReader<TcpStream>,
    left: usize,
}

impl Read for Chunked {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            self.left = usize::from_str_radix(line.trim_end(), 16).map_err(std::io::Error::other)?;
            if self.left == 0 {
                return Ok(0);
            }
        }
        let most = buffer.len().min(self.left);
        let read = self.reader.read(&mut buffer[..most])?;
        self.left -= read;
        if self.left == 0 {
            self.reader.read_line(&mut String::new())?;
        }
        Ok(read)
    }
}

fn opened(id: i64) -> (i64, String) {
    (id, "incident.opened".into())
}

#[test]
fn what_happens_is_told_and_what_is_a_strangers_is_not() {
    let site = Site::new();
    let token = site.token(Scope::Reader);
    incident(&site, "default", "before", Severity::Low);
    let mut listener = Listener::open(&site, &token, "");
    for number in 0..3 {
        incident(&site, "other", &format!("theirs {number}"), Severity::Low);
    }
    let id = incident(&site, "default", "ours", Severity::High);
    resolve(&site, "default", id);
    assert_eq!(listener.happening(), opened(2));
    assert_eq!(listener.happening(), (2, "incident.resolved".into()));
}

#[test]
fn whoever_comes_again_misses_nothing() {
    let site = Site::new();
    let token = site.token(Scope::Reader);
    let mut listener = Listener::open(&site, &token, "");
    incident(&site, "default", "1", Severity::Low);
    let mut last = listener.event().unwrap().id.unwrap();
    drop(listener);
    // More than is read at once.
    for number in 2..=250 {
        incident(&site, "default", &number.to_string(), Severity::Low);
        incident(&site, "other", &number.to_string(), Severity::Low);
    }
    let mut next = 2;
    while next <= 250 {
        let mut listener = Listener::open(&site, &token, &format!("Last-Event-ID: {last}\r\n"));
        // It goes away in the middle, again and again.
        for _ in 0..120.min(251 - next) {
            let event = listener.event().unwrap();
            assert_eq!(event.data["incident"], next);
            last = event.id.unwrap();
            next += 1;
        }
    }
}

#[test]
fn what_is_no_longer_known_is_a_gap() {
    let site = Site::new();
    let token = site.token(Scope::Reader);
    incident(&site, "default", "1", Severity::Low);
    // Of a database that had more.
    let mut listener = Listener::open(&site, &token, "Last-Event-ID: 1000\r\n");
    assert_eq!(listener.event().unwrap().name, "gap");
    incident(&site, "default", "2", Severity::Low);
    assert_eq!(listener.happening(), opened(2));
    for wrong in ["-1", "x", "", "9223372036854775808"] {
        let reply = site.ask(format!(
            "GET /api/v1/incidents/stream HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nLast-Event-ID: {wrong}\r\n\r\n"
        ));
        assert_eq!((reply.status, problem(&reply).as_str()), (400, "malformed"), "{wrong}");
    }
}

#[test]
fn it_ends_when_its_token_does() {
    let site = Site::new();
    let own = tenant("default");
    let revoked = site.token(Scope::Reader);
    let number = site.database.tokens(&own).unwrap()[0].id;
    let expiring = site.token_of("default", Scope::Reader, Some(site.now() + HOUR));
    let staying = site.token(Scope::Reader);
    let mut listeners = [&revoked, &expiring, &staying].map(|token| Listener::open(&site, token, ""));
    assert!(site.database.revoke_token(&own, number, somebody()).unwrap());
    assert_eq!(listeners[0].event(), None);
    site.clock.pass(3_600);
    assert_eq!(listeners[1].event(), None);
    incident(&site, "default", "1", Severity::Low);
    assert_eq!(listeners[2].happening(), opened(1));
    for over in [&revoked, &expiring] {
        assert_eq!(get(&site, "/api/v1/incidents/stream", over).status, 401);
    }
}

/// Who asks the server to revoke one is heard before it is looked again.
#[test]
fn it_ends_at_once_when_its_token_is_revoked_here() {
    let site = Site::new();
    let (operator, reader) = (site.token(Scope::Operator), site.token(Scope::Reader));
    let number = site.database.tokens(&tenant("default")).unwrap()[1].id;
    let mut listener = Listener::open(&site, &reader, "");
    let path = format!("/api/v1/tokens/{number}");
    assert_eq!(call(&site, "DELETE", &path, Some(&operator), "", None).status, 204);
    assert_eq!(listener.event(), None);
    assert_eq!(get(&site, "/api/v1/incidents", &reader).status, 401);
}

#[test]
fn it_ends_when_the_server_does() {
    let mut site = Site::new();
    let token = site.token(Scope::Reader);
    let mut listener = Listener::open(&site, &token, "");
    site.end();
    assert_eq!(listener.event(), None);
}

#[test]
fn one_token_has_so_many_and_no_more() {
    let site = Site::new();
    let (token, other) = (site.token(Scope::Reader), site.token(Scope::Reader));
    let mut listeners: Vec<Listener> = (0..4).map(|_| Listener::open(&site, &token, "")).collect();
    let reply = get(&site, "/api/v1/incidents/stream", &token);
    assert_eq!((reply.status, problem(&reply).as_str()), (429, "full"));
    assert!(reply.header("retry-after").is_some());
    Listener::open(&site, &other, "");
    // Whoever goes makes room, as soon as it is seen that they have gone.
    listeners.pop();
    incident(&site, "default", "1", Severity::Low);
    listeners.iter_mut().for_each(|listener| assert_eq!(listener.happening(), opened(1)));
    let again = (0..200).any(|_| {
        let free = get(&site, "/api/v1/incidents/stream", &token).status == 200;
        if !free {
            // One look later.
            incident(&site, "default", &format!("{:?}", std::time::Instant::now()), Severity::Low);
        }
        free
    });
    assert!(again);
}
