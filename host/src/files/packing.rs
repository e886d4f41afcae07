//! How a file is packed: by what it begins with, not by its name.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::os::unix::fs::FileExt;

use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;

use super::length::{self, SKIPPABLE};

/// Log of the bytes that zstd may look back: 8 MiB, as every level but the highest has it.
const WINDOW: u32 = 23;
/// What xz may take, in KiB: 64 MiB to look back, as `xz -9` has it, and what it needs beside that.
const XZ_KIB: u32 = 66 * 1024;

/// Bytes of gzip that are read at once.
const GZIP_BUFFER: usize = 32 * 1024;

/// Zeros behind gzip's last member: whoever sends them without end is not waited for.
const MOST_PADDING: usize = 64 << 20;

/// Ends of packed files' names.
pub(super) const ENDS: [&str; 3] = [".gz", ".zst", ".xz"];

/// What gzip begins with.
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What packed a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
    Xz,
}

/// Packed data that cannot be unpacked to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// By what it is packed.
    pub(super) packing: &'static str,
    /// Its end is missing; else it is not what was packed.
    pub(super) is_cut: bool,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = if self.is_cut { "cut off" } else { "damaged" };
        write!(f, "expected whole {} data, found it {found}, the rest is not read", self.packing)
    }
}

impl Error for Damage {}

/// Unpacks, and says what is wrong in its own words rather than in those of who unpacks.
struct Unpacking<R> {
    packing: Packing,
    inner: R,
}

impl<R: Read> Read for Unpacking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            let is_cut = match error.kind() {
                // A disk says such things, too.
                _ if error.raw_os_error().is_some() => return error,
                ErrorKind::UnexpectedEof => true,
                ErrorKind::InvalidData | ErrorKind::InvalidInput => false,
                // That it would need too much memory is something else.
                ErrorKind::Other if self.packing == Packing::Xz || is_zstd_damage(&error) => false,
                _ => return error,
            };
            io::Error::new(error.kind(), Damage { packing: self.packing.name(), is_cut })
        })
    }
}

fn is_zstd_damage(error: &io::Error) -> bool {
    use ZSTD_ErrorCode::*;
    const DAMAGE: [ZSTD_ErrorCode; 4] = [
        ZSTD_error_corruption_detected,
        ZSTD_error_checksum_wrong,
        ZSTD_error_literals_headerWrong,
        ZSTD_error_prefix_unknown,
    ];
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<zstd::Error>());
    inner.is_some_and(|inner| DAMAGE.into_iter().any(|kind| inner.is(kind)))
}

/// gzip's members, one after the other. Zeros may stand behind the last one, as whole blocks of a tape have them.
struct Members<R> {
    /// `None`: the next one cannot be begun.
    member: Option<GzDecoder<BufReader<R>>>,
    /// All of this member was read.
    is_over: bool,
    /// So many zeros have come behind it.
    padding: usize,
}

impl<R: Read> Members<R> {
    fn new(packed: R) -> Members<R> {
        let member = Some(GzDecoder::new(BufReader::with_capacity(GZIP_BUFFER, packed)));
        Members { member, is_over: false, padding: 0 }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = self.member.as_mut().filter(|_| !buffer.is_empty()) {
            if !self.is_over {
                match member.read(buffer)? {
                    0 => self.is_over = true,
                    read => return Ok(read),
                }
            }
            let rest = member.get_mut().fill_buf()?;
            if rest.is_empty() {
                break;
            }
            let zeros = rest.iter().take_while(|byte| **byte == 0).count();
            match zeros {
                0 if self.padding > 0 => return Err(ErrorKind::InvalidData.into()),
                0 => {
                    let packed = self.member.take().map(GzDecoder::into_inner);
                    self.member = packed.map(GzDecoder::new);
                    self.is_over = false;
                }
                zeros => {
                    member.get_mut().consume(zeros);
                    self.padding += zeros;
                    if self.padding > MOST_PADDING {
                        return Err(ErrorKind::InvalidData.into());
                    }
                }
            }
        }
        Ok(0)
    }
}

/// What waits instead of saying that nothing has come: xz's decoder cannot be asked again.
struct Whole<R>(R);

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) => {}
                read => return read,
            }
        }
    }
}

impl Packing {
    /// Bytes that tell.
    const HEAD: usize = 6;

    const ALL: [Packing; 3] = [Packing::Gzip, Packing::Zstd, Packing::Xz];

    /// By a file's first bytes; `None`: it is not packed, as far as they tell.
    pub(crate) fn of(head: &[u8]) -> Option<Packing> {
        let begins = |packing: &Packing| head.len() >= packing.magic().len() && packing.agrees(head);
        Packing::ALL.into_iter().find(begins)
    }

    /// Whether more bytes behind these could make it a packed file.
    pub(crate) fn may_be(head: &[u8]) -> bool {
        let begins = |packing: Packing| head.len() < packing.magic().len() && packing.agrees(head);
        Packing::ALL.into_iter().any(begins)
    }

    /// Whether these are its first bytes, as far as they go.
    fn agrees(self, head: &[u8]) -> bool {
        let alike = |magic: &[u8]| magic.iter().zip(head).all(|(wanted, byte)| wanted == byte);
        // Before zstd's first frame may stand one that is skipped, as pzstd writes it.
        let is_skippable = || {
            let skipped = |low: u32| alike(&(SKIPPABLE | low).to_le_bytes());
            self == Packing::Zstd && (0..16).any(skipped)
        };
        alike(self.magic()) || is_skippable()
    }

    /// By an open file's first bytes, wherever it is read next.
    pub(crate) fn of_file(file: &File) -> io::Result<Option<Packing>> {
        let mut head = [0; Packing::HEAD];
        let mut read = 0;
        while read < head.len() {
            match file.read_at(&mut head[read..], read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Packing::of(&head[..read]))
    }

    /// What was packed. Its memory is bounded; how far it unpacks is for whoever reads it.
    pub(crate) fn unpack<'a>(self, packed: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
        let inner: Box<dyn Read + Send + 'a> = match self {
            Packing::Gzip => Box::new(Members::new(packed)),
            Packing::Zstd => {
                let mut decoder = zstd::Decoder::new(packed)?;
                decoder.window_log_max(WINDOW)?;
                Box::new(decoder)
            }
            Packing::Xz => Box::new(XzReader::new_mem_limit(Whole(packed), true, XZ_KIB)),
        };
        Ok(Box::new(Unpacking { packing: self, inner }))
    }

    /// The lowest 32 bits of how many bytes a file unpacks to, as it says itself; gzip says it of its last member.
    /// `None`: it does not say.
    pub(super) fn length(self, file: &File, bytes: u64) -> io::Result<Option<u32>> {
        Ok(match self {
            Packing::Gzip => Some(length::of_gzip(file, bytes)?),
            Packing::Zstd => length::of_zstd(file, bytes)?.map(|length| length as u32),
            Packing::Xz => length::of_xz(file, bytes)?.map(|length| length as u32),
        })
    }

    fn name(self) -> &'static str {
        match self {
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
            Packing::Xz => "xz",
        }
    }

    fn magic(self) -> &'static [u8] {
        match self {
            Packing::Gzip => &GZIP,
            Packing::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
            Packing::Xz => &[0xfd, b'7', b'z', b'X', b'Z', 0],
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// What `xz` makes of `line`.
    const XZ: &[u8] = b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\x02\0!\x01\x16\0\0\0t/\xe5\xa3\x01\0\x04\
        line\n\0\0\0\0\xcf\xeal\xfe\xae\xb3\x1e\x8c\0\x01\x1d\x05\xb8-\x80\xaf\x1f\xb6\xf3}\x01\0\0\0\0\x04YZ";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// What a packed file holds, as its first bytes say; of what cannot be unpacked, what is said of it.
    fn unpacked(packed: &[u8]) -> Result<Vec<u8>, String> {
        // As it comes, whatever is asked for.
        let mut input = Packing::of(packed).unwrap().unpack(packed).unwrap();
        let mut text = Vec::new();
        match input.read_to_end(&mut text) {
            Ok(_) => Ok(text),
            Err(error) => Err(error.to_string()),
        }
    }

    fn damage(packing: &'static str, is_cut: bool) -> Result<Vec<u8>, String> {
        Err(Damage { packing, is_cut }.to_string())
    }

    #[test]
    fn frames_that_are_skipped_may_stand_first() {
        let frame = zstd::encode_all(&b"line\n"[..], 3).unwrap();
        for low in 0x50..=0x5f_u8 {
            let head = [low, 0x2a, 0x4d, 0x18];
            let packed = [&head[..], &[4, 0, 0, 0], b"abcd", &frame, &head, &[0; 4], &frame].concat();
            assert_eq!(unpacked(&packed).as_deref(), Ok(&b"line\nline\n"[..]));
            assert!((0..4).all(|length| Packing::may_be(&packed[..length])));
            assert_eq!(Packing::of(&packed[..3]), None);
        }
        let texts: [&[u8]; 4] = [b"P", b"PASS", b"\x4f\x2a\x4d\x18", b"\x60\x2a\x4d\x18"];
        assert_eq!(texts.map(Packing::of), [None; 4]);
        assert!(!Packing::may_be(b"PA"));
    }

    #[test]
    fn zeros_may_stand_behind_the_last_member() {
        let (one, two) = (gzip(b"one\n"), gzip(b"two\n"));
        let both = [&one[..], &two].concat();
        assert_eq!(unpacked(&both).as_deref(), Ok(&b"one\ntwo\n"[..]));
        for zeros in [1, 8, 512, 100_000] {
            let padded = [&both[..], &vec![0; zeros]].concat();
            assert_eq!(unpacked(&padded).as_deref(), Ok(&b"one\ntwo\n"[..]));
            assert_eq!(unpacked(&[&padded[..], b"x"].concat()), damage("gzip", false));
            assert_eq!(unpacked(&[&padded[..], &one].concat()), damage("gzip", false));
        }
        let mut endless = Packing::Gzip.unpack(Read::chain(&one[..], io::repeat(0))).unwrap();
        let error = io::copy(&mut endless, &mut io::sink()).unwrap_err();
        assert_eq!(error.to_string(), Damage { packing: "gzip", is_cut: false }.to_string());
        assert_eq!(unpacked(&[&one[..], b"junk behind it"].concat()), damage("gzip", false));
        assert_eq!(unpacked(&both[..both.len() - 1]), damage("gzip", true));
        assert_eq!(unpacked(&both[..one.len() + 5]), damage("gzip", true));
    }

    #[test]
    fn what_is_cut_or_damaged_is_said_to_be() {
        assert_eq!(unpacked(XZ).as_deref(), Ok(&b"line\n"[..]));
        for end in 6..XZ.len() {
            assert_eq!(unpacked(&XZ[..end]), damage("xz", true), "{end}");
        }
        let mut damaged = XZ.to_vec();
        damaged[24] = 0x5d;
        assert_eq!(unpacked(&damaged), damage("xz", false));
        // A chunk that goes back to before its beginning, which is told in another way.
        let mut damaged = XZ.to_vec();
        damaged.splice(24.., *b"\xe0\0\x63\0\x20\x5d\0\xff\xff\xff\xff\xff\xff\xff\xff");
        damaged.resize(100, 0xff);
        assert_eq!(unpacked(&damaged), damage("xz", false));
        let mut damaged = gzip(b"line\n");
        let checksum = damaged.len() - 8;
        damaged[checksum] ^= 1;
        assert_eq!(unpacked(&damaged), damage("gzip", false));
        let frame = zstd::encode_all(&b"line\n"[..], 3).unwrap();
        assert_eq!(unpacked(&frame[..frame.len() - 2]), damage("zstd", true));
        assert_eq!(unpacked(&[&frame[..], b"junk behind it"].concat()), damage("zstd", false));
        // A window of 2 GiB is not damaged.
        let wide = unpacked(b"\x28\xb5\x2f\xfd\x00\xa8\x01\0\0");
        assert!(wide.unwrap_err().contains("memory"));
    }
}
