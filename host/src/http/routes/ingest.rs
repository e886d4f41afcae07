//! Lines in: answered with success only when they are judged and all that came of them is on disk.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_ENCODING, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tripline_engine::decode::Format;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::super::caller::{Caller, Ingest};
use super::super::json::{Json, is};
use super::super::problem::{AGAIN, Problem};
use super::super::query::Query;
use super::super::room::Share;
use super::super::shared::Shared;
use super::super::streams::Said;
use super::super::unpacking::{Packing, unpack};
use super::super::{HttpLimits, body};
use super::Routes;
use crate::commit::{BatchKey, Tenant};
use crate::configuration::{HttpSource, zone};
use crate::serve::{Batch, Reason, Refused};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Bytes of an idempotency key.
const KEY: usize = 255;
/// Bytes of a time zone's name.
const ZONE: usize = 64;
/// When a source that is full, or a key that is on its way, is tried again.
const SOON: Duration = Duration::from_secs(1);

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(ingest))
}

/// What a request says of its lines.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// What the source is called: 1 to 64 letters, digits, `.`, `_` and `-`. Incidents name it `http/NAME`.
    #[param(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = "web")]
    source: String,
    /// The lines' format: `rfc3164`, `rfc5424`, `iso`, `access`, `w3c`, `audit`, `cef`, `json`, `records`, `journal`, `logfmt` or `plain`; else it is found from the first lines.
    format: Option<String>,
    /// The time zone of stamps that say none: a name like `Europe/Berlin`, or an offset.
    #[param(max_length = 64, example = "Europe/Berlin")]
    timezone: Option<String>,
}

/// Lines that are judged, and what came of them on disk.
#[derive(Serialize, ToSchema)]
pub(super) struct Ingested {
    /// Lines of the body, once it was unpacked; empty ones, too.
    lines: u64,
    /// Bytes of the body, once it was unpacked.
    bytes: u64,
    /// Whether they had come before with the same key: they were judged then.
    duplicate: bool,
}

/// Takes lines.
///
/// The answer is 200 only when all lines were judged and what came of them is on disk. With an `Idempotency-Key` (1 to
/// 255 visible characters, known for a day) the same request can be sent again until it is answered, and its lines count
/// once; without one they may count twice. In `application/x-ndjson` each line is one event, in `text/plain`
/// continuation lines join the event before them. Bytes need not be UTF-8. What the first request of a source says of
/// its lines holds until the server ends.
#[utoipa::path(
    post,
    path = "/api/v1/ingest",
    tag = "lines",
    security(("token" = ["ingest"])),
    params(
        Asked,
        ("Idempotency-Key" = Option<String>, Header, description = "by what the request is known if it comes again"),
        ("Content-Encoding" = Option<String>, Header, description = "identity, gzip or zstd"),
    ),
    request_body(content((String = "text/plain"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "the lines are judged, and what came of them is on disk", body = Ingested),
        (status = 408, description = "the body came too slowly"),
        (status = 409, description = "a request with this key is on its way, or the source is read differently"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "the body's type is not taken"),
        (status = 422, description = "the key was used for something else, or the query cannot be"),
    )
)]
async fn ingest(
    State(shared): State<Arc<Shared>>,
    caller: Caller<Ingest>,
    query: Query<Asked>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Ingested>, Problem> {
    let Query(asked) = query;
    let source = source(&asked.source)?;
    let said = said(&asked, &headers)?;
    let packing = Packing::of(&headers)
        .map_err(|problem| problem.header(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd")))?;
    let key = key(&headers)?.map_or(Key::None, Key::Given);
    let zone = asked.timezone.unwrap_or_default();
    let coming = Coming { source, said, zone, key, packing, read: Ok };
    take(&shared, caller.tenant(), coming, body).await.map(Json)
}

/// By what a request is known if it comes again.
#[derive(Clone, Copy)]
pub(super) enum Key {
    /// By nothing.
    None,
    /// By what its sender says.
    Given([u8; 32]),
    /// By what it brings: whoever sends it again sends the same.
    Itself,
}

/// What is said of a request that comes.
pub(super) struct Coming {
    pub(super) source: String,
    pub(super) said: Said,
    /// As it was written: what a key stands for must not change with how a library shows it.
    pub(super) zone: String,
    pub(super) key: Key,
    pub(super) packing: Packing,
    /// Makes lines of what was unpacked.
    pub(super) read: fn(Vec<u8>) -> Result<Vec<u8>, Problem>,
}

/// Reads, unpacks and brings it, and waits until all that came of it is on disk.
pub(super) async fn take(
    shared: &Arc<Shared>,
    tenant: &Tenant,
    coming: Coming,
    body: Body,
) -> Result<Ingested, Problem> {
    let (tenant, source, said) = (tenant.clone(), coming.source.clone(), coming.said.clone());
    shared.streams.agree(&tenant, &source, &said)?;
    ready(shared)?;
    // Who is over it takes no place from others with what is to be unpacked.
    if let Some(wait) = shared.intake.quotas().and_then(|quotas| quotas.wait(&tenant)) {
        return Err(turned_away(Refused::Quota { wait }));
    }

    let limits = shared.limits;
    let mut share = shared.room.share(&tenant);
    let packed = body::read(body, limits.packed_bytes, &limits, &mut share).await?;
    let (lines, key, share) = shared
        .unpack(move || {
            let (lines, key) = coming.run(packed, &limits, &mut share)?;
            Ok((lines, key, share))
        })
        .await?;
    let mut ingested = Ingested::of(&lines);
    if lines.is_empty() {
        return Ok(ingested);
    }
    if let Some(key) = key
        && known(shared, &tenant, key).await?
    {
        ingested.duplicate = true;
        return Ok(ingested);
    }
    let (settings, received) = (shared.streams.settings(&tenant, &source, &said), shared.clock.now());
    let batch = Batch { tenant, source, settings, file: None, lines, received, key, done: None };
    commit(shared, batch, share, &said).await?;
    Ok(ingested)
}

impl Ingested {
    fn of(lines: &[u8]) -> Ingested {
        let ends = memchr::memchr_iter(b'\n', lines).count();
        let open = usize::from(lines.last().is_some_and(|last| *last != b'\n'));
        Ingested { lines: (ends + open) as u64, bytes: lines.len() as u64, duplicate: false }
    }
}

/// Brings a batch, and waits until all that came of it is on disk.
async fn commit(shared: &Arc<Shared>, mut batch: Batch, share: Share, said: &Said) -> Result<(), Problem> {
    let (tenant, source, key) = (batch.tenant.clone(), batch.source.clone(), batch.key);
    let (done, committed) = oneshot::channel();
    batch.done = Some(Box::new(move |committed| {
        // Whoever waited may have gone.
        let _ = done.send(committed);
    }));
    shared.intake.offer(batch).map_err(|(refused, _)| turned_away(refused))?;
    // The intake counts it now.
    drop(share);
    shared.streams.taken(&tenant, &source, said);
    match timeout(shared.limits.commit, committed).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(_)) | Err(_)) => return Err(stops()),
        Err(_) => {
            let detail = "the lines are taken and not on disk yet; sent again with the same Idempotency-Key, they count once";
            return Err(Problem::unavailable(detail).retry_after(AGAIN));
        }
    }
    // Two with one key may have come at once: only one of them was judged, and it must have been this.
    if let Some(key) = key {
        known(shared, &tenant, key).await?;
    }
    Ok(())
}

impl Coming {
    /// What is done where it may take its time.
    fn run(
        self,
        packed: Vec<u8>,
        limits: &HttpLimits,
        share: &mut Share,
    ) -> Result<(Vec<u8>, Option<BatchKey>), Problem> {
        let lines = (self.read)(unpack(packed, self.packing, limits, share)?)?;
        let key = match self.key {
            Key::None => return Ok((lines, None)),
            Key::Given(key) => key,
            Key::Itself => Sha256::digest(&lines).into(),
        };
        let format = self.said.format.map_or("", Format::name);
        let mut body = Sha256::new();
        // The same lines of another source are something else.
        for part in [self.source.as_str(), format, self.zone.as_str()] {
            body.update((part.len() as u64).to_be_bytes());
            body.update(part);
        }
        body.update([u8::from(self.said.join)]);
        body.update(&lines);
        Ok((lines, Some(BatchKey { key, body: body.finalize().into() })))
    }
}

/// Whether it was committed before.
async fn known(shared: &Arc<Shared>, tenant: &Tenant, key: BatchKey) -> Result<bool, Problem> {
    let tenant = tenant.clone();
    match shared.read(move |database| database.batch(&tenant, &key.key)).await? {
        None => Ok(false),
        Some(body) if body == key.body => Ok(true),
        Some(_) => Err(Problem::key_reused(
            "expected what this Idempotency-Key came with before, found something else",
        )),
    }
}

fn source(name: &str) -> Result<String, Problem> {
    if HttpSource::is_name(name) {
        return Ok(format!("http/{name}"));
    }
    Err(Problem::invalid(format!("expected as source {}", HttpSource::NAME)))
}

fn said(asked: &Asked, headers: &HeaderMap) -> Result<Said, Problem> {
    let ndjson = is(headers, "application/x-ndjson");
    if !ndjson && !is(headers, "text/plain") {
        let detail = "expected the header Content-Type with text/plain or application/x-ndjson";
        return Err(Problem::unsupported(detail));
    }
    let format = match &asked.format {
        None => ndjson.then_some(Format::Json),
        Some(name) => {
            let sent = name.parse().ok().filter(|format: &Format| format.is_for_senders());
            let unknown = || Problem::invalid(format!("expected as format {}", Format::LISTED_FOR_SENDERS));
            Some(sent.ok_or_else(unknown)?)
        }
    };
    let timezone = match &asked.timezone {
        None => None,
        Some(name) => {
            let short = Some(name).filter(|name| name.len() <= ZONE);
            let wrong = || Problem::invalid(format!("expected as timezone {}", zone::EXPECTED));
            Some(short.and_then(|name| zone::parse(name)).ok_or_else(wrong)?)
        }
    };
    Ok(Said { format, timezone, join: !ndjson })
}

/// SHA-256 of the idempotency key, if there is one.
fn key(headers: &HeaderMap) -> Result<Option<[u8; 32]>, Problem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let (one, None) = (given.next(), given.next()) else {
        return Err(Problem::malformed("expected one Idempotency-Key, found several"));
    };
    let Some(key) = one.map(HeaderValue::as_bytes) else { return Ok(None) };
    if (1..=KEY).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) {
        return Ok(Some(Sha256::digest(key).into()));
    }
    Err(Problem::malformed("expected as Idempotency-Key 1 to 255 visible characters"))
}

/// Nothing is read of whom it would only keep waiting.
fn ready(shared: &Shared) -> Result<(), Problem> {
    let reasons = shared.health.ready().err().unwrap_or_default();
    match reasons.iter().find(|reason| matches!(reason, Reason::Store | Reason::Stopping)) {
        Some(reason) => Err(Problem::unavailable(reason.sentence()).retry_after(AGAIN)),
        None => Ok(()),
    }
}

fn turned_away(refused: Refused) -> Problem {
    match refused {
        Refused::Full { .. } => {
            Problem::full("lines that are not judged yet fill the room").retry_after(SOON)
        }
        Refused::Quota { wait } => {
            let detail = "the tenant's lines come, or are judged, for as much as its quota allows";
            Problem::full(detail).retry_after(wait)
        }
        Refused::Underway => {
            Problem::underway("a request with this Idempotency-Key is not committed yet").retry_after(SOON)
        }
        Refused::Sources { most } => Problem::invalid(format!("expected at most {most} sources of a tenant")),
        Refused::Stopping => stops(),
    }
}

fn stops() -> Problem {
    Problem::unavailable("the server stops; the lines are to be sent again").retry_after(AGAIN)
}
