//! The filter for literals of four bytes or more: one look into a bitmap at every second or fourth byte.
//!
//! ```text
//!   block   … p  t  i  o  n  :     s  t  a  t  e …
//!           ▲     ▲     ▲     ▲     ▲             4 bytes from every second place, folded, hashed, looked up
//!   literal "exception:" starts at an even or an odd place: for each of the two its rarest 4-gram is in the table,
//!           with its offset, so that a hit says where the literal would have to start; then it is compared whole
//! ```
//!
//! The stride is 1, 2 or 4: the longer it is, the fewer looks there are, but the more grams of each literal, and the
//! fewer to choose from. The shortest literal says what can be, the rarity of the grams what is cheapest.
//!
//! Measured against automata in the design notes: two to three times their rate, in safe Rust.

use super::rarity::{FOLD, Rarity, fold};

/// Shorter literals have no gram.
pub(super) const LEAST: usize = 4;
/// Bytes that are looked at between two branches.
const STEP: usize = 32;
/// Words of the bitmap; 2^20 bits still fit a second-level cache. Of a small set only the first few are used.
const WORDS: usize = 1 << 14;
const MOST_BITS: u32 = 20;
/// What a gram costs that has to be compared, in looks.
const HIT_COST: u64 = 16;

pub(super) struct GramFilter {
    stride: usize,
    bitmap: Box<[u64; WORDS]>,
    /// Of the words those that are used: a mask, since to shift by what is not known beforehand takes longer.
    words: usize,
    /// `heads[h] .. heads[h + 1]` are the slots whose gram hashes to h, by fewer bits than the bitmap has.
    heads: Vec<u32>,
    heads_shift: u32,
    slots: Vec<Slot>,
    /// The literals, folded as grams are, one behind the other.
    texts: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Slot {
    gram: u32,
    /// Where the gram stands in the literal.
    offset: u32,
    literal: u32,
    /// Where the literal stands in `texts`.
    text: u32,
    length: u32,
}

impl GramFilter {
    /// `literals` are folded and of at least [`LEAST`] bytes; the numbers are what hits are reported as.
    pub(super) fn new<'a>(
        literals: impl Iterator<Item = (u32, &'a [u8])> + Clone,
        rarity: &Rarity,
    ) -> GramFilter {
        let shortest = literals.clone().map(|(_, text)| text.len()).min().unwrap_or(usize::MAX);
        let possible = [4, 2, 1].into_iter().filter(|stride| shortest >= LEAST - 1 + stride);
        let all = possible.map(|stride| (stride, grams(literals.clone(), stride, rarity)));
        // Looks and hits for each 64 KiB of lines.
        let cost = |(stride, slots): &(usize, Vec<Slot>)| {
            let hits: u64 = slots.iter().map(|slot| rarity.rate(slot.gram)).sum();
            (65_536 + hits * HIT_COST) / *stride as u64
        };
        let (stride, mut slots) = all.min_by_key(cost).unwrap_or((4, Vec::new()));
        // So many bits for each slot keep false hits rare.
        let bits = (slots.len() * 32).next_power_of_two().trailing_zeros().clamp(12, MOST_BITS);
        let heads_bits = (slots.len() * 2).next_power_of_two().trailing_zeros().clamp(4, bits);
        let (words, heads_shift) = ((1 << (bits - 6)) - 1, 32 - heads_bits);
        slots.sort_by_key(|slot| hash(slot.gram));
        let texts = literals.flat_map(|(_, text)| text.iter().map(|byte| byte | 0x20)).collect();
        let mut bitmap: Box<[u64; WORDS]> =
            vec![0; WORDS].try_into().unwrap_or_else(|_| Box::new([0; WORDS]));
        let mut heads = vec![0; (1 << heads_bits) + 1];
        for slot in &slots {
            let (word, bit) = bit(slot.gram);
            bitmap[word & words] |= 1 << bit;
            heads[(hash(slot.gram) >> heads_shift) as usize + 1] += 1;
        }
        for at in 1..heads.len() {
            heads[at] += heads[at - 1];
        }
        GramFilter { stride, bitmap, words, heads, heads_shift, slots, texts }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.bitmap) + size_of_val(&*self.heads) + size_of_val(&*self.slots) + self.texts.len()
    }

    /// Calls `hit(place of the gram, literal, where the literal starts)` in order of the grams' places, until more than `most`
    /// literals were compared; the place up to which it has looked.
    #[inline]
    pub(super) fn scan(&self, block: &[u8], most: usize, hit: impl FnMut(usize, u32, usize)) -> usize {
        match self.stride {
            _ if self.slots.is_empty() => block.len(),
            4 => self.stride::<4>(block, most, hit),
            2 => self.stride::<2>(block, most, hit),
            _ => self.stride::<1>(block, most, hit),
        }
    }

    #[inline]
    fn stride<const STRIDE: usize>(
        &self,
        block: &[u8],
        most: usize,
        mut hit: impl FnMut(usize, u32, usize),
    ) -> usize {
        let (mut at, mut left) = (0, most);
        while let Some(found) = self.next::<STRIDE>(block, at) {
            let word = fold(&block[found..]);
            match left.checked_sub(self.look(block, found, word, &mut hit)) {
                Some(rest) => left = rest,
                None => return found,
            }
            at = found + STRIDE;
        }
        block.len()
    }

    /// The next place from `at` on with a gram that may be in the table. It calls nothing, so that all it needs stays in
    /// registers.
    #[inline(always)]
    fn next<const STRIDE: usize>(&self, block: &[u8], mut at: usize) -> Option<usize> {
        while let Some(bytes) = block.get(at..).and_then(|rest| rest.first_chunk::<{ STEP + 3 }>()) {
            for from in (0..STEP).step_by(STRIDE) {
                let gram = [bytes[from], bytes[from + 1], bytes[from + 2], bytes[from + 3]];
                if self.may_be(u32::from_le_bytes(gram) | FOLD) {
                    return Some(at + from);
                }
            }
            at += STEP;
        }
        while let Some(gram) = block.get(at..at + 4) {
            if self.may_be(fold(gram)) {
                return Some(at);
            }
            at += STRIDE;
        }
        None
    }

    #[inline(always)]
    fn may_be(&self, gram: u32) -> bool {
        let (word, bit) = bit(gram);
        self.bitmap[word & self.words] >> bit & 1 == 1
    }

    /// Compares what has this gram; how many literals that are.
    #[inline(never)]
    fn look(&self, block: &[u8], at: usize, gram: u32, hit: &mut impl FnMut(usize, u32, usize)) -> usize {
        let head = (hash(gram) >> self.heads_shift) as usize;
        let slots = &self.slots[self.heads[head] as usize..self.heads[head + 1] as usize];
        for slot in slots {
            if slot.gram == gram
                && let Some(start) = at.checked_sub(slot.offset as usize)
                && let Some(bytes) = block.get(start..start + slot.length as usize)
                && same(bytes, &self.texts[slot.text as usize..][..slot.length as usize])
            {
                hit(at, slot.literal, start);
            }
        }
        slots.len()
    }
}

/// For each literal, and each place it can have between two looks, its rarest gram.
fn grams<'a>(literals: impl Iterator<Item = (u32, &'a [u8])>, stride: usize, rarity: &Rarity) -> Vec<Slot> {
    let mut slots = Vec::new();
    let mut start = 0;
    for (literal, text) in literals {
        let length = text.len() as u32;
        for phase in 0..stride {
            let offsets = (phase..=text.len() - 4).step_by(stride);
            let rarest = offsets.min_by_key(|&at| rarity.gram(fold(&text[at..])));
            let offset = rarest.unwrap_or(phase);
            let gram = fold(&text[offset..]);
            slots.push(Slot { gram, offset: offset as u32, literal, text: start, length });
        }
        start += length;
    }
    slots
}

#[inline(always)]
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9E37_79B1)
}

/// A gram's word of the bitmap, if all are used, and its bit there.
#[inline(always)]
fn bit(gram: u32) -> (usize, u32) {
    let place = hash(gram) >> (32 - MOST_BITS);
    ((place >> 6) as usize, place & 63)
}

/// Whether bytes are this text, which is folded as grams are: some other bytes count as one, which is no harm. Eight at
/// a time; the last ones once more, with some before them.
fn same(bytes: &[u8], text: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes) | 0x2020_2020_2020_2020;
    let ((heads, _), (wanted, _)) = (bytes.as_chunks::<8>(), text.as_chunks::<8>());
    match (bytes.last_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(end), Some(last)) => {
            word(end) == word(last)
                && heads.iter().zip(wanted).all(|(found, wanted)| word(found) == word(wanted))
        }
        _ => bytes.iter().zip(text).all(|(byte, wanted)| byte | 0x20 == *wanted),
    }
}
