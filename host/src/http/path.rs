//! What stands in the path: what cannot be the name of anything names nothing.

use axum::extract::{FromRequestParts, Path as AxumPath};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// As axum's, with a problem if it is wrong.
pub(super) struct Path<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        let found = AxumPath::<T>::from_request_parts(parts, state).await;
        found
            .map(|AxumPath(found)| Path(found))
            .map_err(|_| Problem::unknown("there is nothing at this path"))
    }
}
