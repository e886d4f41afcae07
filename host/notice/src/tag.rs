//! A rule's tags, like `attack.initial-access`: a dot in them does not yet make them a host's name.
//!
//! [`defang`] breaks every word that may be one, since nobody knows what a log says. A tag is an author's constant
//! that people look up and copy, so it is broken only where a mail program would make a link of it: those know a
//! host's name by its top-level domain, or by what it begins with.

use crate::defang::defang;
use crate::visible::visible;

/// Names that are no top-level domains in the public DNS, but in somebody's network.
const PRIVATE: [&str; 12] = [
    "alt",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localhost",
    "onion",
    "test",
];

/// One tag, made safe to show.
pub(crate) fn tag(text: &str, limit: usize) -> String {
    let shown = visible(text.trim(), limit);
    if is_plain(&shown) { shown } else { defang(&shown) }
}

/// Whether it is a dotted word of which no mail program makes a link.
fn is_plain(tag: &str) -> bool {
    let mut labels = tag.split('.');
    let first = labels.next().unwrap_or_default().to_ascii_lowercase();
    tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        && !first.starts_with("www")
        && !first.starts_with("ftp")
        && !labels.any(begins_with_a_top_level_domain)
}

/// Also where more follows, like in `com-x`: some programs end a link there.
fn begins_with_a_top_level_domain(label: &str) -> bool {
    let end = label.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(label.len());
    let letters = label[..end].to_ascii_lowercase();
    // Two letters are a country's, if not today then tomorrow; the names in other scripts begin with `xn`.
    letters.len() == 2 || tld::exist(&letters) || PRIVATE.contains(&letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn tags_read_as_they_are() {
        for text in [
            "attack.initial-access",
            "attack.t1110.001",
            "attack.impact",
            "attack.command-and-control",
            "cve.2021-44228",
            "detection.emerging-threats",
            "app.payments",
            "compliance",
            "team_web",
        ] {
            assert_eq!(tag(text, 100), text);
        }
    }

    #[test]
    fn what_may_be_a_link_does_not() {
        for (text, expected) in [
            ("evil.com", "evil[.]com"),
            ("Evil.COM", "Evil[.]COM"),
            ("attack.io.initial-access", "attack[.]io[.]initial-access"),
            ("attack.in-itial", "attack[.]in-itial"),
            ("attack.com1", "attack[.]com1"),
            ("tlp.red", "tlp[.]red"),
            ("www.initial-access", "www[.]initial-access"),
            ("ftp.initial-access", "ftp[.]initial-access"),
            ("a.xn--p1ai", "a[.]xn--p1ai"),
            ("a.рф", "a[.]рф"),
            ("files.corp", "files[.]corp"),
            ("ada@attack.impact", "ada[@]attack[.]impact"),
            ("https://attack.impact", "hxxps[:]//attack[.]impact"),
            ("see attack.impact", "see attack[.]impact"),
        ] {
            assert_eq!(tag(text, 100), expected);
        }
    }
}
