//! Versions of incidents as ETags, so that two people cannot overwrite each other unseen (RFC 9110, sections 8.8 and 13).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;

use super::problem::Problem;

/// Tags that one header may name.
const MOST: usize = 8;

/// The tag of a version.
pub(super) fn etag(version: i64) -> HeaderValue {
    // Digits and quotes are always a header's value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Which versions a change is meant for, as `If-Match` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// Nothing is said.
    Missing,
    /// Whichever there is: `*`.
    Any,
    /// One of these; what is no version of ours, a weak tag too, is none of them.
    Versions(Vec<i64>),
    /// No list of tags.
    Malformed,
}

impl IfMatch {
    /// The versions; `None`: any.
    ///
    /// # Errors
    /// Nothing is said, or it cannot be read.
    pub(super) fn required(self) -> Result<Option<Vec<i64>>, Problem> {
        match self {
            IfMatch::Missing => Err(Problem::precondition(
                "expected the header If-Match with the incident's ETag, or with * to change it as it is",
            )),
            given => given.optional(),
        }
    }

    /// The same, where nothing need be said.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn optional(self) -> Result<Option<Vec<i64>>, Problem> {
        match self {
            IfMatch::Missing | IfMatch::Any => Ok(None),
            IfMatch::Versions(versions) => Ok(Some(versions)),
            IfMatch::Malformed => Err(Problem::malformed("If-Match: expected ETags or *")),
        }
    }

    fn read(text: &str) -> IfMatch {
        if text.trim() == "*" {
            return IfMatch::Any;
        }
        let mut versions = Vec::new();
        for (count, tag) in text.split(',').enumerate() {
            let tag = tag.trim();
            let strong = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = strong.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let Some(inner) = inner.filter(|inner| !inner.contains('"') && count < MOST) else {
                return IfMatch::Malformed;
            };
            if tag.len() == strong.len() && inner.bytes().all(|byte| byte.is_ascii_digit()) {
                versions.extend(inner.parse::<i64>().ok());
            }
        }
        IfMatch::Versions(versions)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<IfMatch, Infallible> {
        let mut given = parts.headers.get_all(IF_MATCH).iter();
        Ok(match (given.next(), given.next()) {
            (None, _) => IfMatch::Missing,
            (Some(one), None) => one.to_str().map_or(IfMatch::Malformed, IfMatch::read),
            (Some(_), Some(_)) => IfMatch::Malformed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_the_standard_has_them() {
        assert_eq!(IfMatch::read("*"), IfMatch::Any);
        assert_eq!(IfMatch::read(r#""3""#), IfMatch::Versions(vec![3]));
        assert_eq!(IfMatch::read(r#" "3" , "4""#), IfMatch::Versions(vec![3, 4]));
        // Compared strongly, a weak tag is never the same.
        assert_eq!(IfMatch::read(r#"W/"3", "x", "-3", """#), IfMatch::Versions(vec![]));
        for wrong in ["", "3", r#""3"#, r#""3"4""#, r#""3","#, &[r#""1""#; 9].join(",")] {
            assert_eq!(IfMatch::read(wrong), IfMatch::Malformed, "{wrong}");
        }
        assert_eq!(etag(3), r#""3""#);
    }
}
