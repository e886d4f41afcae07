//! One rule over both kinds of events: what a scan found, and what a log says.
//!
//! A scan knows a host by its address and its name, a syslog line by the name alone: so the name joins them. `check`
//! merges its sources by time; a server judges what comes as it comes, and a scan's findings come when it has ended.
#![forbid(unsafe_code)]

use tripline_sdk::prelude::*;

/// Ports that were opened, by host.
#[derive(Default, State)]
pub struct OpenedThenUsed {
    opened: Sequence,
}

#[tripline_sdk::pack {
    name: "opened-then-used",
    sources: [{ kind: scan }, { service: "sshd" }],
    patterns: {
        opened: { field: "finding", equals: ["port_opened"] },
        login: { regex: r"^Accepted \S+ for (?P<user>\S+) from (?P<ip>\S+) port \d+" },
    },
    settings: {
        /// Seconds after a port was opened in which a login counts.
        within: { integer: 3600, min: 1, max: 86400 },
    },
    fields: ["name", "port", "first", "host"],
}]
impl OpenedThenUsed {
    /// A port was opened on a host, and then somebody logged in on it.
    #[rule { id: "opened-then-used", title: "Login on a host where a port was just opened", severity: high, on: [opened, login] }]
    fn opened_then_used(
        &mut self,
        event: &Event,
        settings: &Settings,
        user: Option<Text>,
        ip: Option<Text>,
    ) -> Option<Decision> {
        if event.is_finding() {
            // What the first scan finds was there before.
            if event.get::<bool>(field::FIRST) != Some(true) {
                self.opened.first(event, host(event.field(field::NAME)?));
            }
            return None;
        }
        let host = host(event.field(field::HOST)?);
        let both = self.opened.then(event, &host, settings.within)?;
        let decision = Decision::new(&host).value("host", &host).value("user", user).value("ip", ip);
        Some(decision.title(format!("Login on {host} after a port was opened there")).evidence(&both.ids))
    }
}

/// A host's own name, in lower case: a log has it without its domain.
fn host(name: Text) -> String {
    let own = name.to_string();
    own.split('.').next().unwrap_or_default().to_ascii_lowercase()
}
