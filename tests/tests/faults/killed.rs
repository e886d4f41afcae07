use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tripline_tests::{Random, Sink};

use crate::fixture::{Folder, random};

const KILLS: u64 = 25;
const ERRORS: u64 = 10;
const RECIPIENTS: [&str; 3] = ["a@example.org", "b@example.org", "c@example.org"];

/// Kills the program within this time; answers whether it was still at work.
pub(crate) fn killed(mut command: Command, within: Duration, random: &mut Random) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_micros(random.below(within.as_micros() as u64)));
    let _ = child.kill();
    child.wait().unwrap().signal() == Some(9)
}

fn mailing(folder: &Folder, sink: &Sink) -> Command {
    // What a killed run has taken from a recipient's hourly budget is not given back.
    fs::write(folder.path.join("tripline.toml"), "[throttle]\nper_hour = 1000\n").unwrap();
    let mut command = folder.check();
    command.args(["--config", "tripline.toml", "--relay", &sink.relay()]);
    command.args(RECIPIENTS.iter().flat_map(|to| ["--mail-to", to]));
    command
}

/// A log that grows while whoever checks it is killed again and again.
fn a_day_of_kills(test: u64) {
    let (mut random, mut folder) = (random(test), Folder::new());
    let program = env!("CARGO_BIN_EXE_smtp-sink");
    let sink = Sink::start(program);
    // How long a run takes on this machine now.
    folder.grow(2_000, 1, &mut random);
    let calm = folder.copy();
    let own = Sink::start(program);
    let mut command = mailing(&calm, &own);
    let begun = Instant::now();
    let output = command.output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    let mut within = begun.elapsed();

    let mut dead = 0;
    for kill in 0..KILLS {
        folder.grow(2_000, 1 + kill * ERRORS / KILLS, &mut random);
        let was_killed = killed(mailing(&folder, &sink), within, &mut random);
        dead += u64::from(was_killed);
        // The machine may have more or less to do than it had at first.
        within = if was_killed { within * 9 / 8 } else { within * 3 / 4 };
    }
    assert!(dead >= KILLS / 3, "only {dead} were still at work");
    for _ in 0..2 {
        let output = mailing(&folder, &sink).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    }

    folder.is_whole("killed");
    let calm = folder.copy();
    calm.completes();
    assert_eq!(folder.incidents(), calm.incidents());
    let mails = sink.mails();
    assert_eq!(mails.len(), folder.errors.len() * RECIPIENTS.len(), "{mails:?}");
    assert!(mails.values().all(|ids| ids.len() == 1), "{mails:?}");
}

#[test]
fn a_program_that_is_killed_again_and_again_ends_as_one_that_is_not() {
    a_day_of_kills(1);
}

#[test]
fn a_deliverer_that_is_killed_again_and_again_leaves_no_mail_out() {
    let (mut random, mut folder) = (random(2), Folder::new());
    let program = env!("CARGO_BIN_EXE_smtp-sink");
    folder.grow(2_000, ERRORS, &mut random);
    let calm = folder.copy();
    let own = Sink::start(program);
    let mut command = mailing(&calm, &own);
    let begun = Instant::now();
    let output = command.output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    let within = begun.elapsed();

    // It dies before the first mail: all wait in the outbox.
    let sink = Sink::start(program);
    let dies = mailing(&folder, &sink).env("TRIPLINE_CRASH", "lease_taken").output().unwrap();
    assert!(dies.status.code().is_none() && sink.mails().is_empty());
    let relay = sink.relay();
    let mut flush = vec!["notify", "flush", "--config", "tripline.toml", "--db", "t.db", "--relay", &relay];
    RECIPIENTS.iter().for_each(|to| flush.extend(["--mail-to", to]));
    let dead = (0..KILLS).filter(|_| killed(folder.command(&flush), within / 2, &mut random)).count();
    let output = folder.command(&flush).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mails = sink.mails();
    assert!(dead > 0);
    assert_eq!(mails.len(), folder.errors.len() * RECIPIENTS.len(), "{mails:?}");
    assert!(mails.values().all(|ids| ids.len() == 1), "{mails:?}");
    // Once for each kill at most, between the relay's last word and the note of it.
    let again: usize = mails.values().flat_map(|ids| ids.values()).map(|count| count - 1).sum();
    assert!(again <= dead, "{dead} kills: {mails:?}");
}
