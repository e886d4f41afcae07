//! A folder with logs, packs and settings, and the program run in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const MANIFEST: &str = r#"{
    "abi": 1,
    "pack": { "name": "NAME", "version": "1.0.0" },
    "patterns": [{ "name": "words", "contains": { "setting": "/words" } }],
    "wakes_on": ["words"],
    "rules": [{ "id": "never", "title": "It never decides", "severity": "low" }],
    "settings": { "type": "object", "properties": {
        "threshold": { "type": "integer", "minimum": 1, "maximum": 100, "default": 5 },
        "words": { "type": "array", "items": { "type": "string" }, "default": ["boom"] } } }
}"#;

pub(crate) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let fixture = Fixture { folder: tempfile::tempdir().unwrap() };
        let attack = |n: usize| {
            format!(
                "Dec 10 06:55:{n:02} web1 sshd[1]: Failed password for root from 192.0.2.7 port {n} ssh2\n"
            )
        };
        fixture.write("attack.log", (10..40).map(attack).collect::<String>());
        fixture.write("calm.log", "Dec 10 06:55:01 web1 cron[1]: started\n");
        fixture.write("mine.wasm", pack(&MANIFEST.replace("NAME", "mine")));
        fixture.write("second/mine.wasm", pack(&MANIFEST.replace("NAME", "mine")));
        fixture.write("named/sshd.wasm", pack(&MANIFEST.replace("NAME", "sshd")));
        fixture
            .write("bad-key.wasm", pack(&MANIFEST.replace("NAME", "mine").replace("\"title\"", "\"titel\"")));
        let regex = MANIFEST.replace(r#""contains": { "setting": "/words" }"#, r#""regex": "a(b""#);
        fixture.write("bad-regex.wasm", pack(&regex.replace("NAME", "mine")));
        fixture.write("no-pack.wasm", wat::parse_str("(module)").unwrap());
        fixture.write("text.wasm", "(module)");
        fixture.write("empty/readme.txt", "no pack here");
        fixture.write("cases/holds.case", "Nothing is decided.\n--- lines\nboom\n--- decisions\n");
        fixture.write(
            "failing/differs.case",
            "It should decide.\n--- lines\nboom\n--- decisions\nlow never at line 1\n",
        );
        fixture.write("failing/holds.case", "Nothing is decided.\n--- lines\nboom\n--- decisions\n");
        fixture.write("failing/no-case.case", "Nothing but a sentence.\n");
        fixture
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        // A configuration that its group can write is refused, and the umask may leave it so.
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// What the program calls whoever runs it.
    pub(crate) fn me(&self) -> String {
        let output = |line: &str| {
            let arguments: Vec<&str> = line.split(' ').collect();
            self.tripline(&arguments).stdin(Stdio::null()).output().unwrap().stdout
        };
        output("incident report --title who --db who.db");
        let shown = output("incident show 1 --format json --db who.db");
        let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
        shown["timeline"][0]["by"].as_str().unwrap().into()
    }

    /// The program with these arguments, without anything of this machine around it.
    pub(crate) fn tripline(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tripline"));
        command.current_dir(self.folder.path()).args(arguments);
        command.env_remove("RUST_BACKTRACE").env_remove("CLICOLOR_FORCE").env_remove("TRIPLINE_CONFIG");
        command.env_remove("TRIPLINE_SERVER").env_remove("TRIPLINE_TOKEN");
        command
            .env("XDG_CACHE_HOME", self.folder.path().join(".cache"))
            .env("TZ", "UTC")
            .env("USER", "alice")
            .env("COLUMNS", "80");
        command
    }
}

fn pack(manifest: &str) -> Vec<u8> {
    let json: String = manifest.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    wat::parse_str(include_str!("pack.wat").replace("MANIFEST", &json)).unwrap()
}
