//! Sums over a mixture of kernels, such as the same kernel with several bandwidths.

use super::call::{KernelCall, KernelSum, KernelSums};
use super::engine::Pairwise;
use super::grid::Grid;
use super::kernel::Kernel;
use super::loops::output_row::rows;
use super::measure::Measure;
use crate::{Points, Result};

impl Pairwise {
    /// Computes `sum_k a_k` times the sums of [`Pairwise::kernel_sum`] for the kernels `k` with the
    /// positive factors `a_k`; the kernel of `sum` does not matter. On a grid, the mixture is one
    /// function, so that it costs hardly more than one kernel; otherwise every kernel takes a pass
    /// over all pairs.
    ///
    /// # Errors
    /// Those of [`Pairwise::kernel_sum`].
    pub fn mixture_sum(
        &self,
        queries: &Points,
        sources: &Points,
        mixture: &[(Kernel, f64)],
        sum: &KernelSum,
        out: &mut KernelSums,
    ) -> Result<()> {
        let of = |kernel: Kernel| KernelSum { kernel, ..*sum };
        if let [(kernel, factor)] = *mixture {
            self.kernel_sum(queries, sources, &of(kernel), out)?;
            let all = out.mass.iter_mut().chain(out.moment.data_mut());
            all.filter(|_| factor != 1.0).for_each(|sum| *sum *= factor);
            return Ok(());
        }
        mixture.iter().try_for_each(|(kernel, _)| self.check_kernel_sum(queries, sources, &of(*kernel), out))?;
        let mut left: Vec<usize> = (0..queries.n()).collect();
        if let Some((first, _)) = mixture.first() {
            let call = KernelCall { queries, sources, sum: of(*first), is_softmax: false };
            let all = rows(sum.values.is_some().then_some(&mut out.moment), Some(&mut out.mass), None);
            let by_box = |measure: &Measure, rows| Grid.mixture(self, &call, mixture, measure, rows);
            let rest = self.on_grid(Measure::of_kernel(&call), all, by_box)?;
            left = rest.map_or_else(Vec::new, |(_, rows)| rows.iter().map(|row| row.query).collect());
        }
        for query in &left {
            out.mass[*query] = 0.0;
            out.moment.row_mut(*query).fill(0.0);
        }
        let mut of_kernel = KernelSums::default();
        for (kernel, factor) in mixture.iter().filter(|_| !left.is_empty()) {
            let call = KernelCall { queries, sources, sum: of(*kernel), is_softmax: false };
            self.check_kernel_sum(queries, sources, &call.sum, &mut of_kernel)?;
            let mut all = rows(sum.values.is_some().then_some(&mut of_kernel.moment), Some(&mut of_kernel.mass), None);
            all.retain(|row| left.binary_search(&row.query).is_ok());
            self.kernel(&call, all)?;
            for query in &left {
                out.mass[*query] += factor * of_kernel.mass[*query];
                let pairs = out.moment.row_mut(*query).iter_mut().zip(of_kernel.moment.row(*query));
                pairs.for_each(|(to, from)| *to += factor * from);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairwise::{Backend, PairwiseOptions, Part, Precision, Values};
    use crate::rng::Stream;

    fn engine(backend: Backend) -> Pairwise {
        let options = PairwiseOptions { backend, precision: Precision::F64, ..PairwiseOptions::default() };
        Pairwise::new(options, Default::default())
    }

    /// The mixture on a grid is that of the definition, also at queries that a grid leaves over.
    #[test]
    fn a_mixture_is_the_sum_of_its_kernels() {
        let gaussians = [0.3, 0.6, 1.2].map(|h| (Kernel::Gaussian { h }, h * h));
        let mixed = [(Kernel::Imq { h: 0.7 }, 0.5), (Kernel::Gaussian { h: 0.4 }, 2.0)];
        let with_kink = [(Kernel::Laplace { h: 0.7 }, 0.5), (Kernel::Energy, 2.0)];
        let (x, mut z) = (Stream::new(1).normal(900, 2), Stream::new(2).normal(300, 2));
        z.row_mut(7)[0] = 9.0;
        let weights: Vec<f64> = (0..900).map(|j| f64::from(j % 3)).collect();
        for (mixture, on_grid) in [(&gaussians[..], 250), (&mixed[..], 250), (&with_kink[..], 0), (&mixed[..1], 250)] {
            for part in [Part::Value, Part::Slope] {
                let (kernel, values) = (Kernel::Energy, Some(Values::Own));
                let sum = KernelSum { kernel, part, weights: Some(&weights), values, leave_out_self: false };
                let (mut got, mut want) = (KernelSums::default(), KernelSums::default());
                let grid = engine(Backend::Grid);
                grid.mixture_sum(&z, &x, mixture, &sum, &mut got).unwrap();
                let on = grid.work().on_grid();
                assert!(if on_grid > 0 { on >= on_grid } else { on == 0 }, "{mixture:?} {part:?}: {on}");
                let (mut mass, mut moment) = (vec![0.0; 300], vec![[0.0; 2]; 300]);
                for (kernel, factor) in mixture {
                    let sum = KernelSum { kernel: *kernel, ..sum };
                    engine(Backend::Naive).kernel_sum(&z, &x, &sum, &mut want).unwrap();
                    for i in 0..300 {
                        mass[i] += factor * want.mass[i];
                        (0..2).for_each(|c| moment[i][c] += factor * want.moment.row(i)[c]);
                    }
                }
                for i in 0..300 {
                    let error = |got: f64, want: f64| ((got - want) / mass[i]).abs();
                    assert!(error(got.mass[i], mass[i]) < 1e-6, "{mixture:?} {part:?} {i}");
                    assert!(
                        (0..2).all(|c| error(got.moment.row(i)[c], moment[i][c]) < 1e-5),
                        "{mixture:?} {part:?} {i}"
                    );
                }
            }
        }
    }
}
