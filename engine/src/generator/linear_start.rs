//! The start of a net as a linear map of its inputs.

use super::layer_algebra::LinearFit;
use super::{Generator, Layer};
use crate::points::{AffineMap, dot};
use crate::rng::Stream;
use crate::{Points, Result};

/// Maps the first `noise` columns of the points linearly to `dim` coordinates of mean 0 and
/// variance 1: first these columns, then, if `dim` is larger, random mixtures of them.
pub(super) fn linear_map(u: &Points, noise: usize, dim: usize, stream: Stream) -> Points {
    let u = AffineMap::of(u).undo(u);
    let mixtures = stream.normal(dim.saturating_sub(noise).max(1), noise);
    let mut out = Points::zeros(u.n(), dim);
    for (i, row) in u.iter().enumerate() {
        let row = &row[..noise];
        let mixed = mixtures.iter().map(|weights| dot(weights, row));
        out.row_mut(i).iter_mut().zip(row.iter().copied().chain(mixed)).for_each(|(to, x)| *to = x);
    }
    AffineMap::of(&out).undo(&out)
}

/// How near the start of a generator is to a linear map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The generator is the linear map.
    Linear,
    /// Its outputs are near those of the map, and have their means and standard deviations.
    NearLinear,
    /// The last layer cannot express the change, so the generator was not changed.
    Unchanged,
}

/// Sets the parameters so that the generator maps the inputs `u` to `wanted`, which is a linear map
/// of `u`. If the generator has paired activations and at least two hidden units per input, it then
/// is this linear map. Otherwise only its last layer is set.
///
/// # Errors
/// Those of the generator, or a decomposition fails.
pub(super) fn start_linear(
    generator: &mut dyn Generator,
    u: &Points,
    wanted: &Points,
    stream: Stream,
) -> Result<Start> {
    let layers = generator.layers();
    if let Some((last, hidden)) = layers.split_last()
        && !last.adds_input
        && let Some(first) = hidden.first()
        && hidden.iter().all(|layer| layer.paired && layer.bias.len() == first.bias.len())
        && first.bias.len() / 2 >= u.dim()
    {
        let map = LinearFit::of(u, wanted, 1e-12)?;
        pair_units(generator.parameters_mut(), hidden, u.dim(), stream);
        read_pairs(generator.parameters_mut(), (first, last), &map);
        return Ok(Start::Linear);
    }
    let mut y = Points::default();
    generator.forward(u, &mut y)?;
    Ok(if aim_outputs(generator, &y, wanted)? { Start::NearLinear } else { Start::Unchanged })
}

/// Sets the hidden layers so that unit `pairs + j` is the mirror image of unit `j`: `f(z_j)` and
/// `f(-z_j)`, whose difference is `z_j`. Here `z_j = q_j . u + b_j`, with axes `q_j` of random
/// orthonormal bases and small biases `b_j`. Every further layer passes these differences on: it
/// adds a constant to its input or, without a skip, computes `f(z_j)` and `f(-z_j)` again. A unit
/// that is left over keeps its weights.
fn pair_units(parameters: &mut [f64], hidden: &[Layer], dim: usize, stream: Stream) {
    let pairs = hidden[0].bias.len() / 2;
    let both = |j: usize| [(j, 1.0), (pairs + j, -1.0)];
    for basis in 0..pairs.div_ceil(dim) {
        for (j, axis) in (basis * dim..pairs).zip(stream.at(basis as u64).orthonormal_basis(dim)) {
            let bias = parameters[hidden[0].bias.start + j].clamp(-1.0, 1.0);
            for (unit, sign) in both(j) {
                parameters[hidden[0].row(unit)].iter_mut().zip(&axis).for_each(|(w, q)| *w = sign * q);
                parameters[hidden[0].bias.start + unit] = sign * bias;
            }
        }
    }
    for layer in &hidden[1..] {
        for (unit, sign) in (0..pairs).flat_map(both) {
            let row = &mut parameters[layer.row(unit)];
            row.fill(0.0);
            if !layer.adds_input {
                (row[unit % pairs], row[pairs + unit % pairs]) = (sign, -sign);
            }
            parameters[layer.bias.start + unit] = 0.0;
        }
    }
}

/// Sets the last layer to the linear map, as a map of the differences of paired units. With axes
/// `Q` of `B` whole bases, `Q^T Q = B`, so `W u = W Q^T (Q u) / B`. Axes that are left over are not
/// read.
fn read_pairs(parameters: &mut [f64], (first, last): (&Layer, &Layer), map: &LinearFit) {
    let (pairs, dim) = (first.bias.len() / 2, map.weights.ncols());
    let bases = pairs / dim;
    parameters[last.weights.clone()].fill(0.0);
    for (i, b) in last.bias.clone().enumerate() {
        let mut bias = map.bias[i];
        for j in 0..bases * dim {
            let axis = &parameters[first.row(j)];
            let weight = (0..dim).map(|k| map.weights[(i, k)] * axis[k]).sum::<f64>() / bases as f64;
            bias -= weight * parameters[first.bias.start + j];
            let row = &mut parameters[last.row(i)];
            (row[j], row[pairs + j]) = (weight, -weight);
        }
        parameters[b] = bias;
    }
}

/// Changes the last layer of a generator so that the outputs are `A y + c` instead of `y`. The new
/// outputs are near `wanted` and have its means. The columns that vary also have its standard
/// deviations. `y` holds the present outputs, in the units of the last layer. Returns false, and
/// changes nothing, if the last layer cannot express the change.
///
/// # Errors
/// A decomposition fails.
fn aim_outputs(generator: &mut dyn Generator, y: &Points, wanted: &Points) -> Result<bool> {
    let layers = generator.layers();
    let Some(last) = layers.last().filter(|last| !last.adds_input) else { return Ok(false) };
    // Nets compute in f32. Directions that vary less than this contain only rounding errors.
    let fit = LinearFit::of(y, wanted, 1e-8)?;
    let aimed = fit.apply(y);
    let (found, wanted) = (AffineMap::of(&aimed), AffineMap::of(wanted));
    let scale = |i: usize| (wanted.scale()[i] / found.scale()[i]).min(1e4);
    let parameters = generator.parameters_mut();
    let width = last.weights.len() / last.bias.len();
    let before = parameters[last.weights.clone()].to_vec();
    let bias: Vec<f64> = parameters[last.bias.clone()].to_vec();
    for (i, b) in last.bias.clone().enumerate() {
        let row = |value: &dyn Fn(usize) -> f64| (0..bias.len()).map(|k| fit.weights[(i, k)] * value(k)).sum::<f64>();
        for (j, p) in last.row(i).enumerate() {
            parameters[p] = scale(i) * row(&|k| before[k * width + j]);
        }
        let mean = found.shift()[i] - fit.bias[i];
        parameters[b] = wanted.shift()[i] + scale(i) * (row(&|k| bias[k]) - mean);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{MlpGenerator, MlpOptions};
    use crate::net::Activation;

    fn started(options: &MlpOptions) -> (Start, f64) {
        let mut net = MlpGenerator::new(options, Stream::new(1)).unwrap();
        let dim_in = options.dim_in.unwrap();
        let u = Stream::new(2).normal(500, dim_in);
        let wanted = linear_map(&u, dim_in, options.dim, Stream::new(3));
        let how = start_linear(&mut net, &u, &wanted, Stream::new(4)).unwrap();
        let mut y = Points::default();
        net.forward(&u, &mut y).unwrap();
        let off = y.data().iter().zip(wanted.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        (how, off)
    }

    /// Paired units of any number of layers, with and without skips and with a unit left over, are
    /// the linear map.
    #[test]
    fn a_net_with_paired_units_is_the_linear_map() {
        for activation in [Activation::Silu, Activation::Softplus] {
            for (hidden, layers, residual) in [(12, 1, true), (13, 3, false), (31, 3, true), (64, 2, false)] {
                for (dim_in, dim) in [(6, 6), (2, 5), (6, 3)] {
                    let (activation, dim_in) = (Some(activation), Some(dim_in));
                    let (how, off) = started(&MlpOptions { dim, dim_in, hidden, layers, activation, residual });
                    assert!(how == Start::Linear && off < 1e-4, "{hidden} {layers} {residual} {dim}: {how:?} {off}");
                }
            }
        }
    }

    #[test]
    fn other_nets_are_near_the_linear_map() {
        for (hidden, activation) in [(11, Activation::Silu), (64, Activation::Tanh)] {
            let options =
                MlpOptions { dim: 6, dim_in: Some(6), hidden, activation: Some(activation), ..MlpOptions::default() };
            let (how, off) = started(&options);
            assert!(how == Start::NearLinear && off > 1e-3, "{hidden}: {how:?} {off}");
        }
    }

    /// Every output varies within a label, although there are more outputs than columns of noise.
    #[test]
    fn labels_are_no_coordinates() {
        let u = Stream::new(2).normal(500, 5);
        let y = linear_map(&u, 2, 6, Stream::new(3));
        let mut other = u.clone();
        (0..500).for_each(|i| (2..5).for_each(|j| other.row_mut(i)[j] = f64::from(i % 3 == j - 2)));
        let same = linear_map(&other, 2, 6, Stream::new(3));
        let off = y.data().iter().zip(same.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-12, "{off}");
        assert!((0..6).all(|j| y.covariance()[(j, j)] > 0.5));
    }
}
