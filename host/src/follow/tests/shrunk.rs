//! What the property test found, each as small as it became.

use super::world::{Step, World};

const READ: Step = Step::Read(1);
const KILL: Step = Step::Kill;
fn write(count: u8) -> Step {
    Step::Write(count, false)
}
fn fail(after: u8) -> Step {
    Step::Fail { after, calls: 1, full: false }
}
fn rename() -> Step {
    Step::Rename { late: false }
}
fn pack() -> Step {
    Step::Pack { slowly: false }
}

#[track_caller]
fn check(alike: bool, steps: &[Step]) {
    let mut world = World::new();
    world.alike = alike;
    steps.iter().for_each(|step| world.step(step));
    world.drain();
    assert_eq!((world.missing(), world.mistaken(), world.mistold()), (vec![], vec![], None));
}

#[test]
fn copies_of_logs_that_begin_and_are_as_long_as_each_other() {
    check(true, &[write(1), write(1), Step::Copy, Step::Copy, Step::Copy]);
}
#[test]
fn a_copy_on_the_inode_of_a_deleted_log_that_begins_alike() {
    check(true, &[write(1), READ, Step::Recreate, READ, KILL, Step::Copy]);
}
#[test]
fn of_two_logs_of_which_nothing_was_read_the_open_one_is_known_by_its_end() {
    check(true, &[write(1), rename(), write(1), KILL, rename(), write(1), pack(), Step::Copy, Step::Cut]);
}
#[test]
fn a_packed_log_on_the_inode_of_a_deleted_plain_one() {
    check(true, &[write(1), READ, Step::Recreate, READ, KILL, Step::Swap, rename(), pack()]);
}
#[test]
fn the_same_for_another_tenant() {
    check(
        true,
        &[
            write(1),
            Step::Recreate,
            Step::Recreate,
            KILL,
            rename(),
            write(1),
            KILL,
            Step::Delete,
            Step::Hand,
            pack(),
            write(1),
        ],
    );
}
#[test]
fn a_copy_on_an_inode_that_a_link_led_to() {
    check(true, &[Step::Swap, Step::Copy, Step::Copy, KILL, Step::Read(2), rename()]);
}
#[test]
fn a_copy_of_a_cut_log_with_a_younger_one_beside_it() {
    check(
        true,
        &[
            write(1),
            READ,
            fail(1),
            Step::Hand,
            Step::Copy,
            write(1),
            READ,
            Step::Copy,
            write(1),
            READ,
            rename(),
        ],
    );
}
#[test]
fn a_store_that_fails_as_an_overtaken_copy_is_kept() {
    for after in 0..9 {
        check(false, &[write(1), Step::Copy, write(1), READ, Step::Cut, fail(after), READ]);
    }
}
#[test]
fn a_log_that_is_copied_cut_and_deleted_as_its_tenant_changes() {
    check(false, &[write(1), Step::Copy, write(1), Step::Read(2), Step::Delete, Step::Hand]);
}
#[test]
fn a_copy_on_the_inode_of_a_log_that_was_empty() {
    check(false, &[Step::Die, write(1), Step::Copy, READ, Step::Recreate, KILL, Step::Copy]);
}
#[test]
fn the_same_for_another_tenant_and_a_renamed_log() {
    check(false, &[write(1), Step::Copy, rename(), READ, pack(), write(1), Step::Hand, Step::Copy]);
}
#[test]
fn a_log_that_was_read_to_its_end_and_deleted_is_no_loss() {
    check(false, &[Step::Nuls(1), READ, Step::Pause(60), Step::Delete, READ, write(1)]);
}
#[test]
fn the_same_if_it_begins_alike() {
    check(true, &[write(1), READ, Step::Delete, Step::Pause(60), write(1)]);
}
#[test]
fn a_deleted_log_without_lines_may_be_told_after_a_kill() {
    check(true, &[pack(), Step::First, Step::Read(2), Step::Delete, Step::Commit, KILL, write(1)]);
}
#[test]
fn a_packed_log_without_lines_is_no_loss() {
    check(true, &[Step::Swap, rename(), pack(), READ, write(1)]);
}
#[test]
fn a_deleted_log_without_lines_may_be_told_when_its_tenant_changes() {
    check(
        false,
        &[Step::First, Step::Rename { late: true }, Step::First, READ, Step::Delete, Step::Hand, Step::Swap],
    );
}
#[test]
fn what_looks_like_a_copy_after_a_deletion_and_a_kill_is_told() {
    check(
        true,
        &[write(2), Step::Read(2), Step::Hand, Step::Delete, pack(), Step::Die, write(1), Step::Copy],
    );
}
#[test]
fn what_is_renamed_after_a_deletion_and_a_kill_is_told() {
    check(
        true,
        &[
            Step::Nuls(15),
            Step::Read(3),
            Step::Recreate,
            Step::Commit,
            Step::Rename { late: true },
            Step::Fail { after: 5, calls: 3, full: false },
            KILL,
            write(1),
        ],
    );
}
#[test]
fn a_long_line_that_was_cut_and_came_again() {
    check(true, &[Step::Long(7, true), Step::Copy, Step::Swap, Step::Commit, Step::Long(7, true)]);
}
#[test]
fn a_store_that_fails_as_logs_are_copied_and_swapped() {
    check(
        true,
        &[
            write(3),
            write(1),
            Step::Copy,
            Step::Fail { after: 0, calls: 2, full: false },
            READ,
            write(1),
            Step::Swap,
            READ,
            Step::Copy,
            KILL,
            Step::Copy,
            Step::Cut,
            write(1),
            Step::Delete,
        ],
    );
}
#[test]
fn a_copy_of_a_cut_log_on_the_inode_of_a_deleted_one() {
    for copied in [&[KILL, Step::Copy][..], &[Step::Copy, write(1), KILL, READ]] {
        let steps = [&[write(1), READ, Step::Recreate, Step::Recreate, READ], copied, &[rename(), write(1)]];
        check(true, &steps.concat());
    }
}
#[test]
fn a_copy_on_the_inode_of_a_log_that_was_empty_when_its_tenant_changed() {
    check(false, &[write(1), Step::Copy, rename(), READ, pack(), write(1), Step::Hand, Step::Copy, KILL]);
}
#[test]
fn a_copy_that_was_overtaken_beside_one_that_has_a_higher_number() {
    check(
        true,
        &[
            write(1),
            Step::Copy,
            Step::Hand,
            Step::Copy,
            write(1),
            Step::Read(2),
            Step::Commit,
            Step::Die,
            Step::Copy,
        ],
    );
}
#[test]
fn what_was_rotated_beside_a_log_on_the_inode_of_a_deleted_one_is_read_if_a_newer_one_was_known() {
    check(
        true,
        &[
            Step::Nuls(26),
            READ,
            Step::Recreate,
            READ,
            rename(),
            Step::Commit,
            Step::Half,
            rename(),
            fail(0),
            KILL,
            write(1),
        ],
    );
}
#[test]
fn a_copy_that_has_what_was_read_of_a_deleted_log_and_all_of_the_newer_one() {
    check(true, &[Step::Half, READ, Step::Delete, write(1), Step::Copy, Step::Hand, READ, READ, write(1)]);
}
#[test]
fn the_same_if_more_comes_before_the_newer_one_is_cut() {
    let begun = [Step::Half, READ, Step::Delete, write(1), Step::Copy, Step::Hand];
    check(true, &[&begun[..], &[write(1), READ, rename()]].concat());
}
#[test]
fn a_copy_of_a_log_of_which_nothing_was_committed_on_the_inode_of_an_empty_one() {
    let copied = [Step::Die, write(1), Step::Copy, READ, Step::Recreate, KILL, Step::Copy, KILL];
    check(false, &copied);
}
