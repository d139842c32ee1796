//! The loss of a learned potential, and its gradient.

use super::ShapeKind;
use super::parameters::Parameters;
use crate::bridge::quadratics::{Curvature, Quadratics, ShareMoments};
use crate::matrix::{Spectrum, apply, product, symmetric_part};
use crate::{Points, Result};
use faer::Mat;

/// The shapes of all components; for full shapes also their inverses and the logarithms of their
/// determinants.
enum Pair {
    Diagonal(Mat<f64>),
    Full(Vec<(Mat<f64>, Mat<f64>, f64)>),
}

impl Parameters {
    /// Returns `mean log c(x) - mean log v(y)` over the rows of `start` and `end`, and writes its
    /// gradient with respect to the parameters. Both are NaN if a parameter is not finite.
    ///
    /// Let `p_0 = mean w_k`, `p_1 = mean w_k x`, `p_2 = mean w_k x x^T` be the moments of the
    /// responsibilities `w_k` over the source, and `q_0`, `q_1`, `q_2` the same moments over the
    /// target. With `r = r_k` and `S = S_k`, the derivative with respect to `log a_k` is `p_0 -
    /// q_0`, and with respect to `r_k` it is `(p_1 - S^-1 (q_1 - q_0 r)) / epsilon`. With respect
    /// to `S_k` it is `(p_2 / epsilon - S^-1 W S^-1 / epsilon + q_0 S^-1) / 2` with `W = q_2 - q_1
    /// r^T - r q_1^T + q_0 r r^T`.
    ///
    /// # Errors
    /// A full shape is numerically singular.
    pub fn loss(&self, start: &Points, end: &Points, gradient: &mut [f64]) -> Result<f64> {
        if self.values.iter().any(|v| !v.is_finite()) {
            return Ok(f64::NAN);
        }
        let shapes = self.pair()?;
        let (source, target) = (self.source_side(&shapes), self.target_side(&shapes));
        let (p, q) = rayon::join(|| source.moments(start), || target.moments(end));
        let [n, m] = [start, end].map(|points| 1.0 / points.n() as f64);
        for k in 0..self.components {
            gradient[k] = self.gain * (n * p.mass[k] - m * q.mass[k]);
            let r = &self.values[self.centre(k)];
            // q_1 - q_0 r, and S^-1 (q_1 - q_0 r).
            let off: Vec<f64> = r.iter().enumerate().map(|(j, r)| m * (q.first[(j, k)] - q.mass[k] * r)).collect();
            let pulled = match &shapes {
                Pair::Diagonal(s) => off.iter().enumerate().map(|(j, o)| o / s[(j, k)]).collect(),
                Pair::Full(all) => apply(&all[k].1, &off),
            };
            for (j, at) in self.centre(k).enumerate() {
                gradient[at] = (n * p.first[(j, k)] - pulled[j]) / self.epsilon;
            }
        }
        self.shape_gradient(&shapes, (&p, n), (&q, m), gradient);
        Ok(n * p.value - m * q.value)
    }

    fn pair(&self) -> Result<Pair> {
        Ok(match self.shape {
            ShapeKind::Diagonal => {
                let size = |j: usize, k: usize| self.values[self.shape_of(k).start + j].exp();
                Pair::Diagonal(Mat::from_fn(self.dim, self.components, size))
            }
            ShapeKind::Full => {
                let of = |k: usize| {
                    let root = self.triangle(k);
                    let shape = symmetric_part(&product(root.as_ref(), root.transpose()));
                    let spectrum = Spectrum::positive(&shape, "the shape of a component")?;
                    let log_det = spectrum.values().iter().map(|v| v.ln()).sum();
                    Ok((shape, spectrum.map(|v| 1.0 / v), log_det))
                };
                Pair::Full((0..self.components).map(of).collect::<Result<_>>()?)
            }
        })
    }

    /// The terms of `c(x)`.
    fn source_side(&self, shapes: &Pair) -> Quadratics {
        let scale = 1.0 / self.epsilon;
        Quadratics {
            constant: (0..self.components).map(|k| self.log_weight(k)).collect(),
            linear: Mat::from_fn(self.dim, self.components, |j, k| scale * self.values[self.centre(k).start + j]),
            curvature: match shapes {
                Pair::Diagonal(s) => Curvature::Diagonal(s * faer::Scale(scale)),
                Pair::Full(all) => Curvature::Full(all.iter().map(|(s, ..)| s * faer::Scale(scale)).collect()),
            },
        }
    }

    /// The terms of `v(y)`, without the constant `(2 pi epsilon)^(-d/2)`.
    fn target_side(&self, shapes: &Pair) -> Quadratics {
        let scale = 1.0 / self.epsilon;
        let (mut constant, mut linear) = (Vec::new(), Mat::zeros(self.dim, self.components));
        for k in 0..self.components {
            let r = &self.values[self.centre(k)];
            let (pulled, log_det): (Vec<f64>, f64) = match shapes {
                Pair::Diagonal(s) => (
                    r.iter().enumerate().map(|(j, r)| r / s[(j, k)]).collect(),
                    self.values[self.shape_of(k)].iter().sum(),
                ),
                Pair::Full(all) => (apply(&all[k].1, r), all[k].2),
            };
            let form: f64 = r.iter().zip(&pulled).map(|(r, p)| r * p).sum();
            constant.push(self.log_weight(k) - 0.5 * log_det - 0.5 * scale * form);
            pulled.iter().enumerate().for_each(|(j, p)| linear[(j, k)] = scale * p);
        }
        let curvature = match shapes {
            Pair::Diagonal(s) => {
                Curvature::Diagonal(Mat::from_fn(self.dim, self.components, |j, k| -scale / s[(j, k)]))
            }
            Pair::Full(all) => Curvature::Full(all.iter().map(|(_, i, _)| i * faer::Scale(-scale)).collect()),
        };
        Quadratics { constant, linear, curvature }
    }

    /// Writes the derivatives with respect to the parameters of the shapes.
    fn shape_gradient(
        &self,
        shapes: &Pair,
        (p, n): (&ShareMoments, f64),
        (q, m): (&ShareMoments, f64),
        gradient: &mut [f64],
    ) {
        let scale = 1.0 / self.epsilon;
        for k in 0..self.components {
            let r = &self.values[self.centre(k)];
            let spread = |i: usize, j: usize, second: f64| {
                m * (second - q.first[(i, k)] * r[j] - r[i] * q.first[(j, k)] + q.mass[k] * r[i] * r[j])
            };
            match (shapes, &p.second, &q.second) {
                (Pair::Diagonal(s), Curvature::Diagonal(p2), Curvature::Diagonal(q2)) => {
                    for (j, at) in self.shape_of(k).enumerate() {
                        let (s, w) = (s[(j, k)], spread(j, j, q2[(j, k)]));
                        gradient[at] = 0.5 * (n * p2[(j, k)] * s * scale - w * scale / s + m * q.mass[k]);
                    }
                }
                (Pair::Full(all), Curvature::Full(p2), Curvature::Full(q2)) => {
                    let inverse = &all[k].1;
                    let w = Mat::from_fn(self.dim, self.dim, |i, j| spread(i, j, q2[k][(i, j)]));
                    let inner = product(product(inverse.as_ref(), w.as_ref()).as_ref(), inverse.as_ref());
                    let twice = Mat::from_fn(self.dim, self.dim, |i, j| {
                        scale * (n * p2[k][(i, j)] - inner[(i, j)]) + m * q.mass[k] * inverse[(i, j)]
                    });
                    self.write_shape_gradient(k, &twice, gradient);
                }
                // This cannot happen: the moments are diagonal if the shapes are, and full if the
                // shapes are.
                _ => gradient[self.shape_of(k)].fill(f64::NAN),
            }
        }
    }
}
