//! How many bytes a packed file unpacks to, by what it says of itself. Nothing is unpacked for it, and a file may lie: who
//! reads it sees what there is.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

/// Steps over which zstd's blocks are walked, or xz's streams and the zeros between them: 32 GiB of zstd's blocks as large as
/// they may be. A file costs its sender next to nothing for each.
const BLOCKS: usize = 256 * 1024;
const ZSTD: u32 = 0xfd2f_b528;
/// What may stand between frames and has no content; the lowest four bits do not count.
pub(super) const SKIPPABLE: u32 = 0x184d_2a50;

/// What gzip says of its last member.
pub(super) fn of_gzip(file: &File, bytes: u64) -> io::Result<u32> {
    let at = bytes.checked_sub(4).ok_or(ErrorKind::UnexpectedEof)?;
    Ok(u32::from_le_bytes(array(file, at)?))
}

/// The sum of what zstd's frames say; one that was written as it came does not say it.
///
/// ```text
///   magic 4 │ descriptor 1 │ window 0-1 │ dictionary 0-4 │ content 0-8 │ blocks: header 3, bytes │ checksum 0-4
/// ```
pub(super) fn of_zstd(file: &File, bytes: u64) -> io::Result<Option<u64>> {
    let (mut at, mut sum, mut steps) = (0, 0_u64, 0);
    while at < bytes {
        let magic = u32::from_le_bytes(array(file, at)?);
        if magic & !0xf == SKIPPABLE {
            steps += 1;
            if steps > BLOCKS {
                return Ok(None);
            }
            at += 8 + u64::from(u32::from_le_bytes(array(file, at + 4)?));
            continue;
        }
        if magic != ZSTD {
            return Ok(None);
        }
        let [descriptor] = array(file, at + 4)?;
        let single = descriptor & 0x20 != 0;
        at += 5 + u64::from(!single) + [0, 1, 2, 4][usize::from(descriptor & 3)];
        let content: u64 = match (descriptor >> 6, single) {
            (0, false) => return Ok(None),
            (0, true) => u64::from(array::<1>(file, at)?[0]),
            (1, _) => u64::from(u16::from_le_bytes(array(file, at)?)) + 256,
            (2, _) => u64::from(u32::from_le_bytes(array(file, at)?)),
            _ => u64::from_le_bytes(array(file, at)?),
        };
        at += [u64::from(single), 2, 4, 8][usize::from(descriptor >> 6)];
        sum = sum.saturating_add(content);
        loop {
            steps += 1;
            if steps > BLOCKS {
                return Ok(None);
            }
            let [low, middle, high] = array(file, at)?;
            let header = u32::from_le_bytes([low, middle, high, 0]);
            let is_run = header >> 1 & 3 == 1;
            at += 3 + if is_run { 1 } else { u64::from(header >> 3) };
            if header & 1 == 1 {
                break;
            }
        }
        at += if descriptor & 4 != 0 { 4 } else { 0 };
    }
    Ok((at == bytes).then_some(sum))
}

/// The sum of what the indexes at the ends of xz's streams say.
///
/// ```text
///   … │ index: 0, records, (packed, unpacked)… , padding, crc 4 │ footer: crc 4, index's length 4, flags 2, "YZ"
/// ```
pub(super) fn of_xz(file: &File, bytes: u64) -> io::Result<Option<u64>> {
    const MOST: u64 = 16 << 20;
    let (mut end, mut sum, mut steps) = (bytes, 0_u64, 0);
    while end > 0 {
        steps += 1;
        if steps > BLOCKS {
            return Ok(None);
        }
        let Some(footer) = end.checked_sub(12) else { return Ok(None) };
        let found: [u8; 12] = array(file, footer)?;
        // Streams may have zeros between them.
        if found[8..] == [0; 4] {
            end -= 4;
            continue;
        }
        let length = (u64::from(u32::from_le_bytes([found[4], found[5], found[6], found[7]])) + 1) * 4;
        let Some(start) = footer.checked_sub(length).filter(|_| length <= MOST) else { return Ok(None) };
        let mut index = vec![0; length as usize];
        file.read_exact_at(&mut index, start)?;
        let mut index = &index[..];
        if &found[10..] != b"YZ" || index.split_off_first() != Some(&0) {
            return Ok(None);
        }
        let Some(records) = number(&mut index) else { return Ok(None) };
        let mut packed = 0_u64;
        for _ in 0..records {
            let (Some(own), Some(content)) = (number(&mut index), number(&mut index)) else {
                return Ok(None);
            };
            // Blocks are padded to four bytes.
            packed = packed.saturating_add(own.saturating_add(3) & !3);
            sum = sum.saturating_add(content);
        }
        let Some(before) = start.checked_sub(packed).and_then(|blocks| blocks.checked_sub(12)) else {
            return Ok(None);
        };
        end = before;
    }
    Ok(Some(sum))
}

/// A number of seven bits a byte, lowest first.
fn number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let byte = *from.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn array<const N: usize>(file: &File, at: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use std::io::Write;

    use super::*;

    /// What `xz` makes of nothing.
    const EMPTY: &[u8; 32] =
        b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F\0\0\0\0\x1c\xdfD!\x1f\xb6\xf3}\x01\0\0\0\0\x04YZ";

    /// What these bytes, and so many zeros behind them, say of themselves.
    fn length(stream: &[u8], zeros: usize) -> Option<u64> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(stream).unwrap();
        let bytes = (stream.len() + zeros) as u64;
        file.set_len(bytes).unwrap();
        of_xz(&file, bytes).unwrap()
    }

    #[test]
    fn zeros_and_empty_streams_are_walked_no_further_than_blocks() {
        assert_eq!(length(EMPTY, 4 * (BLOCKS - 1)), Some(0));
        assert_eq!(length(EMPTY, 4 * BLOCKS), None);
        assert_eq!(length(b"", 64 << 20), None);
        let mut streams = EMPTY.repeat(BLOCKS);
        assert_eq!(length(&streams, 0), Some(0));
        streams.extend(EMPTY);
        assert_eq!(length(&streams, 0), None);
    }
}
