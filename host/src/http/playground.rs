//! The rule playground by itself: on loopback, for one person, below a path that nobody else knows.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::accepting::accept;
use super::addresses::Addresses;
use super::connection::Connections;
use super::figures::Figures;
use super::problem::Problem;
use super::request_id::RequestId;
use super::routes::playground;
use super::{HttpError, HttpLimits};
use crate::playground::Files;

/// A playground that is served. Dropped, it ends at once.
pub struct PlaygroundServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    runtime: Runtime,
    accepting: JoinHandle<()>,
}

/// Serves these files on loopback, below `/SECRET/`: other users of this machine can reach the port, too, and a log may
/// be nothing for them.
///
/// # Errors
/// The port cannot be had.
pub fn start_playground(port: u16, secret: &str, files: Files) -> Result<PlaygroundServer, HttpError> {
    let listen: SocketAddr = (Ipv4Addr::LOCALHOST, port).into();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_io().enable_time().build();
    let runtime = runtime.map_err(HttpError::Threads)?;
    let refused = |error| HttpError::Listen { address: listen, error };
    let listener = runtime.block_on(TcpListener::bind(listen)).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let (stop, stopping) = watch::channel(false);
    let router: Router = playground::routes(&format!("/{secret}"), Arc::new(files));
    let router = router.fallback(|| async { Problem::unknown("there is nothing at this path") });
    let (router, limits) = (router.layer(from_fn(own_name)), HttpLimits::default());
    let connections = Arc::new(Connections { router, tls: None, limits, stopping: stopping.clone() });
    let addresses = Addresses::new(limits.connections, limits.connections_of_address);
    let accepting = runtime.spawn(accept(listener, addresses, connections, Figures::default(), stopping));
    Ok(PlaygroundServer { address, stop, runtime, accepting })
}

impl PlaygroundServer {
    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more, and answers what was asked until then, for at most so long.
    pub fn stop(self, deadline: Duration) {
        self.stop.send_replace(true);
        let _ = self.runtime.block_on(async { tokio::time::timeout(deadline, self.accepting).await });
        self.runtime.shutdown_timeout(Duration::from_millis(100));
    }
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
