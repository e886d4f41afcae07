//! Attacks on an SSH server, from the lines of sshd.
//!
//! Whoever connects chooses the user's name, and it stands before the address in most lines. So each pattern reaches
//! to the line's end, and a name like `x from 192.0.2.1 port 22 ssh2` is a name: the last address is the peer's.
#![forbid(unsafe_code)]

mod address;
mod once;

use tripline_sdk::prelude::*;

use crate::once::Once;

/// What the pack remembers; every part is bounded.
#[derive(Default, State)]
pub struct Sshd {
    once: Once,
    passwords: SlidingCount<160>,
    keys: SlidingCount<96>,
    users: DistinctCount<160>,
    addresses: DistinctCount<96>,
    invalid: SlidingCount<96>,
    root: SlidingCount<64>,
    exceeded: Cooldown<32>,
    protocol: SlidingCount<96>,
    guessed: Sequence<96>,
}

/// Two lines of one disconnect come together.
const SAME: i64 = 10;

#[tripline_sdk::pack {
    name: "sshd",
    description: "Attacks on an SSH server: guessing, spraying, root logins, scanners, and guesses that came true.",
    sources: [{ service: "sshd" }],
    patterns: {
        failed: {
            regex: r"^(?:message repeated (?P<times>\d{1,9}) times: \[ ?)?Failed (?P<method>\S+) for (?:(?:invalid|illegal) user )?(?P<user>.*) from (?P<ip>[0-9A-Za-z.:%_-]+) port (?P<port>\d{1,5})(?: ssh\d?)?(?:: [A-Z0-9-]+ [0-9A-Za-z+/=:]+)?\]?\s*$",
        },
        pam_error: {
            regex: r"^error: PAM: (?i:authentication (?:failure|error)|user not known to the underlying authentication module|permission denied) for (?:(?:invalid|illegal) user )?(?P<user>.*) from (?P<ip>[0-9A-Za-z.:%_-]+)(?: port \d{1,5})?(?: \[preauth\])?\s*$",
        },
        pam_failure: {
            regex: r"^(?:pam_unix\(sshd:auth\): )?authentication failure; logname=\S* uid=\d+ euid=\d+ tty=\S* ruser=\S* rhost=(?P<ip>[0-9A-Za-z.:%_-]+)(?:\s+user=(?P<user>.*?))?\s*$",
        },
        pam_more: {
            regex: r"^(?:pam_unix\(sshd:auth\): |PAM )?(?P<more>\d{1,3}) more authentication failures?; logname=\S* uid=\d+ euid=\d+ tty=\S* ruser=\S* rhost=(?P<ip>[0-9A-Za-z.:%_-]+)(?:\s+user=(?P<user>.*?))?\s*$",
        },
        pam_retries: { regex: r"^PAM service\(sshd\) ignoring max retries; (?P<tried>\d{1,3}) > \d{1,3}" },
        invalid: {
            regex: r"^(?:Invalid|Illegal) user (?P<user>.*) from (?P<ip>[0-9A-Za-z.:%_-]+)(?: port \d{1,5})?\s*$",
        },
        not_allowed: { regex: r"^User (?P<user>.+?) from (?P<ip>[0-9A-Za-z.:%_-]+) not allowed because " },
        closed: {
            regex: r"^(?:Connection (?:closed|reset) by|Disconnected from|Disconnecting) (?:authenticating|invalid) user (?P<user>.*) (?P<ip>[0-9A-Za-z.:%_-]+) port (?P<port>\d{1,5})(?:: Too many authentication failures)?(?: \[preauth\])?\s*$",
        },
        too_many: {
            regex: r"^Disconnecting (?:authenticating|invalid) user (?P<user>.*) (?P<ip>[0-9A-Za-z.:%_-]+) port \d{1,5}: Too many authentication failures(?: \[preauth\])?\s*$",
        },
        too_many_for: {
            regex: r"^(?:error: )?Disconnecting: Too many authentication failures for (?:invalid user )?(?P<user>.*?)(?: \[preauth\])?\s*$",
        },
        max_attempts: {
            regex: r"^(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?(?P<user>.*) from (?P<ip>[0-9A-Za-z.:%_-]+) port \d{1,5}(?: ssh\d?)?(?: \[preauth\])?\s*$",
        },
        accepted: {
            regex: r"^Accepted (?P<method>\S+) for (?P<user>.+?) from (?P<ip>[0-9A-Za-z.:%_-]+) port \d{1,5}(?: ssh\d?)?(?::|\s*$)",
        },
        root_refused: { regex: r"^ROOT LOGIN REFUSED FROM (?P<ip>[0-9A-Za-z.:%_-]+)" },
        bad_banner: {
            regex: r"^Bad protocol version identification '(?P<banner>.*)' from (?P<ip>[0-9A-Za-z.:%_-]+)(?: port \d{1,5})?\s*$",
        },
        no_banner: {
            regex: r"^(?:error: )?Did not receive identification string from (?P<ip>[0-9A-Za-z.:%_-]+)(?: port \d{1,5})?\s*$",
        },
        bad_exchange: {
            regex: r"^(?:error: |fatal: )?banner exchange: Connection from (?P<ip>[0-9A-Za-z.:%_-]+) port \d{1,5}: ",
        },
        no_common: {
            regex: r"^(?:error: |fatal: )?(?:Unable to negotiate with|Protocol major versions differ for) (?P<ip>[0-9A-Za-z.:%_-]+)(?: port \d{1,5})?: ",
        },
        reverse: {
            regex: r"^reverse mapping checking getaddrinfo for (?P<name>\S+) \[(?P<ip>[0-9A-Za-z.:%_-]+)\] failed",
        },
        maps_to: {
            regex: r"^Address (?P<ip>[0-9A-Za-z.:%_-]+) maps to (?P<name>\S+), but this does not map back to the address",
        },
    },
    settings: {
        /// Failed logins from one address that make an incident.
        threshold: { integer: 5, min: 1, max: 1000 },
        /// Seconds in which they must happen.
        window: { integer: 600, min: 1, max: 86400 },
        /// Different users from one address that make an incident.
        users: { integer: 10, min: 2, max: 200 },
        /// Different addresses for one user that make an incident.
        addresses: { integer: 10, min: 2, max: 200 },
        /// Invalid users tried from one address, within `slow_window`, that make an incident.
        invalid_users: { integer: 5, min: 1, max: 1000 },
        /// Seconds in which different users or addresses must be seen.
        spread_window: { integer: 3600, min: 1, max: 604800 },
        /// Seconds in which what is too slow for `window` must be seen: failures as root, invalid users.
        slow_window: { integer: 86400, min: 1, max: 604800 },
        /// Failed logins as root from one address, within `slow_window`, that make an incident.
        root_failures: { integer: 10, min: 1, max: 1000 },
        /// Connections from one address that do not speak SSH that make an incident.
        protocol_errors: { integer: 3, min: 1, max: 1000 },
        /// Seconds after guessing in which a login from the same address is taken for a guess that came true.
        success_within: { integer: 3600, min: 1, max: 604800 },
        /// Addresses that are never reported: whole ones, or beginnings that end in "." or ":".
        trusted: { strings: [], max_items: 1000, max_length: 64 },
    },
    fields: ["host"],
}]
impl Sshd {
    /// Somebody tries passwords: failed logins by password or keyboard from one address pass the threshold. Counts a
    /// login once, whether sshd or PAM or both tell of it.
    #[rule {
        id: "password-guessing",
        title: "Password guessing over SSH",
        severity: high,
        tags: ["attack.credential-access", "attack.t1110.001"],
        references: ["https://attack.mitre.org/techniques/T1110/001/", "https://www.openssh.com/manual.html"],
        false_positives: ["a script with an old password", "a user who forgot theirs", "many users behind one address"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [failed, pam_error, pam_failure, pam_more],
    }]
    fn password_guessing(
        &mut self,
        event: &Event,
        settings: &Settings,
        ip: Text,
        user: Option<Text>,
        times: Option<u32>,
        more: Option<u32>,
    ) -> Option<Decision> {
        let ip = address::plain(ip);
        let here = here(event);
        let count = match event.capture(pattern::failed::METHOD) {
            Some(method) => u32::from(self.once.password(event, here, method)) * times.unwrap_or(1),
            None if event.has(pattern::PAM_ERROR) => self.once.pam_error(event, here),
            None => self.once.pam(event, here, ip) * more.unwrap_or(1),
        };
        if count == 0 || address::is_trusted(ip, &settings.trusted) {
            return None;
        }
        let burst = self.passwords.hits(event, ip, count, settings.threshold, settings.window)?;
        self.guessed.first_with(event, ip, &burst.ids);
        let decision = Decision::new(ip).title(format!("Password guessing over SSH from {ip}"));
        Some(decision.value("ip", ip).value("user", user).value("failures", burst.total).evidence(&burst.ids))
    }

    /// Connections from one address that name a user and leave without a login and without a password: keys are
    /// tried, or names where only keys are taken. Counts connections, since one agent offers many keys; a login from
    /// the address starts the count anew.
    #[rule {
        id: "key-guessing",
        title: "Key guessing over SSH",
        severity: medium,
        tags: ["attack.credential-access", "attack.t1110"],
        references: ["https://attack.mitre.org/techniques/T1110/"],
        false_positives: ["an agent with many keys", "a job whose key was withdrawn"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [failed, closed],
    }]
    fn key_guessing(
        &mut self,
        event: &Event,
        settings: &Settings,
        ip: Text,
        port: Text,
        user: Text,
        method: Option<Text>,
    ) -> Option<Decision> {
        let ip = address::plain(ip);
        match method.map(Text::as_bytes) {
            None | Some(b"publickey" | b"hostbased") => {}
            // Every client asks with "none" first which methods there are.
            Some(b"none") => return None,
            Some(_) => {
                self.once.counted(event, ip, port);
                return None;
            }
        }
        if !self.once.connection(event, ip, port) || address::is_trusted(ip, &settings.trusted) {
            return None;
        }
        let burst = self.keys.hit(event, ip, settings.threshold, settings.window)?;
        self.guessed.first_with(event, ip, &burst.ids);
        let decision = Decision::new(ip).title(format!("Key guessing over SSH from {ip}"));
        Some(
            decision
                .value("ip", ip)
                .value("user", user)
                .value("connections", burst.total)
                .evidence(&burst.ids),
        )
    }

    /// One address tries many different users: a list of names, or one password for everybody.
    #[rule {
        id: "many-users",
        title: "Many users tried over SSH from one address",
        severity: high,
        tags: ["attack.credential-access", "attack.t1110.003", "attack.t1087"],
        references: ["https://attack.mitre.org/techniques/T1110/003/"],
        false_positives: ["a bastion or a proxy in front of many users"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [failed, pam_error, pam_failure, invalid, closed],
    }]
    fn many_users(&mut self, event: &Event, settings: &Settings, ip: Text, user: Text) -> Option<Decision> {
        let ip = address::plain(ip);
        if address::is_trusted(ip, &settings.trusted) {
            return None;
        }
        let spread = self.users.hit(event, ip, user, settings.users, settings.spread_window)?;
        let decision = Decision::new(ip).title(format!("{} users tried over SSH from {ip}", spread.count()));
        Some(decision.value("ip", ip).value("users", spread.listed(10)).evidence(&spread.ids))
    }

    /// One user is tried from many different addresses: a botnet that stays under every threshold by address.
    #[rule {
        id: "many-addresses",
        title: "One user tried over SSH from many addresses",
        severity: medium,
        tags: ["attack.credential-access", "attack.t1110"],
        references: ["https://attack.mitre.org/techniques/T1110/"],
        false_positives: ["a fleet of hosts whose shared account has a new password"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [failed, pam_error, pam_failure, closed],
    }]
    fn many_addresses(
        &mut self,
        event: &Event,
        settings: &Settings,
        ip: Text,
        user: Text,
    ) -> Option<Decision> {
        let ip = address::plain(ip);
        if address::is_trusted(ip, &settings.trusted) {
            return None;
        }
        let spread = self.addresses.hit(event, user, ip, settings.addresses, settings.spread_window)?;
        let title = format!("{user} tried over SSH from {} addresses", spread.count());
        let decision = Decision::new(user).title(title).value("user", user);
        Some(decision.value("addresses", spread.listed(10)).evidence(&spread.ids))
    }

    /// Users that do not exist, or may not log in, pass the threshold for one address within a day: nobody is that
    /// wrong about names, so this sees guessing that is slow enough to stay under the other thresholds.
    #[rule {
        id: "invalid-users",
        title: "Invalid users tried over SSH",
        severity: low,
        tags: ["attack.credential-access", "attack.t1110", "attack.t1087"],
        references: ["https://attack.mitre.org/techniques/T1110/"],
        false_positives: ["an account that was renamed or removed, still used by a job"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [invalid, not_allowed],
    }]
    fn invalid_users(
        &mut self,
        event: &Event,
        settings: &Settings,
        ip: Text,
        user: Text,
    ) -> Option<Decision> {
        let ip = address::plain(ip);
        if address::is_trusted(ip, &settings.trusted) {
            return None;
        }
        let burst = self.invalid.hit(event, ip, settings.invalid_users, settings.slow_window)?;
        let decision = Decision::new(ip).title(format!("Invalid users tried over SSH from {ip}"));
        Some(decision.value("ip", ip).value("user", user).value("attempts", burst.total).evidence(&burst.ids))
    }

    /// Failed logins as root from one address pass their own threshold within a day, however slow they are.
    #[rule {
        id: "root-failed",
        title: "Failed root logins over SSH",
        severity: medium,
        tags: ["attack.credential-access", "attack.t1110.001", "attack.t1078.003"],
        references: ["https://attack.mitre.org/techniques/T1078/003/"],
        false_positives: ["an administrator who forgot the password"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [failed, pam_error, pam_failure, root_refused],
    }]
    fn root_failed(
        &mut self,
        event: &Event,
        settings: &Settings,
        ip: Text,
        user: Option<Text>,
        times: Option<u32>,
    ) -> Option<Decision> {
        let ip = address::plain(ip);
        let here = here(event);
        let counts = match event.capture(pattern::failed::METHOD) {
            Some(method) => self.once.password(event, here, method),
            None => !event.has(pattern::PAM_FAILURE) || self.once.is_silent(event, here),
        };
        let is_root = user.is_none_or(|user| user == "root");
        if !counts || !is_root || address::is_trusted(ip, &settings.trusted) {
            return None;
        }
        let burst =
            self.root.hits(event, ip, times.unwrap_or(1), settings.root_failures, settings.slow_window)?;
        let decision = Decision::new(ip).title(format!("Failed root logins over SSH from {ip}"));
        Some(decision.value("ip", ip).value("failures", burst.total).evidence(&burst.ids))
    }

    /// Root has logged in. By password it is severe; by key it is worth knowing.
    #[rule {
        id: "root-login",
        title: "Root login over SSH",
        severity: high,
        tags: ["attack.initial-access", "attack.t1078.003"],
        references: ["https://attack.mitre.org/techniques/T1078/003/"],
        false_positives: ["administration and automation that use root on purpose"],
        dedupe_window: 86400,
        resolve_after: 86400,
        on: [accepted],
    }]
    fn root_login(&mut self, settings: &Settings, ip: Text, user: Text, method: Text) -> Option<Decision> {
        let ip = address::plain(ip);
        if user != "root" || address::is_trusted(ip, &settings.trusted) {
            return None;
        }
        let by_password = method == "password" || method.as_bytes().starts_with(b"keyboard-interactive");
        let severity = if by_password { Severity::High } else { Severity::Low };
        let decision = Decision::new(ip).severity(severity).value("ip", ip).value("method", method);
        Some(decision.title(format!("Root login over SSH from {ip} by {method}")))
    }

    /// One connection tried more often than sshd or PAM allow.
    #[rule {
        id: "too-many-authentications",
        title: "Too many authentications in one SSH connection",
        severity: medium,
        tags: ["attack.credential-access", "attack.t1110"],
        references: ["https://man.openbsd.org/sshd_config#MaxAuthTries"],
        false_positives: ["an agent that offers more keys than MaxAuthTries"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [max_attempts, too_many, too_many_for, pam_more, pam_retries],
    }]
    fn too_many(
        &mut self,
        event: &Event,
        settings: &Settings,
        ip: Option<Text>,
        user: Option<Text>,
        more: Option<u32>,
        tried: Option<u32>,
    ) -> Option<Decision> {
        // PAM leaves out the first failure: "5 more" are six, and "1 more" is a slip.
        let few = more.is_some_and(|more| i64::from(more) + 1 < settings.threshold);
        let ip = ip.map(address::plain);
        if few || ip.is_some_and(|ip| address::is_trusted(ip, &settings.trusted)) {
            return None;
        }
        // These lines come in twos and threes, and those that name no address come beside one that does.
        let here = here(event);
        let again = match ip {
            Some(ip) => {
                self.exceeded.start(event, here);
                !self.exceeded.ready(event, ip, SAME)
            }
            None => !self.exceeded.ready(event, here, SAME),
        };
        if again {
            return None;
        }
        let decision = match ip {
            Some(ip) => {
                Decision::new(ip).title(format!("Too many authentications in one SSH connection from {ip}"))
            }
            None => Decision::for_source(),
        };
        let decision = decision.value("ip", ip).value("user", user);
        Some(decision.value("failures", more.map(|more| more + 1).or(tried)))
    }

    /// Connections from one address that do not speak SSH, or no version of it that this server takes: a scanner.
    #[rule {
        id: "bad-protocol",
        title: "Connections to SSH that do not speak it",
        severity: low,
        tags: ["attack.reconnaissance", "attack.t1595.002", "attack.t1046"],
        references: ["https://attack.mitre.org/techniques/T1595/002/"],
        false_positives: ["a load balancer's or a monitor's health check", "a client that is too old"],
        dedupe_window: 86400,
        resolve_after: 604800,
        on: [bad_banner, no_banner, bad_exchange, no_common],
    }]
    fn bad_protocol(
        &mut self,
        event: &Event,
        settings: &Settings,
        ip: Text,
        banner: Option<Text>,
    ) -> Option<Decision> {
        let ip = address::plain(ip);
        if address::is_trusted(ip, &settings.trusted) {
            return None;
        }
        let burst = self.protocol.hit(event, ip, settings.protocol_errors, settings.window)?;
        let decision = Decision::new(ip).title(format!("Connections to SSH that do not speak it from {ip}"));
        let banner = banner.map(|banner| banner.head(100));
        Some(
            decision
                .value("ip", ip)
                .value("banner", banner)
                .value("connections", burst.total)
                .evidence(&burst.ids),
        )
    }

    /// sshd found that an address and its name do not agree. Most often it is careless DNS.
    #[rule {
        id: "break-in-warning",
        title: "Address and name of an SSH client do not agree",
        severity: low,
        tags: ["attack.initial-access"],
        references: ["https://man.openbsd.org/sshd_config#UseDNS"],
        false_positives: ["networks whose reverse DNS is not kept"],
        dedupe_window: 86400,
        resolve_after: 86400,
        on: [reverse, maps_to],
    }]
    fn break_in_warning(&mut self, settings: &Settings, ip: Text, name: Text) -> Option<Decision> {
        let ip = address::plain(ip);
        if address::is_trusted(ip, &settings.trusted) {
            return None;
        }
        let decision =
            Decision::new(ip).title(format!("sshd warns of a possible break-in attempt from {ip}"));
        Some(decision.value("ip", ip).value("name", name))
    }

    /// An address whose guessing passed the threshold has logged in: the guess may have come true.
    #[rule {
        id: "success-after-failures",
        title: "SSH login after guessing",
        severity: critical,
        tags: ["attack.initial-access", "attack.credential-access", "attack.t1110.001", "attack.t1078"],
        references: ["https://attack.mitre.org/techniques/T1078/"],
        false_positives: ["a user who remembered the password at last", "many users behind one address"],
        dedupe_window: 86400,
        on: [accepted],
    }]
    fn success(
        &mut self,
        event: &Event,
        settings: &Settings,
        ip: Text,
        user: Text,
        method: Text,
    ) -> Option<Decision> {
        let ip = address::plain(ip);
        self.keys.forget(ip);
        let both = self.guessed.then(event, ip, settings.success_within)?;
        let decision = Decision::new(ip).title(format!("{user} logged in over SSH from {ip} after guessing"));
        Some(decision.value("ip", ip).value("user", user).value("method", method).evidence(&both.ids))
    }
}

/// The host that a line is from, as far as the line says: its log, and its name in it.
fn here<'a>(event: &Event<'a>) -> once::Place<'a> {
    (event.source(), event.field(field::HOST).unwrap_or_default())
}
