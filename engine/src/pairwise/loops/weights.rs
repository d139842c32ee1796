//! The conversion of the scores of a block to weights and sums.

use super::gemm;
use super::online_softmax::Totals;
use super::tile::{self, Row, WIDTH};
use crate::pairwise::kernel::{Kernel, Part, RadialKernel, Visitor};
use crate::simd::Real;
use pulp::{Simd, bytemuck};

/// The conversion of scores to weights.
#[derive(Clone, Copy)]
pub enum Weights<'a, T> {
    /// Softmax over the sources.
    Softmax,
    /// `factor w_j f(t)` with the lane profile `f` of this part of the kernel.
    Kernel { kernel: Kernel, part: Part, factor: f64, weights: &'a [T] },
}

impl<T: Real> Weights<'_, T> {
    /// Returns a score whose weight is 0.
    pub fn vanishing_score(&self) -> f64 {
        match self {
            Weights::Softmax => f64::NEG_INFINITY,
            Weights::Kernel { kernel, part, .. } => kernel.visit(Vanishing(*part)),
        }
    }

    /// Adds the scores of one block to the totals and sums of a panel; `v` are the values of the
    /// sources from `from` on.
    #[inline(always)]
    pub fn absorb<S: Simd>(
        self,
        simd: S,
        (by_gemm, squares): (bool, bool),
        totals: &mut Totals<T, S>,
        s: &mut [Row<T, S>],
        (v, from): (&[T], usize),
        o: &mut [Row<T, S>],
    ) {
        match self {
            Weights::Softmax => {
                let scale = totals.raise(simd, s);
                match (o.len(), squares) {
                    (1, false) => totals.softmax_direct::<1, false>(simd, s, v, o, &scale),
                    (2, false) => totals.softmax_direct::<2, false>(simd, s, v, o, &scale),
                    (3, false) => totals.softmax_direct::<3, false>(simd, s, v, o, &scale),
                    (4, false) => totals.softmax_direct::<4, false>(simd, s, v, o, &scale),
                    (1, true) => totals.softmax_direct::<1, true>(simd, s, v, o, &scale),
                    (2, true) => totals.softmax_direct::<2, true>(simd, s, v, o, &scale),
                    (3, true) => totals.softmax_direct::<3, true>(simd, s, v, o, &scale),
                    (4, true) => totals.softmax_direct::<4, true>(simd, s, v, o, &scale),
                    _ => {
                        if squares {
                            totals.softmax::<true>(simd, s);
                        } else {
                            totals.softmax::<false>(simd, s);
                        }
                        if by_gemm {
                            let [w, scale] = [bytemuck::cast_slice(s), bytemuck::cast_slice(&scale)];
                            gemm::accumulate::<T>(w, v, bytemuck::cast_slice_mut(o), scale);
                        } else {
                            tile::accumulate::<T, S>(simd, s, v, o, &scale);
                        }
                    }
                }
            }
            Weights::Kernel { kernel, part, weights, .. } => {
                let w = &weights[from..from + s.len()];
                kernel.visit(Weigh { simd, part, totals, w, s: &mut *s });
                let one = [T::splat(simd, T::from_f64(1.0)); WIDTH];
                tile::accumulate::<T, S>(simd, s, v, o, &one);
            }
        }
    }
}

/// Converts the scores of a block to the weights of a kernel.
struct Weigh<'a, T: Real, S: Simd> {
    simd: S,
    part: Part,
    totals: &'a mut Totals<T, S>,
    w: &'a [T],
    s: &'a mut [Row<T, S>],
}

impl<T: Real, S: Simd> Visitor for Weigh<'_, T, S> {
    type Output = ();

    #[inline(always)]
    fn visit<K: RadialKernel>(self, _: K) {
        let Weigh { simd, part, totals, w, s } = self;
        match part {
            Part::Value => totals.kernel::<K, false>(simd, w, s),
            Part::Slope => totals.kernel::<K, true>(simd, w, s),
        }
    }
}

/// Finds a score at which the value or slope of a kernel is 0.
struct Vanishing(Part);

impl Visitor for Vanishing {
    type Output = f64;

    fn visit<K: RadialKernel>(self, _: K) -> f64 {
        K::vanishing_score(self.0)
    }
}
