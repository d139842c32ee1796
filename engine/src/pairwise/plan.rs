//! Which backend, which form of the distance and which block sizes serve a call.

use super::loops::tile::{Form, WIDTH};
use super::rounding::FAR;
use super::{Backend, PairwiseOptions, Precision};
use crate::Points;
use crate::simd::Isa;
use crate::simd::Real;
use crate::simd::{Terms, matrix_units};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Up to this many coordinates, distances by differences cost next to nothing beside the
/// exponential.
const DIRECT_DIM: usize = 4;

/// Bytes of packed sources that one block may hold, well inside a core's second-level cache.
const BLOCK_BYTES: usize = 7 << 16;

/// Bytes of queries and sums that one task may hold, beside the block.
const TASK_BYTES: usize = 1 << 20;

/// Below this many points, ordering them costs more than skipping saves.
const SKIP_POINTS: usize = 1024;

/// Below this mean square of scaled points, no weight is far enough below the largest.
const SKIP_SQUARE: f64 = 60.0;

/// From here on `auto` takes the matrix units: fewer points or coordinates do not fill their tiles.
const AUTO_POINTS: usize = 256;
const AUTO_DIM: usize = 24;

/// Beyond this mean square, three products of parts would cost more than a relative error of 1e-5.
const SPLIT_SQUARE: f64 = 40.0;

/// From here on points that are far from their centre are ordered and given a centre per panel;
/// fewer go to f64.
const FRAME_POINTS: usize = 128;

/// Rows summed by one task of a parallel sum; fixed, so that the order of additions is.
const ROWS: usize = 4096;

/// What a call is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Queries.
    pub n: usize,
    /// Sources.
    pub m: usize,
    /// Their coordinates.
    pub dim: usize,
    /// Coordinates of the values.
    pub value_dim: usize,
    /// Mean square of scaled sources and queries: how many digits products lose, and whether
    /// weights can vanish.
    pub square: f64,
    /// Are many queries so far from the centre that one centre for all would cost the digits of
    /// f32?
    pub far: bool,
}

impl Shape {
    /// Are points ordered and blocks without weight skipped?
    pub fn skips(&self, options: &PairwiseOptions) -> bool {
        let few = self.n.min(self.m);
        options.skip && (few >= SKIP_POINTS && self.square > SKIP_SQUARE || few >= FRAME_POINTS && self.far)
    }
}

/// The arithmetic of a reduction, and with it whose loops run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// The reference, f64 query by query.
    Naive,
    F64,
    F32,
    /// Split bfloat16 products on matrix units.
    Split(Terms),
}

/// The arithmetic of a softmax for this shape: what the options ask for, where the machine has it
/// and where it keeps its digits. The matrix units serve where the values are the sources (`own`)
/// and the points are near their centre; f32 serves where points are near one centre, or may be
/// ordered and given many.
pub fn arithmetic(options: &PairwiseOptions, shape: &Shape, own: bool) -> Arithmetic {
    if options.backend == Backend::Naive {
        return Arithmetic::Naive;
    }
    let units = own && matches!(options.isa, Isa::Auto | Isa::Amx) && matrix_units();
    let worth = options.backend == Backend::Auto
        && !shape.skips(options)
        && shape.n.min(shape.m) >= AUTO_POINTS
        && shape.dim >= AUTO_DIM;
    match options.precision {
        Precision::F64 => Arithmetic::F64,
        Precision::Bf16x3 if units && shape.square <= SPLIT_SQUARE => Arithmetic::Split(Terms::Three),
        Precision::Bf16x6 if units && <f32 as Real>::EPSILON * shape.square <= tolerance::<f32>() => {
            Arithmetic::Split(Terms::Six)
        }
        Precision::Auto if units && worth && shape.square <= SPLIT_SQUARE => Arithmetic::Split(Terms::Three),
        _ if shape.far && !shape.skips(options) => Arithmetic::F64,
        _ => Arithmetic::F32,
    }
}

/// The arithmetic of a kernel sum for this shape.
pub fn kernel_arithmetic(options: &PairwiseOptions, shape: &Shape) -> Arithmetic {
    match options.precision {
        _ if options.backend == Backend::Naive => Arithmetic::Naive,
        Precision::F64 => Arithmetic::F64,
        _ if shape.far => Arithmetic::F64,
        _ => Arithmetic::F32,
    }
}

/// What a softmax reduction of the sources themselves really runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Choice {
    /// The arithmetic, never `auto`.
    pub precision: Precision,
    /// The loops, never `auto`.
    pub backend: Backend,
    /// The instruction set.
    pub isa: Isa,
    /// Are points ordered and blocks without weight skipped?
    pub skip: bool,
    /// What coordinates are rounded around.
    pub centres: Centres,
}

/// What coordinates are rounded around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Centres {
    /// The mean of the sources.
    #[default]
    One,
    /// Every panel of queries has its own, and sources are moved to it: whatever the extent, what
    /// is rounded is as small as the distances.
    Many,
}

impl Choice {
    /// The choice for `n` queries and `m` sources in `dim` coordinates at this `sigma`, when the
    /// root mean square distance of points from their centre is `spread`.
    pub fn of(options: &PairwiseOptions, (n, m): (usize, usize), dim: usize, sigma: f64, spread: f64) -> Choice {
        let square = std::f64::consts::LOG2_E * (spread / sigma).powi(2);
        let shape = Shape { n, m, dim, value_dim: dim, square, far: 0.5 * square > FAR };
        let isa = options.isa.resolved();
        let of = |plan: Plan, precision: Precision| {
            let backend = match plan.form {
                Form::Product if plan.gemm => Backend::Gemm,
                Form::Product => Backend::Fused,
                Form::Difference => Backend::Direct,
            };
            // The matrix units are for the bfloat16 precisions.
            let isa = if isa == Isa::Amx { Isa::Avx512 } else { isa };
            Choice { precision, backend, isa, skip: plan.skip, centres: plan.centres }
        };
        match arithmetic(options, &shape, true) {
            Arithmetic::Naive => {
                Choice { precision: Precision::F64, backend: Backend::Naive, isa, skip: false, centres: Centres::One }
            }
            Arithmetic::F64 => of(Plan::new::<f64>(options, &shape), Precision::F64),
            Arithmetic::F32 => of(Plan::new::<f32>(options, &shape), Precision::F32),
            Arithmetic::Split(terms) => {
                let precision = if terms == Terms::Three { Precision::Bf16x3 } else { Precision::Bf16x6 };
                Choice { precision, backend: Backend::Amx, isa, skip: false, centres: Centres::One }
            }
        }
    }
}

/// How one call is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Instruction set.
    pub isa: Isa,
    /// Form of the distance.
    pub form: Form,
    /// Products by faer rather than by our tiles.
    pub gemm: bool,
    /// Sources per block.
    pub block: usize,
    /// Panels of queries per task.
    pub panels: usize,
    /// Queries per panel.
    pub width: usize,
    /// Order the points and skip blocks without weight.
    pub skip: bool,
    /// What coordinates are rounded around.
    pub centres: Centres,
}

impl Plan {
    /// A plan for this shape.
    pub fn new<T: Real>(options: &PairwiseOptions, shape: &Shape) -> Plan {
        let Shape { dim, value_dim, square, .. } = *shape;
        let form = match options.backend {
            Backend::Direct => Form::Difference,
            Backend::Fused | Backend::Gemm => Form::Product,
            _ if dim <= DIRECT_DIM || T::EPSILON * square > tolerance::<T>() => Form::Difference,
            _ => Form::Product,
        };
        let width = options.isa.run(Width::<T>(std::marker::PhantomData));
        let per_source = dim.max(value_dim) * size_of::<T>();
        let skip = shape.skips(options);
        let gemm = options.backend == Backend::Gemm;
        let largest = if skip {
            // Panels make whole blocks.
            48
        } else if gemm {
            512
        } else {
            128
        };
        let per_panel = (dim + value_dim).max(1) * width * size_of::<T>();
        Plan {
            isa: options.isa,
            form,
            gemm,
            block: (BLOCK_BYTES / per_source).clamp(32, largest) / 8 * 8,
            panels: (TASK_BYTES / per_panel).clamp(1, 4),
            width,
            skip,
            // f64 has the digits for one centre.
            centres: if skip && size_of::<T>() == 4 { Centres::Many } else { Centres::One },
        }
    }

    /// Points of a leaf when points are put in space order in blocks of this size: a panel, if
    /// panels make whole blocks.
    pub fn leaf(&self, block: usize) -> usize {
        if block.is_multiple_of(self.width) { self.width } else { block }
    }

    /// Queries per task.
    pub fn rows(&self) -> usize {
        self.panels * self.width
    }
}

/// Error of an exponent that the product form may make before differences take over.
fn tolerance<T: Real>() -> f64 {
    if size_of::<T>() == 8 { 1e-11 } else { 2e-5 }
}

struct Width<T>(std::marker::PhantomData<T>);

impl<T: Real> WithSimd for Width<T> {
    type Output = usize;
    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> usize {
        WIDTH * T::lanes::<S>()
    }
}

/// Mean of `|x - centre|^2`, and how many of these are beyond `limit`, by fixed blocks in parallel.
pub fn mean_square(points: &Points, centre: &[f64], limit: f64) -> (f64, usize) {
    let blocks: Vec<(f64, usize)> = points
        .data()
        .par_chunks(ROWS * points.dim())
        .map(|block| {
            let squares = block.chunks_exact(points.dim()).map(|x| crate::points::squared_distance(x, centre));
            squares.fold((0.0, 0), |(sum, beyond), square| (sum + square, beyond + usize::from(square > limit)))
        })
        .collect();
    let mean = blocks.iter().map(|(sum, _)| sum).sum::<f64>() / points.n() as f64;
    (mean, blocks.iter().map(|(_, beyond)| beyond).sum())
}
