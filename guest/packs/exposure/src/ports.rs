use std::str::FromStr;

use crate::expected::Expected;
use crate::place::{Port, Protocol};

/// Ports as an operator writes them: `22, 443, 8000-8100 tcp udp`; `any` are all, and without a protocol it is TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    ranges: Vec<(u16, u16)>,
    protocols: Vec<Protocol>,
}

impl Ports {
    pub(crate) fn has(&self, port: &Port) -> bool {
        let number = port.number;
        self.protocols.contains(&port.protocol)
            && self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

impl FromStr for Ports {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let mut ports = Ports { ranges: Vec::new(), protocols: Vec::new() };
        for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
            match word.parse::<Protocol>() {
                Ok(protocol) => ports.protocols.push(protocol),
                Err(()) => {
                    let wrong = || Expected::new("ports like 22 or 8000-8100, any, tcp, udp or sctp", word);
                    ports.ranges.push(range(word).ok_or_else(wrong)?);
                }
            }
        }
        if ports.ranges.is_empty() {
            return Err(Expected::new("ports like 22 or 8000-8100, or any", text.trim()));
        }
        if ports.protocols.is_empty() {
            ports.protocols.push(Protocol::Tcp);
        }
        Ok(ports)
    }
}

fn range(word: &str) -> Option<(u16, u16)> {
    if word == "any" {
        return Some((1, u16::MAX));
    }
    let number = |digits: &str| digits.parse::<u16>().ok().filter(|number| *number > 0);
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::Ports;
    use crate::place::{Port, Protocol};

    fn has(ports: &str, number: u16, protocol: Protocol) -> bool {
        let target = "192.0.2.7".parse().expect("an address");
        ports.parse::<Ports>().expect(ports).has(&Port { target, number, protocol })
    }

    #[test]
    fn ports_are_numbers_ranges_and_protocols() {
        assert!(
            has("22", 22, Protocol::Tcp) && !has("22", 22, Protocol::Udp) && !has("22", 23, Protocol::Tcp)
        );
        assert!(has("22,443, 8000-8100 tcp", 8100, Protocol::Tcp));
        assert!(!has("22,443, 8000-8100 tcp", 8101, Protocol::Tcp));
        assert!(has("53 tcp udp", 53, Protocol::Udp) && has("udp 53", 53, Protocol::Udp));
        assert!(!has("udp 53", 53, Protocol::Tcp));
        assert!(
            has("any", 1, Protocol::Tcp)
                && has("any", 65535, Protocol::Tcp)
                && !has("any", 1, Protocol::Sctp)
        );
    }

    #[test]
    fn what_are_no_ports_is_refused() {
        for text in ["", "tcp", "0", "65536", "-1", "22-", "100-22", "ssh", "22;23", "1-2-3", "TCP 22"] {
            assert!(text.parse::<Ports>().is_err(), "{text}");
        }
    }
}
