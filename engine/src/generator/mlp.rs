//! A net as a generator.

use super::{Generator, Layer, tensors};
use crate::io::Tensors;
use crate::net::{Activation, Gradients, Hidden, Mlp, Workspace, widths};
use crate::options::at_least;
use crate::{Error, Points, Result, rng::Stream};
use std::ops::Range;

crate::options! {
    /// Options of `mlp`.
    pub struct MlpOptions {
        /// Output dimension, at least 1.
        dim: usize = 2,
        /// Input dimension; left out: the output dimension.
        dim_in: Option<usize> = None,
        /// Units of a hidden layer, at least 1.
        hidden: usize = 128,
        /// Hidden layers, at least 1.
        layers: usize = 3,
        /// "tanh", "silu" or "softplus". Left out: "tanh" for up to four outputs, "silu" for more.
        activation: Option<Activation> = None,
        /// Whether every hidden layer except the first adds its input to its output.
        residual: bool = true,
    }
}

/// A net with at most this many outputs is built for targets with separate modes: it has tanh. With
/// more outputs, modes matter less than tails and the noise of the steps. Such a net has SiLU, and
/// in `fit` it starts as a linear map of the base if its points hardly vary.
pub(super) const FEW: usize = 4;

/// A multilayer perceptron `g(u)` in f32. The trained parameters are f64, so that small steps are
/// not lost. They are rounded to f32 for every pass, except for the bias of the last layer: it is
/// added in f64, so that points far from the origin are as fine as points around it.
#[derive(Debug, Clone)]
pub struct MlpGenerator {
    parameters: Vec<f64>,
    net: Mlp<f32>,
    work: Workspace<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
    slope: Vec<f32>,
}

impl MlpGenerator {
    /// Creates a generator with random parameters, distributed like those of PyTorch's `nn.Linear`.
    ///
    /// # Errors
    /// A dimension, a width or the number of layers is 0, or there are more than 1000 layers or
    /// more than 2^28 parameters.
    pub fn new(options: &MlpOptions, stream: Stream) -> Result<MlpGenerator> {
        let (dim, dim_in) = (options.dim, options.dim_in.unwrap_or(options.dim));
        at_least(&[("dim", dim, 1), ("dim_in", dim_in, 1)])?;
        let widths = widths(dim_in, Hidden { units: options.hidden, layers: options.layers }, dim)?;
        let usual = if dim <= FEW { Activation::Tanh } else { Activation::Silu };
        let activation = options.activation.unwrap_or(usual);
        Ok(MlpGenerator::of(Mlp::of_any_units(&widths, activation, options.residual, stream)?))
    }

    /// Returns this net as a generator.
    pub(crate) fn of(net: Mlp<f32>) -> MlpGenerator {
        let parameters = net.parameters().iter().map(|p| f64::from(*p)).collect();
        let (work, input, output, slope) = (Workspace::default(), Vec::new(), Vec::new(), Vec::new());
        MlpGenerator { parameters, net, work, input, output, slope }
    }

    /// Returns the net with the current parameters.
    pub(crate) fn net(&self) -> Mlp<f32> {
        let mut net = self.net.clone();
        round(net.parameters_mut(), &self.parameters);
        net
    }

    /// Returns the parameters under PyTorch's names, with the description that
    /// [`load`](super::load) needs.
    pub fn tensors(&self) -> Tensors {
        tensors::net(&self.net(), &self.parameters[self.last_bias()])
    }

    fn last_bias(&self) -> Range<usize> {
        self.net.bias_range(self.net.layers() - 1)
    }

    /// Returns the bias of the last layer.
    #[cfg(feature = "files")]
    pub(super) fn last_bias_mut(&mut self) -> &mut [f64] {
        let range = self.last_bias();
        &mut self.parameters[range]
    }

    /// Rounds the parameters and the base points to f32. The bias of the last layer, which is added
    /// in f64, becomes 0.
    fn take(&mut self, u: &Points) -> Result<()> {
        u.check_dim("the base", self.input_dim(), "the generator's input")?;
        round(self.net.parameters_mut(), &self.parameters);
        let bias = self.last_bias();
        self.net.parameters_mut()[bias].fill(0.0);
        self.input.resize(u.data().len(), 0.0);
        round(&mut self.input, u.data());
        Ok(())
    }
}

fn round(to: &mut [f32], from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from as f32);
}

impl Generator for MlpGenerator {
    fn input_dim(&self) -> usize {
        self.net.input_dim()
    }

    fn dim(&self) -> usize {
        self.net.dim()
    }

    fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut [f64] {
        &mut self.parameters
    }

    fn forward(&mut self, u: &Points, out: &mut Points) -> Result<()> {
        self.take(u)?;
        self.output.resize(u.n() * self.net.dim(), 0.0);
        self.net.forward(&self.input, &mut self.output, &mut self.work);
        out.reshape(u.n(), self.net.dim());
        let bias = &self.parameters[self.last_bias()];
        for (to, from) in out.data_mut().chunks_mut(bias.len()).zip(self.output.chunks(bias.len())) {
            to.iter_mut().zip(from).zip(bias).for_each(|((to, from), bias)| *to = f64::from(*from) + bias);
        }
        Ok(())
    }

    fn pull_back(&mut self, u: &Points, v: &Points, gradient: &mut [f64]) -> Result<()> {
        self.take(u)?;
        v.check_dim("the velocity", self.net.dim(), "the generator's output")?;
        if u.n() != v.n() {
            return Err(Error::shape("the velocity", format!("{} rows", v.n()), format!("the base has {}", u.n())));
        }
        self.slope.resize(self.parameters.len(), 0.0);
        let dim = self.net.dim();
        let give = |rows: Range<usize>, out: &mut [f32]| {
            round(out, &v.data()[rows.start * dim..rows.end * dim]);
            0.0
        };
        let to = Gradients { parameters: Some(&mut self.slope), input: None };
        self.net.gradient(&self.input, give, to, &mut self.work);
        gradient.iter_mut().zip(&self.slope).for_each(|(to, from)| *to = f64::from(*from));
        Ok(())
    }

    fn layers(&self) -> Vec<Layer> {
        let layer = |l| Layer {
            weights: self.net.weight_range(l),
            bias: self.net.bias_range(l),
            adds_input: self.net.skips(l),
            paired: l + 1 < self.net.layers() && self.net.activation().is_paired(),
        };
        (0..self.net.layers()).map(layer).collect()
    }

    fn is_finite(&self) -> bool {
        self.parameters.iter().all(|p| (*p as f32).is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gradient of `1/2 sum |g(u) - stop(g(u) + v)|^2` with respect to the parameters is `-sum
    /// J^T v`, where `stop` holds its argument fixed.
    #[test]
    fn the_gradient_of_the_regression_is_minus_the_pull_back_by_finite_differences() {
        let stream = Stream::new(3);
        let options =
            MlpOptions { dim: 3, dim_in: Some(2), hidden: 16, layers: 2, residual: true, ..MlpOptions::default() };
        let mut g = MlpGenerator::new(&options, stream).unwrap();
        let (u, v) = (stream.label("u").normal(150, 2), stream.label("v").normal(150, 3));
        let mut gradient = vec![0.0; g.parameters().len()];
        g.pull_back(&u, &v, &mut gradient).unwrap();
        let mut y = Points::default();
        g.forward(&u, &mut y).unwrap();
        let held: Vec<f64> = y.data().iter().zip(v.data()).map(|(y, v)| y + v).collect();
        let mut loss = |g: &mut MlpGenerator| {
            g.forward(&u, &mut y).unwrap();
            y.data().iter().zip(&held).map(|(y, held)| 0.5 * (y - held).powi(2)).sum::<f64>()
        };
        let scale = gradient.iter().map(|g| g * g).sum::<f64>().sqrt() / (gradient.len() as f64).sqrt();
        for i in (0..gradient.len()).step_by(3) {
            let at = g.parameters()[i];
            // The net rounds to f32, so the step is large enough to make rounding errors
            // insignificant.
            let h = 1e-2;
            g.parameters_mut()[i] = at + h;
            let above = loss(&mut g);
            g.parameters_mut()[i] = at - h;
            let below = loss(&mut g);
            g.parameters_mut()[i] = at;
            let want = -(above - below) / (2.0 * h);
            assert!((want - gradient[i]).abs() < 3e-3 * (scale + want.abs()), "parameter {i}: {want} {}", gradient[i]);
        }
    }

    /// Steps of f32 at 5,200,000 are 0.5.
    #[test]
    fn points_far_from_the_origin_are_as_fine_as_points_around_it() {
        let mut g = MlpGenerator::new(&MlpOptions { dim: 1, ..MlpOptions::default() }, Stream::new(1)).unwrap();
        let u = Stream::new(2).normal(100, 1);
        let (mut near, mut far) = (Points::default(), Points::default());
        g.forward(&u, &mut near).unwrap();
        let last = g.parameters().len() - 1;
        g.parameters_mut()[last] += 5_200_000.0;
        g.forward(&u, &mut far).unwrap();
        for (near, far) in near.data().iter().zip(far.data()) {
            assert!((far - 5_200_000.0 - near).abs() < 1e-8, "{near} {far}");
        }
    }

    #[test]
    fn small_steps_are_not_lost() {
        let mut g = MlpGenerator::new(&MlpOptions::default(), Stream::new(1)).unwrap();
        let before = g.parameters()[0];
        for _ in 0..1000 {
            g.parameters_mut()[0] += 1e-10;
        }
        assert!((g.parameters()[0] - before - 1e-7).abs() < 1e-12);
        assert!(g.net().parameters()[0] != before as f32);
    }
}
