//! Bodies that come packed, unpacked: bounded in bytes, and in how many times as large they become.

use std::io::{self, BufReader, Read};

use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use flate2::read::MultiGzDecoder;

use super::HttpLimits;
use super::body::no_room;
use super::problem::Problem;
use super::room::Share;

/// Log of the bytes that zstd may look back: 8 MiB, as every level but the highest has it.
const WINDOW: u32 = 23;
/// The ratio does not count below so many bytes: a small body may well be all the same.
const SMALL: usize = 1 << 20;
const CHUNK: usize = 64 << 10;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Not at all.
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    /// As the header says; one packing, not one over another.
    pub(super) fn of(headers: &HeaderMap) -> Result<Packing, Problem> {
        let mut given = headers.get_all(CONTENT_ENCODING).iter();
        let (one, None) = (given.next(), given.next()) else { return Err(unsupported()) };
        let Some(one) = one else { return Ok(Packing::Plain) };
        match one.to_str().unwrap_or_default().to_ascii_lowercase().as_str() {
            "identity" => Ok(Packing::Plain),
            "gzip" | "x-gzip" => Ok(Packing::Gzip),
            "zstd" => Ok(Packing::Zstd),
            _ => Err(unsupported()),
        }
    }
}

fn unsupported() -> Problem {
    Problem::unsupported("expected the header Content-Encoding with identity, gzip or zstd, once")
}

/// What was packed. It takes its time: not for a thread that must not wait.
///
/// # Errors
/// It is packed in no such way, becomes too large, or there is no room for it.
pub(super) fn unpack(
    packed: Vec<u8>,
    packing: Packing,
    limits: &HttpLimits,
    share: &mut Share,
) -> Result<Vec<u8>, Problem> {
    match packing {
        Packing::Plain => Ok(packed),
        Packing::Gzip => bounded(MultiGzDecoder::new(&packed[..]), packed.len(), limits, share),
        Packing::Zstd => {
            let reader = BufReader::new(&packed[..]);
            let decoder = zstd::Decoder::with_buffer(reader).and_then(|mut decoder| {
                decoder.window_log_max(WINDOW)?;
                Ok(decoder)
            });
            bounded(decoder.map_err(|error| Problem::internal(&error))?, packed.len(), limits, share)
        }
    }
}

fn bounded(
    mut packed: impl Read,
    size: usize,
    limits: &HttpLimits,
    share: &mut Share,
) -> Result<Vec<u8>, Problem> {
    let most = limits.unpacked_bytes.min(size.saturating_mul(limits.ratio).max(SMALL));
    let mut lines = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match packed.read(&mut chunk) {
            Ok(0) => return Ok(lines),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // What the library says of it is for those who know it.
            Err(_) => return Err(Problem::malformed("expected a body that is packed as its header says")),
        };
        if read > most - lines.len() {
            return Err(Problem::too_large(format!("expected at most {most} bytes of lines when unpacked")));
        }
        share.grow(read).map_err(|_| no_room())?;
        lines.extend_from_slice(&chunk[..read]);
    }
}
