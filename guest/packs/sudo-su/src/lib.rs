//! Who becomes somebody else on a host: sudo, su, and changes of users and groups.
//!
//! Who runs sudo chooses the folder and the command, which stand in the line. So what a line is follows from its
//! beginning, and one that names root anywhere as the user to become is one of root.
#![forbid(unsafe_code)]

mod usual;

use tripline_sdk::prelude::*;

use crate::usual::Usual;

/// What the pack remembers; every part is bounded.
#[derive(Default, State)]
pub struct SudoSu {
    sudo: SlidingCount<96>,
    su: SlidingCount<96>,
    /// Processes of su of which PAM or su itself has told.
    told: Cooldown<32>,
    usual: Usual,
}

/// PAM and su tell of one failure within so many seconds.
const SAME: i64 = 10;

#[tripline_sdk::pack {
    name: "sudo-su",
    description: "Who becomes somebody else: failed sudo and su, commands as root from unusual users, new users and groups, passwords.",
    sources: [
        { service: "sudo" }, { service: "su" }, { service: "useradd" }, { service: "usermod" },
        { service: "groupadd" }, { service: "gpasswd" }, { service: "passwd" }, { service: "chpasswd" },
    ],
    patterns: {
        wrong: { regex: r"^\s*(?P<user>[^\s:]+) : (?P<times>\d{1,3}) incorrect password attempts? ; " },
        refused: {
            regex: r"^\s*(?P<user>[^\s:]+) : (?P<why>user NOT in sudoers|user NOT authorized on host|command not allowed) ; (?:.*?COMMAND=(?P<command>.*))?",
        },
        as_root: {
            regex: r"^\s*(?P<user>[^\s:]+) : (?:[A-Z]+=.*?; )?USER=(?:root|#0) ; (?:.*?; )?COMMAND=(?P<command>.*)",
        },
        // As sudo reads the number: with a sign and zeros, too.
        as_minus_one: {
            regex: r"^\s*(?P<user>[^\s:]+) : (?:[A-Z]+=.*?; )?USER=#(?P<uid>-0*1|\+?0*4294967295) ; (?:.*?; )?COMMAND=(?P<command>.*)",
        },
        su_failed: { regex: r"^FAILED SU \(to (?P<target>[^)\s]+)\) (?P<user>\S+) on " },
        su_failed_for: { regex: r"^(?:FAILED su for (?P<target>\S+) by|'su (?P<named>[^'\s]+)' failed for) (?P<user>\S+)" },
        su_bad: { regex: r"^BAD SU (?P<user>\S+) to (?P<target>\S+) on " },
        su_pam: {
            regex: r"^(?:pam_unix\(su(?:-l)?:auth\): )?authentication failure; logname=\S* uid=\d+ euid=\d+ tty=\S* ruser=(?P<user>\S*) rhost=\S*\s+user=(?P<target>\S+)",
        },
        su_root: { regex: r"^\(to root\) (?P<user>\S+) on " },
        su_root_for: { regex: r"^Successful su for root by (?P<user>\S+)" },
        su_session: {
            regex: r"^(?:pam_unix\(su(?:-l)?:session\): )?session opened for user root(?:\(uid=0\))? by (?P<user>[^\s(]+)\(uid=\d+\)",
        },
        new_user: { regex: r"^new user: name=(?P<user>[^,\s]+), UID=(?P<uid>\d+), GID=\d+, home=(?P<home>[^,]*), shell=(?P<shell>[^,\s]*)" },
        becomes_root: { regex: r"^change user '(?P<user>[^']+)' UID from '\d+' to '0'" },
        new_group: { regex: r"^(?:new group: |group added to /etc/group: )name=(?P<group>[^,\s]+), GID=(?P<gid>\d+)" },
        member: { regex: r"^add '(?P<user>[^']+)' to group '(?P<group>[^']+)'" },
        member_by: { regex: r"^user (?P<user>\S+) added by (?P<by>\S+) to group (?P<group>\S+)" },
        members: { regex: r"^members of group (?P<group>\S+) set by (?P<by>\S+) to (?P<user>\S+)" },
        password: {
            regex: r"^(?:pam_unix\((?:passwd|chpasswd):chauthtok\): )?password changed for (?P<user>\S+)",
        },
        password_by: { regex: r"^password for '(?P<user>[^']+)' changed by '(?P<by>[^']+)'" },
        password_mod: { regex: r"^change user '(?P<user>[^']+)' password" },
    },
    settings: {
        /// Wrong passwords of one user that make an incident.
        threshold: { integer: 3, min: 1, max: 1000 },
        /// Seconds in which they must be given.
        window: { integer: 600, min: 1, max: 86400 },
        /// Users who may become root; all others are unusual. If none is named, those are usual who were seen while the pack learned.
        admins: { strings: [], max_items: 1000, min_length: 1, max_length: 64 },
        /// Seconds from the first time that somebody becomes root on a host, in which users are learned.
        learning: { integer: 604800, min: 0, max: 31536000 },
        /// Users of services, who never become root.
        services: {
            strings: ["www-data", "apache", "httpd", "nginx", "tomcat", "nobody", "daemon", "mail", "postfix", "ftp", "mysql", "redis", "games", "lp", "news", "uucp"],
            max_items: 1000, min_length: 1, max_length: 64,
        },
        /// Groups whose members may do as root does.
        groups: {
            strings: ["root", "sudo", "wheel", "admin", "docker", "lxd", "libvirt", "disk", "shadow"],
            max_items: 100, min_length: 1, max_length: 64,
        },
    },
    fields: ["host", "pid"],
}]
impl SudoSu {
    /// Wrong passwords for sudo from one user pass the threshold.
    #[rule {
        id: "sudo-failed",
        title: "Wrong passwords for sudo",
        severity: medium,
        tags: ["attack.privilege-escalation", "attack.t1548.003", "attack.t1110.001"],
        references: ["https://attack.mitre.org/techniques/T1548/003/"],
        false_positives: ["somebody who has forgotten their password"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [wrong],
    }]
    fn sudo_failed(
        &mut self,
        event: &Event,
        settings: &Settings,
        user: Text,
        times: u32,
    ) -> Option<Decision> {
        let host = host(event);
        let burst = self.sudo.hits(event, (host, user), times, settings.threshold, settings.window)?;
        let decision = named(host, user).title(format!("Wrong passwords for sudo from {user}"));
        Some(about(decision, event, user).value("failures", burst.total).evidence(&burst.ids))
    }

    /// Wrong passwords for su from one user pass the threshold. One failure counts once, though PAM and su tell of it.
    #[rule {
        id: "su-failed",
        title: "Wrong passwords for su",
        severity: medium,
        tags: ["attack.privilege-escalation", "attack.t1110.001"],
        references: ["https://attack.mitre.org/techniques/T1110/001/"],
        false_positives: ["somebody who has forgotten a password"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [su_failed, su_failed_for, su_bad, su_pam],
    }]
    fn su_failed(
        &mut self,
        event: &Event,
        settings: &Settings,
        user: Text,
        target: Option<Text>,
        named: Option<Text>,
    ) -> Option<Decision> {
        let (host, target) = (host(event), target.or(named)?);
        // A process asks once; without its number, who asked and for whom.
        let once = match event.field(field::PID) {
            Some(pid) => self.told.ready(event, (host, pid), SAME),
            None => self.told.ready(event, (host, user, target), SAME),
        };
        if !once {
            return None;
        }
        let burst = self.su.hit(event, (host, user), settings.threshold, settings.window)?;
        let decision = crate::named(host, user).title(format!("Wrong passwords for su from {user}"));
        let decision = about(decision, event, user).value("target", target);
        Some(decision.value("failures", burst.total).evidence(&burst.ids))
    }

    /// Somebody asks sudo for what they may not do.
    #[rule {
        id: "sudo-refused",
        title: "Sudo refused",
        severity: medium,
        tags: ["attack.privilege-escalation", "attack.t1548.003"],
        references: ["https://attack.mitre.org/techniques/T1548/003/"],
        false_positives: ["a new colleague who is not in sudoers yet"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [refused],
    }]
    fn refused(&mut self, event: &Event, user: Text, why: Text, command: Option<Text>) -> Decision {
        let decision = named(host(event), user).title(format!("Sudo refused {user}: {why}"));
        about(decision, event, user).value("command", command.map(|command| command.head(300)))
    }

    /// A user becomes root, or does something as root, who is not known to: none of `admins`, or none that was seen
    /// while the pack learned. A user of a service is high.
    #[rule {
        id: "unusual-root",
        title: "An unusual user acts as root",
        severity: medium,
        tags: ["attack.privilege-escalation", "attack.t1548.003", "attack.t1078.003"],
        references: ["https://attack.mitre.org/techniques/T1548/003/"],
        false_positives: ["a new administrator", "monitoring that runs a command by sudo: list its user in `admins`"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [as_root, su_root, su_root_for, su_session],
    }]
    fn unusual(
        &mut self,
        event: &Event,
        settings: &Settings,
        user: Text,
        command: Option<Text>,
    ) -> Option<Decision> {
        let host = host(event);
        let is_in = |list: &[String]| list.iter().any(|entry| user == entry.as_str());
        if user == "root" || is_in(&settings.admins) {
            return None;
        }
        let service = is_in(&settings.services);
        let learned = settings.admins.is_empty() && self.usual.is_usual(event, host, user, settings.learning);
        if learned && !service {
            return None;
        }
        let severity = if service { Severity::High } else { Severity::Medium };
        let decision = named(host, user).title(format!("{user} acts as root")).severity(severity);
        Some(about(decision, event, user).value("command", command.map(|command| command.head(300))))
    }

    /// Sudo ran something as user -1, which versions before 1.8.28 take for root: also for whom root is forbidden.
    #[rule {
        id: "sudo-minus-one",
        title: "Sudo as user -1",
        severity: high,
        tags: ["attack.privilege-escalation", "attack.t1548.003", "attack.t1068", "cve.2019-14287"],
        references: ["https://www.sudo.ws/security/advisories/minus_1_uid/"],
        false_positives: ["a test whether a host has the fault"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [as_minus_one],
    }]
    fn minus_one(&mut self, event: &Event, user: Text, uid: Text, command: Text) -> Decision {
        let decision = named(host(event), user).title(format!("{user} used sudo as user #{uid}"));
        about(decision, event, user).value("command", command.head(300))
    }

    /// A user was added, or is root by another name. The latter is high.
    #[rule {
        id: "new-user",
        title: "A user was added",
        severity: low,
        tags: ["attack.persistence", "attack.t1136.001"],
        references: ["https://attack.mitre.org/techniques/T1136/001/"],
        false_positives: ["a package that was installed", "a new colleague"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [new_user, becomes_root],
    }]
    fn new_user(
        &mut self,
        event: &Event,
        user: Text,
        uid: Option<Text>,
        home: Option<Text>,
        shell: Option<Text>,
    ) -> Decision {
        let root = user != "root" && uid.is_none_or(|uid| uid.parse::<u64>() == Some(0));
        let (severity, what) =
            if root { (Severity::High, "is root by another name") } else { (Severity::Low, "was added") };
        let decision = named(host(event), user).title(format!("User {user} {what}")).severity(severity);
        about(decision, event, user).value("uid", uid).value("home", home).value("shell", shell)
    }

    /// A group was added.
    #[rule {
        id: "new-group",
        title: "A group was added",
        severity: informational,
        tags: ["attack.persistence", "attack.t1136.001"],
        references: ["https://attack.mitre.org/techniques/T1136/001/"],
        false_positives: ["a package that was installed"],
        dedupe_window: 86400,
        resolve_after: 86400,
        on: [new_group],
    }]
    fn new_group(&mut self, event: &Event, group: Text, gid: Text) -> Decision {
        let decision = named(host(event), group).title(format!("Group {group} was added"));
        decision.value("host", event.field(field::HOST)).value("group", group).value("gid", gid)
    }

    /// A user came into a group whose members may do as root does.
    #[rule {
        id: "privileged-member",
        title: "A user came into a privileged group",
        severity: high,
        tags: ["attack.persistence", "attack.privilege-escalation", "attack.t1098.007"],
        references: ["https://attack.mitre.org/techniques/T1098/007/"],
        false_positives: ["a new administrator"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [member, member_by, members],
    }]
    fn member(
        &mut self,
        event: &Event,
        settings: &Settings,
        user: Text,
        group: Text,
        by: Option<Text>,
    ) -> Option<Decision> {
        if !settings.groups.iter().any(|entry| group == entry.as_str()) {
            return None;
        }
        let decision = named(host(event), user).title(format!("{user} came into the group {group}"));
        Some(about(decision, event, user).value("group", group).value("by", by))
    }

    /// A password was changed; root's is medium.
    #[rule {
        id: "password-changed",
        title: "A password was changed",
        severity: low,
        tags: ["attack.persistence", "attack.t1098"],
        references: ["https://attack.mitre.org/techniques/T1098/"],
        false_positives: ["a password that had to be changed"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [password, password_by, password_mod],
    }]
    fn password(&mut self, event: &Event, user: Text, by: Option<Text>) -> Decision {
        let severity = if user == "root" { Severity::Medium } else { Severity::Low };
        let decision = named(host(event), user).title(format!("The password of {user} was changed"));
        about(decision.severity(severity), event, user).value("by", by)
    }
}

/// The host that tells; empty if none does. A file of sudo's own has a colon there.
fn host<'a>(event: &Event<'a>) -> Text<'a> {
    event.field(field::HOST).filter(|host| *host != ":").unwrap_or_default()
}

/// A decision of one user on one host.
fn named(host: Text, user: Text) -> Decision {
    if host.as_bytes().is_empty() { Decision::new(user) } else { Decision::new(format!("{user}@{host}")) }
}

fn about(decision: Decision, event: &Event, user: Text) -> Decision {
    decision.value("host", event.field(field::HOST)).value("user", user)
}
