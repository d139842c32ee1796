//! Training with a base of heavy tails: a bound on the influence of single points.

use crate::Points;
use crate::points::{dot, quantile};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;
    use crate::target::{Gaussian, StudentT, Target};

    fn student(dim: usize, dof: f64) -> Points {
        let scale = Gaussian::isotropic(vec![0.0; dim], 1.0).unwrap();
        StudentT::new(scale, dof).unwrap().sample(4000, Stream::new(1)).unwrap()
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
