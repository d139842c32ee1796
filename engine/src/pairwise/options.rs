//! How pairwise sums are computed.

use crate::simd::Isa;

crate::options! {
    /// How pairwise sums are computed.
    pub struct PairwiseOptions {
        /// Arithmetic of distances, weights and sums: "f64", "f32", "bf16x3" and "bf16x6" (matrix
        /// units; f32 without them), "auto" (the fastest of them with a relative error of 1e-5).
        precision: Precision = Precision::F32,
        /// Implementation: "auto", "naive" (the slow reference), "direct" (distances by
        /// differences), "fused" (distances by products), "gemm" (distances by a general matrix
        /// product), or "grid" (sums of smooth kernels in up to three dimensions on a grid, if the
        /// points do not lie in too many cells; "auto" otherwise). The matrix units are requested
        /// by the precision.
        backend: Backend = Backend::Auto,
        /// Instruction set: "auto", "scalar", "avx2", "avx512", "amx"; if the machine lacks it, the
        /// best that it has.
        isa: Isa = Isa::Auto,
        /// Whether blocks of sources of negligible weight are skipped. The result is the same to
        /// rounding.
        skip: bool = true,
        /// Largest relative error of sums on a grid, above 0: with 1e-3 or more, sums in three
        /// dimensions take about half the time of the default; below 1e-6 the grid is not used.
        tol: f64 = 1e-6,
    }
}

/// The implementation of pairwise sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The fastest one that keeps the requested precision.
    #[default]
    Auto,
    /// The reference: one query at a time, in f64 for every precision.
    Naive,
    /// Distances by differences: best in few coordinates, exact for tiny sigma.
    Direct,
    /// Distances by products in register tiles: best in many coordinates.
    Fused,
    /// Distances by faer's matrix products, for comparison.
    Gemm,
    /// Sums of smooth kernels in up to three dimensions on a grid, in time proportional to the
    /// number of points.
    Grid,
    /// Split bfloat16 products on matrix units: chosen by a precision, not allowed as an option.
    Amx,
}

/// Arithmetic of a pairwise sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Double precision throughout.
    F64,
    /// Single precision after centring and scaling in double.
    F32,
    /// Products of numbers split into bfloat16 parts, three per product, on matrix units: relative
    /// error about 1e-5. This precision is for softmax means of the sources themselves, at points
    /// near their centre. For all other calls, and without matrix units, f32 or f64 is used.
    Bf16x3,
    /// Six products of parts per product of coordinates, and three per product of weights: relative
    /// error about 2e-6.
    Bf16x6,
    /// The fastest with a relative error of at most 1e-5.
    Auto,
}

crate::choices!(Precision, Backend);
