//! Sets of numbers as ranges: ports and addresses come by the thousand, and in a row.

/// A set of numbers: ranges in order, with at least one number between each two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    /// Those from `first` to `last`, both of them included; none if `last` is less.
    pub fn of(first: u128, last: u128) -> Ranges {
        Ranges::from_iter([(first, last)])
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: u128) -> bool {
        let behind = self.0.partition_point(|(first, _)| *first <= number);
        behind > 0 && self.0[behind - 1].1 >= number
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are; the most that can be told, if there are more.
    pub fn count(&self) -> u128 {
        let each = self.0.iter().map(|(first, last)| (last - first).saturating_add(1));
        each.fold(0, u128::saturating_add)
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u128, u128)> + '_ {
        self.0.iter().copied()
    }

    /// What is in either.
    pub fn or(&self, other: &Ranges) -> Ranges {
        self.iter().chain(other.iter()).collect()
    }

    /// What is in this one and not in the other.
    pub fn without(&self, other: &Ranges) -> Ranges {
        let mut left = Vec::new();
        for (mut first, last) in self.iter() {
            let mut is_used_up = false;
            let begin = other.0.partition_point(|(_, end)| *end < first);
            for &(from, to) in other.0[begin..].iter().take_while(|(from, _)| *from <= last) {
                if from > first {
                    left.push((first, from - 1));
                }
                if to >= last {
                    is_used_up = true;
                    break;
                }
                first = to + 1;
            }
            if !is_used_up {
                left.push((first, last));
            }
        }
        Ranges(left)
    }

    /// What is in both.
    pub fn and(&self, other: &Ranges) -> Ranges {
        self.without(&self.without(other))
    }
}

impl FromIterator<(u128, u128)> for Ranges {
    fn from_iter<I: IntoIterator<Item = (u128, u128)>>(ranges: I) -> Ranges {
        let mut sorted: Vec<(u128, u128)> =
            ranges.into_iter().filter(|(first, last)| first <= last).collect();
        sorted.sort_unstable();
        let mut out: Vec<(u128, u128)> = Vec::with_capacity(sorted.len());
        for (first, last) in sorted {
            match out.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                _ => out.push((first, last)),
            }
        }
        Ranges(out)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Ranges;

    fn ranges() -> impl Strategy<Value = Vec<(u128, u128)>> {
        prop::collection::vec((0..60_u128, 0..60_u128), 0..8)
    }

    fn model(ranges: &[(u128, u128)]) -> BTreeSet<u128> {
        ranges.iter().flat_map(|(first, last)| *first..=*last).collect()
    }

    fn numbers(ranges: &Ranges) -> BTreeSet<u128> {
        (0..80).filter(|number| ranges.contains(*number)).collect()
    }

    proptest! {
        #[test]
        fn as_sets_of_single_numbers(one in ranges(), other in ranges()) {
            let (a, b) = (model(&one), model(&other));
            let (one, other): (Ranges, Ranges) = (one.into_iter().collect(), other.into_iter().collect());
            prop_assert_eq!(numbers(&one), a.clone());
            prop_assert_eq!(one.count(), a.len() as u128);
            prop_assert_eq!(one.is_empty(), a.is_empty());
            prop_assert_eq!(numbers(&one.or(&other)), a.union(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(numbers(&one.and(&other)), a.intersection(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(numbers(&one.without(&other)), a.difference(&b).copied().collect::<BTreeSet<_>>());
            // Equal sets are equal values.
            prop_assert_eq!(one.and(&other).or(&one.without(&other)), one);
        }
    }

    #[test]
    fn the_ends_of_all_numbers() {
        let all = Ranges::of(0, u128::MAX);
        assert_eq!(all.count(), u128::MAX);
        assert!(all.without(&all).is_empty() && all.contains(u128::MAX));
        let rest = all.without(&Ranges::of(u128::MAX, u128::MAX));
        assert_eq!(rest.iter().collect::<Vec<_>>(), [(0, u128::MAX - 1)]);
    }
}
