//! Connections as they come: each has a slot or is closed at once; a system that gives none is asked again later.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::addresses::Addresses;
use super::connection::Connections;
use super::figures::Figures;
use super::shared::raised;

/// How long it waits after the system gave no connection: it has no descriptors left, and to ask at once would spin.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Accepts until it is to stop; then those that are open end what they do.
pub(super) async fn accept(
    listener: TcpListener,
    addresses: Addresses,
    connections: Arc<Connections>,
    figures: Figures,
    mut stopping: watch::Receiver<bool>,
) {
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = raised(&mut stopping) => break,
            Some(_) = open.join_next() => {
                figures.open.set(addresses.open() as i64);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => match addresses.slot(address.ip()) {
                Some(slot) => {
                    let connections = Arc::clone(&connections);
                    figures.open.set(addresses.open() as i64);
                    open.spawn(async move {
                        connections.serve(stream, address).await;
                        drop(slot);
                    });
                }
                None => {
                    figures.refused.inc();
                    tracing::debug!(target: "tripline::http", peer = %address.ip(), "no slot is left");
                }
            },
            // Theirs, and over.
            Err(error) if is_theirs(error.kind()) => {}
            Err(error) => {
                tracing::error!(target: "tripline::http", %error, "no connection is to be had; it is tried again");
                sleep(BACK_OFF).await;
            }
        }
    }
    drop(listener);
    while open.join_next().await.is_some() {}
}

fn is_theirs(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)
}
