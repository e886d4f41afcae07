//! The rule playground by itself: on loopback, for one person, below a path that nobody else knows.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

use super::figures::Figures;
use super::problem::Problem;
use super::request_id::RequestId;
use super::routes::playground;
use super::server::{HttpServer, serve};
use super::{HttpError, HttpLimits};
use crate::playground::Files;

/// Serves these files on loopback, below `/SECRET/`: other users of this machine can reach the port, too, and a log may
/// be nothing for them.
///
/// # Errors
/// The port cannot be had.
pub fn start_playground(port: u16, secret: &str, files: Files) -> Result<HttpServer, HttpError> {
    let listen: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
    let at = format!("/{secret}");
    let limits = HttpLimits::default();
    serve(listen, None, limits, |_| {
        let router: Router = playground::routes(&at, Arc::new(files));
        let router = router.fallback(|| async { Problem::unknown("there is nothing at this path") });
        (router.layer(from_fn(own_name)), Figures::default())
    })
}

/// Only what asks for this machine by its own name: a stranger's page whose name was made to mean this machine does not.
async fn own_name(request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let mut response = match name {
        "127.0.0.1" | "localhost" => next.run(request).await,
        _ => Problem::forbidden("expected 127.0.0.1 or localhost as the host").into_response(),
    };
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem.written(&id),
        None => response,
    }
}
