//! Real logs: what is named, and what stays quiet.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};

use tripline_tests::{builtin, check, corpus};

/// Addresses with so many failed passwords must be named.
const FAILED: usize = 5;

#[test]
fn every_address_that_guesses_passwords_is_named() {
    let Some(corpus) = corpus() else { return };
    let log = corpus.join("OpenSSH_2k.log");
    let text = std::fs::read_to_string(&log).unwrap();
    let mut failed: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines().filter(|line| line.contains("Failed password")) {
        let address = line.rsplit_once(" from ").unwrap().1.split(' ').next().unwrap();
        *failed.entry(address).or_default() += 1;
    }
    let guessing: BTreeSet<&str> = failed.iter().filter(|(_, n)| **n >= FAILED).map(|(ip, _)| *ip).collect();
    assert_eq!(guessing.len(), 10);
    let outcome = check(builtin(), &[log], 2);
    let named = |ip: &&&str| outcome.report.incidents.iter().any(|incident| incident.title.contains(**ip));
    let missing: Vec<_> = guessing.iter().filter(|ip| !named(ip)).collect();
    assert!(missing.is_empty(), "not named: {missing:?}");
    assert_incidents("OpenSSH_2k.log", &outcome, 40);
}

#[test]
fn ordinary_logs_stay_quiet() {
    let Some(corpus) = corpus() else { return };
    for (name, most) in [("access_combined_2k.log", 5), ("Apache_2k.log", 20)] {
        assert_incidents(name, &check(builtin(), &[corpus.join(name)], 2), most);
    }
}

#[test]
fn application_errors_are_silent_on_a_host_log() {
    let Some(corpus) = corpus() else { return };
    let outcome = check(builtin(), &[corpus.join("Linux_2k.log")], 2);
    let loud: Vec<_> = outcome.report.incidents.iter().filter(|i| i.origin.pack == "app-errors").collect();
    assert!(loud.is_empty(), "{loud:#?}");
}

/// One incident in 1,000 ordinary lines at most, of each pack that is not about what these logs are full of.
#[test]
fn packs_about_other_things_stay_quiet() {
    let Some(corpus) = corpus() else { return };
    for name in ["Linux_2k.log", "OpenSSH_2k.log", "Apache_2k.log", "access_combined_2k.log"] {
        let outcome = check(builtin(), &[corpus.join(name)], 2);
        for pack in ["sudo-su", "auditd-basics", "log-gap"] {
            let loud: Vec<_> = outcome.report.incidents.iter().filter(|i| i.origin.pack == pack).collect();
            assert!(loud.len() <= 2, "{name}: {loud:#?}");
        }
    }
}

#[track_caller]
fn assert_incidents(name: &str, outcome: &tripline::check::Outcome, most: usize) {
    let incidents = &outcome.report.incidents;
    for incident in incidents {
        println!(
            "{name}: {} {} ×{} {}",
            incident.severity, incident.origin.rule.id, incident.count, incident.title
        );
    }
    assert!(outcome.report.faults.is_empty(), "{:?}", outcome.report.faults);
    assert!(incidents.len() <= most, "{name}: {} incidents, expected at most {most}", incidents.len());
}
