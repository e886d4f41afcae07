//! What a path is called where text is kept.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A path as text. Bytes that are no UTF-8 stand as `\xff`, so that two such names stay two.
pub(crate) fn name(path: &Path) -> String {
    let mut name = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        name.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| name.push_str(&format!("\\x{byte:02x}")));
    }
    name
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn names_that_are_no_text_stay_apart() {
        let named = |bytes: &[u8]| name(Path::new(OsStr::from_bytes(bytes)));
        assert_eq!(named(b"/x/app.log"), "/x/app.log");
        assert_eq!(named(b"/x/app\xff.log"), "/x/app\\xff.log");
        assert_ne!(named(b"app\xfe.log"), named(b"app\xff.log"));
    }
}
