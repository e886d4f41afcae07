use tripline_sdk::prelude::*;

/// Sees to it that one failed login counts once, whoever tells of it.
///
/// ```text
///   pam_unix(sshd:auth): authentication failure; … rhost=A  user=root      PAM's module
///   error: PAM: Authentication failure for root from A                     sshd, keyboard-interactive
///   Failed keyboard-interactive/pam for root from A port N ssh2            sshd, only some of them
///   Failed password for root from A port N ssh2                            sshd
///   Connection closed by authenticating user root A port N [preauth]       sshd, after any of these
/// ```
///
/// sshd's own lines count. PAM's count only in logs of hosts that have had none of sshd's for a day: a log that is
/// not sshd's, or an sshd that says nothing. Since PAM speaks before sshd does, its first line is held back, and
/// counts when its address's next one comes and sshd is still silent.
#[derive(Default, State)]
pub(crate) struct Once {
    /// Hosts with lines of sshd's own.
    own: Cooldown<8>,
    /// Hosts with lines of PAM's only.
    alone: Cooldown<8>,
    /// Hosts and addresses whose first line of PAM's is held back.
    held: Sequence<16>,
    /// Hosts with `error: PAM:`, where "Failed keyboard-interactive" says it again.
    pam_errors: Cooldown<8>,
    /// Connections, by address and port, that have counted.
    connections: Cooldown<64>,
}

const DAY: i64 = 24 * 3600;
/// No connection lives longer before its login: LoginGraceTime is two minutes.
const CONNECTION: i64 = 600;

/// Where a line comes from.
pub(crate) type Place<'a> = (u32, Text<'a>);

impl Once {
    /// Whether "Failed `method` …" is a password that counts.
    pub(crate) fn password(&mut self, event: &Event, place: Place, method: Text) -> bool {
        match method.as_bytes() {
            b"password" => self.own.start(event, place),
            method if method.starts_with(b"keyboard-interactive") => {
                self.own.start(event, place);
                return !self.pam_errors.is_running(event, place, DAY);
            }
            _ => return false,
        }
        true
    }

    /// "error: PAM: …" always counts, for one.
    pub(crate) fn pam_error(&mut self, event: &Event, place: Place) -> u32 {
        self.own.start(event, place);
        self.pam_errors.start(event, place);
        1
    }

    /// Whether sshd is silent on this host, so that PAM's lines are all there is.
    pub(crate) fn is_silent(&mut self, event: &Event, place: Place) -> bool {
        !self.own.is_running(event, place, DAY)
    }

    /// How many failures a line of PAM's own counts for.
    pub(crate) fn pam(&mut self, event: &Event, place: Place, ip: Text) -> u32 {
        let key = (place.0, place.1, ip);
        if !self.is_silent(event, place) {
            return 0;
        }
        let held = self.held.then(event, key, DAY).is_some();
        if !held && !self.alone.is_running(event, place, DAY) {
            self.held.first(event, key);
            self.alone.start(event, place);
            return 0;
        }
        self.alone.start(event, place);
        1 + u32::from(held)
    }

    /// The connection has counted.
    pub(crate) fn counted(&mut self, event: &Event, ip: Text, port: Text) {
        self.connections.start(event, (ip, port));
    }

    /// Whether the connection has not counted yet; from now on it has.
    pub(crate) fn connection(&mut self, event: &Event, ip: Text, port: Text) -> bool {
        self.connections.ready(event, (ip, port), CONNECTION)
    }
}
