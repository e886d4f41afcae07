//! The HTTP API over a database of one's own, without a server that judges: what an embedder needs to show incidents.
//!
//! `cargo run --example api -- FOLDER` makes a database in the folder and puts some into it, prints where it is asked and
//! a token on two lines, and ends when its standard input does.

use std::error::Error;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tripline::abi::Severity;
use tripline::commit::Tenant;
use tripline::http::{HttpLimits, HttpOptions, start};
use tripline::incidents::{Act, Actor, Policy, Report};
use tripline::serve::{Health, Intake, IntakeLimits, StreamSettings};
use tripline::store::{Database, DatabaseOptions};
use tripline::token::{NewToken, Scope, TokenSecret};
use tripline::wall_clock::SystemClock;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("expected a folder, found none")?);
    let clock = Arc::new(SystemClock);
    let database =
        Database::open(&folder.join("api.db"), Policy::default(), clock.clone(), DatabaseOptions::default())?;
    let (database, tenant) = (Arc::new(database), Tenant::default());
    let actor = Actor { id: "example".into(), name: "example".into() };
    for (title, severity) in [("Disk full", Severity::Low), ("Laptop lost", Severity::High)] {
        let id = database.report(&tenant, Report::new(severity, title))?;
        database.act(&tenant, id, None, Act::Comment { text: "for the example".into() }, actor.clone())??;
    }
    let secret = TokenSecret::draw()?;
    let (name, scope) = ("example".into(), Scope::Operator);
    database.add_token(NewToken { tenant, name, scope, expires: None }, secret.hash(), actor)?;
    let health = Arc::new(Health::new());
    health.serves();
    let http = start(HttpOptions {
        listen: "127.0.0.1:0".parse()?,
        tls: None,
        database,
        // Nobody judges here: what is brought waits until it is given up.
        intake: Intake::new(IntakeLimits::default(), || {}),
        health,
        clock,
        limits: HttpLimits { commit: Duration::from_millis(100), ..HttpLimits::default() },
        streams: StreamSettings { format: None, timezone: TimeZone::UTC, join: true, silent_after: None },
    })?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}\n{}", http.address(), secret.show())?;
    out.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    http.stop(Duration::from_secs(5));
    Ok(())
}
