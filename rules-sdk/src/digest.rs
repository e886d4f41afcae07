//! A short stand-in for a long text, in keys and fingerprints.

const SEEDS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f];
const FACTORS: [u64; 2] = [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53];

/// 128 bits of a text, fast and without a secret.
///
/// Not cryptographic, and it need not be: the beginning of the text stands beside it, and whoever crafts two texts
/// that meet has merged two incidents that were both theirs. A user name of 8 KiB must not cost more than its line.
pub(crate) struct Digest([u64; 2]);

impl Digest {
    pub(crate) fn new() -> Self {
        Digest(SEEDS)
    }

    /// Adds a part; where a part ends is a part of the digest.
    pub(crate) fn part(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
        self.word(bytes.len() as u64);
    }

    pub(crate) fn finish(&self) -> [u8; 16] {
        let mix = |mut x: u64| {
            x ^= x >> 32;
            x = x.wrapping_mul(FACTORS[1]);
            x ^ (x >> 29)
        };
        (u128::from(mix(self.0[0])) << 64 | u128::from(mix(self.0[1]))).to_be_bytes()
    }

    fn word(&mut self, word: u64) {
        for (lane, factor) in self.0.iter_mut().zip(FACTORS) {
            *lane = (*lane ^ word).wrapping_mul(factor).rotate_left(29);
        }
    }
}
