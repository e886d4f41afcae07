//! What stands behind the question mark; what nobody asked for is refused.

use std::error::Error;

use axum::extract::{FromRequestParts, Query as AxumQuery};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Its type derives `Deserialize` with `deny_unknown_fields`.
pub(super) struct Query<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Problem> {
        match AxumQuery::try_from_uri(&parts.uri) {
            Ok(AxumQuery(query)) => Ok(Query(query)),
            Err(error) => {
                // What is wrong is said by whoever has read it; the layers above say who they are.
                let mut innermost: &dyn Error = &error;
                while let Some(source) = innermost.source() {
                    innermost = source;
                }
                let plain = |one: char| if one.is_control() { '\u{fffd}' } else { one };
                let words: String = innermost.to_string().chars().map(plain).collect();
                Err(Problem::malformed(format!("behind the question mark: {words}")))
            }
        }
    }
}
