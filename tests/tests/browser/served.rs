//! `tripline playground`, for as long as a test needs it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use tripline_tests::program;

/// A playground that is served.
pub(super) struct Served {
    child: Child,
    url: String,
}

impl Served {
    /// Serves it with these arguments.
    pub(super) fn start(arguments: &[&OsStr]) -> Served {
        let mut command = program();
        command.args(["playground", "--no-open"]).args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim().to_string();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Served { child, url }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; then a test says so.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
