//! Checks a file, keeps its incidents in SQLite, reports one more, and mails both, with the library alone:
//! `cargo run --example apply --no-default-features --features store -- PACK.wasm FILE DATABASE ADDRESS HOST:PORT`.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use tripline::abi::Severity;
use tripline::commit::{Actor, Commit, Store, Tenant};
use tripline::incidents::{Policy, Report};
use tripline::notices::{Deliverer, Route, Routes, Sender, Smtp, SmtpSettings, Templates, Tls};
use tripline::store::{Database, DatabaseOptions};
use tripline::wall_clock::{SystemClock, WallClock};
use tripline::{Check, Configured, Limits, Pack, Wasmtime};

fn main() -> Result<(), Box<dyn Error>> {
    let [pack, log, database, address, relay] = env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "usage: apply PACK.wasm FILE DATABASE ADDRESS HOST:PORT")?;
    let clock: Arc<dyn WallClock> = Arc::new(SystemClock);
    let policy = Policy { routes: Routes(vec![Route::all(&address)]), ..Policy::default() };
    let database =
        Arc::new(Database::open(Path::new(&database), policy, clock.clone(), DatabaseOptions::default())?);

    // Decisions become incidents and rows of the outbox, in one transaction.
    let pack = Configured::new(Arc::new(Pack::read(fs::read(pack)?)?), &Default::default())?;
    let mut check = Check::new(Arc::new(Wasmtime::new(Limits::default())?), &[pack])?.keep_decisions();
    check.feed(&fs::read(log)?);
    let decisions = check.finish().decisions;
    let committed = database.commit(&Tenant::default(), Commit { decisions, ..Commit::default() })?;
    println!("{} incidents opened, {} decisions known already", committed.opened.len(), committed.known);

    // A program reports an incident of its own by one call.
    let report = Report::new(Severity::Low, "A backup took longer than an hour");
    println!("incident {} reported", database.report(&Tenant::default(), report, Actor::program("backup"))?);

    // Mail goes out when its owner says so.
    let (host, port) = relay.rsplit_once(':').ok_or("expected HOST:PORT")?;
    let smtp = SmtpSettings {
        host: host.into(),
        port: port.parse()?,
        tls: Tls::Plaintext,
        login: None,
        timeout: Duration::from_secs(15),
        hello: None,
        extra_root: None,
    };
    let sender = Sender::new("tripline@example.org", &relay);
    let until = clock.now() + 30_000_000_000;
    let transport = Box::new(Smtp::new(smtp)?);
    let deliverer = Deliverer::new(database, transport, clock, Templates::new(), sender)?;
    let mut deliverer = deliverer.ok_or("another program delivers this database's notices")?;
    println!("{} mails sent", deliverer.deliver(until, &tripline::wall_clock::never())?.sent);
    Ok(())
}
