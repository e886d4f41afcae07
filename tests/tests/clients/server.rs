//! The server as these tests have it: syslog at ports that are known, one pack.

use std::net::{SocketAddr, TcpListener, UdpSocket};

use tripline_tests::Server;

pub(crate) const TENANT: &str = "default";

/// Judges by one pack, of which each line is an occurrence.
pub(crate) fn start(server: &mut Server) {
    server.start(&["--only", "app-errors"], None);
}

/// A server that takes syslog; answers where: by UDP, by TCP.
pub(crate) fn syslog() -> (Server, u16, u16) {
    let mut server = Server::new(&sections(0, 0));
    start(&mut server);
    let port = |words| server.says(words).parse::<SocketAddr>().unwrap().port();
    let (udp, tcp) = (port("takes syslog at udp/"), port("takes syslog at tcp/"));
    (server, udp, tcp)
}

/// No HTTP, and syslog at these ports.
pub(crate) fn sections(udp: u16, tcp: u16) -> String {
    format!(
        "[server]\nlisten = \"off\"\n\
         [[syslog]]\nlisten = \"127.0.0.1:{udp}\"\ntransport = \"udp\"\n\
         [[syslog]]\nlisten = \"127.0.0.1:{tcp}\"\ntransport = \"tcp\"\n"
    )
}

/// Ports that were free just now, for a server that is started later: by UDP, by TCP.
pub(crate) fn ports() -> (u16, u16) {
    let (udp, tcp) = (UdpSocket::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    (udp.local_addr().unwrap().port(), tcp.local_addr().unwrap().port())
}
