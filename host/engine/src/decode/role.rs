//! What the members of a JSON line mean to us, by name.

/// What a member is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// When it happened.
    Time,
    /// The text that patterns look at first.
    Message,
    /// What wrote it, as a log source.
    Service,
    /// The field `host`, whatever it is called.
    Host,
    /// The field `program`, whatever it is called.
    Program,
    /// The field `pid`, whatever it is called.
    Pid,
}

/// Ranks of the service's names that only systemd's journal has.
pub(super) const JOURNAL: std::ops::RangeInclusive<u32> = 4..=5;

/// A name's roles, each with its rank among the role's names: a smaller one counts before a greater.
pub(super) fn roles(name: &[u8]) -> &'static [(Role, u32)] {
    use Role::*;
    match name {
        b"@timestamp" => &[(Time, 0)],
        b"timestamp" => &[(Time, 1)],
        b"time" => &[(Time, 2)],
        b"ts" => &[(Time, 3)],
        b"datetime" => &[(Time, 4)],
        b"date" => &[(Time, 5)],
        b"_SOURCE_REALTIME_TIMESTAMP" => &[(Time, 6)],
        b"__REALTIME_TIMESTAMP" => &[(Time, 7)],
        // CloudTrail, Azure's activity log, Microsoft Graph, GuardDuty.
        b"eventTime" => &[(Time, 8)],
        b"eventTimestamp" => &[(Time, 9)],
        b"createdDateTime" => &[(Time, 10)],
        b"UpdatedAt" => &[(Time, 11)],
        // Grafana, FortiGate.
        b"t" => &[(Time, 12)],
        b"eventtime" => &[(Time, 13)],
        b"message" => &[(Message, 0)],
        b"msg" => &[(Message, 1)],
        b"log" => &[(Message, 2)],
        b"MESSAGE" => &[(Message, 3)],
        b"event" => &[(Message, 4)],
        b"text" => &[(Message, 5)],
        b"service" => &[(Service, 0)],
        b"app" => &[(Service, 1)],
        b"application" => &[(Service, 2)],
        b"program" => &[(Service, 3), (Program, 0)],
        b"SYSLOG_IDENTIFIER" => &[(Service, 4), (Program, 1)],
        b"_COMM" => &[(Service, 5), (Program, 2)],
        b"logger" => &[(Service, 6)],
        b"host" => &[(Host, 0)],
        b"hostname" => &[(Host, 1)],
        b"_HOSTNAME" => &[(Host, 2)],
        b"pid" => &[(Pid, 0)],
        b"SYSLOG_PID" => &[(Pid, 1)],
        b"_PID" => &[(Pid, 2)],
        _ => &[],
    }
}

/// Which of a role's names counts so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice {
    seen: u32,
    /// The rank of the name that counts.
    pub(super) rank: Option<u32>,
}

impl Choice {
    /// Whether a member of this rank may count: it is the first of its name, and no better one counts yet.
    pub(super) fn is_open(&mut self, rank: u32) -> bool {
        let again = self.has_seen(rank);
        self.seen |= 1 << rank;
        !again && self.rank.is_none_or(|best| rank < best)
    }

    /// Whether a member of this rank has come.
    pub(super) fn has_seen(&self, rank: u32) -> bool {
        self.seen & 1 << rank != 0
    }
}
