use tripline_sdk::prelude::*;

/// Who becomes root on which host, as far as the pack has seen.
#[derive(Default, State)]
pub(crate) struct Usual {
    /// When each host was first seen: its bound forgets hosts, which are then learned anew.
    hosts: Cooldown<32>,
    /// Users who became root.
    users: Cooldown<64>,
}

/// A user who was not seen for so many seconds is none of the usual ones any more.
const FORGOTTEN: i64 = 90 * 24 * 3600;
/// Longer than any log: a host is new once.
const EVER: i64 = 1000 * 365 * 24 * 3600;

impl Usual {
    /// Whether a user becomes root as before, or the host is still being learned. From now on they do.
    pub(crate) fn is_usual(&mut self, event: &Event, host: Text, user: Text, learning: i64) -> bool {
        if self.hosts.ready(event, host, EVER) {
            self.users.start(event, (host, user));
            return learning > 0;
        }
        let known = self.users.is_running(event, (host, user), FORGOTTEN);
        let learns = self.hosts.is_running(event, host, learning);
        self.users.start(event, (host, user));
        known || learns && learning > 0
    }
}
