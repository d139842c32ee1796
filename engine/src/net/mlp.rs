//! The net: its shape and its parameters.

use super::{Activation, shape};
use crate::simd::Real;
use crate::{Result, rng::Stream};
use faer::MatRef;
use std::ops::Range;

/// The map `x -> W_L a(.. a(W_1 x + b_1) ..) + b_L` with the activation `a`. With `residual`, a
/// hidden layer whose input is as wide as its output adds its input: `h -> h + a(W h + b)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp<T> {
    widths: Vec<usize>,
    activation: Activation,
    residual: bool,
    /// The first layer that may add its input to its output.
    skips_from: usize,
    parameters: Vec<T>,
}

impl<T: Real> Mlp<T> {
    /// Creates a net of these widths, including input and output. The random parameters are
    /// distributed like those of PyTorch's `nn.Linear`: weights and biases are uniform on
    /// `+-1/sqrt(fan_in)` (kaiming-uniform with slope `sqrt 5`) \[he2015delving\].
    ///
    /// For `softplus` the layers are then scaled and shifted: for inputs from N(0, 1), all layers
    /// before their activation, and the outputs, have mean near 0 and variance near 1. Otherwise
    /// every layer would reduce the variance of the outputs to a twelfth, while their mean grows.
    ///
    /// # Errors
    /// There are fewer than two widths, a width is 0, or there are more than 2^28 parameters.
    pub fn new(widths: &[usize], activation: Activation, residual: bool, stream: Stream) -> Result<Mlp<T>> {
        Ok(Mlp::zeros(widths, activation, residual)?.randomised(stream))
    }

    /// Creates the net of [`Mlp::new`] with a first layer that never adds its input. This layer can
    /// therefore absorb a linear map of the inputs.
    ///
    /// # Errors
    /// Those of [`Mlp::new`].
    pub(crate) fn of_any_units(
        widths: &[usize],
        activation: Activation,
        residual: bool,
        stream: Stream,
    ) -> Result<Mlp<T>> {
        Ok(Mlp::zeros(widths, activation, residual)?.skipping_from(1).randomised(stream))
    }

    /// Sets the first layer that may add its input to its output.
    pub(crate) fn skipping_from(mut self, layer: usize) -> Mlp<T> {
        self.skips_from = layer;
        self
    }

    /// Returns the first layer that may add its input to its output.
    pub(crate) fn skips_from(&self) -> usize {
        self.skips_from
    }

    /// Sets random parameters.
    fn randomised(mut self, stream: Stream) -> Mlp<T> {
        let mut inputs = [0.0, 1.0];
        for layer in 0..self.layers() {
            let bound = 1.0 / (self.widths[layer] as f64).sqrt();
            for (purpose, range) in [("weight", self.weight_range(layer)), ("bias", self.bias_range(layer))] {
                let mut rng = stream.label(purpose).at(layer as u64).rng();
                for theta in &mut self.parameters[range] {
                    *theta = T::from_f64(bound * (2.0 * rng.uniform() - 1.0));
                }
            }
            if let Some([mean, variance]) = self.activation.moments() {
                self.standardise(layer, inputs);
                let before = if self.skips(layer) { inputs } else { [0.0, 0.0] };
                inputs = [before[0] + mean, before[1] + variance];
            }
        }
        self
    }

    /// Scales and shifts a layer whose weights are uniform on `+-1/sqrt(fan_in)`. For inputs of
    /// this mean and variance, the outputs then have the former bias as mean, and variance 1 on
    /// average.
    fn standardise(&mut self, layer: usize, [mean, variance]: [f64; 2]) {
        let (weights, biases) = (self.weight_range(layer), self.bias_range(layer));
        let (weights, rest) = self.parameters[weights.start..biases.end].split_at_mut(weights.len());
        // The variance of such a weight is 1 / (3 fan_in).
        let scale = (3.0 / variance).sqrt();
        for (row, bias) in weights.chunks_exact_mut(self.widths[layer]).zip(rest) {
            row.iter_mut().for_each(|w| *w = T::from_f64(scale * w.to_f64()));
            let sum: f64 = row.iter().map(|w| w.to_f64()).sum();
            *bias = T::from_f64(bias.to_f64() - mean * sum);
        }
    }

    /// Creates a net with all parameters 0; the caller sets them.
    ///
    /// # Errors
    /// Those of [`Mlp::new`].
    pub fn zeros(widths: &[usize], activation: Activation, residual: bool) -> Result<Mlp<T>> {
        let count = shape::parameters(widths)?;
        Ok(Mlp { widths: widths.to_vec(), activation, residual, skips_from: 0, parameters: vec![T::default(); count] })
    }

    /// Returns the memory in bytes of the parameters of a net with these widths.
    pub(crate) fn bytes(widths: &[usize]) -> Result<usize> {
        Ok(shape::parameters(widths)?.saturating_mul(size_of::<T>()))
    }

    /// Returns the widths, from the input to the output.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// Returns the number of coordinates of an input.
    pub fn input_dim(&self) -> usize {
        self.widths[0]
    }

    /// Returns the number of coordinates of an output.
    pub fn dim(&self) -> usize {
        self.widths[self.layers()]
    }

    /// Returns the number of linear layers.
    pub fn layers(&self) -> usize {
        self.widths.len() - 1
    }

    /// Returns the activation between the layers.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// True if hidden layers add their input.
    pub fn residual(&self) -> bool {
        self.residual
    }

    /// Returns all parameters: for each layer `W`, out x in and row-major as in PyTorch, then `b`.
    pub fn parameters(&self) -> &[T] {
        &self.parameters
    }

    /// Returns all parameters, mutable.
    pub fn parameters_mut(&mut self) -> &mut [T] {
        &mut self.parameters
    }

    /// Returns the number of multiplications and additions in the matrix products for one row:
    /// those of the forward pass and of the gradient with respect to the parameters.
    pub fn flops(&self) -> u64 {
        let forward: usize = self.widths.windows(2).map(|w| 2 * w[0] * w[1]).sum();
        // The subtracted term is the cost of the gradient with respect to the input of the net. A
        // training does not need this gradient.
        (3 * forward - 2 * self.widths[0] * self.widths[1]) as u64
    }

    /// Returns the positions of `W` of layer `l`.
    pub fn weight_range(&self, layer: usize) -> Range<usize> {
        let start: usize = self.widths.windows(2).take(layer).map(|w| w[0] * w[1] + w[1]).sum();
        start..start + self.widths[layer] * self.widths[layer + 1]
    }

    /// Returns the positions of `b` of layer `l`.
    pub fn bias_range(&self, layer: usize) -> Range<usize> {
        let end = self.weight_range(layer).end;
        end..end + self.widths[layer + 1]
    }

    /// Returns `W` of layer `l`, out x in.
    pub(super) fn weight(&self, layer: usize) -> MatRef<'_, T> {
        let (rows, columns) = (self.widths[layer + 1], self.widths[layer]);
        MatRef::from_row_major_slice(&self.parameters[self.weight_range(layer)], rows, columns)
    }

    /// Returns `b` of layer `l`.
    pub(super) fn bias(&self, layer: usize) -> &[T] {
        &self.parameters[self.bias_range(layer)]
    }

    /// True if layer `l` adds its input to its output.
    pub(crate) fn skips(&self, layer: usize) -> bool {
        self.residual
            && layer >= self.skips_from
            && layer + 1 < self.layers()
            && self.widths[layer] == self.widths[layer + 1]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Workspace;
    use super::*;
    use crate::Points;

    /// Means and variances over inputs from N(0, 1), averaged over 64 outputs and 8 nets. With
    /// PyTorch's parameters the variance is 0.03, 0.0025, 0.0002 and 0.00002 for 1 to 4 layers.
    #[test]
    fn outputs_of_softplus_keep_their_variance_at_any_depth() {
        for (dim, layers, residual) in
            [1, 4, 64].into_iter().flat_map(|d| (1..5).flat_map(move |l| [(d, l, false), (d, l, true)]))
        {
            let (mut mean, mut variance) = (0.0, 0.0);
            for seed in 0..8 {
                let stream = Stream::new(seed);
                let widths: Vec<usize> = [dim].into_iter().chain(vec![128; layers]).chain([64]).collect();
                let net: Mlp<f32> = Mlp::new(&widths, Activation::Softplus, residual, stream).unwrap();
                let u: Vec<f32> = stream.label("u").normal(500, dim).data().iter().map(|x| *x as f32).collect();
                let mut out = vec![0f32; 500 * 64];
                net.forward(&u, &mut out, &mut Workspace::default());
                let y = Points::new(out.iter().map(|x| f64::from(*x)).collect(), 64, "outputs").unwrap();
                mean += y.mean().iter().map(|m| m * m).sum::<f64>() / (8.0 * 64.0);
                variance += y.spread().powi(2) / (8.0 * 64.0);
            }
            assert!((0.7..2.0).contains(&variance), "{dim} {layers} {residual}: variance {variance}");
            assert!(mean < 1.0, "{dim} {layers} {residual}: squared mean {mean}");
        }
    }

    #[test]
    fn parameters_start_as_torch_starts_them() {
        let stream = Stream::new(5);
        let net: Mlp<f32> = Mlp::new(&[3, 400, 2], Activation::Silu, false, stream).unwrap();
        assert_eq!(net.parameters().len(), 3 * 400 + 400 + 400 * 2 + 2);
        for (layer, fan_in) in [(0, 3.0f64), (1, 400.0)] {
            let bound = 1.0 / fan_in.sqrt();
            let weights = &net.parameters()[net.weight_range(layer)];
            let largest = weights.iter().fold(0f32, |a, w| a.max(w.abs()));
            assert!(f64::from(largest) <= bound && f64::from(largest) > 0.98 * bound, "layer {layer}: {largest}");
            let square = weights.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>() / weights.len() as f64;
            assert!((square / (bound * bound / 3.0) - 1.0).abs() < 0.12, "layer {layer}: variance {square}");
        }
        // Every parameter is determined by the stream of its purpose and layer.
        let known = |purpose: &str, layer: u64| 2.0 * stream.label(purpose).at(layer).rng().uniform() - 1.0;
        assert_eq!(net.parameters()[0], (known("weight", 0) / 3f64.sqrt()) as f32);
        assert_eq!(net.bias(1)[0], (known("bias", 1) / 20.0) as f32);
    }

    #[test]
    fn impossible_shapes_are_refused() {
        let message = |widths: &[usize]| Mlp::<f32>::zeros(widths, Activation::Silu, false).unwrap_err().to_string();
        assert!(message(&[3]).contains("an input and an output"));
        assert!(message(&[3, 0, 1]).contains("at least 1"));
        assert!(message(&[usize::MAX, 8]).contains("more than"));
        assert!(message(&[1 << 15, 1 << 15]).contains("more than"));
    }
}
