//! A server delivers, and leaves it to a command that does so already only as long as that runs.

use std::sync::{Arc, Mutex};

use jiff::tz::TimeZone;
use tripline::incidents::Policy;
use tripline::notices::{
    Accepted, Deliverer, Mail, Outbox, Route, Routes, SendError, Sender, Templates, Transport,
};
use tripline::serve::Reason;

use crate::running::Running;

/// Takes everything.
#[derive(Clone, Default)]
struct Relay(Arc<Mutex<Vec<String>>>);

impl Transport for Relay {
    fn send(&mut self, mail: &Mail) -> Result<Accepted, SendError> {
        self.0.lock().unwrap().push(mail.to.clone());
        Ok(Accepted { words: "250 ok".into() })
    }
}

#[test]
fn a_server_that_begins_while_a_command_delivers_takes_over_when_that_ends() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::default();
    let sent = Arc::clone(&relay.0);
    let (running, held) = Running::delivering(folder.path(), |database, clock| {
        let policy = Policy { routes: Routes(vec![Route::all("a@example.org")]), ..Policy::default() };
        database.set_policy(policy);
        // The command.
        let held = database.deliverer().unwrap().unwrap();
        let sender = Sender { zone: TimeZone::UTC, ..Sender::new("tripline@example.org", "relay") };
        let outbox = Arc::clone(database) as Arc<dyn Outbox>;
        (Deliverer::patient(outbox, Box::new(relay), clock, Templates::new(), sender), held)
    });
    running.commit("default");
    running.until("it says who delivers", |running| running.said("Elsewhere"));
    assert!(sent.lock().unwrap().is_empty());
    // Half a minute is a command's time; what lasts for longer is told to whoever watches.
    assert_eq!(running.health.ready(), Ok(()));
    running.pass(61);
    running.until("it is not ready", |running| running.health.ready() == Err(vec![Reason::Elsewhere]));
    drop(held);
    running.until("the mail is sent", |_| !sent.lock().unwrap().is_empty());
    running.until("it is ready again", |running| running.health.ready().is_ok());
    assert!(running.said("Delivers"));
}
