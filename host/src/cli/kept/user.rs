use std::fs;
use std::path::Path;

use crate::incidents::Actor;

/// Where a machine's own users have their names.
const USERS: &str = "/etc/passwd";
/// Characters of a name that somebody gives himself.
const NAME: usize = 64;

/// The user whose command this is. An environment says whatever its owner wants: a name that only stands there is no more
/// than what he calls himself, and the number is told beside it.
pub(super) fn actor() -> Actor {
    let uid = rustix::process::getuid().as_raw();
    let name = named(Path::new(USERS), uid).unwrap_or_else(|| {
        let own = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
        match own.map(|own| own.chars().take(NAME).collect::<String>()) {
            Ok(own) if !own.is_empty() => format!("uid {uid}, calls itself {own}"),
            _ => format!("uid {uid}"),
        }
    });
    Actor::user(uid, &name)
}

/// The name that a list of users has for this number.
fn named(users: &Path, uid: u32) -> Option<String> {
    let users = fs::read(users).ok()?;
    let lines = users.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    let named = |line: &str| {
        let mut parts = line.split(':');
        let (name, number) = (parts.next()?, parts.nth(1)?);
        (number.parse() == Ok(uid) && !name.is_empty()).then(|| name.to_string())
    };
    lines.filter_map(named).next()
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn names_come_from_the_list_of_users() {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("passwd");
        let lines = b"root:x:0:0:root:/root:/bin/sh\n\xff:x:7:7::/:\nshort:x\n:x:8:8::/:\njana:x:1000:1000:Jana,,,:/home/jana:/bin/sh\nlater:x:1000:1000::/:/bin/sh\n";
        std::fs::write(&users, lines).unwrap();
        assert_eq!([0, 1000].map(|uid| named(&users, uid)), [Some("root".into()), Some("jana".into())]);
        assert_eq!([7, 8, 9].map(|uid| named(&users, uid)), [None, None, None]);
        assert_eq!(named(&folder.path().join("none"), 0), None);
    }
}
