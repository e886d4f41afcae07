//! One connection: TLS if there is a certificate, then HTTP/1.1 within its limits.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::HttpLimits;
use super::shared::raised;
use super::tls::Certificate;

/// Where a request comes from, as an extension of it: of what a configured proxy has brought, whom it was for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Default for Peer {
    fn default() -> Peer {
        Peer((Ipv4Addr::UNSPECIFIED, 0).into())
    }
}

/// How long what still comes is read and thrown away after the last response: closed with something unread, the system
/// would take the response back.
const LINGER: Duration = Duration::from_secs(1);

/// What every connection is served with.
pub(super) struct Connections {
    pub(super) router: Router,
    pub(super) tls: Option<Certificate>,
    pub(super) limits: HttpLimits,
    pub(super) stopping: watch::Receiver<bool>,
}

impl Connections {
    /// Serves one until it ends; what is wrong with it is only its own.
    pub(super) async fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        // An answer is small and waited for.
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => self.speak(stream, peer).await,
            Some(tls) => {
                let agreed = timeout(self.limits.handshake, tls.acceptor().accept(stream)).await;
                match agreed {
                    Ok(Ok(stream)) => self.speak(stream, peer).await,
                    Ok(Err(error)) => {
                        tracing::debug!(target: "tripline::http", peer = %peer.ip(), %error, "no TLS");
                    }
                    Err(_) => {
                        tracing::debug!(target: "tripline::http", peer = %peer.ip(), "TLS took too long")
                    }
                }
            }
        }
    }

    async fn speak<S: AsyncRead + AsyncWrite>(&self, stream: S, peer: SocketAddr) {
        let mut stream = TimeoutStream::new(stream);
        // Who does not take the response holds no memory for it.
        stream.set_write_timeout(Some(self.limits.stalled));
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            let router = self.router.clone();
            async move {
                let Ok(response) = router.oneshot(request).await;
                Ok::<_, Infallible>(response)
            }
        });
        let mut io = Box::pin(stream);
        let ended = {
            let mut connection = pin!(self.builder().serve_connection(TokioIo::new(io.as_mut()), service));
            let mut stopping = self.stopping.clone();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = raised(&mut stopping) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(target: "tripline::http", peer = %peer.ip(), %error, "a connection ended");
        }
        let mut thrown = [0; 4096];
        let _ = timeout(LINGER, async { while matches!(io.read(&mut thrown).await, Ok(1..)) {} }).await;
    }

    fn builder(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_headers(self.limits.headers)
            .max_header_size(self.limits.head_bytes)
            .max_buf_size(self.limits.head_bytes.max(64 << 10))
            .half_close(false)
            .pipeline_flush(false);
        builder
    }
}
