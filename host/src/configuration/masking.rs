//! A file may hold a secret where none belongs. What is drawn of it must not show it, even when it does not parse.

use std::ops::Range;

/// What keys of secrets are called, in any case; a pattern of redaction may have one in it.
const WORDS: [&str; 6] = ["pass", "pasw", "secret", "token", "pwd", "patterns"];

/// The text with stars in place of these bytes; line breaks and lengths stay.
pub(super) fn stars(text: &str, span: Range<usize>) -> String {
    let (Some(head), Some(secret), Some(tail)) =
        (text.get(..span.start), text.get(span.clone()), text.get(span.end..))
    else {
        return text.into();
    };
    let star = |byte| if byte == b'\n' { '\n' } else { '*' };
    head.chars().chain(secret.bytes().map(star)).chain(tail.chars()).collect()
}

/// The text with blanks for all lines but those of these bytes; nothing else of the file has to leave it.
pub(super) fn only_lines(text: &str, span: &Range<usize>) -> String {
    let bytes = text.as_bytes();
    let (start, end) = (span.start.min(bytes.len()), span.end.min(bytes.len()));
    let first = bytes[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let last = bytes[end..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| end + at);
    let blank =
        |part: &str| part.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect::<String>();
    let (Some(head), Some(lines), Some(tail)) =
        (text.get(..first), text.get(first..last.max(first)), text.get(last.max(first)..))
    else {
        return blank(text);
    };
    [&blank(head), lines, &blank(tail)].concat()
}

/// The text with stars for all that is given to a key that sounds like a secret's, unless it is a table that says where
/// the secret is kept.
pub(super) fn masked(text: &str) -> String {
    let mut out = text.to_string();
    let mut start = 0;
    let mut until = 0;
    for line in text.split_inclusive('\n') {
        let (from, end) = (start, start + line.len());
        start = end;
        if from < until {
            continue;
        }
        let lower = line.to_ascii_lowercase();
        let Some(word) = WORDS.iter().filter_map(|word| lower.find(word)).min() else { continue };
        let Some(sign) = lower[word..].find('=') else { continue };
        let at = from + word + sign + 1;
        let value = text[at..].trim_start();
        if value.starts_with('{') && (line.contains("env") || line.contains("file")) {
            continue;
        }
        // A text of several lines ends with its quotes, if it ends.
        let mut last = end;
        for quotes in ["\"\"\"", "'''"] {
            if let Some(rest) = value.strip_prefix(quotes) {
                last = rest.find(quotes).map_or(text.len(), |length| text.len() - rest.len() + length);
            }
        }
        // So does a list, with a line that begins with its bracket.
        if value.starts_with('[') && !line.trim_end().ends_with(']') {
            let mut lines = text[end..].split_inclusive('\n');
            let own = lines.by_ref().take_while(|line| !line.trim_start().starts_with(']'));
            last = end + own.map(str::len).sum::<usize>();
        }
        until = last;
        out = stars(&out, at..last);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn secrets_are_stars() {
        assert_eq!(masked("a = 1\npassword = \"x\"\nb = 2\n"), "a = 1\npassword =****\nb = 2\n");
        assert_eq!(masked("PASSWORD=\"hunter2"), "PASSWORD=********");
        assert_eq!(masked("token = '''\nab\n'''\nb = 2"), "token =****\n**\n'''\nb = 2");
        let list = "patterns = [\n  'a',\n]\nb = 2";
        assert_eq!(masked(list), "patterns =**\n******\n]\nb = 2");
        let reference = "password = { env = \"NAME\" }";
        assert_eq!(masked(reference), reference);
    }
}
