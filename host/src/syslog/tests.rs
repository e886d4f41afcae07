use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use jiff::tz::TimeZone;
use tripline_engine::decode::GivenLogSource;

use super::{Syslog, SyslogError, SyslogLimits, SyslogNote, SyslogOptions, SyslogSource, Trouble, start};
use crate::commit::Tenant;
use crate::configuration::{SyslogListener, Transport};
use crate::quota::{Quota, QuotaKind};
use crate::serve::{Batch, Intake, IntakeLimits, Quotas};
use crate::wall_clock::WallClock;

/// After this a test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

struct Seven;

impl WallClock for Seven {
    fn now(&self) -> i64 {
        7
    }

    fn wait(&self, _: i64, _: &Receiver<()>) -> bool {
        false
    }
}

struct World {
    intake: Intake,
    woken: Receiver<()>,
    notes: Receiver<SyslogNote>,
    syslog: Syslog,
}

fn source(listen: SocketAddr, transport: Transport) -> SyslogSource {
    let tenant = Tenant::new("acme").unwrap();
    let listener = SyslogListener {
        listen,
        transport,
        tenant,
        timezone: None,
        format: None,
        log_source: GivenLogSource::default(),
        silent_after: None,
    };
    SyslogSource::new(&listener, &TimeZone::UTC)
}

fn loopback(transport: Transport) -> SyslogSource {
    source(SocketAddr::from(([127, 0, 0, 1], 0)), transport)
}

/// Every trouble is told by itself.
fn limits() -> SyslogLimits {
    SyslogLimits { tell_every: Duration::ZERO, ..SyslogLimits::default() }
}

impl World {
    fn new(transport: Transport, limits: SyslogLimits, room: IntakeLimits) -> World {
        let (wake, woken) = unbounded();
        let intake = Intake::new(room, move || {
            let _ = wake.send(());
        });
        let (tell, notes) = unbounded();
        let options = SyslogOptions { sources: vec![loopback(transport)], limits };
        let clock: Arc<dyn WallClock> = Arc::new(Seven);
        let tell: super::Tell = Arc::new(move |note| drop(tell.send(note)));
        let syslog = start(options, &intake, &clock, &tell).unwrap();
        World { intake, woken, notes, syslog }
    }

    fn at(&self) -> SocketAddr {
        self.syslog.addresses()[0]
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.at()).unwrap()
    }

    fn datagrams(&self) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(self.at()).unwrap();
        socket
    }

    /// The next so many lines.
    #[track_caller]
    fn lines(&self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.len() < count {
            let batches = self.intake.turn(usize::MAX, |_| true);
            if batches.is_empty() {
                let came = self.woken.recv_timeout(PATIENCE);
                assert!(came.is_ok(), "{} of {count} lines came: {lines:?}", lines.len());
            }
            lines.extend(batches.iter().flat_map(|taken| of(taken)));
        }
        lines
    }

    /// The next note that is of interest; a small buffer of the system is none.
    #[track_caller]
    fn note(&self) -> SyslogNote {
        loop {
            let note = self.notes.recv_timeout(PATIENCE).expect("something is told");
            if !matches!(note.trouble, Trouble::Buffer { .. }) {
                return note;
            }
        }
    }
}

fn of(batch: &Batch) -> Vec<String> {
    let text = String::from_utf8(batch.lines.clone()).unwrap();
    assert!(text.ends_with('\n'), "whole lines: {text:?}");
    text.lines().map(Into::into).collect()
}

/// Reads until the other end closes.
#[track_caller]
fn assert_closed(mut connection: TcpStream) {
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    match connection.read(&mut [0]) {
        Ok(length) => assert_eq!(length, 0, "nothing is ever sent"),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

#[test]
fn a_datagram_is_a_line() {
    let world = World::new(Transport::Udp, limits(), IntakeLimits::default());
    let socket = world.datagrams();
    for datagram in [&b"<13>one\n"[..], b"", b"\n\0", b"<13>two\nlines\r\n\0", b"three"] {
        socket.send(datagram).unwrap();
    }
    assert_eq!(world.lines(3), ["<13>one", "<13>two#012lines", "three"]);
}

#[test]
fn a_batch_is_of_the_listener_not_of_its_sender() {
    let world = World::new(Transport::Udp, limits(), IntakeLimits::default());
    world.datagrams().send(b"<13>one").unwrap();
    world.woken.recv_timeout(PATIENCE).unwrap();
    let batch = world.intake.turn(usize::MAX, |_| true).pop().unwrap();
    assert_eq!(
        (batch.tenant.as_str(), &batch.source[..], batch.received),
        ("acme", "syslog/udp/127.0.0.1:0", 7)
    );
    assert!(!batch.settings.join, "none hides behind another");
}

#[test]
fn datagrams_without_room_are_lost_and_counted() {
    let patience = Duration::from_millis(1);
    let small = IntakeLimits { source_bytes: 20_000, ..IntakeLimits::default() };
    let world = World::new(Transport::Udp, SyslogLimits { patience, ..limits() }, small);
    let socket = world.datagrams();
    let (mut sent, mut lost) = (0, 0);
    while lost == 0 {
        for _ in 0..100 {
            socket.send(&[b'x'; 100]).unwrap();
            sent += 1;
        }
        lost += world.notes.try_iter().map(|note| note.lost()).sum::<u64>();
    }
    let World { intake, notes, syslog, .. } = world;
    // What still waits at the socket finds no room, either.
    syslog.stop();
    lost += notes.try_iter().map(|note| note.lost()).sum::<u64>();
    let taken: usize = intake.turn(usize::MAX, |_| true).iter().map(|batch| of(batch).len()).sum();
    assert_eq!(taken as u64 + lost, sent, "each is taken or counted");
}

/// Over its tenant's quota a datagram is lost and counted; a connection's sender waits, and loses nothing.
#[test]
fn over_a_quota_datagrams_are_lost_and_counted_and_streams_wait() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let world = World::new(transport, limits(), IntakeLimits::default());
        let acme = Tenant::new("acme").unwrap();
        let quotas = Quotas::new(Arc::new(Seven));
        quotas.put(&acme, Quota::of(QuotaKind::Cpu, 1));
        quotas.spend_cpu(&acme, Duration::from_secs(60));
        world.intake.keep_to(quotas.clone());
        match transport {
            Transport::Udp => {
                world.datagrams().send(b"one").unwrap();
                assert_eq!(world.note().lost(), 1);
            }
            Transport::Tcp => world.connect().write_all(b"<13>one\n").unwrap(),
        }
        quotas.put(&acme, Quota::default());
        if transport == Transport::Udp {
            world.datagrams().send(b"two").unwrap();
        }
        let expected = if transport == Transport::Udp { "two" } else { "<13>one" };
        assert_eq!(world.lines(1), [expected]);
    }
}

/// Says when it is asked.
struct Asked(Sender<()>);

impl WallClock for Asked {
    fn now(&self) -> i64 {
        let _ = self.0.send(());
        7
    }

    fn wait(&self, _: i64, _: &Receiver<()>) -> bool {
        false
    }
}

/// A stop does not wait until a tenant may bring more; what had come of it is brought.
#[test]
fn over_a_quota_a_listener_ends_at_once_and_with_what_has_come() {
    let limits = SyslogLimits { stop: 2 * PATIENCE, ..limits() };
    let world = World::new(Transport::Tcp, limits, IntakeLimits::default());
    let acme = Tenant::new("acme").unwrap();
    let (asks, asked) = unbounded();
    let quotas = Quotas::new(Arc::new(Asked(asks)));
    quotas.put(&acme, Quota::of(QuotaKind::Cpu, 1));
    quotas.spend_cpu(&acme, Duration::from_secs(60));
    asked.try_iter().for_each(drop);
    world.intake.keep_to(quotas.clone());
    let mut connection = world.connect();
    connection.write_all(b"<13>one\n").unwrap();
    asked.recv_timeout(PATIENCE).expect("it is offered, and waits for the quota");
    let World { intake, syslog, notes, .. } = world;
    let begins = Instant::now();
    syslog.stop();
    assert!(begins.elapsed() < PATIENCE, "{:?}", begins.elapsed());
    let lines: Vec<String> = intake.turn(usize::MAX, |_| true).iter().flat_map(|taken| of(taken)).collect();
    assert_eq!(lines, ["<13>one"]);
    assert_eq!(notes.try_iter().map(|note| note.lost()).sum::<u64>(), 0);
}

#[test]
fn a_stream_is_framed_as_each_message_says() {
    let world = World::new(Transport::Tcp, limits(), IntakeLimits::default());
    let mut connection = world.connect();
    connection.write_all(b"<13>one\n12 <13>two\nmore<13>thr").unwrap();
    assert_eq!(world.lines(2), ["<13>one", "<13>two#012more"]);
    connection.write_all(b"ee\n<13>fo").unwrap();
    assert_eq!(world.lines(1), ["<13>three"]);
    // What is not counted ends with its connection.
    connection.write_all(b"ur").unwrap();
    drop(connection);
    assert_eq!(world.lines(1), ["<13>four"]);
}

#[test]
fn a_counted_message_that_breaks_off_is_lost_and_told() {
    let world = World::new(Transport::Tcp, limits(), IntakeLimits::default());
    world.connect().write_all(b"7 <13>one9 <13>t").unwrap();
    assert_eq!(world.lines(1), ["<13>one"]);
    let note = world.note();
    assert!(
        matches!(&note.trouble, Trouble::Unfinished(_, unfinished) if unfinished.missing == 4),
        "{note:?}"
    );
    assert_eq!(note.lost(), 1);
}

#[test]
fn whoever_is_out_of_step_is_closed_and_nobody_else() {
    let world = World::new(Transport::Tcp, limits(), IntakeLimits::default());
    let (mut good, mut bad) = (world.connect(), world.connect());
    bad.write_all(b"7 <13>one9x").unwrap();
    assert_eq!(world.lines(1), ["<13>one"]);
    assert!(matches!(world.note().trouble, Trouble::Miscounted(..)));
    assert_closed(bad);
    good.write_all(b"<13>two\n").unwrap();
    assert_eq!(world.lines(1), ["<13>two"]);
}

#[test]
fn a_long_message_is_cut_and_told() {
    let world = World::new(Transport::Tcp, SyslogLimits { message: 8, ..limits() }, IntakeLimits::default());
    world.connect().write_all(b"<13>abcdefgh\n<13>abcd\n").unwrap();
    // By two more than it may have, so that it is seen and marked.
    assert_eq!(world.lines(2), ["<13>abcdef", "<13>abcd"]);
    assert!(matches!(world.note(), SyslogNote { trouble: Trouble::Cut, count: 1, .. }));
}

#[test]
fn senders_wait_for_room_and_lose_nothing() {
    let small = IntakeLimits { source_bytes: 1_000, ..IntakeLimits::default() };
    let world = World::new(Transport::Tcp, limits(), small);
    let most: usize = 200_000;
    let mut connection = world.connect();
    let sender = std::thread::spawn(move || {
        for number in 0..most {
            let message = format!("<13>message {number} is somewhat longer than its number");
            connection.write_all(format!("{} {message}", message.len()).as_bytes()).unwrap();
        }
    });
    let lines = world.lines(most);
    sender.join().unwrap();
    let number = |line: &String| line.split(' ').nth(1).unwrap().parse::<usize>().unwrap();
    assert!(lines.iter().map(number).eq(0..most), "each once and in order");
}

#[test]
fn connections_are_bounded_for_an_address_and_in_all() {
    let few = SyslogLimits { connections_of_address: 2, ..limits() };
    let world = World::new(Transport::Tcp, few, IntakeLimits::default());
    let (mut one, mut two) = (world.connect(), world.connect());
    one.write_all(b"<13>one\n").unwrap();
    two.write_all(b"<13>two\n").unwrap();
    world.lines(2);
    assert_closed(world.connect());
    assert!(matches!(world.note().trouble, Trouble::Crowded(_)));
    // Who goes makes room.
    drop(two);
    let again = || {
        let mut three = world.connect();
        let _ = three.write_all(b"<13>three\n");
        let _ = world.woken.recv_timeout(Duration::from_millis(100));
        !world.intake.turn(usize::MAX, |_| true).is_empty()
    };
    assert!((0..300).any(|_| again()));
    let all = SyslogLimits { connections: 1, gives_way: PATIENCE, ..limits() };
    let world = World::new(Transport::Tcp, all, IntakeLimits::default());
    let mut one = world.connect();
    one.write_all(b"<13>one\n").unwrap();
    world.lines(1);
    assert_closed(world.connect());
    assert!(matches!(world.note().trouble, Trouble::Crowded(_)));
    one.write_all(b"<13>two\n").unwrap();
    assert_eq!(world.lines(1), ["<13>two"]);
}

#[test]
fn the_longest_idle_gives_way() {
    let one = SyslogLimits { connections: 2, gives_way: Duration::ZERO, ..limits() };
    let world = World::new(Transport::Tcp, one, IntakeLimits::default());
    let (mut idle, mut busy) = (world.connect(), world.connect());
    idle.write_all(b"<13>idle").unwrap();
    busy.write_all(b"<13>busy\n").unwrap();
    world.lines(1);
    busy.write_all(b"<13>busy\n").unwrap();
    world.lines(1);
    let mut new = world.connect();
    new.write_all(b"<13>new\n").unwrap();
    let mut lines = world.lines(2);
    lines.sort();
    // What it had sent is a message.
    assert_eq!(lines, ["<13>idle", "<13>new"]);
    assert!(matches!(world.note().trouble, Trouble::GaveWay(_)));
    assert_closed(idle);
}

#[test]
fn whoever_says_nothing_is_closed() {
    let world = World::new(
        Transport::Tcp,
        SyslogLimits { idle: Duration::ZERO, ..limits() },
        IntakeLimits::default(),
    );
    assert_closed(world.connect());
    assert!(matches!(world.note().trouble, Trouble::Idle(_)));
}

#[test]
fn what_had_come_when_it_stops_is_taken() {
    for transport in [Transport::Tcp, Transport::Udp] {
        let world = World::new(transport, limits(), IntakeLimits::default());
        let mut open = Vec::new();
        for number in 0..50 {
            match transport {
                Transport::Tcp => {
                    open.push(world.connect());
                    open.last_mut().unwrap().write_all(format!("<13>message {number}").as_bytes()).unwrap();
                }
                Transport::Udp => {
                    let _ = world.datagrams().send(format!("<13>message {number}").as_bytes()).unwrap();
                }
            }
        }
        let World { intake, syslog, .. } = world;
        syslog.stop();
        let lines: usize = intake.turn(usize::MAX, |_| true).iter().map(|batch| of(batch).len()).sum();
        assert_eq!(lines, 50, "{transport:?}");
    }
}

#[test]
fn an_address_that_is_taken_is_named() {
    let world = World::new(Transport::Tcp, limits(), IntakeLimits::default());
    let options = SyslogOptions { sources: vec![source(world.at(), Transport::Tcp)], limits: limits() };
    let clock: Arc<dyn WallClock> = Arc::new(Seven);
    let tell: super::Tell = Arc::new(|_| {});
    let error = start(options, &world.intake, &clock, &tell).err().unwrap();
    assert!(matches!(&error, SyslogError::Listen { listen, .. } if *listen == world.at()));
    assert!(error.to_string().starts_with(&format!("expected to listen for syslog at tcp/{}: ", world.at())));
    assert!(error.hint().is_some());
}

/// What the lead of a sentence is, so that whoever greps finds the source.
#[test]
fn notes_are_sentences() {
    let world = World::new(Transport::Tcp, limits(), IntakeLimits::default());
    world.connect().write_all(b"7 <13>one9x").unwrap();
    let note = world.note().to_string();
    assert!(note.starts_with("syslog/tcp/127.0.0.1:0: 1 connection closed, from 127.0.0.1:"), "{note}");
    let cut = |count| {
        let (tenant, source, trouble) = (Tenant::default(), "syslog/udp/a".to_string(), Trouble::Cut);
        SyslogNote { tenant, source, trouble, count }.to_string()
    };
    assert_eq!(cut(1), "syslog/udp/a: 1 message cut: too long");
    assert_eq!(cut(2), "syslog/udp/a: 2 messages cut: too long");
    assert!(
        note.ends_with(r#"expected a message's size, at most 1048576 bytes, and a space, found "9x""#),
        "{note}"
    );
}
