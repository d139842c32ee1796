//! Units in which data have mean 0 and variance 1.

use crate::Points;
use crate::points::Standardiser;

/// `x -> scale x + shift` per coordinate.
#[derive(Debug, Clone, PartialEq)]
pub struct Units {
    /// Factors, none 0.
    pub scale: Vec<f64>,
    /// What is added.
    pub shift: Vec<f64>,
}

impl Units {
    /// From standard units to those of `points`, each coordinate by its own mean and standard deviation.
    pub fn of(points: &Points) -> Units {
        let standard = Standardiser::of(points);
        Units { scale: standard.std().to_vec(), shift: standard.mean().to_vec() }
    }

    /// The same with one factor for all coordinates, the root of their mean variance: squared distances keep their proportions.
    pub fn common(points: &Points) -> Units {
        let size = points.spread() / (points.dim() as f64).sqrt();
        let scale = if size > 0.0 { size } else { 1.0 };
        Units { scale: vec![scale; points.dim()], shift: points.mean() }
    }

    /// The way back.
    pub fn inverse(&self) -> Units {
        let shift = self.shift.iter().zip(&self.scale).map(|(shift, scale)| -shift / scale).collect();
        Units { scale: self.scale.iter().map(|scale| 1.0 / scale).collect(), shift }
    }

    /// Points in these units.
    pub fn apply(&self, points: &Points) -> Points {
        let mut out = points.clone();
        for i in 0..out.n() {
            let row = out.row_mut(i).iter_mut().zip(&self.scale).zip(&self.shift);
            row.for_each(|((x, scale), shift)| *x = scale * *x + shift);
        }
        out
    }
}
