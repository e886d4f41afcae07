//! Where a notice stands, in a few words: `notify why` has the sentences.

use jiff::tz::TimeZone;

use super::{moment, visible};
use crate::store::{Hold, Told};

/// What a notice waits for, or why it was given up.
pub fn stands(told: &Told, zone: &TimeZone) -> String {
    let at = |time| moment(time, zone);
    let words = match visible(&told.words) {
        none if none.is_empty() => String::new(),
        words => format!(": {words}"),
    };
    match (&told.state[..], told.held) {
        ("deferred", _) if told.words.is_empty() => format!("goes again {}", at(told.due)),
        ("deferred", _) => format!("attempt {} failed, again {}{words}", told.attempts, at(told.due)),
        ("dead", _) => format!("given up {}{words}", tried(told.attempts)),
        ("sending", _) => "being sent".into(),
        (_, Some(held)) => match held.by {
            Hold::QuietHours => format!("waits for the end of quiet hours, {}", at(held.until)),
            Hold::Throttle => format!("the hour's mails are used up, the next may go {}", at(held.until)),
            Hold::Quota => format!("the tenant's mails of the day are used up, it goes {}", at(held.until)),
            Hold::Relay => format!("waits for the relay, next try {}{words}", at(held.until)),
        },
        ("queued", None) if !words.is_empty() => format!("waits for the relay{words}"),
        _ => "waits to be sent".into(),
    }
}

/// How often something was tried before it was given up.
pub fn tried(attempts: u32) -> String {
    match attempts {
        0 => "before it was tried".into(),
        1 => "after 1 attempt".into(),
        count => format!("after {count} attempts"),
    }
}
