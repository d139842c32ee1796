//! Means over the seeds of a sweep.

use std::collections::BTreeMap;

/// A quantity averaged over the cells that differ in the seed only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeedMean {
    /// The mean.
    pub value: f64,
    /// The standard error of the mean; for a single value, the standard error of that value, if
    /// known.
    pub se: Option<f64>,
    /// The standard deviation over the seeds; None for a single value.
    pub sd: Option<f64>,
    /// The number of values.
    pub seeds: usize,
}

/// Returns the mean of values that have standard errors of their own, with `sd = sqrt(sum (x -
/// mean)^2 / (n - 1))` and `se = sd / sqrt(n)`. Without values the mean is NaN.
pub fn seed_mean(values: &[(f64, Option<f64>)]) -> SeedMean {
    let n = values.len() as f64;
    let value = values.iter().map(|(value, _)| value).sum::<f64>() / n;
    let (se, sd) = match values {
        [] => (None, None),
        [(_, se)] => (*se, None),
        _ => {
            let sd = (values.iter().map(|(v, _)| (v - value).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            (Some(sd / n.sqrt()), Some(sd))
        }
    };
    SeedMean { value, se, sd, seeds: values.len() }
}

/// A metric of the cells at one place, which differ in the seed only.
#[derive(Debug, Clone, Default)]
pub struct OverSeeds {
    values: Vec<(f64, Option<f64>)>,
    floors: Vec<f64>,
}

impl OverSeeds {
    /// Adds the value of one cell with its standard error and its noise floor, if they are known.
    pub fn push(&mut self, value: f64, se: Option<f64>, floor: Option<f64>) {
        self.values.push((value, se));
        self.floors.extend(floor);
    }

    /// Returns the mean of the values.
    pub fn mean(&self) -> SeedMean {
        seed_mean(&self.values)
    }

    /// Returns the mean of the noise floors, if there are some.
    pub fn floor(&self) -> Option<f64> {
        (!self.floors.is_empty()).then(|| self.floors.iter().sum::<f64>() / self.floors.len() as f64)
    }
}

/// The results of the cells by place, in the order in which the places first occurred. The key of a
/// place consists of all axes except the seed.
#[derive(Debug)]
pub struct Places<T> {
    found: Vec<T>,
    index: BTreeMap<String, usize>,
}

impl<T> Default for Places<T> {
    fn default() -> Places<T> {
        Places { found: Vec::new(), index: BTreeMap::new() }
    }
}

impl<T> Places<T> {
    /// Returns the results of the place `key`; `first` creates them if the place is new.
    pub fn at(&mut self, key: String, first: impl FnOnce() -> T) -> &mut T {
        let next = self.found.len();
        let at = *self.index.entry(key).or_insert(next);
        if at == next {
            self.found.push(first());
        }
        &mut self.found[at]
    }

    /// Returns the results in the order of the places.
    pub fn into_vec(self) -> Vec<T> {
        self.found
    }

    /// Returns the places in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.found.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_averaged() {
        let mean = seed_mean(&[(1.0, Some(9.0)), (2.0, None), (3.0, None)]);
        assert_eq!((mean.value, mean.sd, mean.seeds), (2.0, Some(1.0), 3));
        assert!((mean.se.unwrap() - (1.0f64 / 3.0).sqrt()).abs() < 1e-15);
        let one = seed_mean(&[(1.5, Some(0.25))]);
        assert_eq!((one.value, one.se, one.sd), (1.5, Some(0.25), None));
        assert!(seed_mean(&[]).value.is_nan());
    }

    #[test]
    fn places_keep_their_order() {
        let mut places = Places::default();
        for (key, value) in [("b", 1), ("a", 2), ("b", 3)] {
            places.at(key.into(), Vec::new).push(value);
        }
        assert_eq!(places.iter().collect::<Vec<_>>(), [&vec![1, 3], &vec![2]]);
    }
}
