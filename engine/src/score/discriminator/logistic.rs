//! Logistic regression on linear or quadratic features by Newton's method (iteratively reweighted
//! least squares).

use super::option::DiscriminatorOptions;
use super::sigmoid::{sigmoid, softplus};
use crate::archive::{Archive, Archived};
use crate::matrix::multiply;
use crate::points::AffineMap;
use crate::{Error, Interrupt, Points, Result};
use faer::linalg::solvers::Solve as _;
use faer::{Accum, Mat, MatRef, Side};

/// The largest number of features: their matrix then takes 128 MB.
const MOST: usize = 4096;

/// The iteration ends after a Newton step that is smaller than this, relative to the coefficients.
const ENOUGH: f64 = 1e-9;

/// The logit `l(x) = theta . phi(u)`, `u = (x - mean) / std`, `phi = (1, u)` or `(1, u, u_i u_j)`
/// for `i <= j`.
#[derive(Debug, Clone)]
pub struct Logistic {
    dim: usize,
    quadratic: bool,
    /// Mean and standard deviation of each coordinate over both sets together.
    units: AffineMap,
    theta: Vec<f64>,
}

impl Logistic {
    pub fn new(dim: usize, quadratic: bool) -> Result<Logistic> {
        let count = if quadratic { (dim + 1).saturating_mul(dim + 2) / 2 } else { dim + 1 };
        if count > MOST {
            let want = format!("{dim} coordinates have {count} features, more than {MOST}; use \"linear\" or \"mlp\"");
            let name = if quadratic { "\"quadratic\"" } else { "\"linear\"" };
            return Err(Error::argument("features", name, want));
        }
        Ok(Logistic { dim, quadratic, units: AffineMap::uniform(1.0, vec![0.0; dim]), theta: vec![0.0; count] })
    }

    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Minimises the average of the mean losses of the two sets, plus `ridge / 2 |theta|^2`, where
    /// `theta` is taken without the constant term. The loss is convex, and a step that does not
    /// lower the loss is halved. The fit therefore converges from any start. Returns false for
    /// points so far apart that they have no finite units.
    pub fn fit(
        &mut self,
        p: &Points,
        q: &Points,
        options: &DiscriminatorOptions,
        interrupt: &Interrupt,
    ) -> Result<bool> {
        // The coefficients depend on the units, which change with the points. A fit takes few
        // steps, so every fit starts from zero.
        self.units = AffineMap::pooled(p, q);
        if !self.units.is_finite() {
            return Ok(false);
        }
        self.theta.fill(0.0);
        let features = [p, q].map(|points| self.features(points));
        let mut loss = self.loss(&features, &self.theta, options.ridge);
        for _ in 0..options.newton {
            interrupt.check()?;
            let step = self.newton(&features, options.ridge)?;
            let mut share = 1.0;
            let (next, lower) = loop {
                let next: Vec<f64> = self.theta.iter().zip(&step).map(|(t, s)| t - share * s).collect();
                let lower = self.loss(&features, &next, options.ridge);
                if lower <= loss || share < 1e-6 {
                    break (next, lower);
                }
                share *= 0.5;
            };
            let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
            let done = share * norm(&step) <= ENOUGH * (1.0 + norm(&next));
            (self.theta, loss) = (next, lower.min(loss));
            if done {
                break;
            }
        }
        match self.theta.iter().all(|t| t.is_finite()) {
            true => Ok(true),
            false => Err(divergence_error()),
        }
    }

    fn features(&self, points: &Points) -> Mat<f64> {
        let mut phi = Mat::zeros(points.n(), self.theta.len());
        let mut row = vec![0.0; self.theta.len()];
        for (i, x) in points.iter().enumerate() {
            self.write(x, &mut row);
            row.iter().enumerate().for_each(|(k, value)| phi[(i, k)] = *value);
        }
        phi
    }

    fn write(&self, x: &[f64], row: &mut [f64]) {
        let (mean, std) = (self.units.shift(), self.units.scale());
        row[0] = 1.0;
        for j in 0..self.dim {
            row[1 + j] = (x[j] - mean[j]) / std[j];
        }
        if self.quadratic {
            let mut k = 1 + self.dim;
            for i in 1..=self.dim {
                for j in i..=self.dim {
                    row[k] = row[i] * row[j];
                    k += 1;
                }
            }
        }
    }

    fn logits(phi: &Mat<f64>, theta: &[f64]) -> Mat<f64> {
        let mut logits = Mat::zeros(phi.nrows(), 1);
        let theta = MatRef::from_column_major_slice(theta, theta.len(), 1);
        multiply(logits.as_mut(), Accum::Replace, phi.as_ref(), theta, 1.0);
        logits
    }

    fn loss(&self, features: &[Mat<f64>; 2], theta: &[f64], ridge: f64) -> f64 {
        let mut loss = 0.5 * ridge * theta[1..].iter().map(|t| t * t).sum::<f64>();
        for (phi, sign) in features.iter().zip([-1.0, 1.0]) {
            let logits = Self::logits(phi, theta);
            let sum: f64 = (0..phi.nrows()).map(|i| softplus(sign * logits[(i, 0)])).sum();
            loss += 0.5 * sum / phi.nrows() as f64;
        }
        loss
    }

    /// Returns the Newton step `H^-1 g`, with the Hessian `H` and the gradient `g` of the loss.
    fn newton(&self, features: &[Mat<f64>; 2], ridge: f64) -> Result<Vec<f64>> {
        let count = self.theta.len();
        let (mut hessian, mut gradient) = (Mat::<f64>::zeros(count, count), Mat::<f64>::zeros(count, 1));
        for (phi, label) in features.iter().zip([1.0, 0.0]) {
            let logits = Self::logits(phi, &self.theta);
            let share = 0.5 / phi.nrows() as f64;
            let chance = |i: usize| sigmoid(logits[(i, 0)]);
            let mut weighted = phi.clone();
            for k in 0..count {
                for i in 0..phi.nrows() {
                    weighted[(i, k)] *= share * chance(i) * (1.0 - chance(i));
                }
            }
            let residual = Mat::from_fn(phi.nrows(), 1, |i, _| share * (chance(i) - label));
            multiply(hessian.as_mut(), Accum::Add, phi.transpose(), weighted.as_ref(), 1.0);
            multiply(gradient.as_mut(), Accum::Add, phi.transpose(), residual.as_ref(), 1.0);
        }
        for k in 0..count {
            // The constant is not penalised, except by an amount that determines it for separable
            // sets.
            hessian[(k, k)] += if k == 0 { 1e-12 } else { ridge.max(1e-12) };
            gradient[(k, 0)] += if k == 0 { 0.0 } else { ridge * self.theta[k] };
        }
        let solved = hessian.llt(Side::Lower).map_err(|_| divergence_error())?.solve(&gradient);
        Ok((0..count).map(|k| solved[(k, 0)]).collect())
    }

    pub fn evaluate(&self, z: &Points, logit: &mut [f64], gradient: &mut Points) {
        let mut row = vec![0.0; self.theta.len()];
        for (i, logit) in logit.iter_mut().enumerate() {
            self.write(z.row(i), &mut row);
            *logit = row.iter().zip(&self.theta).map(|(f, t)| f * t).sum();
            let slope = gradient.row_mut(i);
            slope.copy_from_slice(&self.theta[1..=self.dim]);
            if self.quadratic {
                let mut k = 1 + self.dim;
                for a in 0..self.dim {
                    for b in a..self.dim {
                        slope[a] += self.theta[k] * row[1 + b];
                        slope[b] += self.theta[k] * row[1 + a];
                        k += 1;
                    }
                }
            }
            slope.iter_mut().zip(self.units.scale()).for_each(|(s, std)| *s /= std);
        }
    }
}

impl Archived for Logistic {
    fn archive(&mut self, archive: &mut Archive) -> Result<()> {
        archive.part("units", &mut self.units)?;
        archive.part("theta", self.theta.as_mut_slice())
    }
}

fn divergence_error() -> Error {
    let reason = "the logistic regression has no solution in finite numbers; make `ridge` larger".into();
    Error::Numeric { what: "ratio".into(), reason }
}
