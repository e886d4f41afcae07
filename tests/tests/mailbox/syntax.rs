//! Headers as RFC 5322 has them: servers pass on worse, so it is asked for here.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// A field of section 2.2, unfolded: a name, printable ASCII (RFC 2047 has the rest), no control character.
static FIELD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\A[!-9;-~]+: ?[\t -~]*\z").unwrap());

/// One address of section 3.4: alone, or in angle brackets behind a name of atoms, a quoted string or encoded words.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    let atom = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    let quoted = r#""(?:[ !#-\[\]-~]|\\[ -~])*""#;
    let address = format!(r"{atom}(?:\.{atom})*@{atom}(?:\.{atom})*");
    let name = format!(r"(?:{quoted}|{atom}(?: {atom})*)");
    Regex::new(&format!(r"\A(?:{address}|(?:{name} )?<{address}>)\z")).unwrap()
});

/// A message's identity of section 3.6.4, or several.
static IDENTITIES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\A<[^<>@ ]+@[^<>@ ]+>(?: <[^<>@ ]+@[^<>@ ]+>)*\z").unwrap());

/// The first field that is not as the standard wants it.
pub(crate) fn wrong_field(mail: &[u8]) -> Option<String> {
    // A mailbox has the lines' ends of its own system.
    let mail = String::from_utf8_lossy(mail).replace("\r\n", "\n");
    let head = mail.split_once("\n\n").map_or(&*mail, |(head, _)| head);
    let mut fields: Vec<String> = Vec::new();
    for line in head.split('\n') {
        match (fields.last_mut(), line.starts_with([' ', '\t'])) {
            (Some(field), true) if line.len() <= 998 && !line.trim().is_empty() => field.push_str(line),
            (_, false) if line.len() <= 998 => fields.push(line.into()),
            _ => return Some(line.into()),
        }
    }
    fields.into_iter().find(|field| !is_right(field))
}

fn is_right(field: &str) -> bool {
    let Some((name, value)) = field.split_once(':').filter(|_| FIELD.is_match(field.as_bytes())) else {
        return false;
    };
    let value = value.trim().replace('\t', " ");
    match &*name.to_ascii_lowercase() {
        "from" | "sender" | "to" => ADDRESS.is_match(value.as_bytes()),
        "message-id" | "in-reply-to" | "references" => IDENTITIES.is_match(value.as_bytes()),
        _ => true,
    }
}

#[test]
fn what_is_wrong_is_found() {
    let right = "From: Tripline <tripline@example.org>\r\nTo: a@example.org\r\nSubject: =?utf-8?b?w6Q=?=\r\n a\r\n\
                 Message-ID: <1.a@example.org>\r\nReferences: <1.a@example.org>\r\n <2@example.org>\r\n\r\n: body";
    assert_eq!(wrong_field(right.as_bytes()), None);
    for wrong in [
        "From: a b\n\n",
        "From: <a@b>, c\n\n",
        "To: \"a <a@b>\n\n",
        "To:\n\n",
        "Message-ID: 1@b\n\n",
        "References: <a b@c>\n\n",
        "Subject: ä\n\n",
        "Subject: a\rBcc: b\n\n",
        "Subject: a\n \n\n",
        "Sub ject: a\n\n",
        "Subject\n\n",
        " Subject: a\n\n",
    ] {
        assert!(wrong_field(wrong.as_bytes()).is_some(), "{wrong:?}");
    }
    let long = format!("Subject: {}\n\n", "a".repeat(990));
    assert!(wrong_field(long.as_bytes()).is_some());
}
