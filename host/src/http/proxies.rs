//! Who asked, where proxies of our own stand before the server: what they say of that is believed, and nobody else.
//!
//! ```text
//!   X-Forwarded-For: 6.6.6.6, 192.0.2.9, 10.0.0.2        the connection comes from 10.0.0.1
//!                    │        │          └ ours           └ ours
//!                    │        └ who asked: the last one that is not ours
//!                    └ whatever they have written themselves
//! ```

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies(Vec<IpNet>);

impl Proxies {
    pub(super) fn new(proxies: Vec<IpNet>) -> Proxies {
        Proxies(proxies)
    }

    /// Where a request comes from whose connection comes from there.
    pub(super) fn origin(&self, peer: SocketAddr, headers: &HeaderMap) -> SocketAddr {
        let mut from = peer;
        if !self.has(peer.ip()) {
            return from;
        }
        let said: Vec<&[u8]> = headers.get_all(X_FORWARDED_FOR).iter().map(|said| said.as_bytes()).collect();
        for one in said.into_iter().rev().flat_map(|said| said.rsplit(|byte| *byte == b',')) {
            // What is no address is not ours: behind it nothing is believed.
            let Some(address) = address(one) else { break };
            from = address;
            if !self.has(from.ip()) {
                break;
            }
        }
        from
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

/// An address, with or without a port.
fn address(text: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let plain = || text.parse().ok().map(|address: IpAddr| SocketAddr::new(address, 0));
    plain().or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn origin(peer: &str, said: &[&str], expected: &str) {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for said in said {
            headers.append(X_FORWARDED_FOR, said.parse().unwrap());
        }
        let found = proxies.origin(SocketAddr::new(peer.parse().unwrap(), 1), &headers);
        assert_eq!(found.ip(), expected.parse::<IpAddr>().unwrap(), "{peer} {said:?}");
    }

    #[test]
    fn only_configured_proxies_are_believed() {
        origin("192.0.2.1", &["198.51.100.7"], "192.0.2.1");
        origin("10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        origin("::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7");
        origin("fd00::1", &["2001:db8::7"], "2001:db8::7");
        origin("10.0.0.1", &[], "10.0.0.1");
    }

    #[test]
    fn what_they_were_told_is_not_believed() {
        origin("10.0.0.1", &["6.6.6.6, 198.51.100.7"], "198.51.100.7");
        origin("10.0.0.1", &["6.6.6.6, 198.51.100.7, 10.0.0.2"], "198.51.100.7");
        // Several headers are one list.
        origin("10.0.0.1", &["6.6.6.6", "198.51.100.7", "10.0.0.2,10.0.0.3"], "198.51.100.7");
        origin("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7");
        origin("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7");
    }

    #[test]
    fn what_is_no_address_ends_the_list() {
        origin("10.0.0.1", &["198.51.100.7, unknown"], "10.0.0.1");
        origin("10.0.0.1", &["198.51.100.7, unknown, 10.0.0.2"], "10.0.0.2");
        origin("10.0.0.1", &["", ","], "10.0.0.1");
        origin("10.0.0.1", &["10.0.0.3"], "10.0.0.3");
    }
}
