//! The parameters of a learned potential, and the bridge that they describe.

use super::ShapeKind;
use super::units::Units;
use crate::bridge::ReferenceProcess;
use crate::bridge::potential::{PotentialBridge, Shapes};
use crate::matrix::{Spectrum, product, symmetric_part};
use crate::points::no_room;
use crate::{Error, Points, Result};
use faer::Mat;
use std::ops::Range;

/// The parameters in the units of the training: first all `(log a_k) / gain`, then all `r_k`, then
/// the shapes. A diagonal shape is stored as `log S_kj`. A full shape `S_k = L L^T` is stored as
/// the rows of the lower triangle of `L`, with the logarithm of its diagonal.
#[derive(Debug)]
pub struct Parameters {
    /// All parameters.
    pub values: Vec<f64>,
    /// The variance `epsilon` of the noise, in the units of the training.
    pub epsilon: f64,
    /// The factor of the logarithms of the weights. For a small `epsilon` these logarithms vary in
    /// proportion to `1 / epsilon`.
    pub gain: f64,
    /// The number `K` of components.
    pub components: usize,
    /// Number of coordinates.
    pub dim: usize,
    /// The form of the shapes.
    pub shape: ShapeKind,
}

impl Parameters {
    /// Returns equal weights, these centres, and shapes at which a component has half the spread of
    /// the target: `s^2 + epsilon s = 1 / 4`.
    ///
    /// # Errors
    /// The machine lacks memory for the shapes.
    pub fn new(centres: &Points, epsilon: f64, shape: ShapeKind) -> Result<Parameters> {
        let (components, dim) = (centres.n(), centres.dim());
        let each = match shape {
            ShapeKind::Diagonal => dim,
            ShapeKind::Full => dim * (dim + 1) / 2,
        };
        if let Some(why) = no_room(components, 8 * each) {
            return Err(Error::argument("components", components, why));
        }
        let size = 0.5 / (epsilon + (epsilon * epsilon + 1.0).sqrt());
        let mut values = vec![0.0; components];
        values.extend_from_slice(centres.data());
        for _ in 0..components {
            match shape {
                ShapeKind::Diagonal => values.extend(std::iter::repeat_n(size.ln(), dim)),
                ShapeKind::Full => {
                    values.extend(
                        (0..dim)
                            .flat_map(|i| (0..=i).map(move |j| (i, j)))
                            .map(|(i, j)| if i == j { 0.5 * size.ln() } else { 0.0 }),
                    );
                }
            }
        }
        let gain = (1.0 / epsilon).max(1.0);
        Ok(Parameters { values, epsilon, gain, components, dim, shape })
    }

    /// Returns the range of `r_k` in the values.
    pub fn centre(&self, k: usize) -> Range<usize> {
        let begin = self.components + k * self.dim;
        begin..begin + self.dim
    }

    /// Returns the range of the shape of component `k` in the values.
    pub fn shape_of(&self, k: usize) -> Range<usize> {
        let begin = self.components * (1 + self.dim);
        let each = (self.values.len() - begin) / self.components;
        begin + k * each..begin + (k + 1) * each
    }

    /// Returns `log a_k`.
    pub fn log_weight(&self, k: usize) -> f64 {
        self.gain * self.values[k]
    }

    /// Returns the lower triangle `L` of a full shape.
    pub fn triangle(&self, k: usize) -> Mat<f64> {
        let rows = &self.values[self.shape_of(k)];
        Mat::from_fn(self.dim, self.dim, |i, j| match i.cmp(&j) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => rows[i * (i + 1) / 2 + j].exp(),
            std::cmp::Ordering::Greater => rows[i * (i + 1) / 2 + j],
        })
    }

    /// Writes the derivatives with respect to the parameters of the shape of component `k`. `twice`
    /// is twice the derivative with respect to `S_k`: a column for a diagonal shape, a matrix for a
    /// full shape. Only the symmetric part of this matrix counts; the derivative with respect to
    /// `L` is that symmetric part times `L`.
    pub fn write_shape_gradient(&self, k: usize, twice: &Mat<f64>, gradient: &mut [f64]) {
        match self.shape {
            ShapeKind::Diagonal => {
                for (j, at) in self.shape_of(k).enumerate() {
                    gradient[at] = 0.5 * twice[(j, 0)] * self.values[at].exp();
                }
            }
            ShapeKind::Full => {
                let root = self.triangle(k);
                let by_root = product(symmetric_part(twice).as_ref(), root.as_ref());
                let places = (0..self.dim).flat_map(|i| (0..=i).map(move |j| (i, j)));
                for ((i, j), at) in places.zip(self.shape_of(k)) {
                    gradient[at] = by_root[(i, j)] * if i == j { root[(i, i)] } else { 1.0 };
                }
            }
        }
    }

    /// Returns the bridge in the units of the training.
    ///
    /// # Errors
    /// A shape is numerically singular.
    pub fn in_training_units(&self) -> Result<PotentialBridge> {
        let log_weights = (0..self.components).map(|k| self.log_weight(k)).collect();
        let centres = self.values[self.components..self.components * (1 + self.dim)].to_vec();
        let centres = Points::new(centres, self.dim, "the centres of the components")?;
        let reference = ReferenceProcess::brownian(self.epsilon)?;
        Ok(PotentialBridge::with(String::new(), reference, log_weights, centres, self.shapes()?))
    }

    fn shapes(&self) -> Result<Shapes> {
        Ok(match self.shape {
            ShapeKind::Diagonal => {
                let rows: Vec<f64> =
                    (0..self.components).flat_map(|k| &self.values[self.shape_of(k)]).map(|s| s.exp()).collect();
                Shapes::Diagonal(Points::new(rows, self.dim, "the shapes of the components")?)
            }
            ShapeKind::Full => {
                let of = |k: usize| {
                    let root = self.triangle(k);
                    let shape = symmetric_part(&product(root.as_ref(), root.transpose()));
                    Spectrum::positive(&shape, "the shape of a component")
                };
                Shapes::Full((0..self.components).map(of).collect::<Result<_>>()?)
            }
        })
    }

    /// Returns the bridge in the units of the points. Let `m`, `n` be the shifts of source and
    /// target and `c` the scale, and let a prime mark a value in the units of the training. Then
    /// `r = n + c r' - S m` and `log a = log a' + (m^T S m - 2 c r'.m) / (2 epsilon)`; the shapes
    /// have no unit.
    ///
    /// # Errors
    /// A shape is numerically singular.
    pub fn bridge(&self, name: String, epsilon: f64, units: &Units) -> Result<PotentialBridge> {
        let (from, to, scale) = (units.source.shift(), units.target.shift(), units.scale);
        let shapes = self.shapes()?;
        let (mut log_weights, mut centres) = (Vec::new(), Points::zeros(self.components, self.dim));
        for k in 0..self.components {
            let (centre, moved) = (&self.values[self.centre(k)], shapes.apply(k, |s| s, from));
            let form: f64 = from.iter().zip(&moved).map(|(m, s)| m * s).sum();
            let along: f64 = from.iter().zip(centre).map(|(m, r)| m * r).sum();
            log_weights.push(self.log_weight(k) + (form - 2.0 * scale * along) / (2.0 * epsilon));
            let parts = to.iter().zip(centre.iter().zip(&moved));
            centres.row_mut(k).iter_mut().zip(parts).for_each(|(r, (n, (c, s)))| *r = n + scale * c - s);
        }
        Ok(PotentialBridge::with(name, ReferenceProcess::brownian(epsilon)?, log_weights, centres, shapes))
    }
}
