//! Incidents for other programs, all of them: page by page from the database, piece by piece to whoever takes them.

use std::io;
use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::mpsc::{Sender, channel};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::caller::{Caller, Reader};
use super::super::events::Pieces;
use super::super::problem::{AGAIN, Problem};
use super::super::query::Query;
use super::super::shared::Shared;
use super::super::slots::Slots;
use super::Routes;
use super::which::which;
use crate::incidents::{Cursor, Filter, Page};
use crate::report::stored_page::{CSV_HEAD, csv_row, csv_table, json_line};
use crate::token::Token;

/// Incidents of a page: each may have a summary of some KiB.
const PAGE: u32 = 200;
/// Pieces that wait for whoever reads slowly.
const WAITING: usize = 1;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(export)).layer(Extension(Slots::default()))
}

/// As what they come.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum ExportFormat {
    /// A table; what a spreadsheet would take for a formula is quoted.
    #[default]
    Csv,
    /// One object a line.
    Json,
}

which! {
    /// Which incidents, and as what.
    struct Asked {
        /// A table, or one JSON object a line.
        #[serde(default)]
        #[param(inline, required = false)]
        format: ExportFormat,
    }
}

/// All such incidents, the latest change first, as a table or as one JSON object a line.
///
/// They are read page by page while they are taken: what changes meanwhile may be missed or come as it was. An answer that
/// breaks off is not whole.
#[utoipa::path(
    get,
    operation_id = "export_incidents",
    path = "/api/v1/incidents/export",
    tag = "incidents",
    params(Asked),
    security(("token" = ["reader"])),
    responses((
        status = 200,
        description = "incidents",
        content((String = "text/csv"), (String = "application/x-ndjson"))
    ))
)]
async fn export(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Extension(slots): Extension<Slots>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let filter = asked.filter()?;
    let none = || Problem::full("too many exports are underway").retry_after(AGAIN);
    let slot = slots.take(&caller.token).ok_or_else(none)?;
    let (sender, receiver) = channel(WAITING);
    let exporting = Exporting { shared, token: caller.token, filter, format: asked.format, sender };
    // What is wrong with the first page is still an answer.
    let first = exporting.page(None).await?;
    tokio::spawn(exporting.run(first));
    let content = match asked.format {
        ExportFormat::Csv => "text/csv; charset=utf-8",
        ExportFormat::Json => "application/x-ndjson",
    };
    Ok(([(CONTENT_TYPE, content)], Body::new(Pieces::new(receiver, slot))).into_response())
}

/// Reads and gives, until all is given, nobody takes it, the token is over or the server stops.
struct Exporting {
    shared: Arc<Shared>,
    token: Token,
    filter: Filter,
    format: ExportFormat,
    sender: Sender<io::Result<Bytes>>,
}

impl Exporting {
    async fn run(self, first: Page) {
        let stopping = Arc::clone(&self.shared);
        let broken = |why: &str| Err(io::Error::other(why.to_string()));
        let ended = tokio::select! {
            ended = self.give(first) => ended,
            () = stopping.stopping() => broken("the server stops"),
            () = stopping.over(&self.token) => broken("the token is over"),
        };
        if let Err(error) = ended {
            // Whoever takes it learns that it is not whole: the connection is broken off.
            let _ = self.sender.send(Err(error)).await;
        }
    }

    async fn give(&self, first: Page) -> io::Result<()> {
        let mut page = first;
        let mut head = self.format == ExportFormat::Csv;
        loop {
            let piece = self.written(&page, std::mem::take(&mut head))?;
            if self.sender.send(Ok(piece.into())).await.is_err() {
                return Ok(());
            }
            let Some(next) = page.next else { return Ok(()) };
            page = self.page(Some(next)).await.map_err(|_| io::Error::other("the database is busy"))?;
        }
    }

    /// A page, if the token still holds.
    async fn page(&self, after: Option<Cursor>) -> Result<Page, Problem> {
        let (filter, id, tenant) = (self.filter.clone(), self.token.id, self.token.tenant.clone());
        let now = self.shared.clock.now();
        let read = self.shared.read(move |database| {
            let token = database.token_of(&tenant, id)?;
            if !token.is_some_and(|token| token.holds(now)) {
                return Ok(None);
            }
            database.page(&tenant, &filter, after, PAGE).map(Some)
        });
        read.await?.ok_or_else(Problem::no_token)
    }

    fn written(&self, page: &Page, head: bool) -> io::Result<Vec<u8>> {
        if self.format == ExportFormat::Csv {
            let head = head.then(|| Ok(CSV_HEAD.map(String::from)));
            return csv_table(head.into_iter().chain(page.incidents.iter().map(csv_row)));
        }
        let mut piece = Vec::new();
        page.incidents.iter().try_for_each(|incident| json_line(&mut piece, incident, &[]))?;
        Ok(piece)
    }
}
