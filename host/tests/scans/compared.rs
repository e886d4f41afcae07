//! A comparison through the store, beside the same in memory.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tripline::commit::{StoreError, Tenant};
use tripline::scans::{
    Addresses, Comparing, Finding, Host, InMemory, Keeps, Origin, Port, PortState, Protocol, RunEnd,
    ScanName, ScanStore, ScannerKind, Seen, Service, Tells, compare,
};

use crate::stored::{all_known, baseline, ended, lines, new_run, open};

/// Compares in a transaction of the store.
struct Comparison {
    seen: Seen,
    how: Comparing,
    told: Arc<Mutex<Vec<Finding>>>,
}

impl Tells for Comparison {
    fn tell(&self, keeps: &dyn Keeps) -> Result<u64, StoreError> {
        let mut tell = |finding: &Finding| {
            self.told.lock().unwrap().push(finding.clone());
            keeps.finding(&finding.line(&Origin {
                scan: ScanName::new("dmz").unwrap(),
                run: None,
                scanner: ScannerKind::Nmap,
            }))
        };
        compare(&mut *keeps.known(&baseline("dmz"))?, &self.seen, &self.how, &mut tell)?;
        Ok(0)
    }
}

/// A host as a scan sees it: whether it is there, and its ports, with what they say when they are asked.
fn host() -> impl Strategy<Value = Host> {
    let service = prop::option::of((prop::sample::select(&["ssh", "http"][..]), any::<bool>()));
    let port =
        (1..5_u16, prop::sample::select(PortState::ALL), service).prop_map(|(number, state, service)| {
            let said = |(name, probed): (&str, bool)| Service {
                name: Some(name.into()),
                probed,
                ..Service::default()
            };
            Port { protocol: Protocol::Tcp, number, state, service: service.map(said), scripts: Vec::new() }
        });
    let ports = prop::collection::vec(port, 0..4);
    (1..5_u8, prop::bool::weighted(0.8), prop::bool::weighted(0.1), ports).prop_map(
        |(last, up, timed_out, ports)| Host {
            address: Some([192, 0, 2, last].into()),
            up,
            timed_out,
            ports,
            ..Host::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_comparison_through_the_store_is_one_in_memory(
        scans in prop::collection::vec((prop::collection::vec(host(), 0..6), any::<bool>()), 1..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (tenant, store, mut in_memory) = (Tenant::default(), open(&folder), InMemory::default());
        for (time, (hosts, whole)) in (1..).zip(scans) {
            let mut seen = Seen::of(Addresses::read("192.0.2.0/29"));
            (seen.ended, seen.whole) = (time, whole);
            hosts.iter().for_each(|host| assert!(seen.add(host)));
            let ports = Some("1-4".parse().unwrap());
            let how = Comparing { protocol: Protocol::Tcp, ports, closed_after: 2, hosts: true, coverage: true };
            let mut expected = Vec::new();
            let mut tell = |finding: &Finding| {
                expected.push(finding.clone());
                Ok(())
            };
            compare(&mut in_memory, &seen, &how, &mut tell).unwrap();
            let told = Arc::default();
            let comparison = Comparison { seen, how, told: Arc::clone(&told) };
            let run = store.begin(&tenant, new_run()).unwrap();
            store.end(&tenant, run, Arc::new(RunEnd { ended: time, ..ended(comparison) })).unwrap();
            prop_assert_eq!(&*told.lock().unwrap(), &expected);
            prop_assert_eq!(lines(&store, &tenant, run).len(), expected.len());
            let known = all_known(&store, &tenant, &baseline("dmz"));
            prop_assert_eq!(known, Some((in_memory.clone(), time)));
        }
    }
}
