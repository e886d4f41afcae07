//! Request ids: what a response, its problem and the log's line have in common.

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderName};

/// Where it comes and goes.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Bytes of one that is taken over.
const LONGEST: usize = 64;

/// What a request is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestId(String);

impl RequestId {
    /// The one that it came with, if that can stand in a log and a header as it is; else a new one.
    pub(super) fn of(headers: &HeaderMap) -> RequestId {
        let given = headers.get(X_REQUEST_ID).and_then(|given| given.to_str().ok());
        let clean = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        match given.filter(|given| (1..=LONGEST).contains(&given.len()) && given.bytes().all(clean)) {
            Some(given) => RequestId(given.into()),
            None => RequestId::draw(),
        }
    }

    fn draw() -> RequestId {
        let mut bytes = [0_u8; 16];
        // Without randomness it is only less good to find.
        let _ = getrandom::fill(&mut bytes);
        let mut id = String::with_capacity(32);
        for byte in bytes {
            let _ = write!(id, "{byte:02x}");
        }
        RequestId(id)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_is_short_and_clean_is_taken_over() {
        let of = |given: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(given).unwrap());
            RequestId::of(&headers)
        };
        assert_eq!(of(b"a-B_9.z").as_str(), "a-B_9.z");
        let longest = "x".repeat(64);
        assert_eq!(of(longest.as_bytes()).as_str(), longest);
        for wrong in [&b""[..], b"a b", b"\xff", b"a\"b", "x".repeat(65).as_bytes()] {
            let made = of(wrong);
            assert!(made.as_str().len() == 32 && made != of(wrong), "{made:?}");
        }
    }
}
