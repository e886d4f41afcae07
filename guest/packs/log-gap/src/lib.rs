//! What is missing from a log: a source that stops, and time that runs backwards.
//!
//! To look at every line would cost every log. So some lines are taken for heartbeats, those of services that write by
//! themselves, and an operator can name others.
#![forbid(unsafe_code)]

mod beats;

use tripline_sdk::prelude::*;

use crate::beats::{Beats, Silence};

/// What the pack remembers; every part is bounded.
#[derive(Default, State)]
pub struct LogGap {
    beats: Beats,
}

#[tripline_sdk::pack {
    name: "log-gap",
    description: "What is missing from a log: a source that stops, and time that runs backwards.",
    sources: [{ kind: log }],
    patterns: {
        service: { field: "program", equals: setting(services) },
        words: { contains: setting(heartbeats) },
        jumped: { regex: r"^(?:Time jumped backwards, rotating|Backward time jump detected)" },
        stepped: {
            regex: r"^(?:System clock was stepped by|time reset|(?:adjust|step) time server \S+ offset) (?P<seconds>-\d{1,9}(?:\.\d+)?) ?(?:s|sec|seconds)?\.?\s*$",
        },
    },
    settings: {
        /// Programs whose lines are heartbeats: they write by themselves, however quiet the host is.
        services: { strings: ["CRON", "cron", "crond", "/usr/sbin/cron", "systemd"], max_items: 100, min_length: 1, max_length: 64 },
        /// Texts that make a line a heartbeat, whoever wrote it; one that every line has, like " ", watches every line, and costs.
        heartbeats: { strings: ["-- MARK --"], max_items: 100, min_length: 1, max_length: 200 },
        /// Seconds without a heartbeat that are a gap.
        gap: { integer: 21600, min: 120, max: 2592000 },
        /// How many times as long as the longest pause before a gap must be.
        times: { integer: 3, min: 1, max: 100 },
        /// Heartbeats from which on the longest pause is known.
        known_after: { integer: 20, min: 2, max: 1000 },
        /// Seconds that time may run backwards: lines of several processes overtake each other.
        backwards: { integer: 600, min: 1, max: 86400 },
    },
    fields: ["host"],
    tick: 60,
}]
impl LogGap {
    /// A source that wrote heartbeats does so no more, while time goes on. How long is too long follows from its pauses
    /// before; a silence is told once.
    #[rule {
        id: "source-stopped",
        title: "A source stopped",
        severity: medium,
        tags: ["attack.defense-evasion", "attack.t1562.001", "attack.t1070.002"],
        references: ["https://attack.mitre.org/techniques/T1562/001/"],
        false_positives: ["a host that was switched off", "a service that was removed"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: tick,
    }]
    fn stopped(&mut self, event: &Event, settings: &Settings) -> Vec<Decision> {
        let Some(now) = event.time() else { return Vec::new() };
        let decision = |silence: Silence| {
            let Silence { name, seconds, longest, last } = silence;
            let decision = Decision::new(&name).title(format!("{} has stopped", Text::new(&name)));
            decision.value("silent_for", seconds).value("longest_before", longest).evidence(&[last])
        };
        self.beats.silent(now, settings).into_iter().map(decision).collect()
    }

    /// A heartbeat is older than the one before it, or the host itself says that its clock was set back: times of its
    /// log are not to be trusted, or lines were put into it.
    #[rule {
        id: "time-backwards",
        title: "Time runs backwards",
        severity: low,
        tags: ["attack.defense-evasion", "attack.t1070.006"],
        references: ["https://attack.mitre.org/techniques/T1070/006/"],
        false_positives: ["local time where summer time ends", "a machine without a clock that has just started"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [jumped, stepped, service, words],
    }]
    fn backwards(&mut self, event: &Event, settings: &Settings, seconds: Option<f64>) -> Option<Decision> {
        let name = beats::name(event);
        let said = event.has(pattern::JUMPED) || event.has(pattern::STEPPED);
        let by = match said {
            true if event.service().is_some_and(sets_clock) => seconds.map(|seconds| -seconds as i64),
            true => return None,
            false => Some(self.beats.beat(event, &name, settings)?),
        };
        if by.is_some_and(|by| by <= settings.backwards) {
            return None;
        }
        let decision = Decision::new(&name).title(format!("Time runs backwards for {}", Text::new(&name)));
        Some(decision.value("host", event.field(field::HOST)).value("seconds", by))
    }
}

/// Whether a service knows of its host's clock; others may write the same words.
fn sets_clock(service: Text) -> bool {
    ["systemd-journald", "chronyd", "ntpd", "ntpdate"].iter().any(|known| service == *known)
}
