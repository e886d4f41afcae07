use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{self, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::arguments::{arguments, targets};
use super::folder::Folder;
use super::{Nmap, SIGNALS};
use crate::scans::addresses::Addresses;
use crate::scans::order::Order;
use crate::scans::scanner::{Broken, Cancel, Reason};

/// Between two looks at whether somebody has cancelled.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// How long one that is asked to end may take to write what it has.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes kept of what it says to people: the last.
const SAID: usize = 2048;

/// nmap while it runs; read, it is its XML. However it ends, nothing of it is left.
///
/// Its guard ends it when the pipe that it tells through is closed, be it that whoever reads has died.
pub(super) struct Child {
    process: process::Child,
    /// Its own number, and that of its group once it has made that.
    group: Pid,
    xml: Option<ChildStdout>,
    said: Receiver<String>,
    cancel: Cancel,
    /// `None`: no clock will ever show it.
    deadline: Option<Instant>,
    /// Why it was asked to end, and when that is no question any more.
    ending: Option<(Broken, Instant)>,
}

impl Child {
    pub(super) fn start(
        nmap: &Nmap,
        order: &Order,
        addresses: &Addresses,
        timeout: Duration,
        cancel: &Cancel,
    ) -> io::Result<Child> {
        let folder = Folder::new()?;
        let mut input: File = tempfile::tempfile()?;
        input.write_all(targets(addresses).as_bytes())?;
        input.rewind()?;
        let mut process = Command::new(&nmap.launcher)
            .args(["scanner-exec", "--parent", &process::id().to_string()])
            .args(order.privileged.then_some("--privileged"))
            .arg("--")
            .arg(&nmap.program)
            .args(arguments(order, addresses))
            .env_clear()
            .current_dir(folder.path())
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let group = Pid::from_child(&process);
        let pipes = process.stdout.take().zip(process.stderr.take());
        let (cancel, deadline) = (cancel.clone(), Instant::now().checked_add(timeout));
        // From here on it is ended whatever fails.
        let mut child =
            Child { process, group, xml: None, said: bounded(0).1, cancel, deadline, ending: None };
        let (xml, errors) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        child.said = listen(errors)?;
        child.xml = Some(xml);
        Ok(child)
    }

    /// Ends it, if it has not ended; answers why it did not end well.
    pub(super) fn end(mut self) -> Result<(), Broken> {
        // Whoever reads no more wants no more, be it that it closed its output, be it that nobody can read that.
        let patience = Instant::now() + GRACE;
        let status = loop {
            match self.process.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < patience => {
                    thread::sleep(Duration::from_millis(5));
                    if self.ending.is_none() {
                        self.look();
                    }
                }
                _ => {
                    self.kill(Signal::KILL);
                    break self.process.wait().ok();
                }
            }
        };
        self.kill(Signal::KILL);
        if let Some((broken, _)) = self.ending.take() {
            return Err(broken);
        }
        match status {
            Some(status) if status.success() => Ok(()),
            // Who was asked to end on the same terminal, before it had left that.
            _ if self.cancel.is_cancelled() => Err(cancelled()),
            status => {
                let said = self.said.recv_timeout(GRACE).unwrap_or_default();
                Err(Broken::new(Reason::Exit, ended(status, &said)))
            }
        }
    }

    /// Asks it to end, if somebody wants that; it may still write what it has.
    fn look(&mut self) {
        let now = Instant::now();
        if let Some((_, until)) = &self.ending {
            if now >= *until {
                self.kill(Signal::KILL);
            }
            return;
        }
        let broken = match () {
            () if self.cancel.is_cancelled() => cancelled(),
            () if self.deadline.is_some_and(|deadline| now >= deadline) => {
                Broken::new(Reason::TimedOut, "it took longer than `scan.timeout`")
            }
            () => return,
        };
        self.kill(Signal::TERM);
        self.ending = Some((broken, now + GRACE));
    }

    /// What is gone already cannot be ended. One that has no group yet has begun nothing, either.
    fn kill(&self, signal: Signal) {
        let _ = kill_process_group(self.group, signal).or_else(|_| kill_process(self.group, signal));
    }
}

impl Read for Child {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.look();
            let Some(xml) = &mut self.xml else { return Ok(0) };
            let mut waiting = [PollFd::new(xml, PollFlags::IN)];
            match poll(&mut waiting, Some(&LOOK)) {
                Ok(0) => {}
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return xml.read(buffer),
            }
            // What it has left behind may hold its output open: that is no reason to wait.
            if self.ending.as_ref().is_some_and(|(_, until)| Instant::now() > *until + GRACE) {
                return Ok(0);
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            self.kill(Signal::KILL);
            let _ = self.process.wait();
        }
    }
}

fn cancelled() -> Broken {
    Broken::new(Reason::Cancelled, "it was cancelled")
}

/// Keeps the last of what it says to people.
fn listen(mut errors: ChildStderr) -> io::Result<Receiver<String>> {
    let (sender, receiver) = bounded(1);
    thread::Builder::new().name("scanner-errors".into()).spawn(move || {
        let (mut last, mut piece) = (Vec::new(), [0; 1024]);
        while let Ok(length @ 1..) = errors.read(&mut piece) {
            last.extend_from_slice(&piece[..length]);
            let over = last.len().saturating_sub(SAID);
            last.drain(..over);
        }
        let _ = sender.send(String::from_utf8_lossy(&last).trim().to_string());
    })?;
    Ok(receiver)
}

fn ended(status: Option<ExitStatus>, said: &str) -> String {
    let how = match status.map(|status| (status.code(), status.signal())) {
        Some((Some(code), _)) if code > SIGNALS => format!("nmap was ended by signal {}", code - SIGNALS),
        Some((Some(code), _)) => format!("nmap ended with {code}"),
        Some((_, Some(signal))) => format!("nmap was ended by signal {signal}"),
        _ => "nmap ended".into(),
    };
    if said.is_empty() { how } else { format!("{how}: {said}") }
}
