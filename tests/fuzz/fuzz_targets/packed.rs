//! Packed files and bodies, from any bytes: nothing panics, what comes out is bounded, and pieces change nothing of it, whatever
//! their size and however long they are waited for.
#![no_main]
#![allow(dead_code, reason = "the server's own files, of which this needs a part")]

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};

use axum::http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use rustix::fs::{MemfdFlags, memfd_create};
use tripline::commit;

// They are private, and stay so: nobody else has a use for them.
#[path = "../../../host/src/files/length.rs"]
mod length;
#[path = "../../../host/src/http/limits.rs"]
mod limits;
#[path = "../../../host/src/files/packing.rs"]
mod packing;
#[path = "../../../host/src/http/room.rs"]
mod room;
#[path = "../../../host/src/http/unpacking.rs"]
mod unpacking;

use limits::HttpLimits;
use packing::Packing;

/// What a response would say of a body that is refused is of no interest here.
mod problem {
    use std::borrow::Cow;
    use std::error::Error;

    #[derive(Debug)]
    pub(crate) struct Problem;

    impl Problem {
        pub(crate) fn unsupported(_: impl Into<Cow<'static, str>>) -> Problem {
            Problem
        }

        pub(crate) fn malformed(_: impl Into<Cow<'static, str>>) -> Problem {
            Problem
        }

        pub(crate) fn too_large(_: impl Into<Cow<'static, str>>) -> Problem {
            Problem
        }

        pub(crate) fn internal(cause: &(dyn Error + '_)) -> Problem {
            panic!("expected a problem with what was sent, found {cause}")
        }
    }
}

mod body {
    pub(crate) fn no_room() -> super::problem::Problem {
        super::problem::Problem
    }
}

/// Nobody reads on behind so many bytes.
const MOST: usize = 64 << 10;
/// Of a body, where small ones may grow to 1 MiB.
const ROOM: usize = 512 << 10;

/// What comes in pieces, and, where it is slow, not at once.
struct Pieces<'a> {
    rest: &'a [u8],
    size: usize,
    slow: bool,
    waited: bool,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.waited = self.slow && !self.waited;
        if self.waited {
            return Err(ErrorKind::WouldBlock.into());
        }
        let size = self.size.min(buffer.len());
        Read::take(&mut self.rest, size as u64).read(buffer)
    }
}

/// What a file unpacks to, up to where nobody reads on, and whether it is broken there.
fn unpacked(packed: &[u8], packing: Packing, pieces: (usize, usize), slow: bool) -> (Vec<u8>, bool) {
    let packed = Pieces { rest: packed, size: pieces.0, slow, waited: false };
    let Ok(mut reader) = packing.unpack(packed) else { return (Vec::new(), true) };
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; pieces.1]);
    while bytes.len() < MOST {
        match reader.read(&mut buffer) {
            Ok(0) => return (bytes, false),
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) if [ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) => {}
            Err(_) => return (bytes, true),
        }
    }
    bytes.truncate(MOST);
    (bytes, false)
}

/// As a file, however it is read; `None`: it is broken, or no packed file at all.
fn file(packed: &[u8]) -> Option<Vec<u8>> {
    let open: File = memfd_create("packed", MemfdFlags::CLOEXEC).expect("a file in memory").into();
    (&open).write_all(packed).expect("memory takes all");
    let packing = Packing::of(packed);
    assert_eq!(Packing::of_file(&open).expect("it is there"), packing);
    // As a file is looked at: byte by byte, while more of them may tell.
    let mut heads = (0..=packed.len()).map(|length| &packed[..length]);
    let head = heads.find(|head| !Packing::may_be(head) || head.len() == packed.len());
    assert_eq!(head.and_then(Packing::of), packing);
    let packing = packing?;
    // It may lie, and nothing is unpacked to find out.
    let _ = packing.length(&open, packed.len() as u64);
    let (whole, broken) = unpacked(packed, packing, (usize::MAX, MOST), false);
    for (pieces, slow) in [((1, 4096), false), ((7, 13), false), ((5, 4096), true)] {
        let (found, is_broken) = unpacked(packed, packing, pieces, slow);
        // What is whole is so however it comes. Of what is broken the same comes out as far as it comes: how far that is
        // depends on pieces, and zstd sees by more in one that has it all.
        let most = found.len().min(whole.len());
        assert!(found[..most] == whole[..most], "{pieces:?}");
        assert!(broken || !is_broken && found.len() == whole.len(), "{pieces:?}");
    }
    (!broken).then_some(whole)
}

/// As a body whose header says that it is packed so.
fn body(packed: &[u8], header: &'static str) -> Option<Vec<u8>> {
    let limits = HttpLimits { unpacked_bytes: 2 * ROOM, ratio: 4, ..HttpLimits::default() };
    let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static(header))]);
    let packing = unpacking::Packing::of(&headers).expect("it is known");
    let room = room::Room::new(ROOM, ROOM);
    let mut share = room.share(&commit::Tenant::default());
    let found = unpacking::unpack(packed.to_vec(), packing, &limits, &mut share).ok();
    assert!(room.held() <= ROOM && found.as_ref().is_none_or(|bytes| bytes.len() == room.held()));
    drop(share);
    assert_eq!(room.held(), 0);
    found
}

fn both(packed: &[u8]) -> Option<Vec<u8>> {
    let file = file(packed);
    let headers = ["gzip", "zstd"];
    let bodies = headers.map(|header| body(packed, header));
    // What is whole as both is the same.
    for (found, file) in bodies.iter().flatten().zip(file.iter().cycle()) {
        assert_eq!(file, &found[..found.len().min(MOST)]);
    }
    file
}

fuzz_target!(|bytes: &[u8]| {
    both(bytes);
    // Packed as it ought to be, and then changed in one place: chance leads nowhere behind a checksum.
    let [high, low, change, plain @ ..] = bytes else { return };
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(plain).expect("memory takes all");
    let packed =
        [gzip.finish().expect("memory takes all"), zstd::encode_all(plain, 1).expect("memory takes all")];
    for mut packed in packed {
        assert_eq!(both(&packed).expect("it is whole"), &plain[..plain.len().min(MOST)]);
        let at = usize::from(u16::from_be_bytes([*high, *low])) % packed.len();
        packed[at] ^= change;
        both(&packed);
        both(&packed[..at]);
    }
});
