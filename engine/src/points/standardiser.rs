//! Standard units.

use super::Points;

/// A per-axis affine map onto mean 0 and standard deviation 1, and its inverse.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Standardiser {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl Standardiser {
    /// The map that standardises `points`; a constant column keeps its scale.
    pub fn of(points: &Points) -> Standardiser {
        let mean = points.mean();
        let mut std = vec![0.0; points.dim()];
        for row in points.iter() {
            std.iter_mut().zip(row).zip(&mean).for_each(|((s, x), m)| *s += (x - m) * (x - m));
        }
        let n = points.n() as f64;
        for (s, m) in std.iter_mut().zip(&mean) {
            *s = (*s / n).sqrt();
            // A constant column still differs from its rounded mean by a few ulp.
            if *s <= 1e-14 * m.abs() {
                *s = 1.0;
            }
        }
        Standardiser { mean, std }
    }

    /// Into standard units.
    pub fn apply(&self, points: &Points) -> Points {
        let mut out = Points::default();
        self.apply_into(points, &mut out);
        out
    }

    /// Into standard units, into the memory of `out`.
    pub fn apply_into(&self, points: &Points, out: &mut Points) {
        self.map(points, out, |x, m, s| (x - m) / s);
    }

    /// Back into the caller's units.
    pub fn undo(&self, points: &Points) -> Points {
        let mut out = Points::default();
        self.map(points, &mut out, |x, m, s| x * s + m);
        out
    }

    /// Mean of each axis, in the caller's units.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Standard deviation of each axis, in the caller's units.
    pub fn std(&self) -> &[f64] {
        &self.std
    }

    fn map(&self, points: &Points, out: &mut Points, f: impl Fn(f64, f64, f64) -> f64) {
        out.copy_from(points);
        for i in 0..out.n() {
            let axes = self.mean.iter().zip(&self.std);
            out.row_mut(i).iter_mut().zip(axes).for_each(|(x, (m, s))| *x = f(*x, *m, *s));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standardising_is_undone() {
        let p = Points::from_rows(&[[0.0, 5.0], [2000.0, 5.0], [1000.0, 5.0]]).unwrap();
        let s = Standardiser::of(&p);
        let q = s.apply(&p);
        assert!((q.covariance()[(0, 0)] - 1.0).abs() < 1e-12);
        assert_eq!(s.undo(&q), p);
        let constant = Points::new(vec![0.1; 7], 1, "x").unwrap();
        assert_eq!(Standardiser::of(&constant).std(), [1.0]);
    }
}
