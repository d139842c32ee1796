//! Uses of the linear layers of a generator. A change of units is absorbed by the first and the
//! last layer, and a single layer has a least-squares fit in closed form.

use super::{Generator, Layer};
use crate::matrix::{Spectrum, product};
use crate::points::AffineMap;
use crate::{Points, Result, Subject};
use faer::Mat;

/// Replaces `g(u)` by `after(g(before(u)))`, by a change of the first and the last layer; either
/// map may be None. Returns false and changes nothing if the parameters cannot express the new map.
pub(super) fn compose(generator: &mut dyn Generator, before: Option<&AffineMap>, after: Option<&AffineMap>) -> bool {
    let layers = generator.layers();
    let (Some(first), Some(last)) = (layers.first(), layers.last()) else { return false };
    if (before.is_some() && first.adds_input) || (after.is_some() && last.adds_input) {
        return false;
    }
    if let Some(before) = before {
        change_input(generator.parameters_mut(), first, before);
    }
    if let Some(after) = after {
        change_output(generator.parameters_mut(), last, after);
    }
    true
}

/// Replaces the layer `W x + b` by `W (scale x + shift) + b`.
fn change_input(parameters: &mut [f64], layer: &Layer, map: &AffineMap) {
    for (i, b) in layer.bias.clone().enumerate() {
        let row = &mut parameters[layer.row(i)];
        let moved: f64 = row.iter().zip(map.shift()).map(|(w, shift)| w * shift).sum();
        row.iter_mut().zip(map.scale()).for_each(|(w, scale)| *w *= scale);
        parameters[b] += moved;
    }
}

/// Replaces the layer `W x + b` by `scale (W x + b) + shift`.
fn change_output(parameters: &mut [f64], layer: &Layer, map: &AffineMap) {
    for (i, b) in layer.bias.clone().enumerate() {
        let (scale, shift) = (map.scale()[i], map.shift()[i]);
        parameters[layer.row(i)].iter_mut().for_each(|w| *w *= scale);
        parameters[b] = scale * parameters[b] + shift;
    }
}

/// Sets the parameters of a generator with a single linear layer to those that minimise `sum_i
/// |g(u_i) - y_i|^2`. Returns false, and changes nothing, for any other generator.
///
/// # Errors
/// The shapes do not match.
pub(super) fn least_squares(generator: &mut dyn Generator, u: &Points, y: &Points) -> Result<bool> {
    let layers = generator.layers();
    let [layer] = layers.as_slice() else { return Ok(false) };
    u.check_dim(Subject::option("inputs"), generator.input_dim(), "the generator's input")?;
    y.check_dim(Subject::option("outputs"), generator.dim(), "the generator's output")?;
    let fit = LinearFit::of(u, y, 1e-13)?;
    let parameters = generator.parameters_mut();
    for (i, b) in layer.bias.clone().enumerate() {
        parameters[layer.row(i)].iter_mut().enumerate().for_each(|(j, p)| *p = fit.weights[(i, j)]);
        parameters[b] = fit.bias[i];
    }
    Ok(true)
}

/// The linear map `u -> W u + b` that minimises `sum_i |W u_i + b - y_i|^2`: `W = C_yu C_uu^+`,
/// `b = mean y - W mean u`, with the covariances `C` and the pseudoinverse `C_uu^+`. Of all
/// solutions, this one ignores the directions in which `u`, with every column divided by its
/// standard deviation, does not vary.
pub(super) struct LinearFit {
    /// `W`, columns of `y` x columns of `u`.
    pub weights: Mat<f64>,
    pub bias: Vec<f64>,
}

impl LinearFit {
    /// Fits the map. Directions whose variance is at most `least` times the largest variance are
    /// ignored.
    pub fn of(u: &Points, y: &Points, least: f64) -> Result<LinearFit> {
        let (mean_u, mean_y) = (u.mean(), y.mean());
        // Columns are divided by their standard deviations. Otherwise a column of small numbers would
        // count as a column without variation.
        let deviation = |j: usize| u.iter().map(|row| (row[j] - mean_u[j]).powi(2)).sum::<f64>().sqrt();
        let units: Vec<f64> = (0..u.dim()).map(deviation).map(|s| if s > 0.0 { s } else { 1.0 }).collect();
        let (from, to) = (centred(u, &mean_u, &units), centred(y, &mean_y, &vec![1.0; y.dim()]));
        let spectrum = Spectrum::of(&product(from.transpose(), from.as_ref()), "the inputs' correlation")?;
        let least = least * spectrum.values().iter().fold(0.0, |most: f64, v| most.max(*v));
        let inverse = spectrum.map(|v| if v > least { 1.0 / v } else { 0.0 });
        let scaled = product(product(to.transpose(), from.as_ref()).as_ref(), inverse.as_ref());
        let weights = Mat::from_fn(y.dim(), u.dim(), |i, j| scaled[(i, j)] / units[j]);
        let moved = |i: usize| (0..u.dim()).map(|j| weights[(i, j)] * mean_u[j]).sum::<f64>();
        let bias = (0..y.dim()).map(|i| mean_y[i] - moved(i)).collect();
        Ok(LinearFit { weights, bias })
    }

    /// Returns `W u_i + b` for every row.
    pub fn apply(&self, u: &Points) -> Points {
        let mapped = product(centred(u, &vec![0.0; u.dim()], &vec![1.0; u.dim()]).as_ref(), self.weights.transpose());
        let mut out = Points::zeros(u.n(), self.bias.len());
        for i in 0..u.n() {
            out.row_mut(i).iter_mut().enumerate().for_each(|(k, to)| *to = self.bias[k] + mapped[(i, k)]);
        }
        out
    }
}

fn centred(points: &Points, mean: &[f64], units: &[f64]) -> Mat<f64> {
    Mat::from_fn(points.n(), points.dim(), |i, j| (points.row(i)[j] - mean[j]) / units[j])
}

#[cfg(test)]
mod tests {
    use super::super::{Affine, AffineOptions, MlpGenerator, MlpOptions};
    use super::*;
    use crate::net::{Activation, Mlp};
    use crate::rng::Stream;

    fn forward(generator: &mut dyn Generator, u: &Points) -> Points {
        let mut out = Points::default();
        generator.forward(u, &mut out).unwrap();
        out
    }

    #[test]
    fn least_squares_sees_a_column_of_small_numbers() {
        let mut u = Stream::new(1).normal(60, 3);
        (0..60).for_each(|i| u.row_mut(i)[1] *= 1e-9);
        let mut truth = Affine::of(vec![2.0, -3e9, 0.5, 1.0, 4e9, 0.0, 7.0, -1.0], 2, 3);
        let y = forward(&mut truth, &u);
        let mut found = Affine::of(vec![0.0; 8], 2, 3);
        assert!(least_squares(&mut found, &u, &y).unwrap());
        let out = forward(&mut found, &u);
        let off = out.data().iter().zip(y.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-9, "{off}");
    }

    #[test]
    fn maps_of_inputs_and_outputs_go_into_the_layers() {
        let stream = Stream::new(3);
        let options = MlpOptions { dim: 3, dim_in: Some(2), hidden: 16, residual: true, ..MlpOptions::default() };
        let mut net = MlpGenerator::new(&options, stream).unwrap();
        let options = AffineOptions { dim: 3, dim_in: Some(2), ..AffineOptions::default() };
        let mut affine = Affine::new(&options, stream).unwrap();
        for g in [&mut net as &mut dyn Generator, &mut affine] {
            let before = AffineMap::new(vec![0.5, 3.0], vec![1.0, -2.0]);
            let after = AffineMap::new(vec![10.0, -1.0, 0.1], vec![5.0, 0.0, 1.0]);
            let u = stream.normal(20, 2);
            let (want, start) = (forward(g, &before.apply(&u)), g.parameters().to_vec());
            assert!(compose(g, Some(&before), Some(&after)));
            for (found, want) in forward(g, &u).data().iter().zip(after.apply(&want).data()) {
                assert!((found - want).abs() < 2e-6 * (1.0 + want.abs()), "{found} {want}");
            }
            // A map followed by its inverse changes nothing.
            assert!(compose(g, Some(&before.inverse()), Some(&after.inverse())));
            assert!(g.parameters().iter().zip(&start).all(|(a, b)| (a - b).abs() < 1e-12 * (1.0 + b.abs())));
        }
    }

    /// A first layer as wide as its input adds the input, and no weights can undo that. A map of
    /// the outputs can still be absorbed.
    #[test]
    fn a_layer_that_adds_its_input_takes_no_map_of_it() {
        let units = AffineMap::uniform(2.0, vec![0.0; 16]);
        let square = Mlp::new(&[16; 5], Activation::Tanh, true, Stream::new(3)).unwrap();
        let mut net = MlpGenerator::of(square);
        let before = net.parameters().to_vec();
        assert!(!compose(&mut net, Some(&units), Some(&units)));
        assert_eq!(net.parameters(), before);
        let (u, half) = (Stream::new(4).normal(5, 16), forward(&mut net, &Stream::new(4).normal(5, 16)));
        assert!(compose(&mut net, None, Some(&units)));
        let off =
            forward(&mut net, &u).data().iter().zip(half.data()).map(|(a, b)| (a - 2.0 * b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-6, "{off}");
    }
}
