//! What this program says it is called when it greets a relay (RFC 5321 section 4.1.1.1): a domain, or its address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where Linux says what the machine is called.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";
/// Bytes of a domain, and of a part of one.
const DOMAIN: usize = 255;
const LABEL: usize = 63;

/// Whether a text is a domain, or an address in brackets.
pub fn is_hello(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => match inner.strip_prefix("IPv6:") {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => inner.parse::<Ipv4Addr>().is_ok(),
        },
        None => is_domain(text),
    }
}

/// What this machine is called, if that is a name by which others could know it.
pub(super) fn machine() -> Option<String> {
    known_by(&std::fs::read_to_string(HOSTNAME).ok()?)
}

/// A name without a dot is known at home only: many relays refuse it, and none refuses an address.
fn known_by(name: &str) -> Option<String> {
    let name = name.trim();
    (is_domain(name) && name.contains('.')).then(|| name.into())
}

/// An address as a relay is told it.
pub(super) fn literal(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

fn is_domain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| {
        (1..=LABEL).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // What ends with a number is an address, or wants to be one.
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= DOMAIN && text.split('.').all(label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{is_hello, known_by, literal};

    #[test]
    fn a_domain_or_an_address_in_brackets() {
        let long = format!("{}.example.org", "a".repeat(64));
        for good in
            ["a.example.org", "localhost", "x-1.example", "3com.example", "[192.0.2.1]", "[IPv6:2001:db8::1]"]
        {
            assert!(is_hello(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "-a.b",
            "a-.b",
            "a_b.c",
            "192.0.2.1",
            "[192.0.2]",
            "[2001:db8::1]",
            "a b.c",
            "a.example\r\nMAIL FROM:<x@y>",
            "ä.example",
            "[]",
            "[IPv6:]",
            &long,
        ] {
            assert!(!is_hello(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_machine_is_called_as_others_know_it() {
        assert_eq!(known_by("web1.example.org\n").as_deref(), Some("web1.example.org"));
        for unknown in ["web1\n", "", "(none)\n", "a_b.example", "10.0.0.7"] {
            assert_eq!(known_by(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn addresses_are_in_brackets() {
        for (address, expected) in
            [("127.0.0.1", "[127.0.0.1]"), ("::ffff:192.0.2.1", "[192.0.2.1]"), ("::1", "[IPv6:::1]")]
        {
            let found = literal(address.parse().unwrap());
            assert!(found == expected && is_hello(&found), "{found}");
        }
    }
}
