use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Limit, ManifestError, Problem};

/// The compiled size that a pack's regex may have, in bytes.
pub const REGEX_BYTES: usize = 64 * 1024;

/// How every regex of a pack is compiled, wherever: on bytes, Unicode off unless asked for.
pub fn regex_builder(regex: &str, unicode: bool, case_insensitive: bool) -> regex::bytes::RegexBuilder {
    let mut builder = regex::bytes::RegexBuilder::new(regex);
    builder.unicode(unicode).case_insensitive(case_insensitive).size_limit(REGEX_BYTES).nest_limit(100);
    builder
}

/// Compiles a regex to see that it does; answers its named groups in order.
pub(super) fn captures(
    path: &str,
    regex: &str,
    unicode: bool,
    case_insensitive: bool,
) -> Result<Vec<String>, ManifestError> {
    if regex.len() > Limit::REGEX {
        return Err(ManifestError::limit(path, "bytes of a regex", Limit::REGEX, regex.len()));
    }
    let compiled = regex_builder(regex, unicode, case_insensitive).build().map_err(|error| {
        let message = match error {
            regex::Error::CompiledTooBig(limit) => {
                alloc::format!("expected a regex that compiles to at most {limit} bytes, this one is larger")
            }
            other => other.to_string(),
        };
        ManifestError::new(path, Problem::Regex(message))
    })?;
    let names: Vec<String> = compiled.capture_names().flatten().map(String::from).collect();
    if names.len() > Limit::CAPTURES {
        return Err(ManifestError::limit(path, "named groups", Limit::CAPTURES, names.len()));
    }
    Ok(names)
}
