//! The energy distance.

use super::lines::{Line, Lines};
use super::properties::FEW_POINTS;
use super::two_sample::{MANY, Sums, check_two_each, discrepancy, self_bias};
use super::{Estimate, Metric, Properties, Reference};
use crate::pairwise::{Kernel, Pairwise};
use crate::points::sort_pooled;
use crate::{Points, Result, rng::Stream};

crate::options! {
    /// Options of `energy`.
    pub struct EnergyOptions {
        /// Whether the pairs of a point with itself are left out. The value is then the unbiased
        /// U-statistic, which can be negative.
        unbiased: bool = false,
        /// Number of random directions over which the energy distance of the projections is
        /// averaged, from 0 to 100000. With 0, all pairs of points are evaluated. Left out: 0 for
        /// up to 262,144 points in both sets together, and 64 for more.
        directions: Option<usize> = None,
    }
}

/// The number of directions for sets of many points.
const DIRECTIONS: usize = 64;

/// Energy distance `2 E|x - y| - E|x - x'| - E|y - y'|` \[szekely2013energy\], in the units of the
/// data. It is zero only for equal distributions, and needs no bandwidth. Two samples of one
/// distribution have the V-statistic `(1/n + 1/m) E|x - x'|` on average. Cost `(n + m)^2` distances
/// in f64.
///
/// The energy distance is also a constant times a mean over all directions `u`. The constant is
/// `sqrt(pi) Gamma((d + 1) / 2) / Gamma(d / 2)`, and the mean is that of the energy distances of
/// the projections `u . x` and `u . y`. The energy distance of points on a line is `2 int (F -
/// G)^2` with the distribution functions `F` and `G` of the two sets, which takes only a sort. In
/// one dimension it is always computed in this way, and is exact. For many points in more
/// dimensions, the mean is taken over random directions (the part `directions`), and the standard
/// error includes the error over directions. Cost `directions x (n log n + m log m + (n + m) d)`.
#[derive(Debug, Clone, Default)]
pub struct Energy {
    options: EnergyOptions,
}

impl Energy {
    /// Creates the metric with these options.
    pub fn new(options: EnergyOptions) -> Energy {
        Energy { options }
    }
}

impl Metric for Energy {
    fn name(&self) -> &'static str {
        "energy"
    }

    fn properties(&self, _dim: usize) -> Properties {
        Properties {
            uses_weights: true,
            rate: 1.0,
            sees_units: true,
            floor_points: FEW_POINTS,
            ..Properties::default()
        }
    }

    fn for_sizes(&self, dim: usize, n: usize, m: usize) -> Option<Box<dyn Metric>> {
        let options = EnergyOptions { directions: Some(DIRECTIONS), ..self.options };
        let is_open = self.options.directions.is_none() && dim > 1;
        (is_open && n.saturating_add(m) > MANY).then(|| Box::new(Energy { options }) as Box<dyn Metric>)
    }

    fn measure(&self, points: &Points, reference: &Reference, pairwise: &Pairwise, stream: Stream) -> Result<Estimate> {
        let (x, dim, unbiased) = (points, points.dim(), self.options.unbiased);
        let directions = self.options.directions.unwrap_or(0);
        if directions == 0 && dim > 1 {
            return discrepancy(x, reference, &[Kernel::Energy], unbiased, Sums::Pairs, pairwise);
        }
        if unbiased {
            check_two_each(x, reference)?;
        }
        let (y, weights) = (reference.points(), reference.weights());
        let lines = Lines { directions: directions.max(1), dim, sizes: (x.n(), y.n()), weights, stream };
        let along = |u: &[f64]| energy_on_line(u, x, reference, unbiased);
        let (value, variance) = lines.average(pairwise.interrupt(), along)?;
        // The mean length of the projection of a unit vector onto a random direction.
        let half = 0.5 * dim as f64;
        let length = (libm::lgamma(half) - libm::lgamma(half + 0.5)).exp() / std::f64::consts::PI.sqrt();
        let found = Estimate::new(value / length, variance.sqrt() / length);
        Ok(if dim > 1 { found.with_part("directions", lines.count() as f64) } else { found })
    }
}

/// Returns the energy distance of the projections. The contribution of a point `z` is
/// `2 (E|z - y| - E|z - x|)`. Its derivative is `4 (G - F)`, with the distribution functions `F` of
/// `x` and `G` of `y`.
fn energy_on_line(direction: &[f64], x: &Points, reference: &Reference, unbiased: bool) -> Line {
    let (y, weights) = (reference.points(), reference.weights());
    let (n, m) = (x.n() as f64, y.n() as f64);
    // In units of `1 / (n m)`, the distribution functions of equally weighted points are whole
    // numbers.
    let weight = |i: usize| match i.checked_sub(x.n()) {
        None => (m, 0.0),
        Some(j) => (0.0, weights.map_or(n, |weights| n * m * weights[j])),
    };
    let line = sort_pooled(direction, x, y);
    let (mut of_x, unit) = (vec![0.0; line.len()], 1.0 / (n * m));
    let (mut f, mut g, mut at) = (0.0, 0.0, line[0].0);
    let (mut value, mut contribution, mut within) = (0.0, 0.0, [0.0; 2]);
    for (next, i) in line {
        let (gap, apart) = (next - at, (f - g) * unit);
        value += 2.0 * apart * apart * gap;
        contribution -= 4.0 * apart * gap;
        for (within, f) in within.iter_mut().zip([f * unit, g * unit]) {
            *within += 2.0 * f * (1.0 - f) * gap;
        }
        of_x[i] = contribution;
        let (of_f, of_g) = weight(i);
        (f, g, at) = (f + of_f, g + of_g, next);
    }
    let of_y = of_x.split_off(x.n());
    if unbiased {
        let shares = [1.0 / n, 1.0 / reference.effective_n()];
        value -= within.iter().zip(shares).map(|(within, share)| self_bias(-within, share, 0.0)).sum::<f64>();
    }
    Line { value, of_x, of_y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::by_name;
    use crate::target::{Samples, SamplesOptions};
    use serde_json::json;
    use std::sync::Arc;

    fn of(options: serde_json::Value, x: &Points, reference: &Reference) -> Estimate {
        let energy = by_name("energy", options).unwrap();
        energy.estimate(x, reference, &Pairwise::default(), Stream::new(9)).unwrap()
    }

    /// On a line, the sort gives the same result as all pairs: with ties, with weights, and for
    /// both statistics.
    #[test]
    fn a_sort_gives_what_all_pairs_give() {
        let round = |mut points: Points| {
            points.data_mut().iter_mut().for_each(|x| *x = (*x * 4.0).round());
            points
        };
        for (n, m) in [(40, 57), (7, 7), (2, 300)] {
            let (x, y) = (Stream::new(1).normal(n, 1), Stream::new(2).normal(m, 1));
            let weights: Vec<f64> = (0..m).map(|j| (j % 5) as f64 + 0.5).collect();
            for (x, y) in [(x.clone(), y.clone()), (round(x), round(y))] {
                let options = SamplesOptions { weights: Some(weights.clone()), ..SamplesOptions::default() };
                let weighted = Arc::new(Samples::new(y.clone(), &options).unwrap());
                let weighted = Reference::of(weighted, 1, Stream::new(1)).unwrap();
                for reference in [Reference::new(y).unwrap(), weighted] {
                    for unbiased in [false, true] {
                        let found = of(json!({ "unbiased": unbiased }), &x, &reference);
                        let pairwise = Pairwise::default();
                        let want =
                            discrepancy(&x, &reference, &[Kernel::Energy], unbiased, Sums::Pairs, &pairwise).unwrap();
                        assert!((found.value - want.value).abs() < 1e-12, "{found:?} {want:?}");
                        assert!((found.se - want.se).abs() < 1e-12, "{found:?} {want:?}");
                    }
                }
            }
        }
    }

    /// The mean over directions agrees with all pairs within the error over directions.
    #[test]
    fn random_directions_give_what_all_pairs_give() {
        for dim in [2, 3, 20] {
            let (x, mut y) = (Stream::new(1).normal(300, dim), Stream::new(2).normal(400, dim));
            y.data_mut().iter_mut().for_each(|y| *y = 0.3 + 1.2 * *y);
            let reference = Reference::new(y).unwrap();
            for unbiased in [false, true] {
                let want = of(json!({ "unbiased": unbiased, "directions": 0 }), &x, &reference);
                assert_eq!(want, of(json!({ "unbiased": unbiased }), &x, &reference));
                let found = of(json!({ "unbiased": unbiased, "directions": 20_000 }), &x, &reference);
                assert!((found.value - want.value).abs() < 0.02 * want.value, "{dim}: {found:?} {want:?}");
                assert!((found.se / want.se - 1.0).abs() < 0.02, "{dim}: {found:?} {want:?}");
                let few = of(json!({ "unbiased": unbiased, "directions": 100 }), &x, &reference);
                let over_directions = (few.se.powi(2) - want.se.powi(2)).sqrt();
                assert!((few.value - want.value).abs() < 4.0 * over_directions, "{dim}: {few:?} {want:?}");
            }
        }
    }

    /// Many points are compared along directions. All pairs of these points would take about a
    /// minute.
    #[test]
    fn many_points_are_compared_along_directions() {
        let (x, y) = (Stream::new(1).normal(MANY, 2), Stream::new(2).normal(1_000, 2));
        let found = of(json!({}), &x, &Reference::new(y.clone()).unwrap());
        let all = of(json!({ "directions": 0 }), &x.rows(0..20_000), &Reference::new(y).unwrap());
        assert_eq!((found.part("directions"), all.part("directions")), (Some(64.0), None));
        assert!((found.value - all.value).abs() < 0.3 * all.value, "{found:?} {all:?}");
    }
}
