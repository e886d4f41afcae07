//! How often a recipient is written to: a bucket of tokens that refills evenly.

const HOUR: i64 = 60 * 60 * 1_000_000_000;

/// How many mails a recipient gets; critical ones have a bucket of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// So many within an hour, all at once or spread; at least 1.
    pub per_hour: u32,
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle { per_hour: 12 }
    }
}

/// What is left of a recipient's bucket, counted in nanoseconds of refilling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// From 0 to an hour.
    pub level: i64,
    /// When that was.
    pub at: i64,
}

impl Throttle {
    /// A bucket that was never used.
    pub fn full(&self, now: i64) -> Bucket {
        Bucket { level: HOUR, at: now }
    }

    /// The bucket as it is now. A clock that was set back refills nothing and takes nothing away.
    pub fn refilled(&self, bucket: Bucket, now: i64) -> Bucket {
        let passed = now.saturating_sub(bucket.at).max(0);
        Bucket { level: bucket.level.clamp(0, HOUR).saturating_add(passed).min(HOUR), at: now }
    }

    /// Mails that may go now.
    pub fn tokens(&self, bucket: Bucket) -> u64 {
        (bucket.level / self.cost()).max(0) as u64
    }

    /// Without one mail.
    pub fn taken(&self, bucket: Bucket) -> Bucket {
        Bucket { level: (bucket.level - self.cost()).max(0), ..bucket }
    }

    /// With one mail given back: it did not arrive.
    pub fn given_back(&self, bucket: Bucket) -> Bucket {
        Bucket { level: (bucket.level + self.cost()).min(HOUR), ..bucket }
    }

    /// When the next mail may go.
    pub fn next(&self, bucket: Bucket) -> i64 {
        bucket.at.saturating_add((self.cost() - bucket.level).max(0))
    }

    fn cost(&self) -> i64 {
        HOUR / i64::from(self.per_hour.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_gives_as_many_again() {
        let throttle = Throttle { per_hour: 12 };
        let mut bucket = throttle.full(0);
        for left in (0..12).rev() {
            bucket = throttle.taken(bucket);
            assert_eq!(throttle.tokens(bucket), left);
        }
        assert_eq!(throttle.next(bucket), HOUR / 12);
        assert_eq!(throttle.tokens(throttle.refilled(bucket, HOUR / 12 - 1)), 0);
        assert_eq!(throttle.tokens(throttle.refilled(bucket, HOUR / 12)), 1);
        assert_eq!(throttle.tokens(throttle.refilled(bucket, 9 * HOUR)), 12);
        assert_eq!(throttle.tokens(throttle.refilled(bucket, -HOUR)), 0);
    }
}
