//! Standard units of points.

use super::{AffineMap, Points, weighted_units};

/// A map of each axis to mean 0 and standard deviation 1, and its inverse.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Standardiser(AffineMap);

impl Standardiser {
    /// Returns the map that standardises `points`; a constant column keeps its scale.
    pub fn of(points: &Points) -> Standardiser {
        Standardiser(AffineMap::of(points))
    }

    /// Returns the map for rows with these shares, which sum to 1. Without shares, all rows have
    /// equal weight.
    pub(crate) fn with_weights(points: &Points, shares: Option<&[f64]>) -> Standardiser {
        Standardiser(weighted_units(points, shares))
    }

    /// Returns the map from standard units to those of the caller.
    pub fn units(&self) -> &AffineMap {
        &self.0
    }

    /// Returns the points in standard units.
    pub fn apply(&self, points: &Points) -> Points {
        self.0.undo(points)
    }

    /// Writes the points in standard units to `out`.
    pub fn apply_into(&self, points: &Points, out: &mut Points) {
        out.copy_from(points);
        self.0.undo_in_place(out);
    }

    /// Returns the points in the units of the caller.
    pub fn undo(&self, points: &Points) -> Points {
        self.0.apply(points)
    }

    /// Returns the mean of each axis, in the units of the caller.
    pub fn mean(&self) -> &[f64] {
        self.0.shift()
    }

    /// Returns the standard deviation of each axis, in the units of the caller.
    pub fn std(&self) -> &[f64] {
        self.0.scale()
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
