//! Each place at which the program dies, times a mail server that fails: nothing is lost by the two together, and nothing
//! goes twice but where the server has taken it without a word, or the program has died before it could note the word.

use std::thread;

use tripline_tests::mail_server::{Act, At, Script};

use crate::oracle::World;

const INCIDENTS: u64 = 3;
/// Connections that fail before the server is good.
const FAIL: usize = 2;
const PLACES: [&str; 6] =
    ["before_commit", "after_commit", "lease_taken", "after_250", "before_mark_sent", "after_log_append"];

#[track_caller]
fn dies_at(point: &str, hit: u32, script: &Script, unsure: bool) -> bool {
    let what = format!("{point}:{hit} with {script:?}");
    let world = World::new(INCIDENTS, vec![script.clone(); FAIL]);
    let died = world.check(Some(&format!("{point}:{hit}"))).status.code().is_none();
    world.drain(&what);
    let window = ["after_250", "before_mark_sent", "before_commit"];
    let crash = usize::from(died && window.contains(&point));
    world.judge(&what, crash + if unsure { FAIL } else { 0 });
    died
}

/// All places, at their first and second hit, with a server that does this at first.
#[track_caller]
fn matrix(script: &Script, unsure: bool) {
    thread::scope(|scope| {
        let each: Vec<_> = PLACES
            .iter()
            .flat_map(|point| [(point, 1), (point, 2)])
            .map(|(point, hit)| (point, hit, scope.spawn(move || dies_at(point, hit, script, unsure))))
            .collect();
        for (point, hit, one) in each {
            let died = one.join().unwrap();
            // A second append needs more than a thousand records: that is another test.
            assert!(died || hit > 1, "{point}:{hit} with {script:?} was not reached");
        }
    });
}

#[test]
fn it_takes_the_mail_and_closes_without_a_word() {
    matrix(&Script::at(At::End, Act::Take), true);
}

#[test]
fn it_refuses_for_now_at_the_recipient() {
    matrix(&Script::says(At::Rcpt, "450 grey"), false);
}

#[test]
fn it_refuses_for_now_at_the_end() {
    matrix(&Script::says(At::End, "452 the disk is full"), false);
}

#[test]
fn it_closes_within_the_body() {
    matrix(&Script::at(At::Body, Act::Close), false);
}

#[test]
fn it_is_gone_at_the_greeting_or_lies_about_what_it_can() {
    matrix(&Script::at(At::Greeting, Act::Leave("421 too busy\r\n".into())), false);
    matrix(&Script::at(At::Mail, Act::Close).offering("SIZE_1 PIPELINING CHUNKING"), false);
}
