//! How far a scan is, as it goes: server-sent events, until it has ended.
//!
//! ```text
//!   event: progress
//!   data: {"task":"Connect Scan","percent":42.0,"hosts":3,"left":14}
//!
//!   event: ended
//!   data: {"run":7,"state":"done",…}
//! ```

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep};
use utoipa_axum::routes;

use super::super::caller::{Caller, Reader};
use super::super::events::Events;
use super::super::path::Path;
use super::super::problem::{AGAIN, Problem};
use super::super::shared::Shared;
use super::super::slots::Slots;
use super::Routes;
use super::scans::found;
use crate::report::{scans, strict_json};
use crate::scans::{Run, RunState, ScanStore};
use crate::token::Token;

/// How often it is looked how far it is.
const LOOK: Duration = Duration::from_millis(500);
/// How long nothing is said: proxies take what is silent for dead.
const SILENT: Duration = Duration::from_secs(15);
/// Pieces that wait for whoever reads slowly.
const WAITING: usize = 4;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(stream)).layer(Extension(Slots::default()))
}

/// How far a scan is, until it has ended: `text/event-stream`.
#[utoipa::path(
    get,
    operation_id = "stream_scan",
    path = "/api/v1/scans/{id}/stream",
    tag = "scans",
    params(("id" = u64, Path, description = "its number")),
    security(("token" = ["reader"])),
    responses((status = 200, description = "events until it has ended", body = String, content_type = "text/event-stream"))
)]
async fn stream(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Extension(slots): Extension<Slots>,
    Path(run): Path<u64>,
) -> Result<Response, Problem> {
    found(&shared, caller.tenant(), run).await?;
    let none = || Problem::full("too many streams are open").retry_after(AGAIN);
    let slot = slots.take(&caller.token).ok_or_else(none)?;
    let (sender, receiver) = channel(WAITING);
    tokio::spawn(Following { shared, token: caller.token, run, sender, said: Instant::now() }.run());
    let head = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    Ok((head, Body::new(Events::new(receiver, slot))).into_response())
}

/// Looks and tells, until the scan has ended, nobody listens, the token is over or the server stops.
struct Following {
    shared: Arc<Shared>,
    token: Token,
    run: u64,
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
        self.say(": tripline\n\n".into()).await?;
        let mut before = Value::Null;
        loop {
            // A database that is busy is asked again.
            if let Ok(run) = self.look().await {
                let Some(run) = run else { return Ok(()) };
                if run.state != RunState::Running {
                    return self.say(event("ended", &scans::run(&run))).await;
                }
                let underway = self.shared.scans.underway(&self.token.tenant, self.run);
                let now = underway.map_or(Value::Null, |underway| scans::progress(&underway));
                if now != before {
                    self.say(event("progress", &now)).await?;
                    before = now;
                }
            }
            if self.said.elapsed() >= SILENT {
                self.say(": still\n\n".into()).await?;
            }
            sleep(LOOK).await;
        }
    }

    /// How the run stands; `None`: the token does not hold any more, or the run is gone.
    async fn look(&self) -> Result<Option<Run>, Problem> {
        let (id, tenant, number) = (self.token.id, self.token.tenant.clone(), self.run);
        let now = self.shared.clock.now();
        let looked = self.shared.read(move |database| {
            let token = database.token_of(&tenant, id)?;
            let holds = token.is_some_and(|token| token.holds(now));
            if holds { database.run(&tenant, number) } else { Ok(None) }
        });
        looked.await
    }

    async fn say(&mut self, text: String) -> Result<(), Gone> {
        self.said = Instant::now();
        self.sender.send(text.into()).await.map_err(|_| Gone)
    }
}

/// An event; its data are on one line.
fn event(name: &str, object: &Value) -> String {
    let mut data = Vec::new();
    // Writing to memory does not fail.
    let _ = strict_json::write(&mut data, object);
    format!("event: {name}\ndata: {}\n\n", String::from_utf8_lossy(&data))
}
