//! Training with heavy tails: a bound on the influence of single points if the base has such tails,
//! and a note if only the target has them.

use crate::Points;
use crate::number::significant;
use crate::points::{dot, median, quantile};

/// An input is far if its squared norm is above this multiple of the upper quartile.
const FAR: f64 = 2.5;

/// The tails of a base are heavy if more than this share of the inputs is far. In five dimensions
/// this share is 0.6 % for a normal base, and in more dimensions less. For Student's t with 3
/// degrees of freedom it is 8 %.
const HEAVY: f64 = 0.03;

/// A velocity counts as at most this multiple of the upper quartile of the norms.
const LARGE: f64 = 2.0;

/// True if inputs of five or more dimensions have heavy tails. In fewer dimensions normal inputs
/// are often far.
pub(super) fn are_heavy(u: &Points) -> bool {
    let inputs = squares(u);
    let far = FAR * upper_quartile(&inputs);
    let count = inputs.iter().filter(|square| **square > far).count();
    u.dim() >= 5 && far > 0.0 && count as f64 > HEAVY * u.n() as f64
}

/// Scales the velocities `v` of single points down, for inputs `u` with heavy tails. The gradient
/// of a layer is a sum of products of inputs and velocities. Far inputs have large products, and
/// the velocities of far points are mostly noise, so that a few points would decide every step. A
/// far input counts as if it were at the limit [`FAR`], and a large velocity as if it were at the
/// limit [`LARGE`]. Velocities of 0 remain 0.
pub(super) fn bound_leverage(u: &Points, v: &mut Points) {
    let (inputs, velocities) = (squares(u), squares(v));
    let far = FAR * upper_quartile(&inputs);
    let large = LARGE * upper_quartile(&velocities).sqrt();
    if !(far > 0.0 && large > 0.0) {
        return;
    }
    for (i, (input, velocity)) in inputs.iter().zip(velocities).enumerate() {
        // A norm of 0 gives an infinite ratio.
        let scale = (far / input).min(1.0) * (large / velocity.sqrt()).min(1.0);
        v.row_mut(i).iter_mut().for_each(|v| *v *= scale);
    }
}

fn squares(points: &Points) -> Vec<f64> {
    points.iter().map(|row| dot(row, row)).collect()
}

fn upper_quartile(values: &[f64]) -> f64 {
    quantile(values.to_vec(), (3, 4))
}

/// A value is out of range if its distance from the median of its column is above this multiple of
/// the median distance: three standard deviations of a normal distribution.
const RANGE: f64 = 3.0 * 1.4826;

/// The tails of the target are heavier than those of the base if its share of values out of range
/// is larger by this much. The share is 0.3 % for a normal distribution, and 4 % for Student's t
/// with 3 degrees of freedom.
const HEAVIER: f64 = 0.015;

/// A column has heavy tails only if its kurtosis is above this number; that of a normal
/// distribution is 3. Two separate modes have a smaller one, although many values are out of range.
const PEAKED: f64 = 6.0;

/// Rows of the target, at most, that are compared.
const ROWS: usize = 4096;

/// Returns a sentence if the target has heavier tails than the base.
pub(super) fn heavier_tails(target: &Points, base: &Points) -> Option<String> {
    let rows = target.n().min(ROWS);
    let some: Vec<usize> = (0..rows).map(|i| i * target.n() / rows).collect();
    let (of_target, of_base) = (out_of_range(&target.select(&some)), out_of_range(base));
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

/// Returns the share of values out of range in columns with heavy tails, averaged over all columns.
/// A column with more than half of its values at its median has none.
fn out_of_range(points: &Points) -> f64 {
    let share = |j: usize| {
        let column: Vec<f64> = points.iter().map(|row| row[j]).collect();
        let middle = median(column.clone());
        let distances: Vec<f64> = column.iter().map(|x| (x - middle).abs()).collect();
        let range = RANGE * median(distances.clone());
        let out = distances.iter().filter(|distance| **distance > range).count();
        if range > 0.0 && kurtosis(&column) > PEAKED { out as f64 / points.n() as f64 } else { 0.0 }
    };
    (0..points.dim()).map(share).sum::<f64>() / points.dim().max(1) as f64
}

/// Returns the fourth central moment in units of the squared variance.
fn kurtosis(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let moment = |k: i32| values.iter().map(|x| (x - mean).powi(k)).sum::<f64>() / n;
    moment(4) / moment(2).powi(2)
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

    /// The share of values beyond three standard deviations of a normal distribution, for Student's
    /// t with 3 degrees of freedom, is 2 (1 - F(3.4020)) = 0.0424 (SciPy): the range is the same
    /// multiple of the upper quartile. A normal column is not peaked.
    #[test]
    fn shares_out_of_range_are_those_of_the_distributions() {
        assert_eq!(out_of_range(&Stream::new(2).normal(4000, 8)), 0.0);
        assert!((out_of_range(&student(8, 3.0)) - 0.0424).abs() < 0.006);
        assert_eq!(out_of_range(&Points::zeros(10, 2)), 0.0);
    }

    #[test]
    fn only_a_target_with_heavier_tails_gives_a_note() {
        let normal = Stream::new(2).normal(4000, 2);
        let said = heavier_tails(&student(2, 3.0), &normal).unwrap();
        assert!(said.contains("Student's t"), "{said}");
        assert!(heavier_tails(&student(2, 3.0), &student(2, 3.0)).is_none());
        for name in ["8gaussians", "moons", "checkerboard", "25gaussians"] {
            let data = dataset(name, &Default::default()).unwrap().sample(4000, Stream::new(3)).unwrap();
            assert!(heavier_tails(&data, &normal).is_none(), "{name}");
        }
        // Two modes of unequal weight: two fifths of the values are far from the median.
        let modes =
            Points::new((0..1000).map(|i| f64::from(i % 5 / 3) + 0.01 * f64::from(i % 7)).collect(), 1, "modes");
        assert!(heavier_tails(&modes.unwrap(), &Stream::new(2).normal(4000, 1)).is_none());
    }

    #[test]
    fn only_heavy_tails_of_many_dimensions_are_heavy() {
        for dim in [5, 8, 64] {
            assert!(are_heavy(&student(dim, 3.0)) && !are_heavy(&Stream::new(5).normal(4000, dim)), "{dim}");
        }
        assert!(!are_heavy(&student(2, 3.0)));
        // Most inputs are 0.
        let mut spike = student(8, 3.0);
        (0..3500).for_each(|i| spike.row_mut(i).fill(0.0));
        assert!(!are_heavy(&spike));
    }

    /// A far input and a large velocity both lose influence, and keep their direction.
    #[test]
    fn the_influence_of_single_points_is_bounded() {
        let (u, mut velocities) = (student(8, 3.0), Stream::new(4).normal(4000, 8));
        velocities.row_mut(7).iter_mut().for_each(|v| *v *= 100.0);
        let mut v = velocities.clone();
        bound_leverage(&u, &mut v);
        let far = FAR * upper_quartile(&squares(&u));
        let large = LARGE * upper_quartile(&squares(&velocities)).sqrt();
        let mut bounded = 0;
        for ((u, before), after) in u.iter().zip(velocities.iter()).zip(v.iter()) {
            let norm = dot(before, before).sqrt();
            let want = (far / dot(u, u)).min(1.0) * if norm > large { large / norm } else { 1.0 };
            assert!(before.iter().zip(after).all(|(before, after)| (want * before - after).abs() < 1e-9));
            bounded += usize::from(norm > large);
        }
        assert!(bounded > 0 && dot(v.row(7), v.row(7)).sqrt() < 1.001 * large);
    }

    /// If most inputs or velocities are 0, there is no scale for a bound.
    #[test]
    fn zeros_bound_nothing() {
        let (zeros, v) = (Points::zeros(4000, 8), Stream::new(4).normal(4000, 8));
        let mut same = v.clone();
        bound_leverage(&zeros, &mut same);
        assert_eq!(same, v);
        let mut few = zeros.clone();
        few.row_mut(3).fill(1.0);
        let want = few.clone();
        bound_leverage(&student(8, 3.0), &mut few);
        assert_eq!(few, want);
    }
}
