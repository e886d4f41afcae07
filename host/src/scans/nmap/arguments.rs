use std::net::IpAddr;

use crate::scans::addresses::Addresses;
use crate::scans::order::Order;

/// What nmap is called with. Everything in it is a number, or one of our own words, or a plain name that was checked; what
/// is scanned is not in it.
pub(super) fn arguments(order: &Order, addresses: &Addresses) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut put = |words: &[&str]| out.extend(words.iter().map(|word| word.to_string()));
    // No names are looked up: what is told of an address would be its owner's text, and the asking is seen.
    put(&["-n", "-oX", "-", "--no-stylesheet", "--noninteractive", "--stats-every", "2s"]);
    put(&["-iL", "-"]);
    match order.privileged {
        true => put(&["-sS", "--privileged"]),
        false => put(&["-sT", "--unprivileged"]),
    }
    if addresses.iter().next().is_some_and(|first| matches!(first, IpAddr::V6(_))) {
        put(&["-6"]);
    }
    if order.every_address {
        put(&["-Pn"]);
    }
    if order.service {
        put(&["-sV"]);
    }
    put(&["-p", &order.ports.to_string()]);
    put(&["--host-timeout", &format!("{}s", order.host_timeout.as_secs())]);
    if !order.scripts.is_empty() {
        let scripts: Vec<&str> = order.scripts.iter().map(|script| script.as_str()).collect();
        put(&["--script", &scripts.join(",")]);
    }
    out
}

/// What is scanned, as nmap reads it from standard input.
pub(super) fn targets(addresses: &Addresses) -> String {
    addresses.networks().map(|network| format!("{network}\n")).collect()
}
