//! A rotation family is one source: `x.log.2.gz`, `x.log.1`, `x.log`, oldest first.
//!
//! ```text
//!   name      auth.log      .3             .gz
//!             stem          generation     compression, also .zst and .xz
//!             auth.log      -20240131      .gz      dates of logrotate's `dateext`, oldest first as they sort
//! ```

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::packing::ENDS;

/// What a file's name says of its family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member {
    /// The family: the path of its newest file.
    pub(crate) stem: PathBuf,
    age: Age,
    pub(crate) path: PathBuf,
}

/// Oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    /// By date (and time of day): a lower number is older.
    Dated(u64),
    /// By count, kept as its opposite: a higher count is older.
    Counted(i64),
    /// Its name says nothing.
    #[cfg(feature = "store")]
    Adopted,
    Newest,
}

impl Member {
    pub(crate) fn of(path: &Path) -> Member {
        let newest = Member { stem: path.into(), age: Age::Newest, path: path.into() };
        let Some(name) = path.file_name().map(OsStrExt::as_bytes) else { return newest };
        let plain = ENDS.iter().find_map(|end| name.strip_suffix(end.as_bytes())).unwrap_or(name);
        let (stem, age) = match (counted(plain), dated(plain)) {
            (Some(found), _) | (None, Some(found)) => found,
            (None, None) => (plain, Age::Newest),
        };
        if stem.is_empty() {
            return newest;
        }
        Member { stem: path.with_file_name(OsStr::from_bytes(stem)), age, path: path.into() }
    }

    /// A file of a family to which its name does not belong: it was renamed just now, or long ago.
    #[cfg(feature = "store")]
    pub(crate) fn adopted(stem: &Path, path: &Path) -> Member {
        Member { stem: stem.into(), age: Age::Adopted, path: path.into() }
    }

    /// Whether, by its name, it is what the other is packed to.
    pub(crate) fn packs(&self, other: &Member) -> bool {
        let is_packed = |member: &Member| {
            let name = member.path.as_os_str().as_bytes();
            ENDS.iter().any(|end| name.ends_with(end.as_bytes()))
        };
        (&self.stem, self.age) == (&other.stem, other.age) && is_packed(self) && !is_packed(other)
    }
}

/// `auth.log.3`
fn counted(name: &[u8]) -> Option<(&[u8], Age)> {
    let at = name.iter().rposition(|&byte| byte == b'.')?;
    let (stem, count) = (&name[..at], digits(&name[at + 1..])?);
    (name.len() - at - 1 <= 4).then_some((stem, Age::Counted(-i64::try_from(count).ok()?)))
}

/// `auth.log-20240131`, `auth.log-20240131-1706659200`
fn dated(name: &[u8]) -> Option<(&[u8], Age)> {
    let hyphens = name.iter().enumerate().filter(|(_, byte)| **byte == b'-');
    hyphens.map(|(at, _)| at).find_map(|at| {
        let date: Vec<u8> = name[at + 1..].iter().copied().filter(|&byte| byte != b'-').collect();
        let date = if (8..=18).contains(&date.len()) { digits(&date)? } else { return None };
        Some((&name[..at], Age::Dated(date)))
    })
}

/// The number that these digits are.
fn digits(bytes: &[u8]) -> Option<u64> {
    let is_number = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(bytes).ok().filter(|_| is_number)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_sorts_oldest_first() {
        let names = [
            "a/x.log",
            "a/x.log.1",
            "a/x.log.2.gz",
            "a/x.log.10.gz",
            "a/x.log-20240131.gz",
            "a/x.log-20240101",
            "a/x.log.3.zst",
            "a/x.log.4.xz",
        ];
        let mut members: Vec<Member> = names.iter().map(|name| Member::of(Path::new(name))).collect();
        members.sort();
        let sorted: Vec<_> = members.iter().map(|member| member.path.to_str().unwrap()).collect();
        let expected = [
            "a/x.log-20240101",
            "a/x.log-20240131.gz",
            "a/x.log.10.gz",
            "a/x.log.4.xz",
            "a/x.log.3.zst",
            "a/x.log.2.gz",
            "a/x.log.1",
            "a/x.log",
        ];
        assert_eq!(sorted, expected);
        assert!(members.iter().all(|member| member.stem == Path::new("a/x.log")));
    }

    #[test]
    fn names_without_a_generation_are_their_own_family() {
        for name in ["x.log", "my-app.log", "2024", ".5", "app-1.2.3", "access_log.gz"] {
            let member = Member::of(Path::new(name));
            let stem = Path::new(name.strip_suffix(".gz").unwrap_or(name));
            match name {
                "app-1.2.3" => assert_eq!(member.stem, Path::new("app-1.2")),
                _ => assert_eq!(member.stem, stem, "{name}"),
            }
        }
    }
}
