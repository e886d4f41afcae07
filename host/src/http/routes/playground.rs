//! The rule playground's files: for everybody, since they say nothing of anybody. They stand in no document, since no
//! program asks for them.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, LOCATION, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::super::problem::Problem;
use crate::playground::{File, Files, POLICY};

/// The page at this path, which does not end with a slash.
pub(in crate::http) fn routes<S: Clone + Send + Sync + 'static>(at: &str, files: Arc<Files>) -> Router<S> {
    // Relative, so that it holds behind a proxy that has put something before it.
    let folder = format!("{}/", at.rsplit('/').next().unwrap_or_default());
    let moved = HeaderValue::from_str(&folder).unwrap_or(HeaderValue::from_static("/"));
    let moved = async move || (StatusCode::PERMANENT_REDIRECT, [(LOCATION, moved)]);
    let index = Arc::clone(&files);
    let index = async move |headers: HeaderMap| answer(&index, "index.html", &headers);
    let file = async move |Path(path): Path<String>, headers: HeaderMap| answer(&files, &path, &headers);
    Router::new()
        .route(at, get(moved))
        .route(&format!("{at}/"), get(index))
        .route(&format!("{at}/{{*path}}"), get(file))
}

fn answer(files: &Files, path: &str, headers: &HeaderMap) -> Response {
    let Some(file) = files.get(path) else {
        return Problem::unknown("there is no such file of the playground").into_response();
    };
    let File { content_type, bytes, packed, tag } = file;
    let packed = packed.filter(|_| takes_gzip(headers));
    let tag = format!("\"{tag}{}\"", if packed.is_some() { "-gzip" } else { "" });
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = match (known, packed) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, Some(packed)) => Body::from(packed).into_response(),
        (false, None) => Body::from(Bytes::from_owner(Arc::clone(bytes))).into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, *content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (VARY, "accept-encoding"),
        // Asked for each time, and sent again only if another build serves it.
        (CACHE_CONTROL, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if packed.is_some() && !known {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let listed = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let refused = |weight: &str| weight.trim().trim_start_matches("q=").parse() == Ok(0.0_f32);
    listed.flat_map(|value| value.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !refused(weight)
    })
}
