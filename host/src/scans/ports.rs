use std::fmt;
use std::str::FromStr;

use super::ranges::Ranges;

/// Bytes of what somebody may ask for: nmap is called with it, and each run keeps it.
const LONGEST: usize = 1_000;

/// A set of ports, written like `22,80,8000-8100`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(Ranges);

/// A text that names no ports.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected ports from 1 to 65535 like 22,80,8000-8100, in at most {LONGEST} bytes, found `{0}`")]
pub struct PortsError(String);

impl Ports {
    /// Whether a port is in it.
    pub fn contains(&self, port: u16) -> bool {
        self.0.contains(port.into())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.count() as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().flat_map(|(first, last)| first as u16..=last as u16)
    }

    /// What is in either.
    pub fn or(&self, other: &Ports) -> Ports {
        Ports(self.0.or(&other.0))
    }

    /// What is in both.
    pub fn and(&self, other: &Ports) -> Ports {
        Ports(self.0.and(&other.0))
    }

    /// What is in this one and not in the other.
    pub fn without(&self, other: &Ports) -> Ports {
        Ports(self.0.without(&other.0))
    }
}

impl FromIterator<u16> for Ports {
    fn from_iter<I: IntoIterator<Item = u16>>(ports: I) -> Ports {
        Ports(ports.into_iter().map(|port| (port.into(), port.into())).collect())
    }
}

impl Ports {
    /// What [`Ports`] writes, or a scanner, however long it is; `None`: that is none.
    pub fn read(text: &str) -> Option<Ports> {
        // Digits alone: what a number's parser takes besides, a plus, is nobody's port.
        let port = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|port| digits && *port > 0)
        };
        let range = |item: &str| {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let (first, last) = (port(first)?, port(last)?);
            (first <= last).then_some((first.into(), last.into()))
        };
        let ranges: Option<Ranges> = text.split(',').map(|item| range(item.trim())).collect();
        ranges.map(Ports)
    }
}

/// What somebody asks for.
impl FromStr for Ports {
    type Err = PortsError;

    fn from_str(text: &str) -> Result<Ports, PortsError> {
        let wrong = || PortsError(text.chars().take(80).collect());
        Some(text).filter(|text| text.len() <= LONGEST).and_then(Ports::read).ok_or_else(wrong)
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Ports;

    #[test]
    fn lists_and_ranges() {
        let shown = |text: &str| text.parse::<Ports>().map(|ports| ports.to_string());
        assert_eq!(shown("80, 22,81-90,23,1-1").as_deref(), Ok("1,22-23,80-90"));
        assert_eq!(shown("1-65535").as_deref(), Ok("1-65535"));
        for wrong in ["", "0", "65536", "22-", "-22", "90-80", "a", "+22", "22,,23", "T:22", "22 --script x"]
        {
            assert!(shown(wrong).is_err(), "{wrong}");
        }
        assert_eq!("1-65535".parse::<Ports>().unwrap().count(), 65_535);
        let (most, more) = (["1024"; 200].join(","), ["1024"; 201].join(","));
        assert_eq!((most.len(), shown(&most).as_deref()), (999, Ok("1024")));
        // nmap itself writes more.
        assert!(shown(&more).is_err() && Ports::read(&more).is_some());
    }
}
