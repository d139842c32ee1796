//! The choice of the backend, the form of the distance and the block sizes of a call.

use super::loops::tile::{Form, WIDTH};
use super::rounding::FAR;
use super::{Backend, PairwiseOptions, Precision};
use crate::Points;
use crate::simd::Isa;
use crate::simd::Real;
use crate::simd::{Terms, matrix_units};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Up to this many coordinates, distances by differences cost almost nothing compared with the
/// exponential.
pub const DIRECT_DIM: usize = 4;

/// Bytes of packed sources in one block, well within the second-level cache of a core.
const BLOCK_BYTES: usize = 7 << 16;

/// Bytes of packed sources in one block of sums between fixed sets. Such a block, a panel of
/// queries and their scores stay together in the first-level cache.
const SUMS_BYTES: usize = 1 << 14;

/// Bytes of queries and sums of one task, in addition to the block.
const TASK_BYTES: usize = 1 << 20;

/// With fewer points, sorting costs more than skipping saves.
const SKIP_POINTS: usize = 1024;

/// Up to this [`Shape::square`], no weight is small enough to be skipped.
const SKIP_SQUARE: f64 = 60.0;

/// With at least this many points and coordinates, `auto` uses the matrix units. With fewer, the
/// tiles are not well filled.
const AUTO_POINTS: usize = 256;
const AUTO_DIM: usize = 24;

/// Beyond this [`Shape::square`], bf16x3 would have a relative error above 1e-5.
const SPLIT_SQUARE: f64 = 40.0;

/// If many queries are far ([`Shape::far`]) and there are at least this many queries and sources,
/// points are sorted and each panel gets its own centre. With fewer, the sums are computed in f64.
const FRAME_POINTS: usize = 128;

/// Rows per task of a parallel sum; fixed, so that sums are always added in the same order.
const ROWS: usize = 4096;

/// The sizes of a pairwise computation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Number of queries.
    pub n: usize,
    /// Number of sources.
    pub m: usize,
    /// Number of coordinates of queries and sources.
    pub dim: usize,
    /// Number of coordinates of the values.
    pub value_dim: usize,
    /// Sum of the mean squares of scaled sources and of scaled queries around the centre; 0 for a
    /// kernel sum. It decides the rounding error of products and whether weights can vanish.
    pub square: f64,
    /// True if many queries are so far from the centre that a single centre would lose f32
    /// precision.
    pub far: bool,
}

impl Shape {
    /// True if points are sorted and blocks of negligible weight are skipped.
    pub fn skips(&self, options: &PairwiseOptions) -> bool {
        let few = self.n.min(self.m);
        options.skip && (few >= SKIP_POINTS && self.square > SKIP_SQUARE || few >= FRAME_POINTS && self.far)
    }
}

/// The arithmetic of a reduction, which also selects the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Arithmetic {
    /// The reference: f64, query by query.
    Naive,
    F64,
    F32,
    /// Split bfloat16 products on matrix units.
    Split(Terms),
}

/// Returns the arithmetic of a softmax of this shape: the requested arithmetic, if the machine has
/// it and it is accurate for the shape. The matrix units need values equal to the sources (`own`)
/// and points near their centre. The arithmetic f32 needs points near one centre, or many centres.
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

/// Returns the arithmetic of a kernel sum of this shape.
pub fn kernel_arithmetic(options: &PairwiseOptions, shape: &Shape) -> Arithmetic {
    match options.precision {
        _ if options.backend == Backend::Naive => Arithmetic::Naive,
        Precision::F64 => Arithmetic::F64,
        _ if shape.far => Arithmetic::F64,
        _ => Arithmetic::F32,
    }
}

/// The resolved choices for a softmax mean whose values are the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Choice {
    /// The arithmetic, never `auto`.
    pub precision: Precision,
    /// The backend, never `auto`.
    pub backend: Backend,
    /// The instruction set.
    pub isa: Isa,
    /// True if points are sorted and blocks of negligible weight skipped.
    pub skip: bool,
    /// The origin that is subtracted from coordinates before they are rounded.
    pub centres: Centres,
}

/// The origin that is subtracted from coordinates before they are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Centres {
    /// One centre for all points.
    #[default]
    One,
    /// One centre per panel of queries, with sources relative to it, so that rounding errors are as
    /// small as the distances.
    Many,
}

impl Choice {
    /// Returns the choice for `n` queries and `m` sources in `dim` coordinates at this `sigma`.
    /// `spread` is the root mean square distance of the points from their centre.
    pub fn of(options: &PairwiseOptions, (n, m): (usize, usize), dim: usize, sigma: f64, spread: f64) -> Choice {
        let square = std::f64::consts::LOG2_E * (spread / sigma).powi(2);
        let shape = Shape { n, m, dim, value_dim: dim, square, far: 0.5 * square > FAR };
        let isa = options.isa.resolved();
        let of = |plan: Plan, precision: Precision| {
            let backend = match plan.form {
                Form::Product if plan.gemm => Backend::Gemm,
                Form::Product | Form::Corrected => Backend::Fused,
                Form::Difference => Backend::Direct,
            };
            // The matrix units are used by the bfloat16 precisions only.
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

/// The plan of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Instruction set.
    pub isa: Isa,
    /// Form of the distance.
    pub form: Form,
    /// True for products by faer rather than by our tiles.
    pub gemm: bool,
    /// Sources per block.
    pub block: usize,
    /// Panels of queries per task.
    pub panels: usize,
    /// Queries per panel.
    pub width: usize,
    /// True to sort the points and skip blocks of negligible weight.
    pub skip: bool,
    /// The origin that is subtracted from coordinates before they are rounded.
    pub centres: Centres,
}

impl Plan {
    /// Creates a plan for this shape.
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
            // A block of 48 sources is a whole number of panels.
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
            // One centre is precise enough in f64.
            centres: if skip && size_of::<T>() == 4 { Centres::Many } else { Centres::One },
        }
    }

    /// Returns the same plan without sorting and skipping, with one centre for all points and
    /// blocks that fit the first-level cache.
    pub fn without_skipping<T: Real>(self, shape: &Shape) -> Plan {
        let block = (SUMS_BYTES / (shape.dim * size_of::<T>())).clamp(32, 128) / 8 * 8;
        Plan { skip: false, centres: Centres::One, block, ..self }
    }

    /// Returns the number of points of a leaf of the spatial order in blocks of `block` points: the
    /// width of a panel if it divides `block`, and otherwise `block`.
    pub fn leaf(&self, block: usize) -> usize {
        if block.is_multiple_of(self.width) { self.width } else { block }
    }

    /// Returns the number of queries per task.
    pub fn rows(&self) -> usize {
        self.panels * self.width
    }
}

/// Returns the largest error of an exponent for which distances are computed by products. If the
/// error is larger, distances are computed by differences.
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

/// Returns the mean of `|x - centre|^2` and the number of points at which this square exceeds
/// `limit`. Fixed blocks are summed in parallel.
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
