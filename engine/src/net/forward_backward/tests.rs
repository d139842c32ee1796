//! Gradients compared with finite differences, and bytes compared between numbers of threads.

use super::*;
use crate::net::Activation;
use crate::rng::Stream;

const SHAPES: [(&[usize], Activation, bool); 6] = [
    (&[3, 2], Activation::Silu, false),
    (&[3, 17, 2], Activation::Silu, false),
    (&[3, 16, 5, 2], Activation::Tanh, false),
    (&[2, 9, 9, 1], Activation::Softplus, false),
    (&[4, 8, 8, 8, 3], Activation::Silu, true),
    (&[5, 5, 5, 5], Activation::Tanh, true),
];

/// A weighted sum of squares and products of the output: neither linear nor separable.
fn loss(dim: usize) -> impl Fn(Range<usize>, &mut [f64]) -> f64 + Sync {
    move |rows, out| {
        let mut sum = 0.0;
        for (i, row) in rows.zip(out.chunks_exact_mut(dim)) {
            let total: f64 = row.iter().sum();
            for (j, y) in row.iter_mut().enumerate() {
                let weight = 0.1 + ((i * 7 + j * 3) % 5) as f64;
                sum += 0.5 * weight * *y * *y;
                *y = weight * *y + total;
            }
            sum += 0.5 * total * total;
        }
        sum
    }
}

#[test]
fn gradients_of_every_layer_agree_with_finite_differences() {
    for (widths, activation, residual) in SHAPES {
        let rows = 131;
        let mut net: Mlp<f64> = Mlp::new(widths, activation, residual, Stream::new(1)).unwrap();
        let mut input = Stream::new(2).normal(rows, widths[0]).data().to_vec();
        let (mut work, loss) = (Workspace::default(), loss(net.dim()));
        let mut slope = vec![0.0; net.parameters().len()];
        let mut input_slope = vec![0.0; input.len()];
        let to = Gradients { parameters: Some(&mut slope), input: Some(&mut input_slope) };
        net.gradient(&input, &loss, to, &mut work);
        let value =
            |net: &Mlp<f64>, input: &[f64]| net.gradient(input, &loss, Gradients::default(), &mut Workspace::default());
        let close = |what: &str, k: usize, found: f64, above: f64, below: f64, h: f64| {
            let want = (above - below) / (2.0 * h);
            let error = (found - want).abs() / (1.0 + want.abs());
            assert!(error < 2e-7, "{widths:?} {activation:?} {what} {k}: {found} against {want}");
        };
        let h = 1e-5;
        for (k, found) in slope.iter().enumerate() {
            let at = net.parameters()[k];
            net.parameters_mut()[k] = at + h;
            let above = value(&net, &input);
            net.parameters_mut()[k] = at - h;
            let below = value(&net, &input);
            net.parameters_mut()[k] = at;
            close("parameter", k, *found, above, below, h);
        }
        for k in (0..input.len()).step_by(5) {
            let at = input[k];
            input[k] = at + h;
            let above = value(&net, &input);
            input[k] = at - h;
            let below = value(&net, &input);
            input[k] = at;
            close("input", k, input_slope[k], above, below, h);
        }
    }
}

#[test]
fn single_precision_follows_double() {
    let (widths, stream) = ([6, 100, 100, 4], Stream::new(3));
    let double: Mlp<f64> = Mlp::new(&widths, Activation::Silu, true, stream).unwrap();
    let single: Mlp<f32> = Mlp::new(&widths, Activation::Silu, true, stream).unwrap();
    let input = stream.normal(300, 6).data().to_vec();
    let rounded: Vec<f32> = input.iter().map(|x| *x as f32).collect();
    let (mut want, mut found) = (vec![0f64; 1200], vec![0f32; 1200]);
    double.forward(&input, &mut want, &mut Workspace::default());
    single.forward(&rounded, &mut found, &mut Workspace::default());
    let error = found.iter().zip(&want).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(error > 0.0 && error < 2e-6, "{error}");
}

#[test]
fn the_bytes_are_the_same_for_any_number_of_threads_and_any_workspace() {
    for rows in [1, 128, 129, 700, 5000] {
        let net: Mlp<f32> = Mlp::new(&[3, 40, 40, 2], Activation::Silu, true, Stream::new(1)).unwrap();
        let input: Vec<f32> = Stream::new(2).normal(rows, 3).data().iter().map(|x| *x as f32).collect();
        let mut work = Workspace::default();
        let mut results = [1, 2, 5].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut slope = vec![0f32; net.parameters().len()];
            let (mut input_slope, mut output) = (vec![0f32; rows * 3], vec![0f32; rows * 2]);
            let loss = |_: Range<usize>, out: &mut [f32]| out.iter().map(|y| f64::from(*y)).sum();
            let loss = pool.install(|| {
                net.forward(&input, &mut output, &mut work);
                let to = Gradients { parameters: Some(&mut slope), input: Some(&mut input_slope) };
                net.gradient(&input, loss, to, &mut work)
            });
            (slope, input_slope, output, loss.to_bits())
        });
        results.rotate_left(1);
        assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{rows} rows");
    }
}
