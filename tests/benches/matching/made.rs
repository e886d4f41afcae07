//! A log and patterns, the same each time: some of the patterns match many of its lines, most match none.

use std::fmt::Write as _;

/// What the log's lines say, with a place for what changes; nearly half of them match one of [`KNOWN`].
const SHAPES: [&str; 20] = [
    "sshd[#]: Failed password for root from 203.0.113.% port # ssh2",
    "sshd[#]: Failed password for invalid user admin% from 203.0.113.% port # ssh2",
    "sshd[#]: Accepted publickey for deploy from 192.0.2.% port # ssh2: ED25519 SHA256:Yx1dU0pW8kq3bq0p2c9s6m7n4l5k8j1h2g3f4d5s6a7",
    "sshd[#]: pam_unix(sshd:session): session opened for user carla(uid=10%) by (uid=0)",
    "sshd[#]: pam_unix(sshd:session): session closed for user carla",
    "sshd[#]: Received disconnect from 198.51.100.% port #:11: disconnected by user",
    "sshd[#]: Connection closed by 203.0.113.% port # [preauth]",
    "sshd[#]: Invalid user oracle% from 203.0.113.% port #",
    "sudo:     anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/systemctl reload nginx",
    "CRON[#]: (root) CMD (cd / && run-parts --report /etc/cron.hourly)",
    "shop[812]: INFO request served path=/cart/% status=200 ms=%",
    "shop[812]: INFO cache warmed entries=#",
    "shop[812]: WARN slow query ms=% table=orders",
    "systemd[1]: Starting Daily apt upgrade and clean activities...",
    "systemd[1]: Finished Rotate log files.",
    "postfix/smtpd[#]: disconnect from mail.example.net[192.0.2.%] ehlo=1 quit=1 commands=2",
    "postfix/qmgr[#]: 4F2A%: removed",
    "kernel: [#.%] usb 1-1: new high-speed USB device number % using xhci_hcd",
    "dhclient[#]: DHCPACK of 10.0.0.% from 10.0.0.1",
    "ntpd[#]: Soliciting pool server 192.0.2.%",
];

/// What lines say that match none of [`KNOWN`].
const QUIET: [&str; 9] = [
    SHAPES[4], SHAPES[9], SHAPES[10], SHAPES[11], SHAPES[13], SHAPES[14], SHAPES[15], SHAPES[16], SHAPES[19],
];
/// Of a quiet log one line of so many may match.
const MATCHES: u32 = 1_000;

/// Patterns that match lines of the log.
const KNOWN: [&str; 20] = [
    r"Failed password for (?P<user>\S+) from (?P<ip>[0-9.]+) port (?P<port>\d+)",
    r"Failed password for invalid user (?P<user>\S+) from (?P<ip>[0-9.]+)",
    r"Accepted (?P<method>publickey|password) for (?P<user>\S+) from (?P<ip>[0-9.]+)",
    r"session opened for user (?P<user>[a-z]+)\(uid=\d+\)",
    r"Connection closed by (?P<ip>[0-9.]+) port \d+ \[preauth\]",
    r"Invalid user (?P<user>\S+) from (?P<ip>[0-9.]+)",
    r"COMMAND=(?P<command>/usr/bin/systemctl \S+ \S+)",
    r"slow query ms=(?P<ms>\d+) table=(?P<table>\w+)",
    r"DHCPACK of (?P<ip>[0-9.]+) from",
    r"Received disconnect from (?P<ip>[0-9.]+) port \d+:11",
    r"POSSIBLE BREAK-IN ATTEMPT",
    r"(?i)segfault at [0-9a-f]+ ip",
    r"Out of memory: Killed process (?P<pid>\d+) \((?P<name>[^)]+)\)",
    r"maximum authentication attempts exceeded for (?P<user>\S+)",
    r"(?:error|fatal): (?P<what>kex_exchange_identification|banner exchange)",
    r"Did not receive identification string from (?P<ip>\S+)",
    r"new (?:user|group): name=(?P<name>\w+)",
    r"promiscuous mode (?P<on>enabled|disabled)",
    r"I/O error, dev (?P<device>sd[a-z]), sector \d+",
    r"certificate (?:has expired|is not yet valid)",
];

/// Words of which the others are made.
const WORDS: [&str; 24] = [
    "session",
    "service",
    "request",
    "connection",
    "module",
    "device",
    "volume",
    "backup",
    "worker",
    "query",
    "socket",
    "tunnel",
    "replica",
    "journal",
    "sensor",
    "bucket",
    "tenant",
    "cluster",
    "password",
    "disconnect",
    "Accepted",
    "Invalid",
    "closed",
    "status",
];

/// Classes of bytes that stand in every line.
const CLASSES: [&str; 8] = [r"\d", r"\w", r"\S", "[a-z]", "[A-Za-z]", "[0-9a-f]", "[^ ]", "[a-z_]"];
/// Those of which no three stand side by side.
const RARE: [&str; 4] = ["[!-'*+]", r"[;-@]", r"[\\^`{-~]", r"[\x80-\xff]"];

/// A small generator: the same numbers each time.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // Marsaglia, "Xorshift RNGs", 2003.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.next() as usize % texts.len()]
    }
}

/// A log of about so many bytes. Of a `quiet` one nearly no line matches one of [`KNOWN`].
pub(super) fn log(bytes: usize, quiet: bool) -> Vec<u8> {
    let mut numbers = Numbers(0x7269_706c_696e_6531);
    let mut out = String::with_capacity(bytes + 200);
    let mut second = 0;
    while out.len() < bytes {
        second += 1;
        let (hour, minute) = (second / 3600 % 24, second / 60 % 60);
        let _ = write!(out, "Mar 14 {hour:02}:{minute:02}:{:02} web1 ", second % 60);
        let shape = match quiet && second % MATCHES != 0 {
            true => numbers.of(&QUIET),
            false => numbers.of(&SHAPES),
        };
        for letter in shape.chars() {
            let _ = match letter {
                '#' => write!(out, "{}", 1000 + numbers.next() % 60_000),
                '%' => write!(out, "{}", 1 + numbers.next() % 250),
                other => write!(out, "{other}"),
            };
        }
        out.push('\n');
    }
    out.into_bytes()
}

/// So many regexes: those that match first.
pub(super) fn regexes(count: usize) -> Vec<String> {
    let mut numbers = Numbers(0x7061_7474_6572_6e73);
    let made = (KNOWN.len()..).map(|number| {
        let (one, two) = (numbers.of(&WORDS), numbers.of(&WORDS));
        match number % 5 {
            0 => format!(r"{one} x{number:05} of (?P<name>\S+) refused"),
            1 => format!(r"{one} (?:lost|broken) {two} k{number:05}"),
            2 => format!(r"{one} for user svc{number:05}\(uid=(?P<uid>\d+)\)"),
            3 => format!(r"(?i)e{number:05} in {one}: {two} (?P<code>\d+)"),
            _ => format!(r"{one}\[\d+\]: {two} z{number:05} (?P<what>[a-z]+) failed"),
        }
    });
    KNOWN.iter().map(|known| known.to_string()).chain(made).take(count).collect()
}

/// So many texts, of which a few stand in lines.
pub(super) fn literals(count: usize) -> Vec<String> {
    let mut numbers = Numbers(0x6c69_7465_7261_6c73);
    let known =
        ["Failed password for", "session opened for user", "slow query", "DHCPACK of", "Invalid user oracle"];
    let made =
        (known.len()..).map(|number| format!("{} {number:05} {}", numbers.of(&WORDS), numbers.of(&WORDS)));
    known.iter().map(|known| known.to_string()).chain(made).take(count).collect()
}

/// So many regexes that have no literal, or one of a byte that stands everywhere; most of them match each line. Their groups are
/// named, or none is.
pub(super) fn slow(count: usize, named: bool) -> Vec<String> {
    let mut numbers = Numbers(0x736c_6f77_736c_6f77);
    let group = |name: &str, inner: String| match named {
        true => format!("(?P<{name}>{inner})"),
        false => format!("(?:{inner})"),
    };
    let made = (0..).map(|number| {
        let (few, more) = (2 + numbers.next() % 3, 4 + numbers.next() % 4);
        let (one, two) = (numbers.of(&CLASSES), numbers.of(&CLASSES));
        let (first, last) = (group("first", format!("{one}+")), group("last", format!("{two}+")));
        let (word, when) = (group("word", r"\w+".into()), group("when", r"\S+\s+\d+".into()));
        match number % 8 {
            0 => format!(r"\d+:\d+.*{one}{{{few}}}\W"),
            1 => format!(r"{first}\W+{last}"),
            2 => format!(r"{one}+\[[0-9]+.*{two}"),
            3 => format!(r"(?:[b-f]|[p-t]|\d\d){two}{{{few}}}"),
            4 => format!(r"^{when} [0-9:]+ .*{two}+$"),
            5 => format!(r"{word} {first} \d{{2}}\S+ {one}"),
            6 => format!(r"(?i)[a-m]+{two}{{{few},{more}}}\b"),
            _ => format!(r"\d{{{few}}}.*?{last}\W*$"),
        }
    });
    made.take(count).collect()
}

/// So many regexes of the same kind, none of which matches a line.
pub(super) fn missing(count: usize) -> Vec<String> {
    let mut numbers = Numbers(0x6d69_7373_696e_6773);
    let made = (0..).map(|number| {
        let (few, many) = (3 + numbers.next() % 3, 10 + numbers.next() % 6);
        let (one, two) = (numbers.of(&CLASSES), numbers.of(&RARE));
        match number % 6 {
            0 => format!(r"\d+:\d+.*{one}+{two}{{{few}}}"),
            1 => format!(r"(?P<one>{one}+)\W+(?P<two>{two}{{{few}}})"),
            2 => format!(r"{one}+[0-9]{{{many}}}"),
            3 => format!(r"(?:[b-f]|[p-t]|\d\d){two}{{{few},}}"),
            4 => format!(r"^(?P<when>\S+\s+\d+) [0-9:]+ .*{two}{{{few}}}$"),
            _ => format!(r"(?P<head>\w+)=(?P<tail>{two}{{{few}}})"),
        }
    });
    made.take(count).collect()
}
