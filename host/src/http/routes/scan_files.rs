//! Files of scans that were made elsewhere, taken as if they had been made here.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT_ENCODING, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::super::body;
use super::super::caller::{Analyst, Caller};
use super::super::json::{Json, is};
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::room::Share;
use super::super::shared::Shared;
use super::super::unpacking::{Packing, unpack};
use super::Routes;
use super::scans::{found, named, whole};
use crate::http::shapes::ScanShape;
use crate::scans::ScanName;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(import))
}

/// What a file is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Called {
    /// What the scan is called: it is compared with the last one of this name. Missing: `adhoc`.
    #[param(min_length = 1, max_length = 64, pattern = "^[a-z0-9-]+$", example = "dmz")]
    name: Option<String>,
}

/// Takes a file of nmap or masscan, as XML, as if it had been scanned here.
///
/// The answer comes when it is compared and kept; rules judge it then. Files are taken the oldest first: one that ended
/// before the last one of its name is refused. Whoever has larger ones takes them where the database is, by
/// `tripline scan import`.
#[utoipa::path(
    post,
    operation_id = "import_scan",
    path = "/api/v1/scans/import",
    tag = "scans",
    params(
        Called,
        ("Content-Encoding" = Option<String>, Header, description = "identity, gzip or zstd"),
    ),
    request_body(content((String = "application/xml"), (String = "text/xml"))),
    security(("token" = ["analyst"])),
    responses(
        (status = 201, description = "it is kept", body = ScanShape),
        (status = 408, description = "the body came too slowly"),
        (status = 409, description = "one of this name is underway, or the tenant's quota does not allow it"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "the body's type is not taken"),
        (status = 422, description = "it is no scan, or not one that can be compared"),
        (status = 429, description = "as many as may be are read")
    )
)]
async fn import(
    State(shared): State<Arc<Shared>>,
    caller: Caller<Analyst>,
    query: Query<Called>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Query(Called { name }) = query;
    let name = name.as_deref().map_or(Ok(ScanName::default()), named)?;
    if !is(&headers, "application/xml") && !is(&headers, "text/xml") {
        return Err(Problem::unsupported(
            "expected the header Content-Type with application/xml or text/xml",
        ));
    }
    let packing = Packing::of(&headers)
        .map_err(|problem| problem.header(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd")))?;
    let (tenant, actor, limits) = (caller.tenant().clone(), caller.actor(), shared.limits);
    let mut share = shared.room.share(&tenant);
    let packed = body::read(body, limits.packed_bytes, &limits, &mut share).await?;
    let file = shared.unpack(move || {
        let bytes = Cursor::new(unpack(packed, packing, &limits, &mut share)?);
        Ok(Held { bytes, _share: share })
    });
    let (file, of) = (file.await?, tenant.clone());
    let number = shared.begin(move |scans| scans.import(of, actor, name, file)).await?;
    let run = found(&shared, &tenant, number).await?;
    Ok((StatusCode::CREATED, Json(whole(&shared, &tenant, &run))).into_response())
}

/// A file in memory, which counts until it is read.
struct Held {
    bytes: Cursor<Vec<u8>>,
    _share: Share,
}

impl Read for Held {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}
