//! Node and Chromium, and a file of tests run by them.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use tripline_tests::root;

/// Whether there is a browser to test with; `false`, and why is said, never with CI=true.
pub(super) fn at_hand() -> bool {
    static AT_HAND: OnceLock<Result<(), String>> = OnceLock::new();
    let found = AT_HAND.get_or_init(|| {
        for program in ["node", "npm", &browser()] {
            let asked = Command::new(program).arg("--version").output();
            asked.map_err(|error| format!("expected {program}: {error}"))?;
        }
        let installed = Command::new(root().join("tests/browser/install")).output();
        match installed {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => {
                Err(format!("expected playwright-core: {}", String::from_utf8_lossy(&output.stderr)))
            }
            Err(error) => Err(format!("expected playwright-core: {error}")),
        }
    });
    if let Err(why) = found {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
        eprintln!("skipped: {why}");
    }
    found.is_ok()
}

fn browser() -> String {
    std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into())
}

/// Runs a file of tests, on what is served there.
#[track_caller]
pub(super) fn node(file: &str, fixture: &Path, url: Option<&str>) {
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"]).arg(root().join("tests/browser").join(file));
    node.env("CHROMIUM", browser()).env("TRIPLINE_FIXTURE", fixture).env_remove("NODE_TEST_CONTEXT");
    if let Some(url) = url {
        node.env("TRIPLINE_PLAYGROUND", url);
    }
    let output = node.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}
