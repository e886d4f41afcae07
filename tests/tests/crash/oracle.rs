//! A folder with a log and a relay, and what must be true of both in the end: (recipient, message id) is the witness.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;

use rusqlite::Connection;
use tempfile::TempDir;
use tripline_tests::mail_server::{MailServer, Script};
use tripline_tests::program;

/// So often another try is made, until nothing waits.
const TRIES: u32 = 12;
const TO: &str = "oncall@example.org";

pub(crate) struct World {
    folder: TempDir,
    server: MailServer,
    incidents: u64,
}

impl World {
    /// So many incidents are to come, and a relay whose first connections meet these.
    pub(crate) fn new(incidents: u64, scripts: Vec<Script>) -> World {
        let world =
            World { folder: tempfile::tempdir().unwrap(), server: MailServer::plain(scripts), incidents };
        let mut log = fs::File::create(world.path("app.log")).unwrap();
        for incident in 0..incidents {
            // Digits are folded in titles, letters are not.
            let word: String = incident.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
            writeln!(log, "2026-11-24T10:00:00Z ERROR step {word} failed").unwrap();
        }
        let config = format!(
            "[database]\npath = \"t.db\"\n[security_log]\npath = \"security.log\"\n[recipients]\n\
             oncall = \"{TO}\"\n[[routes]]\nname = \"all\"\nto = [\"oncall\"]\n[mail]\n\
             from = \"tripline@example.org\"\nrelay = \"127.0.0.1\"\nport = {}\ntls = \"plaintext\"\n\
             timeout = \"10s\"\n",
            world.server.port()
        );
        fs::write(world.path("tripline.toml"), config).unwrap();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str], crash: Option<&str>) -> Output {
        let mut command = program();
        command.current_dir(self.folder.path()).env("TRIPLINE_CONFIG", "tripline.toml").args(arguments);
        crash.map(|crash| command.env("TRIPLINE_CRASH", crash));
        command.output().unwrap()
    }

    pub(crate) fn check(&self, crash: Option<&str>) -> Output {
        self.run(&["check", "app.log", "--only", "app-errors"], crash)
    }

    /// Runs on until nothing waits any more.
    #[track_caller]
    pub(crate) fn drain(&self, what: &str) {
        let output = self.check(None);
        assert!(output.status.code().is_some_and(|code| [0, 1, 4].contains(&code)), "{what}: {output:?}");
        for _ in 0..TRIES {
            let output = self.run(&["notify", "flush"], None);
            assert!(output.status.code().is_some_and(|code| [0, 4].contains(&code)), "{what}: {output:?}");
            if self.waiting() == 0 {
                return;
            }
        }
        panic!("{what}: {} notices still wait", self.waiting());
    }

    fn waiting(&self) -> i64 {
        let sql = "SELECT count(*) FROM notices WHERE state IN ('queued', 'deferred', 'sending')";
        open(&self.path("t.db")).query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// How often each message id was taken, and the text of one of them.
    fn arrived(&self) -> BTreeMap<String, (usize, String)> {
        let mut arrived: BTreeMap<String, (usize, String)> = BTreeMap::new();
        let seen = self.server.when(|_| true);
        for body in seen.iter().flat_map(|one| &one.mails).filter(|body| body.taken) {
            assert_eq!(body.to, [format!("RCPT TO:<{TO}>")]);
            let message = body.message();
            let parsed = mail_parser::MessageParser::default().parse(&message).unwrap();
            let id = parsed.message_id().unwrap().split('@').next().unwrap().to_string();
            let text = parsed.body_text(0).unwrap_or_default().into_owned();
            arrived.entry(id).or_insert((0, text)).0 += 1;
        }
        arrived
    }

    /// Judges all that was told. `twice`: how many mails may have gone once more.
    #[track_caller]
    pub(crate) fn judge(&self, what: &str, twice: usize) {
        let db = open(&self.path("t.db"));
        let sql = "SELECT count(*), coalesce(sum(count), 0) FROM incidents";
        let counts = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?));
        let found = db.query_row(sql, [], counts).unwrap();
        assert_eq!(found, (self.incidents, self.incidents), "{what}: incidents, occurrences");

        let arrived = self.arrived();
        let again: usize = arrived.values().map(|(count, _)| count - 1).sum();
        assert!(again <= twice, "{what}: {again} mails went once more, {twice} may: {arrived:?}");
        let mut statement = db
            .prepare("SELECT n.incident, n.state, n.message, d.state, d.message FROM notices n LEFT JOIN notices d ON d.id = n.digest")
            .unwrap();
        let (mut told, mut carried, mut ids) = (0, BTreeMap::<String, u64>::new(), Vec::new());
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let incident: Option<i64> = row.get(0).unwrap();
            let (state, message): (String, String) = (row.get(1).unwrap(), row.get(2).unwrap());
            told += u64::from(incident.is_some());
            match state.as_str() {
                "sent" => {
                    assert!(arrived.contains_key(&message), "{what}: {message} is sent and did not arrive");
                    ids.push(message);
                }
                "folded" => {
                    let (state, digest): (String, String) = (row.get(3).unwrap(), row.get(4).unwrap());
                    assert_eq!(state, "sent", "{what}: the digest of incident {incident:?}");
                    *carried.entry(digest).or_default() += 1;
                }
                other => panic!("{what}: a notice of incident {incident:?} is {other}"),
            }
        }
        assert_eq!(told, self.incidents, "{what}: each incident is told of once");
        // Nothing arrived that nobody knows of.
        let strange: Vec<&String> = arrived.keys().filter(|id| !ids.contains(id)).collect();
        assert!(strange.is_empty(), "{what}: {strange:?}");
        for (digest, count) in &carried {
            let (_, text) = &arrived[digest];
            assert!(text.contains(&format!("{count} incidents")), "{what}: {count} are in it: {text}");
        }
        let verified = self.run(&["log", "verify"], None);
        assert!(verified.status.success(), "{what}: {verified:?}");
        let log = fs::read_to_string(self.path("security.log")).unwrap();
        let opened = log.matches("\"event\":\"incident.opened\"").count() as u64;
        assert_eq!(opened, self.incidents, "{what}");
    }

    /// Digests that were sent.
    pub(crate) fn digests(&self) -> i64 {
        let sql = "SELECT count(*) FROM notices WHERE incident IS NULL AND state = 'sent'";
        open(&self.path("t.db")).query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

pub(crate) fn open(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}
