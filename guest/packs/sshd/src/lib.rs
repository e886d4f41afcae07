//! Attacks on an SSH server, from the lines of sshd.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use tripline_sdk::prelude::*;

/// What the pack remembers.
#[derive(Default, State)]
pub struct Sshd {
    failures: BTreeMap<Vec<u8>, u64>,
}

#[tripline_sdk::pack {
    name: "sshd",
    sources: [{ service: "sshd" }],
    patterns: {
        failed: { regex: r"^Failed \S+ for (?:invalid user )?(?P<user>.*) from (?P<ip>\S+) port \d+" },
    },
    settings: {
        /// Failed logins from one address that make an incident.
        threshold: { integer: 5, min: 1, max: 1000 },
    },
}]
impl Sshd {
    /// Many failed passwords from one address.
    #[rule {
        id: "password-guessing",
        title: "Password guessing over SSH",
        severity: high,
        tags: ["attack.t1110.001"],
        dedupe_window: 3600,
        on: [failed],
    }]
    fn guessing(&mut self, settings: &Settings, ip: Text, user: Text) -> Option<Decision> {
        let count = self.failures.entry(ip.as_bytes().to_vec()).or_default();
        *count += 1;
        if *count % settings.threshold as u64 != 0 {
            return None;
        }
        let title = format!("Password guessing over SSH from {ip}");
        Some(Decision::new(ip).title(title).value("ip", ip).value("user", user).value("failures", *count))
    }
}
