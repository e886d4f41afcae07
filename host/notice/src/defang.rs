//! Takes the life out of links: no mail client makes a link of what a log line or a rule says.
//!
//! `https://evil.example/x` becomes `hxxps[:]//evil[.]example/x`, `root@evil.example` becomes
//! `root[@]evil[.]example`. Plain addresses like `203.0.113.7` stay, since no client links them and people copy them.

/// Endings of file names that are no top-level domain, so that `auth.log` stays readable.
const FILES: [&str; 8] = ["conf", "gz", "json", "jsonl", "log", "service", "txt", "xz"];

/// The text with links, host names and mail addresses broken.
///
/// A text that was defanged stays as it is if it comes again.
pub fn defang(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|character| !in_name(character)).unwrap_or(rest.len());
        if end > 0 {
            let (word, after) = rest.split_at(end);
            name(word, after.starts_with(':'), &mut out);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("://") {
            out.push_str("[:]//");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("[@]") {
            out.push_str("[@]");
            rest = after;
        } else {
            match first {
                '@' => out.push_str("[@]"),
                other => out.push(other),
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn in_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '-' | '_')
}

/// Writes a run of letters, digits, dots and hyphens.
fn name(word: &str, before_colon: bool, out: &mut String) {
    let word = if before_colon { unlinked_scheme(word) } else { word.into() };
    if is_host(&word) {
        out.push_str(&word.replace('.', "[.]"));
    } else {
        out.push_str(&word);
    }
}

/// `http` at the end of a word before a colon.
fn unlinked_scheme(word: &str) -> String {
    let bytes = word.as_bytes();
    let secure = bytes.last().is_some_and(|last| last.eq_ignore_ascii_case(&b's'));
    let end = bytes.len() - usize::from(secure);
    let Some(start) = end.checked_sub(4).filter(|start| bytes[*start..end].eq_ignore_ascii_case(b"http"))
    else {
        return word.into();
    };
    let swap = |byte: &str| if byte == "t" { "x" } else { "X" };
    format!(
        "{}{}{}{}",
        &word[..=start],
        swap(&word[start + 1..start + 2]),
        swap(&word[start + 2..start + 3]),
        &word[start + 3..]
    )
}

/// Whether a mail client may take the word for a host's name: a label after the first begins like a
/// top-level domain, with two letters.
///
/// Rather once too often: a sentence without a space after its full stop is broken as well.
fn is_host(word: &str) -> bool {
    let top = |label: &str| {
        let letters = label.chars().take(2).filter(|character| character.is_alphabetic()).count() == 2;
        letters && !FILES.iter().any(|ending| label.eq_ignore_ascii_case(ending))
    };
    let mut labels = word.split('.');
    let mut before = labels.next().unwrap_or_default();
    labels.any(|label| !std::mem::replace(&mut before, label).is_empty() && top(label))
}

#[cfg(test)]
mod tests {
    use super::defang;

    #[test]
    fn links_are_broken() {
        for (text, expected) in [
            ("https://evil.example/x?y=a.b", "hxxps[:]//evil[.]example/x?y=a.b"),
            ("HTTP://EVIL.EXAMPLE", "HXXP[:]//EVIL[.]EXAMPLE"),
            ("ftp://evil.example", "ftp[:]//evil[.]example"),
            ("http:evil", "hxxp:evil"),
            ("xhttps:", "xhxxps:"),
            ("view-source:http://a", "view-source:hxxp[:]//a"),
            ("root@mail.evil.example", "root[@]mail[.]evil[.]example"),
            ("mailto:a@b", "mailto:a[@]b"),
            ("www.xn--80ak6aa92e.com.", "www[.]xn--80ak6aa92e[.]com[.]"),
            ("evil.example:8080", "evil[.]example:8080"),
            ("münchen.de", "münchen[.]de"),
            ("evil.com-x", "evil[.]com-x"),
            ("evil.com.log", "evil[.]com[.]log"),
            ("203.0.113.7.evil.example", "203[.]0[.]113[.]7[.]evil[.]example"),
        ] {
            assert_eq!(defang(text), expected);
            assert_eq!(defang(expected), expected, "a second time");
        }
    }

    #[test]
    fn what_people_copy_stays() {
        for text in [
            "203.0.113.7 port 22",
            "2001:db8::1",
            "auth.log:17",
            "auth.log.1",
            "access.log.2.gz",
            "ssh.service",
            "httpd: version 2.4.1, e.g. this.",
            "a sentence. Another one.",
            "10:00:05",
            "",
            "..",
        ] {
            assert_eq!(defang(text), text);
        }
    }
}
