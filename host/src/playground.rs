//! The rule playground: a page that tries packs in a browser, and runs from any web server.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::{Arc, LazyLock};

use flate2::read::GzDecoder;
use serde_json::json;
use sha2::{Digest, Sha256};

mod embedded {
    include!(concat!(env!("OUT_DIR"), "/playground.rs"));
}

/// What the page may do: its own scripts, WebAssembly, its own worker, and no other place. Packs may do less.
pub const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
                          worker-src 'self'; style-src 'self'; img-src 'self'";

/// What the page finds when it opens, beside itself.
pub const GIVEN: &str = "given.json";

/// A file of the page.
#[derive(Clone, Debug)]
pub struct File {
    /// What it is.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// The same, packed with gzip; `None`: it is not kept packed.
    pub packed: Option<&'static [u8]>,
    /// Tells it from what it was in another build.
    pub tag: String,
}

/// Files by their path below the page.
pub type Files = HashMap<String, File>;

impl File {
    /// A file of these bytes.
    pub fn new(path: &str, bytes: impl Into<Arc<[u8]>>) -> File {
        let bytes = bytes.into();
        let digest = Sha256::digest(&bytes);
        let tag = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        File { content_type: content_type(path), bytes, packed: None, tag }
    }
}

/// The page with all that it needs, unpacked once for the whole program.
pub fn page() -> &'static Files {
    static PAGE: LazyLock<Files> = LazyLock::new(|| {
        let file = |(path, packed): &(&str, &'static [u8])| {
            // Whatever were wrong with it, a test would see.
            let bytes = unpacked(packed).unwrap_or_default();
            (path.to_string(), File { packed: Some(packed), ..File::new(path, bytes) })
        };
        let mut files: Files = embedded::FILES.iter().map(file).collect();
        let packs = embedded::FILES.iter().filter_map(|(path, _)| {
            let name = path.strip_prefix("packs/")?.strip_suffix(".wasm")?;
            Some(GivenPack { name: name.into(), file: (*path).into(), builtin: true })
        });
        files.insert(GIVEN.into(), given(&packs.collect::<Vec<_>>(), None));
        files
    });
    &PAGE
}

/// A pack that the page begins with.
#[derive(Clone, Debug)]
pub struct GivenPack {
    /// Its name.
    pub name: String,
    /// Its path below the page.
    pub file: String,
    /// Whether it came with the program.
    pub builtin: bool,
}

/// Lines that the page begins with.
#[derive(Clone, Debug)]
pub struct GivenLog {
    /// Its name.
    pub name: String,
    /// Its path below the page.
    pub file: String,
    /// When it was last written, in milliseconds since 1970: stamps without a year are dated by it, as by a check.
    pub modified: Option<i64>,
}

/// What the page begins with: packs, and perhaps lines, by name and path.
pub fn given(packs: &[GivenPack], log: Option<&GivenLog>) -> File {
    let packs = packs
        .iter()
        .map(|GivenPack { name, file, builtin }| json!({ "name": name, "file": file, "builtin": builtin }));
    let log = log
        .map(|GivenLog { name, file, modified }| json!({ "name": name, "file": file, "modified": modified }));
    let given = json!({ "packs": packs.collect::<Vec<_>>(), "log": log });
    File::new(GIVEN, given.to_string().into_bytes())
}

fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "ts" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole() {
        let page = page();
        let wanted =
            ["index.html", "page.js", "worker.js", "tripline.js", "tripline.d.ts", "tripline_bg.wasm", GIVEN];
        for path in wanted {
            assert!(page.get(path).is_some_and(|file| !file.bytes.is_empty()), "{path}");
        }
        for name in crate::builtin::NAMES {
            let pack = &page[&format!("packs/{name}.wasm")];
            let embedded = crate::builtin::modules().find(|(known, _)| known == name).map(|(_, wasm)| wasm);
            assert_eq!(Some(&pack.bytes[..]), embedded, "{name}");
        }
    }

    #[test]
    fn the_page_says_its_policy_itself() {
        let page = String::from_utf8(page()["index.html"].bytes.to_vec()).unwrap();
        // For web servers that send none.
        assert!(page.contains(&format!("content=\"{POLICY}\"")), "{page}");
    }

    #[test]
    fn the_bundle_is_small() {
        let packed: usize = embedded::FILES.iter().map(|(_, packed)| packed.len()).sum();
        assert!(packed < 1_500_000, "{packed} bytes");
    }
}
