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
