//! What is wrong with a request, as RFC 9457 has it: enough for its sender, nothing of paths, SQL or other tenants.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::request_id::RequestId;
use crate::commit::StoreError;
use crate::packs::{CompileError, PackRefused};
use crate::report::visible;
use crate::serve::NotBegun;

/// Characters of a detail: some of it is what the sender wrote.
const DETAIL: usize = 300;

/// An answer that is no success. It becomes a body in [`super::observed`], which knows the request's id.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log, never for the sender.
    cause: Option<String>,
}

/// A problem as it is written: `application/problem+json`.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody<'a> {
    /// Which problem it is: `urn:tripline:` and a word that stays.
    #[schema(example = "urn:tripline:unknown")]
    r#type: String,
    /// What it is, for a person.
    title: &'a str,
    /// The status, again.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What was expected, and what came.
    detail: &'a str,
    /// The request's id: what the server's log has of it is found by it.
    instance: &'a str,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)*) => {
        impl Problem {
            $($(#[$doc])*
            pub(super) fn $name(detail: impl Into<Cow<'static, str>>) -> Problem {
                Problem::new(StatusCode::$status, $code, $title, detail.into())
            })*
        }
    };
}

problems! {
    /// What came cannot be understood.
    malformed = BAD_REQUEST, "malformed", "The request cannot be understood";
    /// It is understood, and cannot be done.
    invalid = UNPROCESSABLE_ENTITY, "invalid", "The request asks for what cannot be";
    /// The token's scope does not cover it.
    forbidden = FORBIDDEN, "forbidden", "The token may not do that";
    /// There is no such thing, or it is another tenant's.
    unknown = NOT_FOUND, "unknown", "There is no such thing";
    /// It is not signed as is demanded.
    unsigned = UNPROCESSABLE_ENTITY, "unsigned", "The signature is not as is demanded";
    /// The body is no type that is taken here.
    unsupported = UNSUPPORTED_MEDIA_TYPE, "unsupported", "The body's type is not taken";
    /// The body is too large.
    too_large = PAYLOAD_TOO_LARGE, "too-large", "The body is too large";
    /// The body came too slowly.
    too_slow = REQUEST_TIMEOUT, "too-slow", "The body came too slowly";
    /// It collides with how things stand.
    conflict = CONFLICT, "conflict", "It collides with how things stand";
    /// The tenant may not use as much.
    over_quota = CONFLICT, "over-quota", "The tenant's quota does not allow it";
    /// Somebody has changed it since.
    changed = PRECONDITION_FAILED, "changed", "It was changed since";
    /// Only what says what it was made for is done.
    precondition = PRECONDITION_REQUIRED, "precondition", "A precondition is missing";
    /// The same key came with something else.
    key_reused = UNPROCESSABLE_ENTITY, "key-reused", "The idempotency key was used for something else";
    /// A request with this key is on its way.
    underway = CONFLICT, "underway", "A request with this key is on its way";
    /// There is no room now.
    full = TOO_MANY_REQUESTS, "full", "There is no room now";
    /// It is not ready now.
    unavailable = SERVICE_UNAVAILABLE, "unavailable", "It cannot be done now";
    /// Too many wrong tokens.
    guessing = TOO_MANY_REQUESTS, "guessing", "Too many wrong tokens";
    no_method = METHOD_NOT_ALLOWED, "method", "The method is not taken here";
}

impl Problem {
    fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: Cow<'static, str>,
    ) -> Problem {
        Problem { status, code, title, detail, headers: Vec::new(), cause: None }
    }

    /// No token, or none that opens anything: all the same to whoever tries.
    pub(super) fn no_token() -> Problem {
        let (code, title) = ("no-token", "A token is needed");
        let detail = "expected the header Authorization with Bearer and a token that holds".into();
        let problem = Problem::new(StatusCode::UNAUTHORIZED, code, title, detail);
        problem.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tripline\""))
    }

    /// Ours to mend: the sender learns nothing of it, the log all.
    pub(super) fn internal(cause: &(dyn std::error::Error + '_)) -> Problem {
        let (code, title) = ("internal", "Something is wrong with the server");
        let detail = "the server's log has more of it under the id that is this problem's instance".into();
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, code, title, detail);
        Problem { cause: Some(cause.to_string()), ..problem }
    }

    /// Of a status that somebody else chose.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap) -> Problem {
        let problem = match status {
            StatusCode::METHOD_NOT_ALLOWED => Problem::no_method("the header Allow says which methods are"),
            StatusCode::NOT_FOUND => Problem::unknown("there is nothing at this path"),
            _ => {
                let title = status.canonical_reason().unwrap_or("The request cannot be answered");
                Problem::new(status, "other", title, "".into())
            }
        };
        match headers.get(ALLOW) {
            Some(allow) => problem.header(ALLOW, allow.clone()),
            None => problem,
        }
    }

    /// When it makes sense to come again.
    pub(super) fn retry_after(self, after: Duration) -> Problem {
        let seconds = after.as_secs().max(1);
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.push((name, value));
        self
    }

    /// Whether it is refused for what it is: not what only has to wait, and nothing of ours.
    pub(super) fn is_refusal(&self) -> bool {
        self.status.is_client_error() && self.status != StatusCode::TOO_MANY_REQUESTS
    }

    /// Which problem it is, in a word.
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// What the log has of it.
    pub(super) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// As it is sent.
    pub(super) fn written(&self, id: &RequestId) -> Response {
        let cut = self.detail.char_indices().nth(DETAIL).map_or(self.detail.len(), |(at, _)| at);
        let body = ProblemBody {
            r#type: format!("urn:tripline:{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail[..cut],
            instance: id.as_str(),
        };
        let mut response = Response::new(Body::from(serde_json::to_vec(&body).unwrap_or_default()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.headers.iter().for_each(|(name, value)| drop(headers.insert(name, value.clone())));
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::Over(_, over) => return Problem::over_quota(over.to_string()),
            StoreError::Tokens(_) => return Problem::conflict(error.to_string()),
            // It held when its head came, and was revoked before its body was there.
            StoreError::Departed(_) | StoreError::Revoked(_) => return Problem::no_token(),
            _ => {}
        }
        if error.is_passing() {
            let problem = Problem::unavailable("the database does not take it now").retry_after(AGAIN);
            return Problem { cause: Some(error.to_string()), ..problem };
        }
        Problem::internal(&error)
    }
}

impl From<NotBegun> for Problem {
    fn from(error: NotBegun) -> Problem {
        match error {
            NotBegun::Order(_) | NotBegun::Choice(_) | NotBegun::File(_) => {
                Problem::invalid(error.to_string())
            }
            NotBegun::Quota(over) => Problem::over_quota(over.to_string()),
            NotBegun::NoSchedule(_) => Problem::unknown("the tenant has no schedule of this name"),
            NotBegun::Underway(_) | NotBegun::Alone => Problem::conflict(error.to_string()),
            NotBegun::Busy(_) | NotBegun::Files(_) => Problem::full(error.to_string()).retry_after(AGAIN),
            NotBegun::Store(error) => error.into(),
            NotBegun::Stopping => Problem::unavailable(error.to_string()).retry_after(AGAIN),
        }
    }
}

impl From<PackRefused> for Problem {
    fn from(error: PackRefused) -> Problem {
        match error {
            PackRefused::Store(error) => error.into(),
            PackRefused::Quota(over) => Problem::over_quota(over.to_string()),
            PackRefused::Unknown(_) => Problem::unknown(error.to_string()),
            PackRefused::Taken(_)
            | PackRefused::Many(_)
            | PackRefused::Meanwhile(_)
            | PackRefused::Configured(_)
            | PackRefused::Lower { .. } => Problem::conflict(error.to_string()),
            PackRefused::Unsigned(_) => Problem::unsigned(error.to_string()),
            PackRefused::Compile(CompileError::Process(error)) => Problem::internal(&error),
            // What a module says of itself may hold anything.
            error => Problem::invalid(visible(&error.to_string())),
        }
    }
}

/// When a store that waits is asked again.
pub(super) const AGAIN: Duration = Duration::from_secs(5);
