use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::{ServerConnection, Stream};

use super::{Act, At, Body, Script, Seen, Shared, Start, locked};

/// Leads one conversation to its end.
pub(super) fn talk(socket: TcpStream, script: &Script, shared: &Shared, number: usize) {
    let mut session = Session { socket, tls: None, ahead: Vec::new(), shared, number };
    // What goes wrong here is what the client did, and that is what tests look at.
    let _ = session.run(script);
    let _ = session.socket.shutdown(Shutdown::Both);
    session.note(|seen| seen.over = true);
}

struct Session<'a> {
    socket: TcpStream,
    tls: Option<ServerConnection>,
    ahead: Vec<u8>,
    shared: &'a Shared,
    number: usize,
}

/// Whether the conversation goes on.
type Goes = io::Result<bool>;

impl Session<'_> {
    fn run(&mut self, script: &Script) -> io::Result<()> {
        if self.shared.start == Start::Implicit {
            self.handshake()?;
        }
        if !self.does(script, At::Greeting, "220 here\r\n")? {
            return Ok(());
        }
        let (mut from, mut to) = (String::new(), Vec::new());
        while let Some(line) = self.line()? {
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            self.note(|seen| seen.commands.push(word.clone()));
            let goes = match word.as_str() {
                "EHLO" => {
                    let (step, offered) = match self.tls {
                        Some(_) => (At::HelloAgain, false),
                        None => (At::Hello, self.shared.start == Start::Upgrade),
                    };
                    self.does(script, step, &script.hello(offered))?
                }
                "STARTTLS" => self.starttls(script)?,
                "AUTH" => self.sign_in(script, &line)?,
                "MAIL" => {
                    from = line;
                    self.does(script, At::Mail, "250 ok\r\n")?
                }
                "RCPT" => {
                    to.push(line);
                    self.does(script, At::Rcpt, "250 ok\r\n")?
                }
                "DATA" => {
                    let (from, to) = (std::mem::take(&mut from), std::mem::take(&mut to));
                    self.does(script, At::Data, "354 go on\r\n")?
                        && (script.says_other(At::Data, "354") || self.body(script, from, to)?)
                }
                "QUIT" => {
                    self.say("221 bye\r\n")?;
                    false
                }
                _ => {
                    self.say("502 not here\r\n")?;
                    true
                }
            };
            if !goes {
                break;
            }
        }
        Ok(())
    }

    fn starttls(&mut self, script: &Script) -> Goes {
        if !self.does(script, At::StartTls, "220 begin\r\n")? {
            return Ok(false);
        }
        let refused = script.says_other(At::StartTls, "220");
        // A client that speaks on in plaintext is listened to in plaintext: 22 begins a handshake.
        let mut first = [0];
        if refused || self.socket.peek(&mut first)? == 0 || first != [22] {
            return Ok(true);
        }
        self.ahead.clear();
        self.handshake()?;
        Ok(true)
    }

    fn handshake(&mut self) -> io::Result<()> {
        let config = self.shared.tls.as_ref().map(Arc::clone).expect("a certificate");
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut self.socket)?;
        }
        self.tls = Some(tls);
        self.note(|seen| seen.tls = true);
        Ok(())
    }

    fn sign_in(&mut self, script: &Script, line: &str) -> Goes {
        if line.to_ascii_uppercase().starts_with("AUTH LOGIN") && script.act(At::Auth).is_none() {
            for challenge in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                self.say(challenge)?;
                if self.line()?.is_none() {
                    return Ok(false);
                }
            }
        }
        self.does(script, At::Auth, "235 welcome\r\n")
    }

    fn body(&mut self, script: &Script, from: String, to: Vec<String>) -> Goes {
        let mut wire = std::mem::take(&mut self.ahead);
        let end = loop {
            if let Some(end) = end_of_data(&wire) {
                break end;
            }
            if !self.more()? {
                return Ok(false);
            }
            wire.append(&mut self.ahead);
            if script.act(At::Body).is_some() {
                return self.does(script, At::Body, "");
            }
        };
        self.ahead = wire.split_off(end);
        let taken = match script.act(At::End) {
            None | Some(Act::Take | Act::Stall) => true,
            Some(Act::Say(reply) | Act::Leave(reply)) => reply.starts_with('2'),
            Some(_) => false,
        };
        self.note(|seen| seen.mails.push(Body { from, to, wire, taken }));
        self.does(script, At::End, "250 kept\r\n")
    }

    fn does(&mut self, script: &Script, step: At, usual: &str) -> Goes {
        match script.act(step) {
            None => self.say(usual)?,
            Some(Act::Say(reply)) => self.say(reply)?,
            Some(Act::Leave(reply)) => {
                self.say(reply)?;
                // With unread bytes behind it the reply could be lost.
                self.socket.shutdown(Shutdown::Write)?;
                while self.more()? {}
                return Ok(false);
            }
            Some(Act::Close | Act::Take) => return Ok(false),
            Some(Act::Stall) => {
                while self.more()? {}
                return Ok(false);
            }
            Some(Act::Endless(reply)) => loop {
                self.say(reply)?;
            },
            Some(Act::Drip(reply, pause)) => loop {
                self.say(reply)?;
                thread::sleep(Duration::from_millis(*pause));
            },
        }
        Ok(true)
    }

    fn say(&mut self, reply: &str) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => {
                let mut stream = Stream::new(tls, &mut self.socket);
                stream.write_all(reply.as_bytes())?;
                stream.flush()
            }
            None => self.socket.write_all(reply.as_bytes()),
        }
    }

    /// A line without its end; `None`: no more.
    fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.ahead.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.ahead.drain(..end + 2).collect();
                return Ok(Some(String::from_utf8_lossy(&line[..end]).into_owned()));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Reads on; answers whether anything came.
    fn more(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 4096];
        let length = match &mut self.tls {
            Some(tls) => Stream::new(tls, &mut self.socket).read(&mut bytes)?,
            None => self.socket.read(&mut bytes)?,
        };
        let (bytes, secret) = (&bytes[..length], self.tls.is_some());
        self.note(|seen| if secret { &mut seen.secret } else { &mut seen.plain }.extend_from_slice(bytes));
        self.ahead.extend_from_slice(bytes);
        Ok(length > 0)
    }

    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut locked(&self.shared.seen)[self.number]);
        self.shared.changed.notify_all();
    }
}

/// Behind the line with the dot alone.
fn end_of_data(wire: &[u8]) -> Option<usize> {
    if wire.starts_with(b".\r\n") {
        return Some(3);
    }
    wire.windows(5).position(|five| five == b"\r\n.\r\n").map(|at| at + 5)
}
