//! The conversion of the scores of a block to weights and sums. The score of a pair is its negative
//! scaled squared distance, to which [`Weights::Softmax`] adds the log-weight of the source.

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
    /// Softmax over `l_j + log2 k`, with log-weights `l_j` in bits.
    KernelSoftmax { kernel: Kernel, log_weights: &'a [T] },
    /// `factor w_j f(t)`, where `t` is the scaled squared distance and `f(t)` is this part of the
    /// kernel, its value or its slope.
    Kernel { kernel: Kernel, part: Part, factor: f64, weights: &'a [T] },
}

impl<T: Real> Weights<'_, T> {
    /// Returns a score whose weight is 0.
    pub fn vanishing_score(&self) -> f64 {
        match self {
            Weights::Softmax => f64::NEG_INFINITY,
            Weights::Kernel { kernel, part, .. } => kernel.visit(Vanishing(*part)),
            Weights::KernelSoftmax { kernel, .. } => kernel.visit(Vanishing(Part::Value)),
        }
    }

    /// Converts the scores of one block to weights, and adds the weights to the totals and the
    /// weighted values to the sums of a panel. `v` are the values of the sources from `from` on.
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
            Weights::Softmax => absorb_softmax(simd, (by_gemm, squares), totals, s, v, o),
            Weights::KernelSoftmax { kernel, log_weights } => {
                let l = &log_weights[from..from + s.len()];
                kernel.visit(SoftmaxBlock { simd, squares, totals, l, s, v, o });
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

/// Adds a block whose scores are the logarithms of its weights, in bits.
#[inline(always)]
fn absorb_softmax<T: Real, S: Simd>(
    simd: S,
    (by_gemm, squares): (bool, bool),
    totals: &mut Totals<T, S>,
    s: &mut [Row<T, S>],
    v: &[T],
    o: &mut [Row<T, S>],
) {
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

/// Adds a block to a softmax whose exponents are log-weights plus the logarithm of a kernel.
struct SoftmaxBlock<'a, T: Real, S: Simd> {
    simd: S,
    squares: bool,
    totals: &'a mut Totals<T, S>,
    /// Log-weights in bits.
    l: &'a [T],
    s: &'a mut [Row<T, S>],
    v: &'a [T],
    o: &'a mut [Row<T, S>],
}

impl<T: Real, S: Simd> Visitor for SoftmaxBlock<'_, T, S> {
    type Output = ();

    #[inline(always)]
    fn visit<K: RadialKernel>(self, _: K) {
        let SoftmaxBlock { simd, squares, totals, l, s, v, o } = self;
        if K::softmax_lanes::<T, S>(simd, T::splat(simd, T::default())).1.is_none() {
            Totals::<T, S>::exponents::<K>(simd, l, s);
            return absorb_softmax(simd, (false, squares), totals, s, v, o);
        }
        let scale = totals.raise_kernel::<K>(simd, l, s);
        if squares {
            totals.softmax_kernel::<K, true>(simd, l, s);
        } else {
            totals.softmax_kernel::<K, false>(simd, l, s);
        }
        tile::accumulate::<T, S>(simd, s, v, o, &scale);
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
