//! Numbers and texts as few bytes, and back from any bytes.

/// Appends a number, seven bits a byte, lowest first.
pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a number as its distance from another: small if they are near.
pub(super) fn put_from(out: &mut Vec<u8>, before: u64, number: u64) {
    let distance = number.wrapping_sub(before) as i64;
    put(out, (distance << 1 ^ distance >> 63) as u64);
}

/// Appends a text with its length.
pub(super) fn put_bytes<'a>(out: &mut Vec<u8>, bytes: impl ExactSizeIterator<Item = &'a u8>) {
    put(out, bytes.len() as u64);
    out.extend(bytes);
}

/// What is left to read. Each reading answers `None` where the bytes do not have it.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    pub(super) fn from(&mut self, before: u64) -> Option<u64> {
        let number = self.number()?;
        Some(before.wrapping_add(number >> 1 ^ (number & 1).wrapping_neg()))
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }
}
