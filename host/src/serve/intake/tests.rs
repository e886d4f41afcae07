use super::super::batch::StreamSettings;
use super::*;

fn intake() -> Intake {
    Intake::new(IntakeLimits { bytes: 100, tenant_bytes: 60, source_bytes: 40, sources: 2 }, || {})
}

fn offer(intake: &Intake, tenant: &str, source: &str, bytes: usize) -> Result<(), Refused> {
    let batch = Batch {
        file: None,
        tenant: Tenant::new(tenant).unwrap(),
        source: source.into(),
        settings: StreamSettings::default(),
        lines: vec![b'x'; bytes],
        received: 0,
        key: None,
        done: None,
    };
    intake.offer(batch).map_err(|(refused, _)| refused)
}

#[test]
fn sources_tenants_and_all_have_their_room() {
    let intake = intake();
    assert_eq!(offer(&intake, "a", "1", 30), Ok(()));
    assert_eq!(offer(&intake, "a", "1", 20), Err(Refused::Full { waiting: 30 }), "of the source");
    assert_eq!(offer(&intake, "a", "2", 20), Ok(()));
    assert_eq!(offer(&intake, "a", "2", 20), Err(Refused::Full { waiting: 50 }), "of the tenant");
    assert_eq!(offer(&intake, "a", "3", 1), Err(Refused::Sources { most: 2 }));
    assert_eq!(offer(&intake, "b", "1", 40), Ok(()));
    assert_eq!(offer(&intake, "c", "1", 20), Err(Refused::Full { waiting: 90 }), "of all");
    let taken: usize = intake.turn(1000, |_| true).iter().map(|batch| batch.lines.len()).sum();
    assert_eq!(taken, 90);
    assert!(intake.turn(1000, |_| true).is_empty());
    // Larger than its room, it waits alone.
    assert_eq!(offer(&intake, "c", "1", 1000), Ok(()));
}

/// Whoever may name sources names as many as there may be: the operator's own listener is not shut out by that.
#[test]
fn what_is_expected_has_a_place_of_its_own() {
    let (intake, tenant) = (intake(), Tenant::new("a").unwrap());
    intake.remember([(tenant.clone(), "http/before".to_string())]);
    assert_eq!(offer(&intake, "a", "http/1", 1), Ok(()));
    assert_eq!(offer(&intake, "a", "http/2", 1), Err(Refused::Sources { most: 2 }), "one was there before");
    assert_eq!(offer(&intake, "a", "http/before", 1), Ok(()));
    assert_eq!(offer(&intake, "a", "syslog/udp", 1), Err(Refused::Sources { most: 2 }));
    intake.expect([(tenant, "syslog/udp".to_string())]);
    assert_eq!(offer(&intake, "a", "syslog/udp", 1), Ok(()));
    assert_eq!(offer(&intake, "a", "http/2", 1), Err(Refused::Sources { most: 2 }));
}

#[test]
fn what_was_given_out_waits_until_it_is_read() {
    let intake = intake();
    offer(&intake, "a", "1", 40).unwrap();
    let taken = intake.turn(1000, |_| true);
    assert!(intake.is_empty());
    assert_eq!(offer(&intake, "a", "1", 1), Err(Refused::Full { waiting: 40 }));
    drop(taken);
    assert_eq!(offer(&intake, "a", "1", 1), Ok(()));
}

#[test]
fn each_source_has_a_turn() {
    let intake = intake();
    for (source, bytes) in [("1", 10), ("1", 10), ("1", 10), ("2", 10)] {
        offer(&intake, "a", source, bytes).unwrap();
    }
    let turn = || intake.turn(15, |_| true).iter().map(|taken| taken.source.clone()).collect::<Vec<_>>();
    assert_eq!(turn(), ["1", "1", "2"]);
    offer(&intake, "a", "2", 10).unwrap();
    assert_eq!(turn(), ["1", "2"]);
    assert_eq!(turn(), [""; 0]);
    offer(&intake, "a", "2", 10).unwrap();
    assert!(intake.turn(15, |_| false).is_empty() && !intake.is_empty(), "it waits for room");
    assert_eq!(intake.oldest(), HashMap::from([(Tenant::new("a").unwrap(), 0)]));
    assert_eq!(turn(), ["2"]);
    assert!(intake.is_empty() && intake.oldest().is_empty());
}
