//! Softmaxes by every kernel: means, normalisers and sample sizes.

use super::*;
use crate::pairwise::Kernel;

/// Queries, sources, the bandwidth, and whether a query excludes itself.
type Case = (&'static str, Points, Points, f64, bool);

/// Odd shapes, bandwidths from tiny to huge, duplicates, an offset, an outlier on each side, and
/// queries far from all sources, where every kernel itself is 0 in f32.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for dim in [1, 2, 3, 4, 5, 9, 65] {
        let root = (dim as f64).sqrt();
        for (n, m) in [(1, 65), (65, 1), (9, 129), (67, 300)] {
            let (y, x) = clouds(n, m, dim);
            cases.push(("shape", y, x, 0.7 * root, false));
        }
        for h in [1e-3, 0.02, 0.2, 30.0, 1e4] {
            let (y, x) = clouds(65, 129, dim);
            cases.push(("bandwidth", y, x, h * root, false));
        }
        let (y, _) = clouds(67, 1, dim);
        cases.push(("own points", y.clone(), y.clone(), 0.3 * root, true));
        let doubled = y.concat(&y).unwrap();
        cases.push(("duplicates", doubled.clone(), doubled, 0.1 * root, true));
        let moved = |points: &Points, by: f64| {
            let data = points.data().iter().map(|v| (v * 1048576.0).round() / 1048576.0 + by).collect();
            Points::new(data, dim, "moved").unwrap()
        };
        let (y, x) = clouds(65, 129, dim);
        cases.push(("offset", moved(&y, 1e5), moved(&x, 1e5), 0.3 * root, false));
        let far = Points::new(vec![1e7; dim], dim, "far").unwrap();
        cases.push(("outliers", y.concat(&far).unwrap(), x.concat(&far).unwrap(), 0.3 * root, false));
        cases.push(("far queries", moved(&y, 3e3), x, 0.3 * root, false));
    }
    cases
}

#[test]
fn every_path_agrees_with_the_reference() {
    for (name, y, x, h, leave_out_self) in cases() {
        let mut logs = Stream::new(8).normal(1, x.n()).data().to_vec();
        if x.n() > 3 {
            logs[2] = f64::NEG_INFINITY;
        }
        let values = Stream::new(9).normal(x.n(), 6);
        for kernel in Kernel::all(h).into_iter().filter(Kernel::is_positive) {
            let softmax = KernelSoftmax { kernel, log_weights: Some(&logs), leave_out_self };
            let [mut want, mut got] = [SoftmaxMean::default(), SoftmaxMean::default()];
            for own in [true, false] {
                let values = if own { Values::Own } else { Values::Of(&values) };
                reference().kernel_softmax_mean(&y, &x, values, &softmax, &mut want).unwrap();
                every_path(|precision, backend, isa| {
                    // Other tests compare the softmax by a Gaussian kernel with products of
                    // coordinates, whose error is larger.
                    let by_products = matches!(backend, Backend::Fused | Backend::Gemm);
                    if by_products && kernel == (Kernel::Gaussian { h }) {
                        return;
                    }
                    engine(precision, backend, isa).kernel_softmax_mean(&y, &x, values, &softmax, &mut got).unwrap();
                    let what = format!("{name} {kernel:?} n={} m={} d={} {precision:?}", y.n(), x.n(), x.dim());
                    let exact = precision == Precision::F64;
                    // Means of the sources are compared in bandwidths and relative to their size.
                    let size = if own { h.max(1e-2 * x.spread()) } else { 1.0 };
                    let tolerance = if exact { 1e-8 } else { 2e-4 };
                    for (got, want) in got.mean.data().iter().zip(want.mean.data()) {
                        let room = size + 1e-3 * want.abs();
                        assert!((got - want).abs() <= tolerance * room, "{what} {own}: {got} {want}");
                    }
                    for (got, want) in got.log_sum.iter().zip(&want.log_sum) {
                        let room = tolerance * (1.0 + 1e-2 * want.abs());
                        assert!((got - want).abs() <= room || got == want, "{what}: sum {got} {want}");
                    }
                    for (got, want) in got.ess.iter().zip(&want.ess) {
                        assert!((got / want - 1.0).abs() <= 4.0 * tolerance, "{what}: ess {got} {want}");
                    }
                });
            }
        }
    }
}

#[test]
fn the_normaliser_alone_is_the_same() {
    let (y, x) = clouds(67, 130, 3);
    for kernel in Kernel::all(0.8).into_iter().filter(Kernel::is_positive) {
        let (mut sums, mut all) = (Vec::new(), SoftmaxMean::default());
        let softmax = KernelSoftmax::of(kernel);
        let pairwise = Pairwise::default();
        pairwise.kernel_log_sum(&y, &x, &softmax, &mut sums).unwrap();
        pairwise.kernel_softmax_mean(&y, &x, Values::Own, &softmax, &mut all).unwrap();
        for ((got, other), y) in sums.iter().zip(&all.log_sum).zip(y.iter()) {
            let want: f64 = x.iter().map(|x| kernel.value(crate::points::squared_distance(x, y))).sum();
            assert!((got - want.ln()).abs() < 1e-5 && (got - other).abs() < 1e-6, "{kernel:?}: {got} {}", want.ln());
        }
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_threads() {
    let (y, x) = clouds(700, 900, 3);
    for kernel in Kernel::all(0.1).into_iter().filter(Kernel::is_positive) {
        let found = [1, 2, 5].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut out = SoftmaxMean::default();
            let softmax = KernelSoftmax { leave_out_self: false, ..KernelSoftmax::of(kernel) };
            pool.install(|| Pairwise::default().kernel_softmax_mean(&y, &x, Values::Own, &softmax, &mut out)).unwrap();
            (out.mean, out.log_sum, out.ess)
        });
        assert!(found[0] == found[1] && found[0] == found[2], "{kernel:?}");
    }
}

#[test]
fn a_kernel_without_a_logarithm_is_refused() {
    let (y, x) = clouds(3, 4, 2);
    let (pairwise, mut out) = (Pairwise::default(), Vec::new());
    assert!(pairwise.kernel_log_sum(&y, &x, &KernelSoftmax::of(Kernel::Energy), &mut out).is_err());
    for h in [0.0, -1.0, f64::NAN] {
        assert!(pairwise.kernel_log_sum(&y, &x, &KernelSoftmax::of(Kernel::Laplace { h }), &mut out).is_err());
    }
    let logs = [0.0; 3];
    let softmax = KernelSoftmax { log_weights: Some(&logs), ..KernelSoftmax::of(Kernel::Laplace { h: 1.0 }) };
    assert!(pairwise.kernel_log_sum(&y, &x, &softmax, &mut out).is_err());
}
