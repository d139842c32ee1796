//! The 95 % quantile of the values from which a noise floor is computed, and its standard error.

use crate::metric::estimate::{Floor, binary_unit, mean};

/// The normal quantile of 95 %.
const NORMAL_95: f64 = 1.644_853_626_951_472_6;

/// Returns the 95 % quantile of values at plotting positions `k / (len + 1)`.
pub(super) fn quantile(mut values: Vec<f64>) -> Floor {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let at = 0.95 * (n + 1) as f64;
    let k = (at as usize).clamp(1, n - 1);
    let (below, above) = (values[k - 1], values[k]);
    let value = below + (at - k as f64).clamp(0.0, 1.0) * (above - below);
    // `ranks` is the standard deviation of the rank of the quantile. The standard error is `ranks`
    // times the mean difference of neighbouring values, from about `ranks` ranks below the quantile
    // to as many above it.
    let ranks = (0.95 * 0.05 * n as f64).sqrt();
    let reach = ranks.round().max(1.0) as usize;
    let (low, high) = ((k - 1).saturating_sub(reach), (k + reach).min(n - 1));
    Floor { value, se: ranks * (values[high] - values[low]) / (high - low).max(1) as f64 }
}

/// Returns the 95 % quantile of a distribution with the mean, standard deviation and skewness of
/// these values, by the first terms of the Cornish-Fisher expansion. Like a prediction interval of
/// Student's t distribution, it allows for the sampling errors of the mean and of the standard
/// deviation.
pub(super) fn quantile_of_moments(values: &[f64]) -> Floor {
    // Cubes of values of the unit are ordinary numbers.
    let unit = binary_unit(values.iter().fold(0.0, |most: f64, v| most.max(v.abs())));
    let values: Vec<f64> = values.iter().map(|v| v / unit).collect();
    let (n, z) = (values.len() as f64, NORMAL_95);
    let centre = mean(&values);
    let moment = |k: i32| values.iter().map(|v| (v - centre).powi(k)).sum::<f64>();
    let std = (moment(2) / (n - 1.0)).sqrt();
    if std == 0.0 || !std.is_finite() {
        return Floor { value: centre * unit, se: std * unit };
    }
    let skewness = (moment(3) / (n * std.powi(3))).clamp(-1.0, 2.0);
    let student = z + (z.powi(3) + z) / (4.0 * (n - 1.0));
    let curve = (z * z - 1.0) / 6.0;
    let value = centre + std * (student * (1.0 + 1.0 / n).sqrt() + curve * skewness);
    // The three terms are the errors of the mean, of the standard deviation and of the skewness,
    // for normal values.
    let se = std * ((1.0 + 0.5 * z * z + 6.0 * curve * curve) / n).sqrt();
    Floor { value: value * unit, se: se * unit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::floor::{FEW_PAIRS, PAIRS};
    use crate::rng::Stream;

    #[test]
    fn quantile_of_twenty_lies_at_the_top() {
        let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
        assert!((quantile(values).value - 19.95).abs() < 1e-12);
    }

    /// The quantiles of an exponential and of a normal distribution are checked. Their spread over
    /// repetitions is their standard error, and a fresh value stays below them 19 times in 20.
    #[test]
    fn quantiles_have_their_errors_and_hold_for_fresh_values() {
        let repetitions = 400;
        let normal = |k: u64| Stream::new(k).normal(PAIRS, 1).data().to_vec();
        let exponential = |k: u64| normal(k).chunks(2).map(|z| 0.5 * (z[0] * z[0] + z[1] * z[1])).collect::<Vec<_>>();
        let few = |values: Vec<f64>| quantile_of_moments(&values[..FEW_PAIRS]);
        let above = |z: f64| 0.5 * (1.0 - erf(z / 2f64.sqrt()));
        let judge = |name: &str, floors: Vec<Floor>, above: &dyn Fn(f64) -> f64, biased: f64| {
            let values: Vec<f64> = floors.iter().map(|floor| floor.value).collect();
            let sd = (crate::metric::estimate::variance_of_mean(&values) * values.len() as f64).sqrt();
            let se = mean(&floors.iter().map(|floor| floor.se).collect::<Vec<_>>());
            assert!((0.75..1.35).contains(&(se / sd)), "{name}: {se} {sd}");
            let share = mean(&values.iter().map(|v| above(*v)).collect::<Vec<_>>());
            assert!((share - 0.05).abs() < biased, "{name}: {share}");
        };
        let tail = |x: f64| (-x).exp();
        judge("exponential", (0..repetitions).map(|k| quantile(exponential(k))).collect(), &tail, 0.005);
        judge("normal", (0..repetitions).map(|k| quantile(normal(k))).collect(), &above, 0.005);
        judge("few normal", (0..repetitions).map(|k| few(normal(k))).collect(), &above, 0.01);
    }

    /// The error function by its series.
    fn erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for k in 1..80 {
            let k = f64::from(k);
            term *= -x * x / k;
            sum += term / (2.0 * k + 1.0);
        }
        2.0 / std::f64::consts::PI.sqrt() * sum
    }
}
