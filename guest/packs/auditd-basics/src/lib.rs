//! What Linux's audit system tells, without rules of one's own and with the usual ones.
//!
//! Records name their fields, so each pattern looks at one field; what a person chose (a user's name, a path) is never
//! taken for another.
#![forbid(unsafe_code)]

use tripline_sdk::prelude::*;

/// What the pack remembers; every part is bounded.
#[derive(Default, State)]
pub struct AuditdBasics {
    logins: SlidingCount<160>,
    /// Logins that failed and are counted: host, process and user.
    counted: Cooldown<64>,
    /// Processes in which one did.
    failing: Cooldown<32>,
}

/// Seconds in which all that a process says of a user is one login: as long as sshd waits for one, if not told else.
const LOGIN: i64 = 120;

#[tripline_sdk::pack {
    name: "auditd-basics",
    description: "Records of Linux's audit system: failed logins, users and groups, auditing switched off, anomalies, denials, watched files, programs run from folders that everyone writes to.",
    sources: [{ service: "auditd" }],
    patterns: {
        login: { field: "type", equals: ["USER_LOGIN", "USER_AUTH", "1112", "1100"] },
        failed: { field: "res", equals: ["failed", "no", "0"] },
        succeeded: { field: "res", equals: ["success", "yes", "1"] },
        // What a client tries by itself, before it asks anybody for a password.
        offered: { field: "op", equals: ["none", "key", "pubkey", "pubkey_auth", "hostbased", "hostbased_auth", "gssapi"] },
        accounts: {
            field: "type",
            equals: ["ADD_USER", "DEL_USER", "ADD_GROUP", "DEL_GROUP", "GRP_MGMT", "USER_MGMT", "USER_CHAUTHTOK", "1114", "1115", "1116", "1117", "1132", "1102", "1108"],
        },
        configured: { field: "type", equals: ["CONFIG_CHANGE", "1305"] },
        off: { field: "audit_enabled", equals: ["0"] },
        removed: { field: "op", equals: ["remove_rule", "remove rule"] },
        ended: { field: "type", equals: ["DAEMON_END", "DAEMON_ABORT", "1201", "1202"] },
        anomaly: { field: "type", regex: r"^(?:ANOM_|(?:17|21)\d\d$)" },
        avc: { field: "type", equals: ["AVC", "USER_AVC", "1400", "1107"] },
        denied: { regex: r#"\bavc:  ?denied  ?\{ (?P<permission>[^}]{1,80}?) \}|\bapparmor="DENIED""# },
        call: { field: "type", equals: ["SYSCALL", "1300"] },
        done: { field: "success", equals: ["yes"] },
        watched: { field: "key", equals: setting(keys) },
        several: { field: "key", contains: ["\u{1}"] },
        loose: { field: "exe", starts_with: ["/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/"] },
        trusted: { field: "exe", equals: setting(trusted) },
    },
    settings: {
        /// Failed logins from one address that make an incident; of one user where no address is told.
        threshold: { integer: 5, min: 1, max: 1000 },
        /// Seconds in which they must happen.
        window: { integer: 600, min: 1, max: 86400 },
        /// Keys of audit rules of which each record is an incident.
        keys: {
            strings: ["identity", "scope", "actions", "sudoers", "etcpasswd", "passwd_changes", "rootkey", "auditconfig", "auditlog", "audittools", "modules", "code_injection", "data_injection", "register_injection", "susp_activity"],
            max_items: 200, min_length: 1, max_length: 64,
        },
        /// Programs of which records are none.
        trusted: { strings: [], max_items: 200, min_length: 1, max_length: 256 },
    },
    fields: [
        "node", "host", "serial", "pid", "auid", "uid", "addr", "acct", "id", "comm", "exe", "key", "sig", "dev", "old",
        "scontext", "tcontext", "tclass", "profile", "operation", "name", "grp",
    ],
}]
impl AuditdBasics {
    /// Logins that fail from one address pass the threshold. Where a record has no address, they are counted by user.
    /// A login counts once, though PAM, the program and the end of the connection tell of it, and each key that is
    /// offered. One that succeeds after all starts the count anew.
    #[rule {
        id: "failed-logins",
        title: "Many failed logins",
        severity: medium,
        tags: ["attack.credential-access", "attack.t1110"],
        references: ["https://attack.mitre.org/techniques/T1110/"],
        false_positives: ["a script with an old password", "many logins at once by an sshd that tells of each key"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [login, failed], none: [offered, trusted] }, { all: [login, succeeded], none: [trusted] }],
    }]
    fn logins(&mut self, event: &Event, settings: &Settings) -> Option<Decision> {
        let user = event.field(field::ACCT);
        let from = event.field(field::ADDR).filter(|addr| *addr != "?").or(user)?;
        let on = host(event).unwrap_or_default();
        let process = event.field(field::PID).or(event.field(field::SERIAL));
        if event.has(pattern::SUCCEEDED) {
            if self.failing.is_running(event, (on, process?), LOGIN) {
                self.logins.forget(from);
            }
            return None;
        }
        if let Some(process) = process {
            // Programs name a user whom they do not know in several ways.
            let known = user.filter(|user| *user != "?" && !user.as_bytes().starts_with(b"("));
            if !self.counted.ready(event, (on, process, known.unwrap_or_default()), LOGIN) {
                return None;
            }
            self.failing.start(event, (on, process));
        }
        let burst = self.logins.hit(event, from, settings.threshold, settings.window)?;
        let decision = Decision::new(from).title(format!("Failed logins from {from}"));
        Some(
            decision
                .value("host", host(event))
                .value("user", user)
                .value("failures", burst.total)
                .evidence(&burst.ids),
        )
    }

    /// A user, a group or a password was changed.
    #[rule {
        id: "account-changed",
        title: "A user or group was changed",
        severity: low,
        tags: ["attack.persistence", "attack.t1136.001", "attack.t1098"],
        references: ["https://attack.mitre.org/techniques/T1136/001/"],
        false_positives: ["a package that was installed", "a new colleague"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [accounts], none: [failed, trusted] }],
    }]
    fn account(&mut self, event: &Event) -> Decision {
        let kind = event.field(field::TYPE).unwrap_or_default();
        let name = event
            .field(field::ACCT)
            .or(event.field(field::GRP))
            .or(event.field(field::ID))
            .unwrap_or_default();
        let decision = Decision::new(format!("{kind} {name}")).title(format!("{kind} of {name}"));
        about(decision, event).value("account", name)
    }

    /// Auditing was switched off: what follows is seen by nobody. If the kernel refused, it is low.
    #[rule {
        id: "audit-off",
        title: "Auditing was switched off",
        severity: high,
        tags: ["attack.defense-evasion", "attack.t1562.012"],
        references: ["https://attack.mitre.org/techniques/T1562/012/"],
        false_positives: ["maintenance of the audit system itself"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [configured, off], none: [trusted] }],
    }]
    fn off(&mut self, event: &Event) -> Option<Decision> {
        // What was off before was not switched off.
        let was_on = event.field(field::OLD).is_none_or(|old| old != "0");
        let decision = if event.has(pattern::FAILED) {
            // Its own fingerprint: what was refused must not hide what is done later.
            let decision = Decision::new(format!("refused {}", host(event).unwrap_or_default()));
            decision.title("Switching auditing off was refused").severity(Severity::Low)
        } else {
            host(event).map_or_else(Decision::for_source, Decision::new)
        };
        was_on.then(|| about(decision, event))
    }

    /// The audit daemon ended, or rules were removed from it: at a restart, or so that nobody sees what follows.
    #[rule {
        id: "audit-weakened",
        title: "Auditing ended or lost rules",
        severity: low,
        tags: ["attack.defense-evasion", "attack.t1562.012"],
        references: ["https://attack.mitre.org/techniques/T1562/012/"],
        false_positives: ["a restart of the host", "rules that are loaded anew"],
        dedupe_window: 86400,
        resolve_after: 86400,
        on: [ended, { all: [configured, removed], none: [failed, trusted] }],
    }]
    fn weakened(&mut self, event: &Event) -> Decision {
        let what =
            if event.has(pattern::ENDED) { "The audit daemon ended" } else { "Audit rules were removed" };
        about(Decision::new(format!("{what} {}", host(event).unwrap_or_default())).title(what), event)
    }

    /// The kernel or PAM calls something an anomaly. A program that crashes and an interface that listens to all are low.
    #[rule {
        id: "anomaly",
        title: "An anomaly",
        severity: medium,
        tags: ["attack.execution", "attack.t1203", "attack.t1040"],
        references: ["https://attack.mitre.org/techniques/T1040/"],
        false_positives: ["containers and bridges that make an interface listen to all", "a program with a fault"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [anomaly], none: [trusted] }],
    }]
    fn anomaly(&mut self, event: &Event) -> Decision {
        let kind = anomaly(event.field(field::TYPE).unwrap_or_default());
        let common = kind == "ANOM_ABEND" || kind == "ANOM_PROMISCUOUS";
        let what = event
            .field(field::EXE)
            .or(event.field(field::COMM))
            .or(event.field(field::DEV))
            .unwrap_or_default();
        let decision = Decision::new(format!("{kind} {what}")).title(format!("{kind}: {what}"));
        let decision = decision.severity(if common { Severity::Low } else { Severity::Medium });
        about(decision, event)
            .value("signal", event.field(field::SIG))
            .value("device", event.field(field::DEV))
    }

    /// SELinux or AppArmor denied something. Equal denials of one program are one incident.
    #[rule {
        id: "denied",
        title: "SELinux or AppArmor denied",
        severity: low,
        tags: ["attack.execution"],
        references: ["https://attack.mitre.org/techniques/T1068/"],
        false_positives: ["a policy that does not know a new version of a program"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [avc, denied], none: [trusted] }],
    }]
    fn denied(&mut self, event: &Event) -> Decision {
        let who = event.field(field::PROFILE).or(event.field(field::SCONTEXT)).unwrap_or_default();
        let permission =
            event.capture(pattern::denied::PERMISSION).or(event.field(field::OPERATION)).unwrap_or_default();
        let class = event.field(field::TCLASS).unwrap_or_default();
        let decision = Decision::new(format!("{who} {class} {permission}"))
            .title(format!("{who} was denied {permission}"));
        let decision = about(decision, event).value("target", event.field(field::TCONTEXT));
        decision.value("name", event.field(field::NAME).map(|name| name.head(300)))
    }

    /// An audit rule of the operator's told: its key, or one of its keys, is one of `keys`.
    #[rule {
        id: "watched",
        title: "A watched file or call",
        severity: medium,
        tags: ["attack.persistence", "attack.t1098"],
        references: ["https://github.com/linux-audit/audit-userspace/tree/master/rules"],
        false_positives: ["packages that are installed", "a key that means something else here"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [call, watched, done], none: [trusted] }, { all: [call, several, done], none: [trusted] }],
    }]
    fn watched(&mut self, event: &Event, settings: &Settings) -> Option<Decision> {
        let (key, exe) = (event.field(field::KEY)?, event.field(field::EXE).unwrap_or_default());
        // The kernel puts this byte between several keys.
        let keys = key.as_bytes().split(|byte| *byte == 1).map(Text::new);
        let watched = keys.filter(|key| settings.keys.iter().any(|entry| *key == entry.as_str()));
        let watched = watched.map(|key| key.to_string()).collect::<Vec<_>>().join(", ");
        if watched.is_empty() {
            return None;
        }
        let decision = Decision::new(format!("{watched} {exe}"));
        let decision = decision.title(format!("{exe} did what {watched} watches"));
        Some(about(decision, event).value("key", watched))
    }

    /// A program ran from a folder that everyone may write to.
    #[rule {
        id: "loose-program",
        title: "A program ran from a folder that everyone writes to",
        severity: medium,
        tags: ["attack.execution", "attack.t1059.004", "attack.defense-evasion", "attack.t1036.005"],
        references: ["https://attack.mitre.org/techniques/T1059/004/"],
        false_positives: ["installers that unpack themselves", "builds and tests"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [{ all: [call, loose, done], none: [trusted] }],
    }]
    fn loose(&mut self, event: &Event) -> Option<Decision> {
        let exe = event.field(field::EXE)?;
        Some(about(Decision::new(exe).title(format!("{exe} ran")), event))
    }
}

/// The host that tells, if one does.
fn host<'a>(event: &Event<'a>) -> Option<Text<'a>> {
    event.field(field::NODE).or(event.field(field::HOST))
}

/// The name of a kind of anomaly, which syslog has as a number.
fn anomaly(kind: Text) -> Text {
    let name = match kind.to_str() {
        Some("1700") => "ANOM_PROMISCUOUS",
        Some("1701") => "ANOM_ABEND",
        Some("1702") => "ANOM_LINK",
        Some("1703") => "ANOM_CREAT",
        _ => return kind,
    };
    Text::from(name)
}

fn about(decision: Decision, event: &Event) -> Decision {
    let decision = decision.value("host", host(event)).value("auid", event.field(field::AUID));
    let decision = decision.value("uid", event.field(field::UID));
    decision.value("command", event.field(field::COMM)).value("program", event.field(field::EXE))
}
