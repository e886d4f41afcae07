//! A file's tenant changes, or the file comes under a name of another tenant's entry.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;

use super::super::{FollowNote, Followed, From};
use super::world::{Step, World, packed};
use crate::commit::Tenant;
use crate::files::name;

fn texts(world: &World) -> Vec<&str> {
    world.texts.values().flatten().map(String::as_str).collect()
}

/// How often it was told that a tenant goes on with another's file.
fn taken(world: &World) -> usize {
    world.notes.iter().filter(|note| matches!(note, FollowNote::TakenOver { .. })).count()
}

#[test]
fn a_tenant_that_comes_later_goes_on_where_the_other_stopped() {
    for from in [From::Start, From::End] {
        let mut world = World::without_follower(from);
        fs::write(world.path(".2.gz"), packed(b"oldest\n")).unwrap();
        fs::write(world.path(".1"), "older\n").unwrap();
        fs::write(world.path(""), "old\n").unwrap();
        world.begin();
        world.drain();
        let old = if from == From::Start { 3 } else { 0 };
        assert_eq!(texts(&world).len(), old);
        for round in 1..=4 {
            world.append(format!("round {round}\n").as_bytes());
            world.drain();
            // Nobody has read this one yet.
            world.append(format!("between {round}\n").as_bytes());
            world.step(&Step::Hand);
            world.drain();
            assert_eq!(texts(&world).len(), old + 2 * round, "{from:?}: {:?}", texts(&world));
            assert_eq!(taken(&world), round, "{from:?}");
        }
        // Rotated and packed between two tenants.
        world.commit();
        world.step(&Step::Die);
        world.append(b"late\n");
        world.step(&Step::Rename { late: false });
        world.step(&Step::Pack { slowly: false });
        world.append(b"new\n");
        world.step(&Step::Hand);
        world.drain();
        assert_eq!(texts(&world).len(), old + 10, "{from:?}: {:?}", texts(&world));
        assert_eq!(world.mistaken(), Vec::<String>::new());
    }
}

/// Two followers of two tenants, as one server has them.
#[test]
fn a_file_that_is_moved_to_another_tenant_is_let_go_when_what_was_read_is_committed() {
    let mut world = World::new();
    world.append(b"one\ntwo\nha");
    (0..3).for_each(|_| _ = world.read());
    assert_eq!(texts(&world), ["one", "two"]);
    let theirs = world.folder.path().join("logs/theirs.log");
    let mut other = World::beside(&world, Tenant::new("other").unwrap(), From::End);
    fs::rename(world.path(""), &theirs).unwrap();
    other.follow(theirs.clone());
    other.drain();
    assert_eq!(texts(&other), Vec::<&str>::new());
    let withheld = other.followed.as_ref().unwrap().withheld().to_vec();
    assert_eq!(withheld.len(), 1, "it is still read for the first one");
    let let_go = |world: &mut World| {
        let Some(followed) = world.followed.as_mut() else { return false };
        followed.let_go(withheld[0].place, &world.keeping).unwrap()
    };
    assert!(let_go(&mut world));
    world.read();
    let reads = |followed: &Option<Followed>| followed.as_ref().unwrap().holds(withheld[0].place);
    assert!(reads(&world.followed), "what was read is not committed");
    other.read();
    assert_eq!(other.followed.as_ref().unwrap().withheld(), withheld);
    assert!(world.commit() && let_go(&mut world) && !reads(&world.followed));
    fs::write(&theirs, "one\ntwo\nhalf\nthree\n").unwrap();
    other.drain();
    world.drain();
    assert_eq!((texts(&world), texts(&other)), (vec!["one", "two"], vec!["half", "three"]));
    assert_eq!(taken(&other), 1);
    // And back, while nobody looks.
    other.commit();
    other.die();
    world.commit();
    world.die();
    fs::rename(&theirs, world.path("")).unwrap();
    world.append(b"four\n");
    world.drain();
    assert_eq!(texts(&world), ["one", "two", "four"]);
}

#[test]
fn a_link_to_another_tenants_file_is_not_followed() {
    for is_open in [true, false] {
        let mut world = World::new();
        world.append(b"one\n");
        world.drain();
        world.commit();
        let link = world.folder.path().join("logs/link.log");
        fs::hard_link(world.path(""), &link).unwrap();
        let mut other = World::beside(&world, Tenant::new("other").unwrap(), From::Start);
        let named = (Tenant::default(), name(&world.path("")));
        world.held.name(HashSet::from([named]));
        if !is_open {
            world.die();
        }
        other.follow(link.clone());
        other.drain();
        assert_eq!(texts(&other), Vec::<&str>::new());
        let place = other.followed.as_ref().unwrap().withheld()[0].place;
        if let Some(followed) = &mut world.followed {
            assert!(!followed.let_go(place, &world.keeping).unwrap(), "it has a name of its own");
        }
        world.append(b"two\n");
        other.drain();
        world.drain();
        assert_eq!((texts(&world), texts(&other)), (vec!["one", "two"], vec![]), "{is_open}");
        // It is free once the first one has it no more.
        world.commit();
        world.die();
        fs::remove_file(world.path("")).unwrap();
        OpenOptions::new().append(true).open(&link).unwrap().write_all(b"three\n").unwrap();
        other.drain();
        assert_eq!(texts(&other), ["three"], "{is_open}");
    }
}

/// A file that came while it was followed is known, and nothing of it is committed: its source is not new to the other one.
#[test]
fn what_is_being_copied_as_it_changes_hands_counts_once() {
    let mut world = World::new();
    for step in [Step::Write(1, false), Step::Copy, Step::Hand, Step::Cut, Step::Write(1, false)] {
        world.step(&step);
    }
    world.drain();
    assert_eq!((world.missing(), world.mistaken()), (vec![], vec![]));
}
