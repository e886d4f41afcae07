//! How rare a run of bytes is in the lines seen. It decides which literal stands for a pattern; speed only.

/// Counts of hashed 4-grams, ASCII case folded.
#[derive(Clone)]
pub struct Rarity {
    counts: Box<[u16]>,
    grams: u32,
}

const BITS: u32 = 16;

/// What most logs share, so that a first guess without a sample is not blind.
const COMMON: &[u8] = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec 2024-01-01T00:00:00.000Z 12:34:56 \
INFO info DEBUG debug WARN warning error failed connection from user root for the invalid port ssh2 sshd[12345]: \
session opened closed by (uid=0) systemd[1]: Started kernel: GET / HTTP/1.1 200 Mozilla/5.0 (compatible; http://www. \
127.0.0.1 192.168.1.10 10.0.0.1 {\"level\":\"info\",\"msg\":\"request\",\"time\":\"2024 message host service ";

impl Default for Rarity {
    fn default() -> Self {
        let mut rarity = Rarity { counts: vec![0; 1 << BITS].into(), grams: 0 };
        rarity.learn(COMMON);
        rarity
    }
}

impl Rarity {
    /// Counts a sample of the lines that are to come.
    pub fn learn(&mut self, sample: &[u8]) {
        for gram in sample.windows(4) {
            let count = &mut self.counts[slot(fold(gram))];
            *count = count.saturating_add(1);
        }
        self.grams += sample.len() as u32;
    }

    /// How often this 4-gram was seen.
    pub(super) fn gram(&self, word: u32) -> u32 {
        u32::from(self.counts[slot(word)])
    }

    /// How often it is expected in 64 KiB of lines.
    pub(super) fn rate(&self, word: u32) -> u64 {
        self.expected(self.gram(word))
    }

    fn expected(&self, count: u32) -> u64 {
        u64::from(count) * 65_536 / u64::from(self.grams.max(1))
    }

    /// About how many hits a literal costs for each 64 KiB of lines, whole or in what the others cost more by it.
    pub(super) fn cost(&self, literal: &[u8]) -> u64 {
        let mut rarest = [u32::MAX; 4];
        for (at, gram) in literal.windows(4).enumerate() {
            rarest[at % 4] = rarest[at % 4].min(self.gram(fold(gram)));
        }
        let rate = || rarest.iter().min().map_or(0, |count| self.expected(*count));
        // At each of four phases a gram is looked for, and compared for nothing where it stands in other words: `session[`
        // is rare, and all but one of its phases see each `session`. That is less than a line that is decoded for nothing.
        let compared = || self.expected(rarest.iter().sum()) / 4;
        match literal.len() {
            0 => u64::from(u32::MAX),
            // No gram: a guess by length alone. Such literals cost a pass of their own, too.
            n @ 1..=3 => 60_000 >> (2 * n),
            // With short ones all literals are looked for at more places.
            4 => 512 + rate(),
            5 | 6 => 128 + rate(),
            _ => rate() + compared() / 8,
        }
    }
}

/// The 4-gram as a word, ASCII case folded; folds some other bytes together, which only costs a confirmation.
pub(super) fn fold(gram: &[u8]) -> u32 {
    gram.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) | FOLD
}

/// The bit by which the cases of a letter differ, of four bytes.
pub(super) const FOLD: u32 = 0x2020_2020;

fn slot(word: u32) -> usize {
    (word.wrapping_mul(0x9E37_79B1) >> (32 - BITS)) as usize
}
