//! What a file is that is no log as it lies there, by what it begins with.

use std::error::Error;
use std::fmt;

/// As many bytes tell that each of them is half of a character.
const WIDE: usize = 16;

/// A file that would look like a log in which nothing happens, were it read as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// What it is.
    pub(super) what: &'static str,
    /// What makes lines of it.
    pub(super) command: &'static str,
}

/// How they begin; `?` is any byte.
const BEGINNINGS: [(&[u8], Foreign); 11] = [
    (b"BZh?1AY&SY", foreign("data packed by bzip2", "bzip2 -dc")),
    // Of nothing.
    (b"BZh?\x17\x72\x45\x38\x50\x90", foreign("data packed by bzip2", "bzip2 -dc")),
    (b"\x5d\0\0", foreign("data packed by lzma", "xz -dc --format=lzma")),
    (b"\x04\x22\x4d\x18", foreign("data packed by lz4", "lz4 -dc")),
    (b"\x1f\x9d", foreign("data packed by compress", "gzip -dc")),
    (b"PK\x03\x04", foreign("a zip archive", "unzip -p")),
    (b"LPKSHHRH", foreign("a journal of systemd", "journalctl -o export --file")),
    (b"ElfFile\0", foreign("an event log of Windows", "evtx_dump -o jsonl")),
    (b"\xff\xfe", foreign("text in UTF-16", "iconv -f UTF-16 -t UTF-8")),
    (b"\xfe\xff", foreign("text in UTF-16", "iconv -f UTF-16 -t UTF-8")),
    (b"LZIP\x01", foreign("data packed by lzip", "lzip -dc")),
];

const fn foreign(what: &'static str, command: &'static str) -> Foreign {
    Foreign { what, command }
}

impl Foreign {
    /// By a file's first bytes; all it has, or so many that no more could make it one.
    pub(super) fn of(head: &[u8]) -> Option<Foreign> {
        let begins = |beginning: &[u8]| head.len() >= beginning.len() && agrees(beginning, head);
        let found = BEGINNINGS.iter().find(|(beginning, _)| begins(beginning)).map(|(_, foreign)| *foreign);
        found.or_else(|| match head.len() >= 4 {
            true if is_wide(head, 1) => Some(foreign("text in UTF-16", "iconv -f UTF-16LE -t UTF-8")),
            true if is_wide(head, 0) => Some(foreign("text in UTF-16", "iconv -f UTF-16BE -t UTF-8")),
            _ => None,
        })
    }

    /// Whether more bytes behind these could make it one.
    pub(super) fn may_be(head: &[u8]) -> bool {
        let begins = |beginning: &[u8]| head.len() < beginning.len() && agrees(beginning, head);
        BEGINNINGS.iter().any(|(beginning, _)| begins(beginning))
            || head.len() < WIDE && (is_wide(head, 0) || is_wide(head, 1))
    }
}

/// Whether they are the same, as far as both go.
fn agrees(beginning: &[u8], head: &[u8]) -> bool {
    beginning.iter().zip(head).all(|(wanted, byte)| *wanted == b'?' || wanted == byte)
}

/// Whether every other byte is zero, and those between are characters. Zeros alone are a hole, as a log has one that was
/// cut under its writer.
fn is_wide(head: &[u8], zero: usize) -> bool {
    let is_character = |byte: u8| matches!(byte, b'\t'..=b'~');
    head.iter().enumerate().all(|(at, byte)| if at % 2 == zero { *byte == 0 } else { is_character(*byte) })
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a log as text, or packed by gzip, zstd or xz, found {}", self.what)
    }
}

impl Error for Foreign {}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::Foreign;

    /// What is found of a file that has these bytes and no more.
    fn command(bytes: &[u8]) -> Option<&'static str> {
        let read = (0..bytes.len()).find(|read| !Foreign::may_be(&bytes[..*read])).unwrap_or(bytes.len());
        Foreign::of(&bytes[..read]).map(|foreign| foreign.command)
    }

    #[test]
    fn what_is_no_text_is_known_by_its_beginning() {
        // What `bzip2` and `xz --format=lzma` make of a line, as far as it tells.
        assert_eq!(command(b"BZh91AY&SY\x8b\x9e"), Some("bzip2 -dc"));
        assert_eq!(command(b"BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0"), Some("bzip2 -dc"));
        assert_eq!(
            command(b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0"),
            Some("xz -dc --format=lzma")
        );
        assert_eq!(command(b"PK\x03\x04\x14\0"), Some("unzip -p"));
        assert_eq!(command(b"LPKSHHRH\0\0"), Some("journalctl -o export --file"));
    }

    #[test]
    fn wide_characters_are_known_with_a_mark_and_without() {
        let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(bytes).collect()
        };
        let line = "Dec 10 06:55:46 web1 sshd[1]: x\r\n";
        for text in [line, "]\r\n", "hi"] {
            assert_eq!(command(&wide(text, u16::to_le_bytes)), Some("iconv -f UTF-16LE -t UTF-8"));
            assert_eq!(command(&wide(text, u16::to_be_bytes)), Some("iconv -f UTF-16BE -t UTF-8"));
            let marked = format!("\u{feff}{text}");
            assert_eq!(command(&wide(&marked, u16::to_le_bytes)), Some("iconv -f UTF-16 -t UTF-8"));
            assert_eq!(command(&wide(&marked, u16::to_be_bytes)), Some("iconv -f UTF-16 -t UTF-8"));
        }
    }

    #[test]
    fn text_is_text() {
        let texts: [&[u8]; 12] = [
            b"",
            b"D",
            b"\0",
            b"Dec 10 06:55:46 web1 sshd[1]: x\n",
            b"BZh9 is what a name begins with\n",
            b"PK\n",
            b"LPKSHHR",
            b"\xef\xbb\xbfDec 10",
            b"\xff no UTF-8",
            // Holes.
            &[0; 64],
            b"\0Dec 10",
            b"\0\0\0D\0e\0c\0 \x001\x000\0",
        ];
        assert_eq!(texts.map(command), [None; 12]);
        let mut late = *b"a\0b\0c\0d\0e\0f\0g\0\0\0";
        late[14] = 1;
        assert_eq!(command(&late), None);
    }
}
