use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tripline_engine::line::LineSettings;
use tripline_engine::sandbox::Sandbox;

use super::arguments::ServeArguments;
use super::check::cores;
use super::exit::Exit;
use super::kept::{self, Kept};
use super::{Failure, Screen, packs, sandbox, signals};
use crate::check::Change;
use crate::configuration::Configuration;
use crate::follow::{FollowNote, FollowSettings, From};
use crate::serve::{self, Control, Event, Follow, Health, Intake, IntakeLimits, ServeError, ServeOptions};

/// What keeps incidents if nothing names a database.
const DATABASE: &str = "tripline.db";
/// Bytes of a block: what comes live comes in small pieces, and all of them wait for a barrier.
const BLOCK: usize = 256 * 1024;
const SECOND: i64 = 1_000_000_000;

/// Follows logs until it is stopped.
pub(super) fn run(
    mut arguments: ServeArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let packs = packs::configured(&arguments.packs, configuration)?;
    let sandbox: Arc<dyn Sandbox> = sandbox::open(screen, false)?;
    if !kept::is_wanted(&arguments.keep, configuration) {
        arguments.keep.db = Some(DATABASE.into());
    }
    let kept = Kept::make(&arguments.keep, configuration)?;
    let lines = LineSettings {
        timezone: arguments.timezone.clone().unwrap_or_else(TimeZone::system),
        format: arguments.input_format,
        block_bytes: BLOCK,
        // What is kept goes on from there.
        bounded: true,
        ..LineSettings::default()
    };
    let from = if arguments.from_start { From::Start } else { From::End };
    let control = Arc::new(Control::default());
    signals::obey(&control)?;
    let woken = Arc::clone(&control);
    let intake = Intake::new(IntakeLimits::default(), move || woken.wake());
    let settings = FollowSettings { lines: lines.clone(), from, quiet: SECOND, linger: 60 * SECOND };
    let (paths, tenant, silent_after) = (arguments.files, kept.tenant.clone(), None);
    let options = ServeOptions {
        packs,
        follow: vec![Follow { paths, tenant, settings, silent_after }],
        intake,
        expected: Vec::new(),
        lines,
        threads: arguments.threads.map_or_else(cores, usize::from),
        instances: 4096,
        database: Arc::clone(&kept.database),
        security_log: kept.security_log(),
        deliverer: kept.delivering(screen)?,
        health: Arc::new(Health::new()),
        clock: Arc::clone(&kept.clock),
        pause: Duration::from_millis(100),
        every: Duration::from_secs(1),
    };
    screen.say(&format!("incidents are kept in {}", kept.database.path().display()));
    let served = serve::run(options, &sandbox, &|event| say(&event, screen), &control);
    served.map_err(|error| match error {
        ServeError::Store(error) => kept.failed(&error),
        error @ ServeError::Matcher(_) => Failure::new(error),
    })?;
    Ok(Exit::Clean)
}

/// Says what happens, a line each.
fn say(event: &Event, screen: &Screen) {
    match event {
        Event::Follows(path) => screen.say(&format!("follows {}", path.display())),
        Event::File(FollowNote::Lost { path, change }) => {
            let path = path.display();
            screen.warning(&match change {
                Change::Cut => format!("{path} was cut: what was written just before may be lost"),
                Change::Replaced => format!("{path} was replaced"),
            });
        }
        Event::File(FollowNote::Unread(error)) | Event::Input(error) => screen.error(&error.to_string()),
        Event::Committed(_, committed) => {
            let list = |ids: &[i64]| ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            for (what, ids) in [("opened", &committed.opened), ("occurred again", &committed.grown)] {
                if !ids.is_empty() {
                    screen.say(&format!("{what}: incident {}", list(ids)));
                }
            }
        }
        Event::Waits(error) => screen.error(&format!("{error}; it is tried again, and nothing is lost")),
        Event::Changed => screen.say("goes on with the changed configuration"),
        Event::Unchanged(error) => screen.error(&format!("{error}; it goes on as it was")),
        Event::GoesOn => screen.say("the database takes what comes again"),
        Event::Fault(_, fault) => screen.warning(&format!("pack {}: {}", fault.pack, fault.fault)),
        Event::Log(_, pack, line) => screen.say(&format!("{pack}: {}", line.text)),
        Event::SecurityLog(error) => screen.error(&format!("{error}; its records wait in the database")),
        Event::Telling(error) => screen.error(&format!("{error}; it is tried again")),
        Event::Delivered(delivered) => {
            if delivered.sent > 0 {
                let mails = if delivered.sent == 1 { "mail" } else { "mails" };
                screen.say(&format!("{} {mails} sent", delivered.sent));
            }
            for (recipient, end) in &delivered.failed {
                screen.warning(&format!("a mail to {recipient} was not sent: {end}"));
            }
        }
    }
}
