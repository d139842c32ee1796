//! Kernel sums.

use super::*;
use crate::pairwise::Kernel;

#[test]
fn kernels() {
    let h = 0.9;
    for dim in [1, 3, 9, 65] {
        let (y, _) = clouds(65, 1, dim);
        let weights = Stream::new(8).normal(1, 65).data().to_vec();
        let values = Stream::new(9).normal(65, 6);
        for kernel in Kernel::all(h * (dim as f64).sqrt()) {
            for part in [Part::Value, Part::Slope] {
                for leave_out_self in [false, true] {
                    let sum = KernelSum {
                        kernel,
                        part,
                        weights: Some(&weights),
                        values: Some(Values::Of(&values)),
                        leave_out_self,
                    };
                    let mut want = KernelSums::default();
                    reference().kernel_sum(&y, &y, &sum, &mut want).unwrap();
                    every_path(|precision, backend, isa| {
                        let mut got = KernelSums::default();
                        engine(precision, backend, isa).kernel_sum(&y, &y, &sum, &mut got).unwrap();
                        // A slope like 1/d magnifies the rounding of the difference of near neighbours.
                        let tolerance = if precision == Precision::F64 { 1e-12 } else { 3e-5 };
                        let mass = relative_error(&got.mass, &want.mass);
                        let moment = relative_error(got.moment.data(), want.moment.data());
                        assert!(
                            mass < tolerance && moment < tolerance,
                            "{kernel:?} {part:?} {leave_out_self} {precision:?} d={dim}: {mass:e} {moment:e}"
                        );
                    });
                }
            }
        }
    }
}

/// Weights beyond the range of f32, as densities in many dimensions are, give sums in f32.
#[test]
fn huge_and_tiny_weights() {
    let (x, z) = clouds(40, 30, 2);
    for unit in [1e-290, 1e-30, 1.0, 1e30, 1e290] {
        let weights: Vec<f64> = (0..x.n()).map(|j| unit * (j as f64 - 7.0)).collect();
        let (kernel, part, values) = (Kernel::Laplace { h: 0.8 }, Part::Value, Some(Values::Own));
        let sum = KernelSum { kernel, part, weights: Some(&weights), values, leave_out_self: false };
        every_path(|precision, backend, isa| {
            let mut got = KernelSums::default();
            engine(precision, backend, isa).kernel_sum(&z, &x, &sum, &mut got).unwrap();
            for i in 0..z.n() {
                let of =
                    |j: usize| (j as f64 - 7.0) * kernel.value(crate::points::squared_distance(z.row(i), x.row(j)));
                let (want, all) = ((0..x.n()).map(of).sum::<f64>(), (0..x.n()).map(|j| of(j).abs()).sum::<f64>());
                let error = (got.mass[i] / unit - want).abs() / all;
                assert!(error < 1e-5, "{unit:e} {precision:?} {backend:?}: {error:e}");
            }
        });
    }
}
