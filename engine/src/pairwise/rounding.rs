//! The effect of rounding on a weight, and the queries that must therefore be computed in f64.
//!
//! Coordinates are rounded after a centre is subtracted, so the error of a rounded coordinate is
//! `eps` times its distance from the centre. The score of two points at distance `d` is `-|q -
//! x|^2`, in bits of the exponent. Its error is about `eps d (|q| + |x|)` in the form of
//! differences, and about `eps (|q| + |x|)^2` in the form of products. Only sources that are little
//! farther away than the nearest source have weight, and `|x| <= |q| + d`. After the pass over the
//! sources, the largest score and the norm of a query are known. They bound the errors of all
//! relevant weights. If one source has all the weight, errors of weights cancel in the mean. The
//! bound is therefore multiplied by the share of the other sources.

use super::loops::tile::Form;
use super::loops::weights::Weights;
use crate::Points;
use crate::points::squared_distance;
use crate::simd::Real;

/// The largest accepted error of the exponents of a query, in bits: its mean is then accurate to
/// about 1e-5 of a bandwidth.
const TOLERANCE: f64 = 3e-5;

/// The largest accepted error that the rounding of coordinates causes in a mean, in scaled units.
const VALUES: f64 = 5e-6;

/// If the error of an exponent reaches this many bits, even the sums of weights are unreliable.
const BLIND: f64 = 0.25;

/// From this squared scaled distance from the centre on, rounded coordinates no longer resolve the
/// bandwidth.
pub const FAR: f64 = 1600.0;

/// The same limit for kernel sums, in squared bandwidths. It allows for the loss of precision when
/// the caller subtracts moments from each other.
pub const FAR_KERNEL: f64 = 625.0;

/// The same limit for softmaxes by a kernel, in squared bandwidths: an error of a coordinate, in
/// bandwidths, changes the logarithm of a kernel by at most the same number.
pub const FAR_SOFTMAX: f64 = 1e4;

/// The quantities, besides the query, on which the errors of a call depend.
#[derive(Debug, Clone, Copy)]
pub struct Rounding {
    /// Relative rounding error of the working type.
    pub epsilon: f64,
    pub form: Form,
    /// Largest log-weight in bits.
    pub top: f64,
    /// The factor that converts scaled lengths to units of the width of a kernel.
    pub unit: f64,
}

/// The quantities that are known of a query after the pass over the sources.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Squared distance of the query from its centre, scaled.
    pub square: f64,
    /// The error of the second parts of coordinates: the distance of the query's centre from the
    /// centre of all points, times the rounding error of a first part.
    pub reach: f64,
    /// Largest score, in bits.
    pub max: f64,
    /// Sum of weights relative to the largest weight.
    pub sum: f64,
}

impl Rounding {
    /// Creates the rounding of a working type.
    pub fn of<T: Real>(form: Form, top: f64, unit: f64) -> Rounding {
        Rounding { epsilon: T::EPSILON, form, top, unit }
    }

    /// True if the weights of this query are accurate to the tolerance.
    pub fn keeps<T: Real>(&self, weights: &Weights<T>, seen: &Seen) -> bool {
        match weights {
            Weights::Softmax => self.keeps_softmax(seen),
            Weights::KernelSoftmax { .. } => self.keeps_kernel_softmax(seen),
            Weights::Kernel { .. } => seen.square * self.unit * self.unit <= FAR_KERNEL,
        }
    }

    /// True if the softmax weights of this query are accurate to the tolerance.
    pub fn keeps_softmax(&self, seen: &Seen) -> bool {
        if self.top == f64::NEG_INFINITY {
            return true;
        }
        // The nearest sources are at most at this distance; sources with weight are little farther
        // away.
        let d = (self.top - seen.max).max(0.0).sqrt() + 1.0;
        let far = seen.square.sqrt() + seen.reach;
        let bits = match self.form {
            Form::Difference | Form::Corrected => 0.7 * d * (far + 0.5 * d),
            Form::Product => 0.3 * (far + d).powi(2),
        };
        if 0.5 * self.epsilon * far > VALUES {
            return false;
        }
        self.tolerates(bits, seen)
    }

    /// The same for a softmax by a kernel whose logarithm changes by at most one bit per scaled
    /// length: the error of a score is then at most the error of the distance.
    fn keeps_kernel_softmax(&self, seen: &Seen) -> bool {
        if self.top == f64::NEG_INFINITY {
            return true;
        }
        let d = (self.top - seen.max).max(0.0) + 1.0;
        let far = seen.square.sqrt() + seen.reach;
        0.5 * self.epsilon * far <= VALUES && self.tolerates(far + d, seen)
    }

    /// True if weights are accurate to the tolerance when the error of their exponents is `bits`
    /// times the rounding error.
    fn tolerates(&self, bits: f64, seen: &Seen) -> bool {
        let error = self.epsilon * bits;
        let shared = if error < BLIND { 1.0 - 1.0 / seen.sum.max(1.0) } else { 1.0 };
        error * shared <= TOLERANCE
    }
}

/// The number of points from which the scale of neighbourhoods is estimated, and the quantile of
/// their distances that estimates it.
const SAMPLE: usize = 64;
const SHARE: f64 = 0.02;

/// Returns a low quantile of the distances between some of the points: the scale of a
/// neighbourhood, which does not depend on the whole extent. None if all of these points coincide.
pub fn neighbourhood(points: &Points) -> Option<f64> {
    let stride = points.n().div_ceil(SAMPLE).max(1);
    let rows: Vec<&[f64]> = points.iter().step_by(stride).collect();
    let pairs = (0..rows.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    let squares = pairs.map(|(i, j)| squared_distance(rows[i], rows[j]));
    let mut squares: Vec<f64> = squares.filter(|square| *square > 0.0).collect();
    let at = (SHARE * squares.len() as f64) as usize;
    (!squares.is_empty()).then(|| squares.select_nth_unstable_by(at, f64::total_cmp).1.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_queries_are_kept_and_far_ones_are_not() {
        let f32 = Rounding { epsilon: f64::from(f32::EPSILON) / 2.0, form: Form::Difference, top: 0.0, unit: 1.0 };
        let near = Seen { square: 100.0, reach: 0.0, max: -9.0, sum: 20.0 };
        assert!(f32.keeps_softmax(&near));
        // Precision is lost far from the centre, far from the centre of a block, far from every
        // source, or with scores that have lost all digits.
        assert!(!f32.keeps_softmax(&Seen { square: 1e8, ..near }));
        assert!(!f32.keeps_softmax(&Seen { reach: 1e4, ..near }));
        assert!(!f32.keeps_softmax(&Seen { max: -1e5, ..near }));
        assert!(!f32.keeps_softmax(&Seen { max: f64::NEG_INFINITY, sum: 0.0, ..near }));
        // One source has all the weight.
        assert!(f32.keeps_softmax(&Seen { max: -1e5, sum: 1.0 + 1e-9, ..near }));
        let f64 = Rounding { epsilon: f64::EPSILON / 2.0, ..f32 };
        assert!(f64.keeps_softmax(&Seen { square: 1e16, ..near }));
    }
}
