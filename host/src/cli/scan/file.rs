//! A file of a scan that was made elsewhere: from the disk or from standard input, packed or not.

use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::cli::Failure;
use crate::files::{GZIP, MAX_RATIO, RATIO_FROM};
use crate::scans::{Item, ScanXml, XmlLimits};

/// Bytes in which a file says when its scan began.
const HEAD: u64 = 64 << 10;
/// What stands for standard input.
const STDIN: &str = "-";

/// A file, and when its scan began.
pub(super) struct ScanFile {
    pub(super) path: PathBuf,
    /// Nanoseconds since 1970; `None`: it does not say so.
    begun: Option<i64>,
    /// What was read of standard input: it does not come again.
    head: Vec<u8>,
}

/// Files by when their scans began, the oldest first: each is compared with the one before. Those that do not say so come
/// last, as they were named.
pub(super) fn in_order(paths: &[PathBuf]) -> Vec<ScanFile> {
    let mut files: Vec<ScanFile> = paths.iter().map(|path| ScanFile::look(path)).collect();
    files.sort_by_key(|file| (file.begun.is_none(), file.begun));
    files
}

impl ScanFile {
    /// One that cannot be read says so when it is opened.
    fn look(path: &Path) -> ScanFile {
        let mut head = Vec::new();
        let read = input(path)
            .and_then(|input| input.take(HEAD).read_to_end(&mut head).map_err(|e| failed(path, &e)));
        let begun = read.ok().and_then(|_| begun(&head));
        if !is_stdin(path) {
            head.clear();
        }
        ScanFile { path: path.into(), begun, head }
    }

    /// Its XML, unpacked.
    pub(super) fn open(&self) -> Result<impl Read + Send + use<>, Failure> {
        let whole = Cursor::new(self.head.clone()).chain(input(&self.path)?);
        unpacked(whole).map_err(|error| failed(&self.path, &error))
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{}: cannot read it: {error}", path.display()))
}

fn input(path: &Path) -> Result<Box<dyn Read + Send>, Failure> {
    if is_stdin(path) {
        return Ok(Box::new(io::stdin()));
    }
    // Whoever opens a pipe to which nobody writes waits for ever.
    let found = fs::metadata(path).map_err(|error| failed(path, &error))?;
    if !found.is_file() {
        let hint = "`… | tripline scan import -` takes what another program writes";
        return Err(Failure::new(format!("{}: expected a file, found none", path.display())).hint(Some(hint)));
    }
    Ok(Box::new(File::open(path).map_err(|error| failed(path, &error))?))
}

/// When the scan began of which this is the beginning.
fn begun(head: &[u8]) -> Option<i64> {
    let mut xml = ScanXml::new(unpacked(Cursor::new(head.to_vec())).ok()?, XmlLimits::default());
    match xml.next_item() {
        Ok(Some(Item::Begun(_, begun))) => begun,
        _ => None,
    }
}

/// Unpacked, if it is packed: by content, not by name.
fn unpacked(input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut input = BufReader::new(input);
    let mut head = Vec::new();
    input.by_ref().take(GZIP.len() as u64).read_to_end(&mut head)?;
    let packed = head == GZIP;
    let whole = Cursor::new(head).chain(input);
    Ok(match packed {
        true => {
            Box::new(Unpacked { inner: MultiGzDecoder::new(Counted { inner: whole, bytes: 0 }), bytes: 0 })
        }
        false => Box::new(whole),
    })
}

struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// What a packed file unpacks to, as far as a scan may.
struct Unpacked<R> {
    inner: MultiGzDecoder<Counted<R>>,
    bytes: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        if self.bytes > RATIO_FROM && self.bytes > MAX_RATIO * self.inner.get_ref().bytes.max(1) {
            let words =
                format!("expected a packed scan, found one more than {MAX_RATIO} times as large unpacked");
            return Err(io::Error::other(words));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn files_are_taken_the_oldest_first_packed_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let scan = |start: u32| {
            format!("<?xml version=\"1.0\"?><nmaprun scanner=\"nmap\" start=\"{start}\"></nmaprun>")
        };
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let paths = [
            write("none.xml", b"<nmaprun scanner=\"nmap\"></nmaprun>"),
            write("a3.xml", scan(300).as_bytes()),
            folder.path().join("missing.xml"),
            // Whatever it is called.
            write("a1.xml", &packed(&scan(100))),
            write("a2.xml.gz", &packed(&scan(200))),
        ];
        let files = in_order(&paths);
        let name = |file: &ScanFile| file.path.file_name().unwrap().to_string_lossy().into_owned();
        let names: Vec<String> = files.iter().map(name).collect();
        assert_eq!(names, ["a1.xml", "a2.xml.gz", "a3.xml", "none.xml", "missing.xml"]);
        let mut text = String::new();
        files[0].open().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, scan(100));
        assert!(files[4].open().is_err());
    }

    #[test]
    fn what_unpacks_to_too_much_is_not_read_on() {
        let bomb = packed(&" ".repeat(RATIO_FROM as usize + (1 << 20)));
        let mut read = unpacked(Cursor::new(bomb)).unwrap();
        let error = io::copy(&mut read, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("500 times as large"), "{error}");
    }
}
