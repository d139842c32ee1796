//! Known results of the kernel estimate of the score difference [weber2023score]: symmetries,
//! limits, and its relation to MMD.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test and its helpers may fail by panicking.

mod common;

use common::{exact_arithmetic, two_sets};
use sdflow::Points;
use sdflow::flow::{Clock, FieldAt, Noise, Scaling, SdFlow, SdFlowOptions, VelocityField};
use sdflow::rng::Stream;
use sdflow::schedule::Schedule;
use sdflow::score::{Estimate, Kde};

/// Returns the kernel field at the particles, computed by the flow itself.
fn kernel_field(x: &Points, y: &Points, sigma: f64, scaling: Scaling) -> Points {
    let settings = SdFlowOptions {
        sigma: Some(Schedule::from(sigma)),
        scaling,
        noise: Some(Noise::None),
        ..SdFlowOptions::default()
    };
    let mut flow = SdFlow::new(
        Estimate::Kernel(Box::new(Kde::of(x.clone()))),
        Estimate::Kernel(Box::new(Kde::of_cloud())),
        settings,
    )
    .unwrap();
    let (mut v, clock, engine) = (Points::default(), Clock::at(0, 1, Stream::new(0)), exact_arithmetic());
    flow.velocity(&FieldAt::cloud(y, &clock, &engine), &mut v).unwrap();
    v
}

fn map(points: &Points, f: impl Fn(&[f64]) -> Vec<f64>) -> Points {
    Points::from_rows(&points.iter().map(f).collect::<Vec<_>>()).unwrap()
}

fn assert_close(a: &Points, b: &Points, tolerance: f64) {
    let gap = a.data().iter().zip(b.data()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    assert!(gap <= tolerance, "largest gap {gap}");
}

/// Answer 6: equal sets do not move.
#[test]
fn equal_sets_have_no_field() {
    let (x, _) = two_sets();
    assert_close(&kernel_field(&x, &x, 0.3, Scaling::Raw), &Points::zeros(60, 3), 1e-12);
}

/// Answer 6: symmetries.
#[test]
fn the_field_turns_scales_and_shifts_with_the_points() {
    let (x, y) = two_sets();
    let field = kernel_field(&x, &y, 0.7, Scaling::Raw);
    let shift = |p: &[f64]| vec![p[0] + 3.0, p[1] - 7.0, p[2] + 0.5];
    assert_close(&kernel_field(&map(&x, shift), &map(&y, shift), 0.7, Scaling::Raw), &field, 1e-10);
    let (c, s) = (0.6, 0.8);
    let turn = |p: &[f64]| vec![c * p[0] - s * p[1], s * p[0] + c * p[1], -p[2]];
    assert_close(&kernel_field(&map(&x, turn), &map(&y, turn), 0.7, Scaling::Raw), &map(&field, turn), 1e-11);
    let scale = |p: &[f64]| p.iter().map(|v| 5.0 * v).collect::<Vec<_>>();
    let scaled = kernel_field(&map(&x, scale), &map(&y, scale), 3.5, Scaling::Raw);
    assert_close(&map(&scaled, scale), &field, 1e-11);
}

/// Answer 6: the order and the multiplicity of points have no effect, so unequal sizes are treated
/// correctly.
#[test]
fn order_and_duplicates_do_not_matter() {
    let (x, y) = two_sets();
    let field = kernel_field(&x, &y, 0.7, Scaling::Raw);
    let reversed = x.select(&(0..60).rev().collect::<Vec<_>>());
    assert_close(&kernel_field(&reversed, &y, 0.7, Scaling::Raw), &field, 1e-12);
    let doubled = x.select(&(0..120).map(|i| i % 60).collect::<Vec<_>>());
    assert_close(&kernel_field(&doubled, &y, 0.7, Scaling::Raw), &field, 1e-12);
}

/// Answer 6: if the two sets are exchanged, the field at the same places changes its sign.
#[test]
fn exchanging_target_and_source_changes_the_sign() {
    use sdflow::score::{At, Form, Score};
    let (x, y) = two_sets();
    let z = Stream::new(3).normal(20, 3);
    let pairwise = exact_arithmetic();
    let at =
        At { z: &z, sigma: 0.7, cloud: &y, aligned: false, learn: true, stream: Stream::new(0), pairwise: &pairwise };
    let field = |p: &Points, q: &Points| {
        let (mut a, mut b) = (Points::default(), Points::default());
        Kde::of(p.clone()).evaluate(&at, Form::Score, &mut a).unwrap();
        Kde::of(q.clone()).evaluate(&at, Form::Score, &mut b).unwrap();
        let data = a.data().iter().zip(b.data()).map(|(a, b)| a - b).collect();
        Points::new(data, 3, "field").unwrap()
    };
    let forward = field(&x, &y);
    let backward = map(&field(&y, &x), |v| v.iter().map(|c| -c).collect());
    assert_close(&forward, &backward, 1e-12);
}

/// Answer 7: with a huge sigma, the field is a translation by the difference of the means, with the
/// known next order.
#[test]
fn a_huge_sigma_translates() {
    let (x, y) = two_sets();
    let sigma: f64 = 100.0;
    let shift = kernel_field(&x, &y, sigma, Scaling::Denoiser);
    // These are the first two moments in the next order: C (z - m) - 1/2 E (x - m) |x - m|^2.
    let next = |p: &Points, z: &[f64]| {
        let (m, c) = (p.mean(), p.covariance());
        let mut out: Vec<f64> = (0..3).map(|i| (0..3).map(|j| c[(i, j)] * (z[j] - m[j])).sum()).collect();
        for row in p.iter() {
            let gap: Vec<f64> = row.iter().zip(&m).map(|(a, b)| a - b).collect();
            let square: f64 = gap.iter().map(|g| g * g).sum();
            out.iter_mut().zip(&gap).for_each(|(o, g)| *o -= 0.5 * g * square / p.n() as f64);
        }
        out
    };
    let (mx, my) = (x.mean(), y.mean());
    for i in 0..y.n() {
        let (nx, ny) = (next(&x, y.row(i)), next(&y, y.row(i)));
        for j in 0..3 {
            let first = mx[j] - my[j];
            let second = (nx[j] - ny[j]) / sigma.powi(2);
            let found = shift.row(i)[j];
            assert!((found - first).abs() < 2e-3, "{found} {first}");
            assert!((found - first - second).abs() < 2e-6, "{found} {}", first + second);
        }
    }
}

/// Answer 7: with a tiny sigma, each particle moves to its nearest target point.
#[test]
fn a_tiny_sigma_snaps_to_the_nearest_point() {
    let (x, y) = two_sets();
    let shift = kernel_field(&x, &y, 1e-3, Scaling::Denoiser);
    for i in 0..y.n() {
        let distance = |p: &&[f64]| sdflow::points::squared_distance(p, y.row(i));
        let nearest = x.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap();
        let moved = y.row(i).iter().zip(shift.row(i)).map(|(y, v)| y + v);
        assert!(moved.zip(nearest).all(|(moved, x)| (moved - x).abs() < 1e-9));
    }
}

/// Answer 9: a large common offset causes no error beyond the rounding of the inputs, also in f32.
#[test]
fn a_common_offset_does_not_matter() {
    let (x, y) = two_sets();
    let far = |p: &[f64]| p.iter().map(|v| v + 1e5).collect::<Vec<_>>();
    let field = kernel_field(&x, &y, 0.5, Scaling::Denoiser);
    let moved = kernel_field(&map(&x, far), &map(&y, far), 0.5, Scaling::Denoiser);
    assert_close(&moved, &field, 1e-8);
}

/// The kernel flow vanishes far from its data, but the score difference does not.
#[test]
fn the_mmd_velocity_is_the_gradient_of_mmd_and_dies_far_away() {
    use sdflow::flow::{MmdFlow, MmdFlowOptions};
    use sdflow::pairwise::{Kernel, Kernels};
    let (x, y) = two_sets();
    let kernel = Kernel::Gaussian { h: 0.8 };
    let settings =
        MmdFlowOptions { kernel: Kernels::Given(vec![kernel]), scaling: Scaling::Raw, ..MmdFlowOptions::default() };
    let mut flow = MmdFlow::new(x.clone(), settings).unwrap();
    let (clock, pairwise) = (Clock::at(0, 1, Stream::new(0)), exact_arithmetic());
    let mut v = Points::default();
    flow.velocity(&FieldAt::cloud(&y, &clock, &pairwise), &mut v).unwrap();
    let mmd2 = |y: &Points| {
        let mean = |a: &Points, b: &Points| {
            let all = a.iter().flat_map(|p| b.iter().map(move |q| sdflow::points::squared_distance(p, q)));
            all.map(|d2| kernel.value(d2)).sum::<f64>() / (a.n() * b.n()) as f64
        };
        mean(&x, &x) + mean(y, y) - 2.0 * mean(&x, y)
    };
    for (i, j) in [(0, 0), (7, 1), (44, 2)] {
        let at = |by: f64| {
            let mut moved = y.clone();
            moved.row_mut(i)[j] += by;
            mmd2(&moved)
        };
        let gradient = (at(1e-5) - at(-1e-5)) / 2e-5;
        assert!((v.row(i)[j] + 0.5 * y.n() as f64 * gradient).abs() < 1e-7);
    }
    let far = map(&y, |p| p.iter().map(|c| c + 30.0).collect());
    flow.velocity(&FieldAt::cloud(&far, &clock, &pairwise), &mut v).unwrap();
    let (one, mean) = (far.row(0), far.mean());
    let own_repulsion = v.row(0).iter().zip(one.iter().zip(&mean)).map(|(v, (y, m))| v * (y - m)).sum::<f64>();
    assert!(own_repulsion >= 0.0, "only the cloud's own kernel acts out there");
    let towards: f64 = kernel_field(&x, &far, 0.8, Scaling::Denoiser).row(0).iter().sum();
    assert!(towards < -30.0, "the score difference still points home: {towards}");
}
