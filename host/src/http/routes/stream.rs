//! What happens to incidents, as it happens: server-sent events.
//!
//! ```text
//!   : tripline               at once, so that whoever listens knows that it is open
//!   retry: 5000
//!
//!   id: 17                   security.log's number: whoever comes again with it as Last-Event-ID misses nothing
//!   event: incident.opened
//!   data: {"type":"happening","seq":17,…}
//!
//!   id: 19                   nothing for a while: how far it was looked
//!
//!   event: gap               what happened before is no longer known: read the list again
//!   data: {}
//! ```

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep};
use utoipa_axum::routes;

use super::super::caller::{Caller, Reader};
use super::super::events::Events;
use super::super::problem::{AGAIN, Problem};
use super::super::shared::Shared;
use super::super::slots::Slots;
use super::Routes;
use crate::report::{listed, strict_json};
use crate::security_log::Record;
use crate::store::Happenings;
use crate::token::Token;

/// How often it is looked what has happened.
const LOOK: Duration = Duration::from_millis(500);
/// How long nothing is said: proxies take what is silent for dead.
const SILENT: Duration = Duration::from_secs(15);
/// Happenings that are read at once.
const MOST: u32 = 100;
/// Pieces that wait for whoever reads slowly.
const WAITING: usize = 4;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(stream)).layer(Extension(Slots::default()))
}

/// What happens to incidents from now on, or after a happening that was seen last: `text/event-stream`.
#[utoipa::path(
    get,
    operation_id = "stream_incidents",
    path = "/api/v1/incidents/stream",
    tag = "incidents",
    params(("Last-Event-ID" = Option<i64>, Header, description = "the id of the last event that was seen", minimum = 0)),
    security(("token" = ["reader"])),
    responses((status = 200, description = "events without end", body = String, content_type = "text/event-stream"))
)]
async fn stream(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Extension(slots): Extension<Slots>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let seen = last_seen(&headers)?;
    let none = || Problem::full("too many streams are open").retry_after(AGAIN);
    let slot = slots.take(&caller.token).ok_or_else(none)?;
    let (sender, receiver) = channel(WAITING);
    // How far the log is; what this token's owner may see of it is asked for later.
    let tenant = caller.tenant().clone();
    let newest = shared.read(move |database| database.happenings(&tenant, 0, 0)).await?.last;
    let following = Following {
        shared,
        token: caller.token,
        at: seen.unwrap_or(newest).min(newest),
        // Of another database, or of one that was put back.
        gap: seen.is_some_and(|seen| seen > newest),
        sender,
        said: Instant::now(),
    };
    tokio::spawn(following.run());
    let head = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((head, Body::new(Events::new(receiver, slot))).into_response())
}

fn last_seen(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(given) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let number = given.to_str().ok().and_then(|text| text.parse::<i64>().ok());
    let wrong = || Problem::malformed("Last-Event-ID: expected the id of an event");
    number.filter(|number| *number >= 0).map(Some).ok_or_else(wrong)
}

/// Looks and tells, until nobody listens, the token is over or the server stops.
struct Following {
    shared: Arc<Shared>,
    token: Token,
    /// All up to this one was told.
    at: i64,
    gap: bool,
    sender: Sender<Bytes>,
    /// When something was said last.
    said: Instant,
}

/// Nobody listens any more.
struct Gone;

impl Following {
    async fn run(mut self) {
        let stopping = Arc::clone(&self.shared);
        let (gone, token) = (self.sender.clone(), self.token.clone());
        tokio::select! {
            _ = self.tell() => {}
            () = gone.closed() => {}
            () = stopping.stopping() => {}
            () = stopping.over(&token) => {}
        }
    }

    async fn tell(&mut self) -> Result<(), Gone> {
        self.say(": tripline\nretry: 5000\n\n".into()).await?;
        loop {
            let Ok((holds, happened)) = self.look().await else {
                // The database is busy. It is asked again; until then nothing is missed.
                sleep(LOOK).await;
                continue;
            };
            if !holds {
                return Ok(());
            }
            if self.gap || happened.gap {
                self.gap = false;
                self.say("event: gap\ndata: {}\n\n".into()).await?;
            }
            let full = happened.records.len() as u64 >= u64::from(MOST);
            for record in &happened.records {
                self.say(event(record)).await?;
            }
            self.at = happened.last;
            if self.said.elapsed() >= SILENT {
                self.say(format!("id: {}\n\n", self.at)).await?;
            }
            if !full {
                sleep(LOOK).await;
            }
        }
    }

    /// Whether the token still holds, and what has happened.
    async fn look(&self) -> Result<(bool, Happenings), Problem> {
        let (id, tenant, at) = (self.token.id, self.token.tenant.clone(), self.at);
        let now = self.shared.clock.now();
        let looked = self.shared.read(move |database| {
            // The token first: what happens after it was revoked is not told.
            let token = database.token_of(&tenant, id)?;
            let holds = token.is_some_and(|token| token.holds(now));
            Ok((holds, if holds { database.happenings(&tenant, at, MOST)? } else { Happenings::default() }))
        });
        looked.await
    }

    async fn say(&mut self, text: String) -> Result<(), Gone> {
        self.said = Instant::now();
        self.sender.send(text.into()).await.map_err(|_| Gone)
    }
}

/// An event; its data are on one line.
fn event(record: &Record) -> String {
    let mut data = Vec::new();
    // Writing to memory does not fail.
    let _ = strict_json::write(&mut data, &listed::happening(record));
    let data = String::from_utf8_lossy(&data);
    format!("id: {}\nevent: {}\ndata: {data}\n\n", record.seq, record.event)
}
