//! The server's threads and how it begins and ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::accepting::accept;
use super::addresses::Addresses;
use super::connection::Connections;
use super::shared::{Parts, Shared};
use super::tls::Certificate;
use super::{HttpError, HttpLimits, HttpSources, routes, sign_ins};
use crate::configuration::TlsFiles;
use crate::packs::Shelf;
use crate::serve::{Health, Intake, Scans};
use crate::store::Database;
use crate::wall_clock::WallClock;

/// Threads on which nothing waits: they read, write and agree on TLS.
const THREADS: usize = 2;

/// What is served, and where.
pub struct HttpOptions {
    /// Where it is reached; port 0: any.
    pub listen: SocketAddr,
    /// The certificate; `None`: without TLS.
    pub tls: Option<TlsFiles>,
    /// What people read and change.
    pub database: Arc<Database>,
    /// Where lines go.
    pub intake: Intake,
    /// What is scanned.
    pub scans: Scans,
    /// The packs that it judges by.
    pub packs: Arc<Shelf>,
    /// How the server stands.
    pub health: Arc<Health>,
    /// The time.
    pub clock: Arc<dyn WallClock>,
    /// What strangers may bring.
    pub limits: HttpLimits,
    /// How lines become events, but for what their request says of format and time zone.
    pub streams: HttpSources,
    /// Proxies whose word is taken for where a request comes from.
    pub proxies: Vec<IpNet>,
}

/// An HTTP server that runs. Dropped, it ends at once.
pub struct HttpServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    shared: Arc<Shared>,
    certificate: Option<Certificate>,
    // Taken when it ends.
    running: Option<(Runtime, JoinHandle<()>)>,
}

/// Begins to serve, on threads of its own.
///
/// # Errors
/// The address or the certificate cannot be had.
pub fn start(options: HttpOptions) -> Result<HttpServer, HttpError> {
    let HttpOptions { listen, tls, database, intake, scans, packs, health, clock, limits, .. } = options;
    let HttpOptions { streams, proxies, .. } = options;
    let certificate = tls.as_ref().map(Certificate::read).transpose()?;
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(THREADS)
        .max_blocking_threads(limits.reads + limits.writes + limits.unpacking + limits.compiling);
    let runtime =
        builder.thread_name("http").enable_io().enable_time().build().map_err(HttpError::Threads)?;
    let refused = |error| HttpError::Listen { address: listen, error };
    let listener = runtime.block_on(TcpListener::bind(listen)).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let (stop, stopping) = watch::channel(false);
    let stopping_too = stopping.clone();
    let parts = Parts {
        database,
        intake,
        scans,
        packs,
        health,
        clock,
        limits,
        streams,
        proxies,
        stopping: stopping_too,
    };
    let shared = Arc::new(Shared::new(parts));
    let router = routes::router(&shared);
    let connections =
        Arc::new(Connections { router, tls: certificate.clone(), limits, stopping: stopping.clone() });
    let addresses = Addresses::new(limits.connections, limits.connections_of_address);
    runtime.spawn(sign_ins::keep(Arc::clone(&shared), stopping.clone()));
    let accepting = runtime.spawn(accept(listener, addresses, connections, shared.figures.clone(), stopping));
    Ok(HttpServer { address, stop, shared, certificate, running: Some((runtime, accepting)) })
}

impl HttpServer {
    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its certificate; `None`: it speaks without TLS.
    pub fn certificate(&self) -> Option<Certificate> {
        self.certificate.clone()
    }

    /// Takes no more, and answers what was asked until then, for at most so long. After [`crate::serve::run`] has ended,
    /// whoever brought lines knows what became of them.
    pub fn stop(mut self, deadline: Duration) {
        self.stop.send_replace(true);
        if let Some((runtime, accepting)) = self.running.take() {
            let _ = runtime.block_on(async { tokio::time::timeout(deadline, accepting).await });
            let last = sign_ins::write(&self.shared, true);
            let _ = runtime.block_on(async { tokio::time::timeout(deadline, last).await });
            runtime.shutdown_timeout(Duration::from_millis(100));
        }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        if let Some((runtime, _)) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}
