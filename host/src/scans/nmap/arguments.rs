use std::net::IpAddr;

use crate::scans::addresses::Addresses;
use crate::scans::order::Order;

/// What nmap is called with. Everything in it is a number, or one of our own words, or a plain name that was checked; what
/// is scanned is not in it.
pub(super) fn arguments(order: &Order, addresses: &Addresses) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut put = |words: &[&str]| out.extend(words.iter().map(|word| word.to_string()));
    // No names are looked up: what is told of an address would be its owner's text, and the asking is seen.
    // Not --noninteractive: with it nmap tells nobody how far it is. It has no terminal in which somebody could press keys.
    put(&["-n", "-oX", "-", "--no-stylesheet", "--stats-every", "1s"]);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::arguments;
    use crate::commit::Tenant;
    use crate::scans::{Allowed, Order, Ports, Request, ScanName, ScanSettings, Script, SystemResolver};

    /// What somebody might type to have nmap do something else.
    const TYPED: [&str; 24] = [
        "-oN",
        "-oN/tmp/x",
        "--script=evil",
        "22 --script evil",
        "22,--script,evil",
        "22;id",
        "$(id)",
        "`id`",
        "-iL",
        "-",
        "--",
        "T:22,-sS",
        "22\n-oN",
        "22\0-oN",
        "../evil",
        "/tmp/evil.nse",
        "evil,-oN",
        "-evil",
        "default or vuln",
        "all",
        "http-*",
        "ssl-cert --script-args x",
        "1-",
        "22-1",
    ];

    /// What is taken of it, as nmap is called with it; `None`: nothing is.
    fn called(ports: &str, script: &str) -> Option<Vec<String>> {
        let (ports, script) = (ports.parse::<Ports>(), script.parse::<Script>());
        if ports.is_err() && script.is_err() {
            return None;
        }
        let script = script.unwrap_or_else(|_| "ssl-cert".parse().unwrap());
        let loopback = Allowed::new(["127.0.0.0/8".parse().unwrap()]);
        let settings = ScanSettings {
            allow: [(Tenant::default(), loopback)].into(),
            scripts: vec![script.clone()],
            ..ScanSettings::default()
        };
        let request = Request {
            name: ScanName::default(),
            targets: vec!["127.0.0.1".parse().unwrap()],
            ports: ports.unwrap_or_else(|_| "22".parse().unwrap()),
            service: true,
            scripts: vec![script],
            every_address: true,
        };
        let order = Order::check(&request, &Tenant::default(), &settings, &SystemResolver::default()).ok()?;
        Some(arguments(&order, order.addresses()))
    }

    fn holds(argv: &[String]) {
        let ours = [
            "-n",
            "-oX",
            "-",
            "--no-stylesheet",
            "--stats-every",
            "-iL",
            "-sT",
            "--unprivileged",
            "-Pn",
            "-sV",
            "-p",
            "--host-timeout",
            "--script",
        ];
        for (at, word) in argv.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| argv[at].as_str());
            let plain = match before {
                Some("-p") => word.bytes().all(|byte| byte.is_ascii_digit() || b",-".contains(&byte)),
                Some("--script") => {
                    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
                }
                _ => true,
            };
            let is_option = word.starts_with('-');
            assert!(plain && (!is_option || ours.contains(&word.as_str())), "{word:?} in {argv:?}");
        }
    }

    #[test]
    fn nothing_that_is_typed_is_an_option() {
        for ports in TYPED {
            for script in TYPED {
                called(ports, script).iter().for_each(|argv| holds(argv));
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_no_option(ports in "[0-9,a-z -]{0,12}", script in "[-a-z0-9_=,./ *]{0,16}") {
            called(&ports, &script).iter().for_each(|argv| holds(argv));
        }
    }
}
