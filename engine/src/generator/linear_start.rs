//! The start of a net as a linear map of its inputs.

use super::layer_algebra::LinearFit;
use super::{Generator, Layer};
use crate::points::{AffineMap, dot};
use crate::rng::Stream;
use crate::{Points, Result};

/// Maps the points linearly to `dim` coordinates of mean 0 and variance 1: first the coordinates of
/// the points, then, if `dim` is larger, random mixtures of these coordinates.
pub(super) fn linear_map(u: &Points, dim: usize, stream: Stream) -> Points {
    let u = AffineMap::of(u).undo(u);
    let mixtures = stream.normal(dim.saturating_sub(u.dim()).max(1), u.dim());
    let mut out = Points::zeros(u.n(), dim);
    for (i, row) in u.iter().enumerate() {
        let mixed = mixtures.iter().map(|weights| dot(weights, row));
        out.row_mut(i).iter_mut().zip(row.iter().copied().chain(mixed)).for_each(|(to, x)| *to = x);
    }
    AffineMap::of(&out).undo(&out)
}

/// Sets the parameters so that the generator maps the inputs `u` to `wanted`, which is a linear map
/// of `u`. If the generator has paired activations and at least two hidden units per input, it then
/// is this linear map. Otherwise only its last layer is set: its outputs are near `wanted`, and
/// have the means and the standard deviations of `wanted`. Returns false, and changes nothing, if
/// the last layer cannot express the change.
///
/// # Errors
/// Those of the generator, or a decomposition fails.
pub(super) fn start_linear(generator: &mut dyn Generator, u: &Points, wanted: &Points, stream: Stream) -> Result<bool> {
    let layers = generator.layers();
    if let Some((last, hidden)) = layers.split_last()
        && !last.adds_input
        && let Some(first) = hidden.first()
        && hidden.iter().all(|layer| layer.paired && layer.bias.len() == first.bias.len())
        && first.bias.len() / 2 >= u.dim()
    {
        pair_units(generator.parameters_mut(), hidden, stream);
        return read_pairs(generator, (first, last), u, wanted).map(|()| true);
    }
    let mut y = Points::default();
    generator.forward(u, &mut y)?;
    aim_outputs(generator, &y, wanted)
}

/// Sets the hidden layers so that unit `pairs + j` is the mirror image of unit `j`: `f(z_j)` and
/// `f(-z_j)`, whose difference is `z_j`. Here `z_j = q_j . u + b_j`, with axes `q_j` of random
/// orthonormal bases and the present biases `b_j` of the first layer. Every further layer passes
/// these differences on: it adds a constant to its input or, without a skip, computes `f(z_j)` and
/// `f(-z_j)` again.
fn pair_units(parameters: &mut [f64], hidden: &[Layer], stream: Stream) {
    let pairs = hidden[0].bias.len() / 2;
    let dim = hidden[0].weights.len() / hidden[0].bias.len();
    for basis in 0..pairs.div_ceil(dim) {
        for (j, axis) in (basis * dim..pairs).zip(stream.at(basis as u64).orthonormal_basis(dim)) {
            for (unit, sign) in [(j, 1.0), (pairs + j, -1.0)] {
                parameters[hidden[0].row(unit)].iter_mut().zip(&axis).for_each(|(w, q)| *w = sign * q);
            }
            parameters[hidden[0].bias.start + pairs + j] = -parameters[hidden[0].bias.start + j];
        }
    }
    for layer in &hidden[1..] {
        parameters[layer.weights.clone()].fill(0.0);
        parameters[layer.bias.clone()].fill(0.0);
        if !layer.adds_input {
            for j in 0..pairs {
                for (unit, sign) in [(j, 1.0), (pairs + j, -1.0)] {
                    let row = &mut parameters[layer.row(unit)];
                    (row[j], row[pairs + j]) = (sign, -sign);
                }
            }
        }
    }
}

/// Sets the last layer to the linear map of the differences of paired units that is nearest to
/// `wanted`.
fn read_pairs(
    generator: &mut dyn Generator,
    (first, last): (&Layer, &Layer),
    u: &Points,
    wanted: &Points,
) -> Result<()> {
    let parameters = generator.parameters_mut();
    let pairs = first.bias.len() / 2;
    let mut z = Points::zeros(u.n(), pairs);
    for (i, row) in u.iter().enumerate() {
        let unit = |j: usize| dot(&parameters[first.row(j)], row) + parameters[first.bias.start + j];
        z.row_mut(i).iter_mut().enumerate().for_each(|(j, z)| *z = unit(j));
    }
    let fit = LinearFit::of(&z, wanted, 1e-12)?;
    parameters[last.weights.clone()].fill(0.0);
    for (i, b) in last.bias.clone().enumerate() {
        let row = &mut parameters[last.row(i)];
        (0..pairs).for_each(|j| (row[j], row[pairs + j]) = (fit.weights[(i, j)], -fit.weights[(i, j)]));
        parameters[b] = fit.bias[i];
    }
    Ok(())
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
