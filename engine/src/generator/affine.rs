//! The affine generator `g(u) = W u + b`.

use super::{Generator, Layer};
use crate::io::Tensors;
use crate::matrix::{multiply, product};
use crate::options::at_least;
use crate::{Error, Points, Result, Rule, rng::Stream};
use faer::{Accum, Mat, MatMut, MatRef};

crate::options! {
    /// Options of `affine`.
    pub struct AffineOptions {
        /// Output dimension, at least 1.
        dim: usize = 2,
        /// Input dimension; left out: the output dimension.
        dim_in: Option<usize> = None,
        /// Initial standard deviation of the outputs for a standard normal base, positive: the
        /// entries of `W` are normal with variance `scale^2 / dim_in`.
        scale: f64 = 1.0,
    }
}

/// The largest number of entries of `W`: 2 GiB.
const MOST_WEIGHTS: usize = 1 << 28;

/// The map `g(u) = W u + b`, where `W` has shape `dim` x `dim_in`; the parameters are `W`,
/// row-major, followed by `b`.
///
/// For standard normal `u` the distribution of `g(u)` is `N(b, W W^T)`, which is degenerate if
/// `dim_in < dim`.
#[derive(Debug, Clone, PartialEq)]
pub struct Affine {
    parameters: Vec<f64>,
    dim: usize,
    dim_in: usize,
}

impl Affine {
    /// Creates a generator with random `W` and `b = 0`.
    ///
    /// # Errors
    /// A dimension is 0, `W` would have too many entries, or the scale is not positive.
    pub fn new(options: &AffineOptions, stream: Stream) -> Result<Affine> {
        let (dim, dim_in) = (options.dim, options.dim_in.unwrap_or(options.dim));
        at_least(&[("dim", dim, 1), ("dim_in", dim_in, 1)])?;
        if dim.checked_mul(dim_in).is_none_or(|entries| entries > MOST_WEIGHTS) {
            let want = format!("W would have more than {MOST_WEIGHTS} entries");
            return Err(Error::argument("dim", dim, want));
        }
        if !(options.scale > 0.0 && options.scale.is_finite()) {
            return Err(Error::argument("scale", options.scale, Rule::Positive));
        }
        let mut parameters = vec![0.0; dim * dim_in + dim];
        let (weights, _) = parameters.split_at_mut(dim * dim_in);
        stream.fill_normal(weights);
        let std = options.scale / (dim_in as f64).sqrt();
        weights.iter_mut().for_each(|w| *w *= std);
        Ok(Affine { parameters, dim, dim_in })
    }

    /// Creates a generator with these parameters: `W`, row-major, and then `b`.
    #[cfg(any(feature = "files", test))]
    pub(super) fn of(parameters: Vec<f64>, dim: usize, dim_in: usize) -> Affine {
        Affine { parameters, dim, dim_in }
    }

    /// Returns `W`, `dim` x `dim_in`.
    pub fn weights(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.parameters[..self.dim * self.dim_in], self.dim, self.dim_in)
    }

    /// Returns `b`, the mean of the points of the generator for a base of mean 0.
    pub fn bias(&self) -> &[f64] {
        &self.parameters[self.dim * self.dim_in..]
    }

    /// Returns `W W^T`, the covariance of the points of the generator for a base of covariance `I`.
    pub fn covariance(&self) -> Mat<f64> {
        product(self.weights(), self.weights().transpose())
    }

    /// Returns the parameters under PyTorch's names, with the description that
    /// [`load`](super::load) needs.
    pub fn tensors(&self) -> Tensors {
        super::tensors::linear(self.dim, self.dim_in, &self.parameters)
    }
}

impl Generator for Affine {
    fn input_dim(&self) -> usize {
        self.dim_in
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [f64] {
        &mut self.parameters
    }

    fn forward(&mut self, u: &Points, out: &mut Points) -> Result<()> {
        u.check_dim("the base", self.dim_in, "the generator's input")?;
        out.reshape(u.n(), self.dim);
        for i in 0..u.n() {
            out.row_mut(i).copy_from_slice(self.bias());
        }
        let n = u.n();
        let to = MatMut::from_row_major_slice_mut(out.data_mut(), n, self.dim);
        let u = MatRef::from_row_major_slice(u.data(), n, self.dim_in);
        multiply(to, Accum::Add, u, self.weights().transpose(), 1.0);
        Ok(())
    }

    fn pull_back(&mut self, u: &Points, v: &Points, gradient: &mut [f64]) -> Result<()> {
        u.check_dim("the base", self.dim_in, "the generator's input")?;
        v.check_dim("the velocity", self.dim, "the generator's output")?;
        if u.n() != v.n() {
            return Err(Error::shape("the velocity", format!("{} rows", v.n()), format!("the base has {}", u.n())));
        }
        let (weights, bias) = gradient.split_at_mut(self.dim * self.dim_in);
        let n = u.n();
        let to = MatMut::from_row_major_slice_mut(weights, self.dim, self.dim_in);
        let (u, v) = (
            MatRef::from_row_major_slice(u.data(), n, self.dim_in),
            MatRef::from_row_major_slice(v.data(), n, self.dim),
        );
        multiply(to, Accum::Replace, v.transpose(), u, 1.0);
        bias.fill(0.0);
        for row in v.row_iter() {
            bias.iter_mut().zip(row.iter()).for_each(|(b, v)| *b += v);
        }
        Ok(())
    }

    fn layers(&self) -> Vec<Layer> {
        let count = self.dim * self.dim_in;
        vec![Layer { weights: 0..count, bias: count..count + self.dim, adds_input: false, paired: false }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_back_is_the_gradient_by_finite_differences() {
        let stream = Stream::new(3);
        let options = AffineOptions { dim: 3, dim_in: Some(2), ..AffineOptions::default() };
        let mut g = Affine::new(&options, stream).unwrap();
        let (u, v) = (stream.label("u").normal(5, 2), stream.label("v").normal(5, 3));
        let mut gradient = vec![0.0; 9];
        g.pull_back(&u, &v, &mut gradient).unwrap();
        let product = |g: &mut Affine| {
            let mut out = Points::default();
            g.forward(&u, &mut out).unwrap();
            out.data().iter().zip(v.data()).map(|(x, y)| x * y).sum::<f64>()
        };
        for (i, analytic) in gradient.iter().enumerate() {
            let at = g.parameters()[i];
            g.parameters_mut()[i] = at + 1e-6;
            let above = product(&mut g);
            g.parameters_mut()[i] = at - 1e-6;
            let below = product(&mut g);
            g.parameters_mut()[i] = at;
            assert!(((above - below) / 2e-6 - analytic).abs() < 1e-7, "parameter {i}");
        }
    }
}
