const SECOND: i64 = 1_000_000_000;
const FIRST: i64 = 5 * SECOND;
const LONGEST: i64 = 15 * 60 * SECOND;

/// How long to wait after so many failures in a row (from 1), in nanoseconds: 5 s, doubled each time, up to 15 min,
/// less up to half of it by `seed`, so that what failed together does not try again together.
pub fn backoff(failures: u32, seed: u64) -> i64 {
    let doubled = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16));
    let whole = doubled.min(LONGEST);
    // A step of splitmix64: seeds are often counters.
    let mut mixed = seed.wrapping_add(u64::from(failures)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^= mixed >> 31;
    whole - (mixed % (whole as u64 / 2)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_and_ends_at_a_quarter_of_an_hour() {
        for (failures, whole) in [(1, 5), (2, 10), (5, 80), (8, 640), (9, 900), (40, 900)] {
            for seed in 0..50 {
                let wait = backoff(failures, seed);
                assert!(wait > whole * SECOND / 2 && wait <= whole * SECOND, "{failures} {seed}: {wait}");
            }
        }
        assert_ne!(backoff(3, 1), backoff(3, 2));
    }
}
