//! What was wrong once, each by itself.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::super::{FollowNote, From};
use super::world::{SECOND, Step, World, packed};
use crate::commit::StoreError;
use crate::files::InputProblem;

/// Runs the steps, drains, and holds that each line was seen once.
#[track_caller]
fn check(world: &mut World, steps: &[Step]) {
    steps.iter().for_each(|step| world.step(step));
    world.drain();
    assert_eq!((world.missing(), world.mistaken()), (vec![], vec![]), "never seen; mistaken");
}

/// Texts of all that was seen.
fn texts(world: &World) -> Vec<&str> {
    world.texts.values().flatten().map(String::as_str).collect()
}

const WRITE: Step = Step::Write(2, false);
const READ: Step = Step::Read(1);

#[test]
fn a_store_error_keeps_open_what_is_open() {
    let late = Step::Rename { late: true };
    for changes in [&[late][..], &[Step::Delete], &[Step::Recreate], &[Step::Copy, Step::Cut], &[Step::Swap]]
    {
        for after in 0..8 {
            let fail = Step::Fail { after, calls: 1, full: false };
            // Of what was read nothing is committed: opened anew, it would be judged twice.
            let steps = [&[WRITE, READ, READ, WRITE], changes, &[WRITE, fail], &[READ; 3], &[WRITE, READ]];
            check(&mut World::new(), &steps.concat());
        }
    }
}

#[test]
fn what_has_ended_is_not_read_twice_while_its_end_is_not_committed() {
    let pack = Step::Pack { slowly: false };
    let renamed = [WRITE, READ, Step::Rename { late: false }, WRITE, READ, Step::Pause(61)];
    let mut world = World::new();
    check(&mut world, &[&renamed[..], &[pack, READ, Step::Commit, READ]].concat());
    assert_eq!(texts(&world).len(), 4);
}

#[test]
fn a_packed_file_that_is_not_whole_yet_is_read_on_when_it_is() {
    let mut world = World::new();
    let lines: Vec<String> =
        (0..2000_u32).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761))).collect();
    let packed = packed(format!("{}\n", lines.join("\n")).as_bytes());
    fs::write(world.path(".1.gz"), &packed[..packed.len() / 2]).unwrap();
    while world.read() {}
    assert!((1..2000).contains(&texts(&world).len()), "{}", texts(&world).len());
    world.commit();
    // As a copy over the network grows.
    let mut file = OpenOptions::new().append(true).open(world.path(".1.gz")).unwrap();
    file.write_all(&packed[packed.len() / 2..]).unwrap();
    world.drain();
    assert!(texts(&world) == lines, "{} texts of {} lines", texts(&world).len(), lines.len());
    assert_eq!(world.mistaken(), Vec::<String>::new());
}

#[test]
fn a_packed_file_that_does_not_say_its_length_is_gone_over_once() {
    let mut world = World::new();
    let lines: Vec<String> =
        (0..40_000_u32).map(|n| format!("{:08x}", n.wrapping_mul(2_654_435_761))).collect();
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(format!("{}\n", lines.join("\n")).as_bytes()).unwrap();
    let mut packed = encoder.finish().unwrap();
    fs::write(world.path(".1.zst"), &packed).unwrap();
    world.drain();
    assert!(texts(&world) == lines);
    world.commit();
    // Whoever went over it again would find that it is damaged; by its first bytes and its last ones it is the same.
    let far = packed.len() * 4 / 5;
    packed[far..far + 64].fill(0xff);
    fs::write(world.path(".1.zst"), &packed).unwrap();
    for round in 0..3 {
        // One more member: all are looked at.
        fs::write(world.path(&format!(".{}", 2 + round)), "").unwrap();
        world.step(&Step::Pause(2));
        while world.read() {}
    }
    assert!(world.notes.is_empty(), "{:?}", world.notes);
}

#[test]
fn what_is_there_is_passed_over_whatever_the_store_does() {
    for after in 0..8 {
        let mut world = World::without_follower(From::End);
        fs::write(world.path(".1"), "old\n").unwrap();
        fs::write(world.path(""), "old\n").unwrap();
        world.store.fail(after, 1, StoreError::Busy);
        world.begin();
        // Killed, and begun again.
        world.die();
        world.drain();
        world.append(b"new\n");
        world.drain();
        assert_eq!(texts(&world), ["new"], "after {after} calls");
    }
}

#[test]
fn what_came_while_nothing_was_there_is_read_after_a_kill() {
    let mut world = World::without_follower(From::End);
    world.begin();
    world.step(&WRITE);
    world.step(&Step::Kill);
    check(&mut world, &[WRITE]);
    assert_eq!(texts(&world).len(), 4);
}

#[test]
fn what_cannot_be_read_is_told_once_and_read_when_it_can() {
    type Place = fn(&Path);
    let is_root = rustix::process::geteuid().is_root();
    let places: [(&str, Place); 6] = [
        ("unreadable", |path| {
            fs::write(path, "old\n").unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
        }),
        // Opens, and fails to be read, whoever asks.
        ("failing", |path| symlink("/proc/self/mem", path).unwrap()),
        ("folder", |path| fs::create_dir(path).unwrap()),
        ("fifo", |path| {
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
                .unwrap();
        }),
        ("loop", |path| symlink(path, path).unwrap()),
        ("device", |path| symlink("/dev/zero", path).unwrap()),
    ];
    for (name, place) in places.into_iter().skip(usize::from(is_root)) {
        let mut world = World::new();
        place(&world.path(""));
        for turn in 0..6 {
            // Something else comes and goes, and the folder changes.
            fs::write(world.path(&format!(".{turn}.old")), "").unwrap();
            world.read();
            world.now += SECOND / 2;
        }
        let told: Vec<String> = world.notes.iter().map(|note| format!("{note:?}")).collect();
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        if name == "unreadable" {
            fs::set_permissions(world.path(""), Permissions::from_mode(0o600)).unwrap();
        } else if name == "folder" {
            fs::remove_dir(world.path("")).unwrap();
        } else {
            fs::remove_file(world.path("")).unwrap();
        }
        world.append(b"new\n");
        world.drain();
        assert!(texts(&world).contains(&"new"), "{name}: {:?}", texts(&world));
        assert_eq!(world.notes.len(), 1, "{name}");
    }
}

#[test]
fn a_head_that_the_store_did_not_take_is_told_before_what_was_read() {
    let mut world = World::new();
    world.append(b"");
    world.step(&READ);
    // It is known by nothing yet, and what it is known by is not taken.
    world.store.fail(0, 1, StoreError::Full);
    let pack = Step::Pack { slowly: false };
    let steps = [WRITE, READ, READ, Step::Commit, Step::Die, Step::Rename { late: false }, pack];
    check(&mut world, &steps);
}

#[test]
fn a_file_that_is_being_packed_is_read_once() {
    for turns in 0..3 {
        let (pack, late) = (Step::Pack { slowly: true }, Step::Rename { late: true });
        let steps = [
            &[WRITE, READ, Step::Commit, WRITE, late, WRITE][..],
            &vec![READ; turns],
            &[pack.clone(), READ, READ, Step::Kill, READ, WRITE, READ, pack, READ, READ],
        ];
        check(&mut World::new(), &steps.concat());
    }
}

#[test]
fn a_packed_file_is_read_on_where_it_was_renamed_to() {
    for turns in 0..3 {
        let mut world = World::without_follower(From::Start);
        let (pack, rename) = (Step::Pack { slowly: false }, Step::Rename { late: false });
        let long = Step::Long(20, false);
        let filled = [&long, &WRITE, &rename, &pack, &long, &WRITE, &rename, &pack, &WRITE];
        filled.into_iter().for_each(|step| world.step(step));
        world.begin();
        let steps = [&vec![READ; turns][..], &[rename, READ, WRITE]];
        check(&mut world, &steps.concat());
    }
}

#[test]
fn a_file_that_begins_as_a_deleted_one_is_read() {
    let late = Step::Rename { late: false };
    check(&mut World::new(), &[Step::First, READ, Step::Delete, Step::First, WRITE, late]);
}

#[test]
fn what_was_cut_and_written_to_the_same_length_is_read() {
    for pause in [0, 1, 5] {
        let pauses = vec![Step::Pause(pause); 3];
        check(&mut World::new(), &[&[WRITE, READ], &pauses[..], &[Step::Truncate, WRITE, READ]].concat());
    }
}

#[test]
fn a_bomb_is_left_alone_and_the_rest_is_read() {
    let mut world = World::without_follower(From::Start);
    fs::write(world.path(".1.gz"), packed(&vec![0; 200 << 20])).unwrap();
    world.turn = 256 * 1024;
    let (mut told, mut unpacked) = (0, 0);
    for _ in 0..3 {
        world.begin();
        check(&mut world, &[WRITE, Step::Rename { late: false }, Step::Commit]);
        told += 1;
        let is_bomb = |note: &FollowNote| match note {
            FollowNote::Unread(error) => matches!(error.problem, InputProblem::Bomb { .. }),
            FollowNote::Lost { .. } | FollowNote::TakenOver { .. } => false,
        };
        assert_eq!(world.notes.iter().filter(|note| is_bomb(note)).count(), told, "{:?}", world.notes);
        // After a restart no more of it is unpacked than before.
        let further = world.furthest();
        assert!(unpacked == 0 || further == unpacked, "{further} after {unpacked}");
        unpacked = further;
        world.die();
    }
}

#[test]
fn a_line_without_end_is_cut_and_the_next_is_whole() {
    let mut world = World::new();
    world.turn = 256 * 1024;
    let file = File::create(world.path("")).unwrap();
    // A hole: NULs as they stand where a log was cut under its writer.
    file.set_len(256 << 20).unwrap();
    world.append(b"\nline\n");
    world.drain();
    let texts: Vec<(u64, usize)> =
        world.texts.iter().map(|((_, offset), texts)| (*offset, texts.first().unwrap().len())).collect();
    assert_eq!(texts, [(0, 100 * 1024), ((256 << 20) + 1, 4)]);
    assert!(world.largest < 2 << 20, "{} bytes are kept of it", world.largest);
}

#[test]
fn what_was_cut_while_nobody_followed_is_told() {
    for (change, is_told) in [(Step::Truncate, true), (Step::Rename { late: false }, false)] {
        let mut world = World::new();
        for step in [WRITE, READ, READ, Step::Commit, Step::Die, change, WRITE] {
            world.step(&step);
        }
        world.drain();
        let lost = world.notes.iter().filter(|note| matches!(note, FollowNote::Lost { .. })).count();
        assert_eq!(lost, usize::from(is_told), "{:?}", world.notes);
        assert_eq!(texts(&world).len(), 4);
    }
}

#[test]
fn an_inode_that_is_given_again_is_no_loss() {
    let mut world = World::new();
    let (rename, pack) = (Step::Rename { late: false }, Step::Pack { slowly: false });
    for step in [WRITE, READ, READ, rename.clone(), pack, WRITE, READ, Step::Pause(61), Step::Commit] {
        world.step(&step);
    }
    // The oldest is thrown away; where the file system likes, the next is on its inode.
    fs::remove_file(world.path(".1.gz")).unwrap();
    check(&mut world, &[rename, WRITE]);
    assert!(world.notes.is_empty(), "{:?}", world.notes);
}

#[test]
fn a_link_to_a_member_of_its_family_is_that_member() {
    let mut world = World::without_follower(From::Start);
    let [one, two] = ["-20260101", "-20260102"].map(|end| world.path(end));
    fs::write(&one, "one\n").unwrap();
    symlink(&one, world.path("")).unwrap();
    world.begin();
    world.step(&READ);
    fs::write(&two, "two\n").unwrap();
    fs::remove_file(world.path("")).unwrap();
    symlink(&two, world.path("")).unwrap();
    OpenOptions::new().append(true).open(&one).unwrap().write_all(b"late\n").unwrap();
    check(&mut world, &[READ, Step::Commit, Step::Kill]);
    let mut texts = texts(&world);
    texts.sort_unstable();
    assert_eq!(texts, ["late", "one", "two"]);
}

#[test]
fn a_folder_that_may_not_be_listed_is_told_and_its_log_read() {
    if rustix::process::geteuid().is_root() {
        // Root may list anything.
        return;
    }
    let mut world = World::new();
    let logs = world.folder.path().join("logs");
    world.step(&WRITE);
    fs::set_permissions(&logs, Permissions::from_mode(0o300)).unwrap();
    check(&mut world, &[READ, READ]);
    assert_eq!(world.notes.len(), 1, "{:?}", world.notes);
    fs::set_permissions(&logs, Permissions::from_mode(0o700)).unwrap();
    check(&mut world, &[Step::Rename { late: false }, WRITE]);
    assert_eq!(world.notes.len(), 1, "{:?}", world.notes);
}

#[test]
fn it_says_how_far_behind_it_is_and_since_when_nothing_came() {
    let mut world = World::new();
    let figures =
        |world: &World| world.followed.as_ref().map(|followed| (followed.lag(), followed.silent_since()));
    assert_eq!(figures(&world), Some((0, None)));
    world.append(&[b'x'; 10_000]);
    world.read();
    let came = world.now;
    assert_eq!(figures(&world), Some((10_000 - 8192, Some(came))));
    world.now += SECOND;
    world.read();
    world.now += SECOND;
    world.read();
    assert_eq!(figures(&world), Some((0, Some(came + SECOND))));
}

#[test]
fn a_copy_that_was_overtaken_counts_no_more() {
    for alike in [false, true] {
        let read = [READ, READ, READ];
        let before = [Step::Long(2, false), WRITE, READ, READ, Step::Commit];
        let cut = [Step::Cut, WRITE];
        for end in [&read[..], &[Step::Kill], &[Step::Commit, Step::Kill], &[Step::Pack { slowly: false }]] {
            // More is written and read between the copy and the cut.
            let mut world = World::new();
            world.alike = alike;
            check(
                &mut world,
                &[&before, &[Step::Copy, WRITE, READ, READ, Step::Commit][..], &cut, end].concat(),
            );
            assert_eq!(texts(&world).iter().filter(|text| text.starts_with("line")).count(), 7, "{alike}");
        }
    }
}

#[test]
fn of_files_that_begin_alike_each_is_read_once() {
    let (rename, pack) = (Step::Rename { late: false }, Step::Pack { slowly: false });
    for is_committed in [false, true] {
        let mut world = World::new();
        world.alike = true;
        let begun = [WRITE, READ, READ, if is_committed { Step::Commit } else { READ }, Step::Die];
        // While nobody follows, what is packed a round later is three files that nobody knows, and one.
        let round = [WRITE, rename.clone()];
        let away = [&round[..], &[Step::Write(4, false), rename.clone()], &round, &[WRITE]].concat();
        check(&mut world, &[&begun[..], &away].concat());
        check(
            &mut world,
            &[Step::Commit, rename.clone(), pack.clone(), WRITE, READ, Step::Commit, Step::Kill],
        );
        check(&mut world, &[rename.clone(), pack.clone(), WRITE, Step::Commit, Step::Kill, WRITE]);
        let lines = texts(&world).iter().filter(|text| text.starts_with("line")).count();
        assert_eq!(lines, 18, "{is_committed}");
    }
}

#[test]
fn what_was_cut_and_begins_as_before_is_told() {
    let mut world = World::new();
    world.alike = true;
    for step in [Step::Write(9, false), READ, READ] {
        world.step(&step);
    }
    // More than there was comes again before the next look.
    File::create(world.path("")).unwrap();
    check(&mut world, &[Step::Write(20, false)]);
    assert_eq!(texts(&world).iter().filter(|text| text.starts_with("line")).count(), 29);
    let told = world.notes.iter().filter(|note| matches!(note, FollowNote::Lost { .. })).count();
    assert_eq!(told, 1, "{:?}", world.notes);
}

#[test]
fn a_name_that_ends_in_a_number_is_followed_however_long_it_is_quiet() {
    let mut world = World::without_follower(From::Start);
    let log = world.path(".8080");
    fs::write(&log, "one\n").unwrap();
    world.begin();
    for text in ["two\n", "three\n"] {
        world.drain();
        OpenOptions::new().append(true).open(&log).unwrap().write_all(text.as_bytes()).unwrap();
    }
    world.drain();
    assert_eq!(texts(&world), ["one", "two", "three"]);
}

#[test]
fn a_renamed_file_is_read_on_when_its_writer_was_quiet_for_long() {
    let mut world = World::new();
    world.append(b"one\n");
    let mut writer = OpenOptions::new().append(true).open(world.path("")).unwrap();
    world.step(&Step::Rename { late: false });
    world.append(b"two\n");
    world.drain();
    let is_open = |world: &World| {
        let found = fs::metadata(world.path(".1")).unwrap();
        world.followed.as_ref().unwrap().has_open(found.dev(), found.ino())
    };
    assert!(!is_open(&world), "it is closed by now");
    writer.write_all(b"late\n").unwrap();
    world.read();
    assert!(is_open(&world));
    world.drain();
    let mut texts = texts(&world);
    texts.sort_unstable();
    assert_eq!(texts, ["late", "one", "two"]);
}

#[test]
fn a_clock_that_jumps_closes_nothing_early() {
    let mut world = World::new();
    world.append(b"one\n");
    world.read();
    let mut writer = OpenOptions::new().append(true).open(world.path("")).unwrap();
    fs::remove_file(world.path("")).unwrap();
    world.read();
    world.ahead = 24 * 3600 * SECOND;
    (0..3).for_each(|_| _ = world.read());
    writer.write_all(b"two\n").unwrap();
    world.read();
    world.read();
    assert_eq!(texts(&world), ["one", "two"]);
}

#[test]
fn a_name_that_is_no_text_is_followed() {
    let mut world = World::new();
    let folder = world.folder.path().join("logs");
    let log = |byte: u8| folder.join(OsStr::from_bytes(&[b'a', byte, b'.', b'l']));
    for byte in [0xfe, 0xff] {
        fs::write(log(byte), format!("{byte}\n")).unwrap();
        world.follow(log(byte));
        world.drain();
        // Its own rotation, too.
        fs::rename(log(byte), folder.join(OsStr::from_bytes(&[b'a', byte, b'.', b'l', b'.', b'1']))).unwrap();
        fs::write(log(byte), "again\n").unwrap();
        world.drain();
    }
    assert_eq!(texts(&world), ["254", "again", "255", "again"]);
}
