//! Times in samples: percentiles and rates. Floats are for reading only; nothing is counted with them.

use std::time::Duration;

/// Times of one kind, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Samples in any order.
    pub fn new(mut times: Vec<Duration>) -> Samples {
        times.sort_unstable();
        Samples(times)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that `percent` of the samples do not exceed (nearest rank), in milliseconds; 0 where there are none.
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().map_or(0.0, millis)
    }

    /// The median, in milliseconds.
    pub fn median_ms(&self) -> f64 {
        self.percentile_ms(50)
    }

    /// The longest, in milliseconds.
    pub fn longest_ms(&self) -> f64 {
        self.0.last().copied().map_or(0.0, millis)
    }
}

/// A duration in milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// So many in that time, per second.
pub fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(f64::EPSILON)
}

/// The middle one of some figures; 0 where there are none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(millis: impl IntoIterator<Item = u64>) -> Samples {
        Samples::new(millis.into_iter().map(Duration::from_millis).collect())
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let hundred = samples((1..=100).rev());
        assert_eq!(hundred.median_ms(), 50.0);
        assert_eq!(hundred.percentile_ms(99), 99.0);
        assert_eq!(hundred.percentile_ms(100), 100.0);
        assert_eq!(samples([7]).percentile_ms(99), 7.0);
        assert_eq!(samples([9, 1, 5]).median_ms(), 5.0);
        assert_eq!(samples([9, 1, 5]).longest_ms(), 9.0);
    }

    #[test]
    fn no_samples_are_no_time() {
        assert_eq!(samples([]).percentile_ms(99), 0.0);
        assert_eq!(median(Vec::new()), 0.0);
    }

    #[test]
    fn the_median_does_not_hang_on_the_order() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.0);
    }

    #[test]
    fn a_rate_is_per_second() {
        assert_eq!(per_second(500, Duration::from_millis(250)), 2000.0);
    }
}
