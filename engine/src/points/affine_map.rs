//! Affine maps of units, with one factor and one offset per coordinate.

use super::Points;
use crate::Result;
use crate::archive::{Archive, Archived};
use faer::Mat;

/// The map `x -> scale x + shift`, coordinate by coordinate. A map computed from points converts
/// their standard units, in which the points have mean 0 and variance 1, to their original units.
/// `scale` is then a standard deviation, and `shift` is a mean.
///
/// ```
/// use sdflow::Points;
/// use sdflow::points::AffineMap;
/// let heights = Points::from_rows(&[[150.0], [170.0], [190.0], [170.0]])?;
/// let units = AffineMap::of(&heights);
/// assert_eq!(units.shift(), [170.0]);
/// assert!((units.scale()[0] - 200f64.sqrt()).abs() < 1e-12);
/// assert_eq!(units.apply(&units.undo(&heights)), heights);
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AffineMap {
    scale: Vec<f64>,
    shift: Vec<f64>,
}

/// A map that is read must already have the number of coordinates of the archived map.
impl Archived for AffineMap {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("scale", self.scale.as_mut_slice())?;
        archive.part("shift", self.shift.as_mut_slice())
    }
}

impl AffineMap {
    /// Creates the map with these factors and offsets. No factor may be 0, and there must be as
    /// many offsets as factors.
    pub fn new(scale: Vec<f64>, shift: Vec<f64>) -> AffineMap {
        debug_assert_eq!(scale.len(), shift.len());
        AffineMap { scale, shift }
    }

    /// Returns the map from standard units to those of `points`, with the mean and standard
    /// deviation of each coordinate. A constant column keeps its scale.
    pub fn of(points: &Points) -> AffineMap {
        let mean = points.mean();
        let mut variance = vec![0.0; points.dim()];
        for row in points.iter() {
            variance.iter_mut().zip(row).zip(&mean).for_each(|((s, x), m)| *s += (x - m) * (x - m));
        }
        let n = points.n() as f64;
        variance.iter_mut().for_each(|v| *v /= n);
        AffineMap::of_variances(&variance, mean)
    }

    /// Returns the map from standard units to those of columns with these variances and means. A
    /// constant column keeps its scale.
    pub(super) fn of_variances(variance: &[f64], mean: Vec<f64>) -> AffineMap {
        // Because of rounding, a constant column differs from its mean by a few ulp.
        let std = |(v, m): (&f64, &f64)| if v.sqrt() <= 1e-14 * m.abs() { 1.0 } else { v.sqrt() };
        AffineMap { scale: variance.iter().zip(&mean).map(std).collect(), shift: mean }
    }

    /// Returns the map from standard units to those of a distribution with this mean and
    /// covariance, with the standard deviation of each coordinate. A constant coordinate keeps its
    /// scale.
    pub fn of_moments(mean: Vec<f64>, cov: &Mat<f64>) -> AffineMap {
        let std = |j: usize| if cov[(j, j)] > 0.0 { cov[(j, j)].sqrt() } else { 1.0 };
        AffineMap { scale: (0..mean.len()).map(std).collect(), shift: mean }
    }

    /// Returns the map from standard units to those of `points`, with one factor for all
    /// coordinates: the square root of their mean variance. It preserves ratios of distances. If
    /// all points coincide, the factor is 1.
    pub fn common(points: &Points) -> AffineMap {
        let size = points.spread() / (points.dim() as f64).sqrt();
        AffineMap::uniform(if size == 0.0 { 1.0 } else { size }, points.mean())
    }

    /// Creates a map with one factor for all coordinates.
    pub fn uniform(scale: f64, shift: Vec<f64>) -> AffineMap {
        AffineMap { scale: vec![scale; shift.len()], shift }
    }

    /// Returns the map from standard units to those of two sets together, in which both sets have
    /// equal weight. A constant column has the factor 1.
    pub fn pooled(p: &Points, q: &Points) -> AffineMap {
        let (a, b) = (p.mean(), q.mean());
        let mean: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 0.5 * (a + b)).collect();
        let mut variance = vec![0.0; p.dim()];
        for points in [p, q] {
            for row in points.iter() {
                for ((v, x), m) in variance.iter_mut().zip(row).zip(&mean) {
                    *v += (x - m) * (x - m) / (2 * points.n()) as f64;
                }
            }
        }
        let scale = variance.iter().map(|v| if *v > 0.0 { v.sqrt() } else { 1.0 }).collect();
        AffineMap { scale, shift: mean }
    }

    /// Returns the factors.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// Returns the offsets.
    pub fn shift(&self) -> &[f64] {
        &self.shift
    }

    /// Returns the number of coordinates.
    pub fn dim(&self) -> usize {
        self.scale.len()
    }

    /// Returns the root mean square of the factors.
    pub fn size(&self) -> f64 {
        (self.scale.iter().map(|s| s * s).sum::<f64>() / self.scale.len() as f64).sqrt()
    }

    /// True if all numbers of the map are finite.
    pub fn is_finite(&self) -> bool {
        self.scale.iter().chain(&self.shift).all(|v| v.is_finite())
    }

    /// Returns the map that applies `first` and then this map.
    pub fn after(&self, first: &AffineMap) -> AffineMap {
        let scale = self.scale.iter().zip(&first.scale).map(|(a, b)| a * b).collect();
        let shift = self.scale.iter().zip(&self.shift).zip(&first.shift).map(|((a, s), b)| a * b + s).collect();
        AffineMap { scale, shift }
    }

    /// Returns the inverse map.
    pub fn inverse(&self) -> AffineMap {
        let shift = self.shift.iter().zip(&self.scale).map(|(shift, scale)| -shift / scale).collect();
        AffineMap { scale: self.scale.iter().map(|scale| 1.0 / scale).collect(), shift }
    }

    /// Returns `scale x + shift` for every row.
    pub fn apply(&self, points: &Points) -> Points {
        let mut out = points.clone();
        self.apply_in_place(&mut out);
        out
    }

    /// Replaces every row by `scale x + shift`.
    pub fn apply_in_place(&self, points: &mut Points) {
        self.each(points, |x, scale, shift| scale * x + shift);
    }

    /// Returns `(x - shift) / scale` for every row. This avoids the rounding errors of
    /// [`AffineMap::inverse`].
    pub fn undo(&self, points: &Points) -> Points {
        let mut out = points.clone();
        self.undo_in_place(&mut out);
        out
    }

    /// Replaces every row by `(x - shift) / scale`.
    pub fn undo_in_place(&self, points: &mut Points) {
        self.each(points, |x, scale, shift| (x - shift) / scale);
    }

    /// Replaces every row by `x / scale`. This is the inverse for velocities, which do not depend
    /// on the offset.
    pub fn unscale_in_place(&self, vectors: &mut Points) {
        self.each(vectors, |v, scale, _| v / scale);
    }

    fn each(&self, points: &mut Points, rule: impl Fn(f64, f64, f64) -> f64) {
        for i in 0..points.n() {
            let axes = self.scale.iter().zip(&self.shift);
            points.row_mut(i).iter_mut().zip(axes).for_each(|(x, (scale, shift))| *x = rule(*x, *scale, *shift));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(rows: &[[f64; 2]]) -> Points {
        Points::from_rows(rows).unwrap()
    }

    #[test]
    fn standard_units_have_mean_0_and_variance_1() {
        let p = points(&[[0.0, 5.0], [2000.0, 5.0], [1000.0, 5.0], [1000.0, 5.0]]);
        let map = AffineMap::of(&p);
        assert_eq!((map.shift(), map.scale()), ([1000.0, 5.0].as_slice(), [500_000f64.sqrt(), 1.0].as_slice()));
        let standard = map.undo(&p);
        assert!((standard.covariance()[(0, 0)] - 1.0).abs() < 1e-12 && standard.mean() == [0.0, 0.0]);
        assert_eq!(map.apply(&standard), p);
        assert_eq!(AffineMap::of_moments(p.mean(), &p.covariance()), map);
        // The common factor is the square root of the mean variance, (500000 + 0) / 2.
        let common = AffineMap::common(&p);
        assert!((common.scale()[0] - 500.0).abs() < 1e-9 && common.scale()[0] == common.scale()[1]);
        assert_eq!(AffineMap::common(&points(&[[3.0, 4.0]])), AffineMap::uniform(1.0, vec![3.0, 4.0]));
    }

    #[test]
    fn two_sets_count_alike_whatever_their_sizes() {
        let (p, q) = (points(&[[-1.0, 2.0]]), points(&[[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]));
        let units = AffineMap::pooled(&p, &q);
        assert!((units.scale()[0] - 1.0).abs() < 1e-15 && units.scale()[1] == 1.0);
        assert_eq!(units.shift(), [0.0, 2.0]);
    }

    #[test]
    fn the_inverse_and_the_way_back_agree() {
        let (map, x) = (AffineMap::new(vec![2.0, -0.5], vec![1.0, 3.0]), points(&[[4.0, 8.0]]));
        assert_eq!(map.apply(&x), points(&[[9.0, -1.0]]));
        assert_eq!(map.inverse().apply(&map.apply(&x)), x);
        assert_eq!(map.undo(&map.apply(&x)), x);
        let mut velocity = points(&[[4.0, 8.0]]);
        map.unscale_in_place(&mut velocity);
        assert_eq!(velocity, points(&[[2.0, -16.0]]));
        assert!((map.size() - (4.25f64 / 2.0).sqrt()).abs() < 1e-15);
        assert!(map.is_finite() && !AffineMap::uniform(f64::NAN, vec![0.0]).is_finite());
    }
}
