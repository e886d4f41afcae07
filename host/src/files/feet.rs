//! What lies in a file before given bytes of it: by that, files are told apart that begin alike.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};

use super::packing::Packing;

/// So many bytes make a foot, or all there are before it.
pub(crate) const FOOT: u64 = 1024;
/// A packed file is unpacked for its feet up to here, in about a quarter of a second; what lies behind is not found out.
const FAR: u64 = 64 << 20;

/// SHA-256 of what lies before some bytes of a file.
#[derive(Debug, Default)]
pub(crate) struct Feet {
    at: BTreeMap<u64, [u8; 32]>,
    /// How many bytes there are, if its end was seen.
    pub(super) length: Option<u64>,
    /// One of them is too far to be unpacked.
    pub(super) is_far: bool,
}

impl Feet {
    /// What lies before this byte, if that was found out.
    pub(crate) fn at(&self, before: u64) -> Option<[u8; 32]> {
        self.at.get(&before).copied()
    }

    pub(super) fn of_plain(file: &File, before: &[u64]) -> Feet {
        let one = |before: &u64| Some((*before, Sha256::digest(foot(file, *before).ok()?).into()));
        Feet { at: before.iter().filter_map(one).collect(), ..Feet::default() }
    }

    /// All of them by going over the file once.
    pub(super) fn of_packed(file: File, before: &[u64]) -> Feet {
        let mut wanted: Vec<u64> = before.iter().copied().filter(|before| *before <= FAR).collect();
        wanted.sort_unstable();
        let mut feet = Feet { is_far: wanted.len() < before.len(), ..Feet::default() };
        // It was looked at, and is packed; if it no longer is, nothing is found out.
        let packing = Packing::of_file(&file).ok().flatten();
        let Some(Ok(mut unpacked)) = packing.map(|packing| packing.unpack(file)) else { return feet };
        let (mut read, mut last) = (0, Vec::new());
        let mut buffer = vec![0; 64 * 1024];
        for before in wanted {
            while read < before {
                let most = usize::try_from(before - read).unwrap_or(usize::MAX).min(buffer.len());
                match unpacked.read(&mut buffer[..most]) {
                    Ok(0) => {
                        feet.length = Some(read);
                        return feet;
                    }
                    Ok(count) => {
                        read += count as u64;
                        last.extend_from_slice(&buffer[..count]);
                        last.drain(..last.len().saturating_sub(FOOT as usize));
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // It is damaged, or not whole yet.
                    Err(_) => return feet,
                }
            }
            feet.at.insert(before, Sha256::digest(&last).into());
        }
        feet
    }
}

/// The last bytes of a plain file before this one.
pub(crate) fn foot(file: &File, before: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; before.min(FOOT) as usize];
    let start = before - bytes.len() as u64;
    file.read_exact_at(&mut bytes, start)?;
    Ok(bytes)
}
