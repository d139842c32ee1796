//! Sums of smooth kernels on a grid against the reference, row by row.

use super::super::tests::{engine, engine_at};
use crate::pairwise::{Backend, Kernel, KernelSoftmax, KernelSum, KernelSums, Part, SoftmaxMean, Values};
use crate::rng::Stream;
use rayon::ThreadPoolBuilder;

/// Kernels that are no Gaussians, for wide and narrow bandwidths, with weights and without. Half of
/// the queries lie beside the sources.
#[test]
fn sums_of_smooth_kernels() {
    let cases = [(1, 0.7), (1, 0.1), (1, 0.02), (2, 0.7), (2, 0.1), (2, 0.04), (3, 2.0), (3, 1.0)];
    for ((dim, h), tol) in cases.into_iter().flat_map(|case| [1e-6, 1e-3].map(|tol| (case, tol))) {
        let (x, mut z) = (Stream::new(11).normal(1500, dim), Stream::new(12).normal(400, dim));
        (0..200).for_each(|i| z.row_mut(i)[0] += 4.0);
        let weights: Vec<f64> = (0..1500).map(|i| f64::from(i % 5)).collect();
        for (kernel, part) in Kernel::all(h).into_iter().flat_map(|k| [Part::Value, Part::Slope].map(|part| (k, part)))
        {
            if kernel == (Kernel::Gaussian { h }) {
                continue;
            }
            for (weights, values) in [(None, Some(Values::Own)), (Some(&weights[..]), Some(Values::Own)), (None, None)]
            {
                let sum = KernelSum { kernel, part, weights, values, leave_out_self: false };
                let (mut got, mut want) = (KernelSums::default(), KernelSums::default());
                let grid = engine_at(Backend::Grid, tol);
                grid.kernel_sum(&z, &x, &sum, &mut got).unwrap();
                engine(Backend::Naive).kernel_sum(&z, &x, &sum, &mut want).unwrap();
                let error = |got: &[f64], want: &[f64], mass: &f64| {
                    got.iter().zip(want).map(|(g, w)| ((g - w) / mass).abs()).fold(0.0, f64::max)
                };
                let masses = got.mass.iter().zip(&want.mass);
                let of_mass = masses.map(|(g, w)| error(&[*g], &[*w], w)).fold(0.0, f64::max);
                let moments = got.moment.iter().zip(want.moment.iter()).zip(&want.mass);
                let of_moment = moments.map(|((g, w), mass)| error(g, w, mass)).fold(0.0, f64::max);
                let on_grid = grid.work().on_grid();
                let what = format!("{kernel:?} {part:?} d={dim} tol={tol}: {on_grid} of 400 on the grid");
                assert!(of_mass < tol && of_moment < 2.0 * tol, "{what}: mass {of_mass:e} moment {of_moment:e}");
                // Narrow kernels have too many cells in a box, and many faint sums.
                let (has_grid, is_wide) =
                    (kernel.cells_per_bandwidth(part, tol).is_some(), h > [0.5, 0.5, 1.5][dim - 1]);
                let fits = is_wide && (dim < 3 || kernel.name() == "imq");
                assert!(has_grid && (on_grid > 150 || !fits) || !has_grid && on_grid == 0, "{what}");
            }
        }
    }
}

/// Sources and queries in places far apart, of which the box must have room for all distances, and
/// queries that leave themselves out.
#[test]
fn sets_far_apart_and_queries_left_out() {
    for dim in [1, 2] {
        let (x, mut z) = (Stream::new(1).normal(900, dim), Stream::new(2).normal(300, dim));
        (0..300).for_each(|i| z.row_mut(i)[dim - 1] -= 60.0);
        let compared = |queries: &crate::Points, leave_out_self: bool| {
            let kernel = Kernel::Imq { h: 3.0 };
            let sum = KernelSum { kernel, part: Part::Value, weights: None, values: None, leave_out_self };
            let (mut got, mut want) = (KernelSums::default(), KernelSums::default());
            let grid = engine(Backend::Grid);
            grid.kernel_sum(queries, &x, &sum, &mut got).unwrap();
            engine(Backend::Naive).kernel_sum(queries, &x, &sum, &mut want).unwrap();
            assert_eq!(grid.work().on_grid(), queries.n() as u64);
            got.mass.iter().zip(&want.mass).map(|(g, w)| (g / w - 1.0).abs()).fold(0.0, f64::max)
        };
        let (far, own) = (compared(&z, false), compared(&x, true));
        assert!(far < 1e-6 && own < 1e-6, "d = {dim}: {far:e} {own:e}");
    }
}

/// Where all sources coincide, no error of the kernel at one distance is hidden by another. Sums at
/// the farther queries are faint.
#[test]
fn the_kernel_keeps_the_tolerance_at_every_distance() {
    let (h, n) = (0.7, 300);
    for (dim, tol) in [1, 2, 3].into_iter().flat_map(|dim| [1e-6, 1e-3].map(|tol| (dim, tol))) {
        let (x, mut z) = (crate::Points::zeros(n, dim), crate::Points::zeros(n, dim));
        // In space, a longer box would have too many cells for the slope of the Matern kernel.
        let farthest = if dim == 3 { 1.2 } else { 6.0 };
        (0..n).for_each(|i| z.row_mut(i)[0] = farthest * i as f64 / n as f64);
        for kernel in [Kernel::Imq { h }, Kernel::Matern52 { h }] {
            for part in [Part::Value, Part::Slope] {
                let sum = KernelSum { kernel, part, weights: None, values: None, leave_out_self: false };
                let (mut got, grid) = (KernelSums::default(), engine_at(Backend::Grid, tol));
                grid.kernel_sum(&z, &x, &sum, &mut got).unwrap();
                let of = |square| if part == Part::Value { kernel.value(square) } else { kernel.slope(square) };
                let error = |i: usize| (got.mass[i] / (n as f64 * of(z.row(i)[0].powi(2))) - 1.0).abs();
                let worst = (0..n).map(error).fold(0.0, f64::max);
                let (on_grid, what) = (grid.work().on_grid(), format!("{kernel:?} {part:?} d = {dim} {tol}"));
                assert!(worst < tol, "{what}: {worst:e}, {on_grid} on the grid");
                assert!(on_grid > 50, "{what}: {on_grid} on the grid");
            }
        }
    }
}

#[test]
fn softmax_means_and_bytes_for_any_number_of_threads() {
    let (x, z) = (Stream::new(3).normal(1200, 2), Stream::new(4).normal(500, 2));
    let logs: Vec<f64> = (0..1200).map(|i| f64::from(i % 3)).collect();
    let kernel = Kernel::Imq { h: 0.8 };
    let softmax = KernelSoftmax { kernel, log_weights: Some(&logs), leave_out_self: false };
    let mean = |backend: Backend, threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut out = SoftmaxMean::default();
        pool.install(|| engine(backend).kernel_softmax_mean(&z, &x, Values::Own, &softmax, &mut out)).unwrap();
        out
    };
    let [one, two, five] = [1, 2, 5].map(|threads| mean(Backend::Grid, threads));
    assert!(one.mean.data() == two.mean.data() && one.mean.data() == five.mean.data());
    assert!(one.log_sum == two.log_sum && one.log_sum == five.log_sum);
    let want = mean(Backend::Naive, 1);
    let worst = one.mean.data().iter().zip(want.mean.data()).map(|(g, w)| (g - w).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-6 && worst > 0.0, "{worst:e}");
    // The squares of the weights are the kernel squared, on a grid of its own.
    let of_ess = one.ess.iter().zip(&want.ess).map(|(g, w)| (g / w - 1.0).abs()).fold(0.0, f64::max);
    assert!(of_ess < 1e-6 && of_ess > 0.0, "{of_ess:e}");
}
