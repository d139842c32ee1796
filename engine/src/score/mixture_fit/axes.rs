//! The few coordinates in which components are told apart.

use crate::matrix::{Spectrum, apply, product};
use crate::target::{Gaussian, Mixture};
use crate::{Points, Result};
use faer::{Accum, Mat, MatMut, MatRef};

/// The largest number of discriminant directions.
const MOST_DISCRIMINANTS: usize = 5;

/// Orthonormal directions, one per column; None for all coordinates.
#[derive(Debug, Clone)]
pub(super) struct Axes(Option<Mat<f64>>);

impl Axes {
    /// Returns the `count` directions of largest variance. The cost is `n d^2 + d^3`.
    pub fn principal(points: &Points, count: usize) -> Result<Axes> {
        let dim = points.dim();
        if dim <= count {
            return Ok(Axes(None));
        }
        let spectrum = Spectrum::of(&points.covariance(), "the covariance of the cloud")?;
        Ok(Axes(Some(spectrum.vectors().subcols(dim - count, count).to_owned())))
    }

    /// Adds the directions that tell the components of a mixture apart best: `W^-1 (m_k - m)` with
    /// the covariance `W` within components \[fisher1936use\]. Modes that are close together along
    /// the directions of largest variance can be far apart along the added directions.
    pub fn with_discriminants(&self, mixture: &Mixture) -> Result<Axes> {
        let Some(axes) = &self.0 else { return Ok(self.clone()) };
        let k = mixture.components().len();
        if k == 1 {
            return Ok(self.clone());
        }
        let dim = axes.nrows();
        let parts = || mixture.weights().iter().zip(mixture.components());
        let mean: Vec<f64> = (0..dim).map(|j| parts().map(|(w, c)| w * c.mean()[j]).sum()).collect();
        let mut within = Mat::zeros(dim, dim);
        parts().for_each(|(w, c)| within += faer::Scale(*w) * c.cov());
        let inverse =
            Spectrum::of(&within, "the covariance within components")?.map(|v| 1.0 / v.max(f64::MIN_POSITIVE));
        let gaps: Vec<(f64, &Gaussian)> = parts().map(|(w, c)| (w.sqrt(), c)).collect();
        let gaps = Mat::from_fn(dim, k, |j, c| gaps[c].0 * (gaps[c].1.mean()[j] - mean[j]));
        let directions = product(inverse.as_ref(), gaps.as_ref());
        let among = product(directions.transpose(), directions.as_ref());
        let spectrum = Spectrum::of(&among, "the directions between components")?;
        let mut columns: Vec<Vec<f64>> = axes.col_iter().map(|c| c.iter().copied().collect()).collect();
        for c in (0..k).rev().take(MOST_DISCRIMINANTS.min(k - 1)) {
            let turn: Vec<f64> = spectrum.vectors().col(c).iter().copied().collect();
            let direction = apply(&directions, &turn);
            columns.extend(orthogonal_part(direction, &columns));
        }
        Ok(Axes(Some(Mat::from_fn(dim, columns.len(), |i, j| columns[j][i]))))
    }

    /// Returns the coordinates of points along the axes.
    pub fn coordinates(&self, points: &Points) -> Points {
        let Some(axes) = &self.0 else { return points.clone() };
        let (n, count) = (points.n(), axes.ncols());
        let mut out = Points::zeros(n, count);
        let x = MatRef::from_column_major_slice(points.data(), axes.nrows(), n);
        let y = MatMut::from_column_major_slice_mut(out.data_mut(), count, n);
        crate::matrix::multiply(y, Accum::Replace, axes.transpose(), x, 1.0);
        out
    }

    /// Returns the distribution of these coordinates for points of a mixture. `ridge` is added to
    /// each variance.
    pub fn marginal(&self, mixture: &Mixture, ridge: f64) -> Result<Mixture> {
        let Some(axes) = &self.0 else { return Ok(mixture.clone()) };
        let marginal = |c: &Gaussian| {
            let mean = (0..axes.ncols()).map(|j| axes.col(j).iter().zip(c.mean()).map(|(a, m)| a * m).sum()).collect();
            let half = product(c.cov().as_ref(), axes.as_ref());
            let mut cov = crate::matrix::symmetric_part(&product(axes.transpose(), half.as_ref()));
            (0..axes.ncols()).for_each(|j| cov[(j, j)] += ridge);
            Gaussian::new(mean, cov)
        };
        let components = mixture.components().iter().map(marginal).collect::<Result<_>>()?;
        Mixture::new(mixture.weights().to_vec(), components)
    }
}

/// Returns the unit vector along the part of `v` that is orthogonal to all columns; None if this
/// part is negligible.
fn orthogonal_part(mut v: Vec<f64>, columns: &[Vec<f64>]) -> Option<Vec<f64>> {
    let norm = |v: &[f64]| v.iter().map(|a| a * a).sum::<f64>().sqrt();
    let whole = norm(&v);
    // There are two passes, because the rounding errors of the first can be as large as a small
    // orthogonal part.
    for column in columns.iter().chain(columns) {
        let along: f64 = v.iter().zip(column).map(|(a, b)| a * b).sum();
        v.iter_mut().zip(column).for_each(|(a, b)| *a -= along * b);
    }
    let left = norm(&v);
    (left > 1e-6 * whole).then(|| v.into_iter().map(|a| a / left).collect())
}
