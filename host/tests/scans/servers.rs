//! Servers that a test starts, on addresses of loopback that nobody else uses.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

/// A server that greets whoever connects; dropped, its port is closed.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// At this address and port; 0: any.
    pub(crate) fn at(host: Ipv4Addr, port: u16, greeting: &'static [u8]) -> Server {
        let listener = TcpListener::bind((host, port)).unwrap();
        let at = listener.local_addr().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&ended);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Relaxed) {
                    return;
                }
                // Whoever scans may have gone already.
                let _ = stream.and_then(|mut stream| stream.write_all(greeting));
            }
        });
        Server { at, ended, thread: Some(thread) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.at.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Relaxed);
        let _ = std::net::TcpStream::connect(self.at);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A port of this address at which nobody listens.
pub(crate) fn free(host: Ipv4Addr) -> u16 {
    TcpListener::bind((host, 0)).unwrap().local_addr().unwrap().port()
}
