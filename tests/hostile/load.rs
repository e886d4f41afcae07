//! Turns the hostile modules of this folder into bytes. Included by the tests that run them.
//!
//! A file is WebAssembly text with three directives, each a comment on a line of its own:
//!
//! ```text
//!   ;; @with marker memory open    puts parts of skeleton.wat here
//!   ;; @manifest {"abi": 1, …}     puts a manifest section here
//!   ;; @repeat 1000 (func $f#)     puts the rest of the line here, so many times, with the number for each #
//! ```

use std::fs;
use std::path::{Path, PathBuf};

const SKELETON: &str = "skeleton.wat";

/// Where the hostile modules are, seen from a package's folder.
pub(crate) fn folder(package: &str) -> PathBuf {
    let above = Path::new(package).ancestors().map(|path| path.join("tests/hostile"));
    above.into_iter().find(|path| path.join(SKELETON).is_file()).expect("no tests/hostile above the package")
}

/// The module in the file `name`.wat of that folder.
#[track_caller]
pub(crate) fn module(folder: &Path, name: &str) -> Vec<u8> {
    let file = folder.join(name).with_extension("wat");
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let skeleton = fs::read_to_string(folder.join(SKELETON)).expect(SKELETON);
    assemble(&text, &skeleton).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn assemble(text: &str, skeleton: &str) -> wat::Result<Vec<u8>> {
    let mut out = String::new();
    for line in text.lines() {
        let directive = line.trim_start().strip_prefix(";; @").and_then(|rest| rest.split_once(' '));
        match directive {
            Some(("with", names)) => names.split_whitespace().for_each(|name| out += &part(skeleton, name)),
            Some(("manifest", json)) => {
                let bytes: String = json.bytes().map(|byte| format!("\\{byte:02x}")).collect();
                out += &format!("(@custom \"tripline.manifest\" \"{bytes}\")\n");
            }
            Some(("repeat", rest)) => {
                let (times, rest) = rest.split_once(' ').expect("@repeat TIMES TEXT");
                let times: u32 = times.parse().expect("@repeat TIMES TEXT");
                (0..times).for_each(|i| out += &format!("{}\n", rest.replace('#', &i.to_string())));
            }
            _ => out = out + line + "\n",
        }
    }
    wat::parse_str(out)
}

/// What stands in the skeleton between `;; == name` and the next such line.
fn part(skeleton: &str, name: &str) -> String {
    let parts = skeleton.split("\n;; == ").skip(1);
    let part = parts.filter_map(|part| part.split_once('\n')).find(|(head, _)| *head == name);
    let (_, body) = part.unwrap_or_else(|| panic!("no part {name:?} in skeleton.wat"));
    body.to_owned()
}
