//! Hosts as bytes: a large scan tells of a hundred thousand, and as values of their own they would be a thousand megabytes.
//!
//! ```text
//!   host ─► flags │ ended │ name │ rest │ ports: number, state, service's number, scripts … │ scripts
//!                                                                 └─► services: each that differs, once
//! ```
//!
//! Numbers have seven bits in a byte; a text is its length and its bytes. What is read is what was written here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::host::{Host, Port, PortState, Protocol, ScriptResult, Service};

/// Services that were told, each once: most hosts of a network run the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Services {
    numbers: HashMap<Arc<[u8]>, usize>,
    packed: Vec<Arc<[u8]>>,
}

impl Services {
    /// The number of a service from now on.
    fn number(&mut self, service: &Service) -> usize {
        let mut packed = vec![u8::from(service.probed)];
        let Service { name, product, version, extra, tunnel, cpe, probed: _ } = service;
        for text in [name, product, version, extra, tunnel, cpe] {
            put_text(&mut packed, text.as_deref());
        }
        let packed: Arc<[u8]> = packed.into();
        let next = self.packed.len();
        let number = *self.numbers.entry(Arc::clone(&packed)).or_insert(next);
        if number == next {
            self.packed.push(packed);
        }
        number
    }

    fn get(&self, number: usize) -> Option<Service> {
        let (probed, mut rest) = self.packed.get(number)?.split_first()?;
        let bytes = &mut rest;
        Some(Service {
            name: text(bytes)?,
            product: text(bytes)?,
            version: text(bytes)?,
            extra: text(bytes)?,
            tunnel: text(bytes)?,
            cpe: text(bytes)?,
            probed: *probed != 0,
        })
    }
}

const UP: u8 = 1;
const TIMED_OUT: u8 = 2;
const ENDED: u8 = 4;

/// Puts a host behind what is there; its address stands elsewhere.
pub(super) fn put(out: &mut Vec<u8>, host: &Host, services: &mut Services) {
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    out.push(flag(host.up, UP) | flag(host.timed_out, TIMED_OUT) | flag(host.ended.is_some(), ENDED));
    if let Some(ended) = host.ended {
        out.extend(ended.to_le_bytes());
    }
    put_text(out, host.name.as_deref());
    put_number(out, host.rest.len());
    out.extend(host.rest.iter().map(|state| place(PortState::ALL, state)));
    put_number(out, host.ports.len());
    for Port { protocol, number, state, service, scripts } in &host.ports {
        out.push(place(Protocol::ALL, protocol) << 4 | place(PortState::ALL, state));
        put_number(out, usize::from(*number));
        put_number(out, service.as_ref().map_or(0, |service| services.number(service) + 1));
        put_scripts(out, scripts);
    }
    put_scripts(out, &host.scripts);
}

fn put_scripts(out: &mut Vec<u8>, scripts: &[ScriptResult]) {
    put_number(out, scripts.len());
    for ScriptResult { id, output, cut, vulnerable } in scripts {
        let vulnerable = match vulnerable {
            None => 0,
            Some(false) => 2,
            Some(true) => 4,
        };
        out.push(u8::from(*cut) | vulnerable);
        put_text(out, Some(id));
        put_text(out, Some(output));
    }
}

/// Takes a host off the beginning of these bytes; `None`: there is none any more.
pub(super) fn take(bytes: &mut &[u8], address: IpAddr, services: &Services) -> Option<Host> {
    let flags = byte(bytes)?;
    let ended = match flags & ENDED {
        0 => None,
        _ => Some(i64::from_le_bytes(bytes.split_off(..8)?.try_into().ok()?)),
    };
    let name = text(bytes)?;
    let rest = (0..number(bytes)?).map(|_| word(PortState::ALL, byte(bytes)?)).collect::<Option<_>>()?;
    let mut ports = Vec::new();
    for _ in 0..number(bytes)? {
        let kind = byte(bytes)?;
        ports.push(Port {
            protocol: word(Protocol::ALL, kind >> 4)?,
            state: word(PortState::ALL, kind & 15)?,
            number: u16::try_from(number(bytes)?).ok()?,
            service: number(bytes)?.checked_sub(1).and_then(|number| services.get(number)),
            scripts: scripts(bytes)?,
        });
    }
    let (up, timed_out) = (flags & UP != 0, flags & TIMED_OUT != 0);
    let scripts = scripts(bytes)?;
    Some(Host { address: Some(address), name, up, timed_out, unreadable: false, ended, ports, rest, scripts })
}

fn scripts(bytes: &mut &[u8]) -> Option<Vec<ScriptResult>> {
    let script = |bytes: &mut &[u8]| {
        let flags = byte(bytes)?;
        let vulnerable = match flags & 6 {
            0 => None,
            flag => Some(flag == 4),
        };
        let (id, output) = (text(bytes)?.unwrap_or_default(), text(bytes)?.unwrap_or_default());
        Some(ScriptResult { id, output, cut: flags & 1 != 0, vulnerable })
    };
    (0..number(bytes)?).map(|_| script(bytes)).collect()
}

/// Where a word stands among all of its kind.
fn place<T: PartialEq>(all: &[T], word: &T) -> u8 {
    all.iter().position(|one| one == word).unwrap_or(0) as u8
}

fn word<T: Copy>(all: &[T], place: u8) -> Option<T> {
    all.get(usize::from(place)).copied()
}

fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A text that is not there is none of length 0: it is told by one more.
fn put_text(out: &mut Vec<u8>, text: Option<&str>) {
    put_number(out, text.map_or(0, |text| text.len() + 1));
    out.extend(text.unwrap_or_default().as_bytes());
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    bytes.split_off_first().copied()
}

fn number(bytes: &mut &[u8]) -> Option<usize> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = byte(bytes)?;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}

/// `None`: the bytes break off.
fn text(bytes: &mut &[u8]) -> Option<Option<String>> {
    let Some(length) = number(bytes)?.checked_sub(1) else { return Some(None) };
    let text = bytes.split_off(..length)?;
    Some(Some(String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn some_text() -> impl Strategy<Value = Option<String>> {
        prop::option::of(prop::sample::select(&["", "a", "Grüße, 世界", "b b"][..]).prop_map(String::from))
    }

    fn script() -> impl Strategy<Value = ScriptResult> {
        (some_text(), "[a-z]{0,200}", any::<bool>(), any::<Option<bool>>()).prop_map(
            |(id, output, cut, vulnerable)| ScriptResult {
                id: id.unwrap_or_default(),
                output,
                cut,
                vulnerable,
            },
        )
    }

    fn service() -> impl Strategy<Value = Service> {
        let texts = (some_text(), some_text(), some_text(), some_text(), some_text(), some_text());
        (texts, any::<bool>()).prop_map(|((name, product, version, extra, tunnel, cpe), probed)| Service {
            name,
            product,
            version,
            extra,
            tunnel,
            cpe,
            probed,
        })
    }

    fn port() -> impl Strategy<Value = Port> {
        let words = (prop::sample::select(Protocol::ALL), prop::sample::select(PortState::ALL));
        (words, any::<u16>(), prop::option::of(service()), prop::collection::vec(script(), 0..3)).prop_map(
            |((protocol, state), number, service, scripts)| Port {
                protocol,
                number,
                state,
                service,
                scripts,
            },
        )
    }

    fn host() -> impl Strategy<Value = Host> {
        let states = prop::collection::vec(prop::sample::select(PortState::ALL), 0..3);
        let ports = prop::collection::vec(port(), 0..5);
        let scripts = prop::collection::vec(script(), 0..3);
        (some_text(), any::<(bool, bool, Option<i64>)>(), ports, states, scripts).prop_map(
            |(name, (up, timed_out, ended), ports, rest, scripts)| Host {
                address: Some([192, 0, 2, 1].into()),
                name,
                up,
                timed_out,
                unreadable: false,
                ended,
                ports,
                rest,
                scripts,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_packed_is_the_same_unpacked(hosts in prop::collection::vec(host(), 0..4)) {
            let (mut bytes, mut services) = (Vec::new(), Services::default());
            hosts.iter().for_each(|host| put(&mut bytes, host, &mut services));
            let mut rest = &bytes[..];
            let taken: Vec<Host> =
                std::iter::from_fn(|| take(&mut rest, [192, 0, 2, 1].into(), &services)).collect();
            prop_assert_eq!(taken, hosts);
            prop_assert!(rest.is_empty());
        }
    }
}
