//! Training with heavy tails: a bound on the influence of single points if the base has such tails,
//! and a note if only the target has them.

use crate::Points;
use crate::number::significant;
use crate::points::{dot, median};

/// An input is far if its squared norm is above this multiple of the median one.
const FAR: f64 = 4.0;

/// The tails of the base are heavy if more than this share of the inputs is far. In five and more
/// dimensions, a standard normal base has 0.4 % and less.
const HEAVY: f64 = 0.02;

/// A velocity counts as at most this multiple of the median norm.
const LARGE: f64 = 3.0;

/// If the inputs `u` have heavy tails, scales the velocities `v` of single points down. The
/// gradient of a layer is a sum of products of inputs and velocities. Far inputs have large
/// products, and the velocities of far points are mostly noise, so that a few points would decide
/// every step. A far input counts as if it were at the bound of far inputs, and no velocity counts
/// as more than the largest one. A velocity of 0 remains 0, so the generator that the training
/// approaches is the same.
pub(super) fn bound_leverage(u: &Points, v: &mut Points) {
    let squares = |points: &Points| points.iter().map(|row| dot(row, row)).collect::<Vec<f64>>();
    let inputs = squares(u);
    let far = FAR * median(inputs.clone());
    if (inputs.iter().filter(|square| **square > far).count() as f64) <= HEAVY * inputs.len() as f64 {
        return;
    }
    let velocities = squares(v);
    let large = LARGE * median(velocities.clone()).sqrt();
    for (i, (input, velocity)) in inputs.iter().zip(velocities).enumerate() {
        // A norm of 0 gives an infinite ratio.
        let scale = (far / input).min(1.0) * (large / velocity.sqrt()).min(1.0);
        v.row_mut(i).iter_mut().for_each(|v| *v *= scale);
    }
}

/// A value is out of range if its distance from the median of its column is above this multiple of
/// the median distance: three standard deviations of a normal distribution.
const RANGE: f64 = 3.0 * 1.4826;

/// The tails of the target are heavier than those of the base if its share of values out of range
/// is larger by this much. The share is 0.3 % for a normal distribution, and 4 % for Student's t
/// with 3 degrees of freedom.
const HEAVIER: f64 = 0.015;

/// Returns a sentence if the target has heavier tails than the base.
pub(super) fn heavier_tails(target: &Points, base: &Points) -> Option<String> {
    let (of_target, of_base) = (out_of_range(target), out_of_range(base));
    let percent = |share: f64| significant(100.0 * share, 2);
    (of_target > of_base + HEAVIER).then(|| {
        format!(
            "tails: {} % of the target's values are further than three robust standard deviations from the median of \
             their column, of the base's {} %; a base with such tails fits better, for example Student's t distribution \
             with 3 degrees of freedom",
            percent(of_target),
            percent(of_base)
        )
    })
}

/// Returns the share of values out of range, averaged over the columns. A column counts only if
/// fewer than half of its values are equal to its median.
fn out_of_range(points: &Points) -> f64 {
    let share = |j: usize| {
        let middle = median(points.iter().map(|row| row[j]).collect());
        let distances: Vec<f64> = points.iter().map(|row| (row[j] - middle).abs()).collect();
        let range = RANGE * median(distances.clone());
        let out = distances.iter().filter(|distance| **distance > range).count();
        (range > 0.0).then(|| out as f64 / points.n() as f64)
    };
    let shares: Vec<f64> = (0..points.dim()).filter_map(share).collect();
    shares.iter().sum::<f64>() / shares.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;
    use crate::target::{Gaussian, StudentT, Target, dataset};

    fn student(dim: usize, dof: f64) -> Points {
        let scale = Gaussian::isotropic(vec![0.0; dim], 1.0).unwrap();
        StudentT::new(scale, dof).unwrap().sample(4000, Stream::new(1)).unwrap()
    }

    /// The shares of values beyond three standard deviations of a normal distribution, and beyond
    /// the same multiple of the quartile of Student's t with 3 degrees of freedom, are 2 (1 -
    /// Phi(3)) = 0.0027 and 2 (1 - F(3.4020)) = 0.0424 (SciPy).
    #[test]
    fn shares_out_of_range_are_those_of_the_distributions() {
        let normal = Stream::new(2).normal(4000, 8);
        assert!((out_of_range(&normal) - 0.0027).abs() < 0.001);
        assert!((out_of_range(&student(8, 3.0)) - 0.0424).abs() < 0.006);
        assert_eq!(out_of_range(&Points::zeros(10, 2)), 0.0);
    }

    #[test]
    fn only_a_target_with_heavier_tails_gives_a_note() {
        let normal = Stream::new(2).normal(4000, 2);
        let said = heavier_tails(&student(2, 3.0), &normal).unwrap();
        assert!(said.contains("4.") && said.contains("Student's t"), "{said}");
        assert!(heavier_tails(&student(2, 3.0), &student(2, 3.0)).is_none());
        for name in ["8gaussians", "moons", "checkerboard", "25gaussians"] {
            let data = dataset(name, &Default::default()).unwrap().sample(4000, Stream::new(3)).unwrap();
            assert!(heavier_tails(&data, &normal).is_none(), "{name}");
        }
    }

    /// Far inputs lose influence if there are many, and none loses its direction.
    #[test]
    fn velocities_are_bounded_for_heavy_tails_only() {
        let velocities = Stream::new(4).normal(4000, 8);
        let bounded = |u: &Points| {
            let mut v = velocities.clone();
            bound_leverage(u, &mut v);
            v
        };
        assert_eq!(bounded(&Stream::new(5).normal(4000, 8)), velocities);
        let heavy = student(8, 3.0);
        let square = |row: &[f64]| dot(row, row);
        let far = FAR * median(heavy.iter().map(square).collect());
        for ((u, before), after) in heavy.iter().zip(velocities.iter()).zip(bounded(&heavy).iter()) {
            let want = (far / square(u)).min(1.0);
            let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
            assert!(before.iter().zip(after).all(|(before, after)| near(want * before, *after)));
        }
        let zeros = Points::zeros(4000, 8);
        let mut v = zeros.clone();
        bound_leverage(&heavy, &mut v);
        assert_eq!(v, zeros);
    }
}
