//! The pairwise engine: sums over all pairs of a query and a source, without storing the pairs.
//!
//! Every kernel quantity of this crate is a sum of weights that depend on squared distances, or of
//! values multiplied by these weights:
//!
//! | reduction | per query `z` | used for |
//! |---|---|---|
//! | [`Pairwise::log_sum_exp`] | `log sum_j exp(l_j - \|z - x_j\|^2 / 2 sigma^2)` | densities, Sinkhorn |
//! | [`Pairwise::softmax_mean`] | `sum_j softmax_j(l_j - \|z - x_j\|^2 / 2 sigma^2) v_j` | denoisers, mean shift, SD flow |
//! | [`Pairwise::kernel_softmax_mean`] | the same with `log k(\|z - x_j\|^2)` of any positive kernel | drifting |
//! | [`Pairwise::kernel_sum`] | `sum_j w_j k(\|z - x_j\|^2) [1, v_j]`, or with the slope of `k` | MMD, SVGD, energy |
//!
//! Results do not depend on the number of threads.
//!
//! # How a sum is computed
//!
//! A call is checked in `reductions`. `dispatch` measures its points once: their centre, their mean
//! square in units of the kernel, and the number of queries far from that centre. From these
//! numbers and the options alone, `plan` chooses the arithmetic, the form of the distance, the size
//! of a block, and whether points are sorted. The choice is plain data, which `doctor` and `bench`
//! print. The backends, in `loops`, implement one trait and are independent of each other.
//!
//! **Packing** (`pack`). The mean of the sources is subtracted in f64 and the difference is
//! multiplied by `sqrt(log2 e / 2) / sigma`; only then is it rounded to the working type, once per
//! call. A score is then the negative of a squared distance, and a weight is `2^score`, so the
//! backends need neither sigma nor units. For the matrix units, each number is split into a sum of
//! two or three bfloat16 numbers, which are stored in tiles.
//!
//! **Lanes are queries.** A panel of queries lies across the lanes of the registers (three
//! registers wide; two on the matrix units). One source after the other is broadcast to all of
//! them. Running maxima, normalisers and their rescaling therefore need no reduction across lanes.
//! One row-major copy of the sources is enough for both products: scores from coordinates, and sums
//! from weights. The running maximum is subtracted, as in any online softmax, so no score
//! overflows, and a query far from all sources gets a finite result.
//!
//! **Direct and fused.** With up to 4 coordinates, distances are sums of squared differences
//! (*direct*), and one pass in registers computes exponentials and sums. Differences are also used
//! if distances by products would lose precision. Otherwise both products are computed in tiles of
//! 8 sources by 3 registers, so that 24 of the 32 registers are accumulators (*fused*). Between the
//! two products the weights of a block of at most 128 sources stay in the first-level cache. *gemm*
//! computes the same products by faer, for comparison. It is never chosen automatically. *naive* is
//! the f64 reference with which all other backends are compared.
//!
//! **Fixed sets** (`log_sums`). The points of a Sinkhorn iteration do not move, and its sums hardly
//! change from one call to the next. Both sets are packed once, and the sum of the last call takes
//! the place of the running maximum, so that scores, exponentials and sums are one pass. A query
//! whose sum leaves the range of the working type is computed again with a running maximum.
//!
//! **Matrix units** (precisions `bf16x3`, `bf16x6`). Both products are computed from split bfloat16
//! tiles in a pipeline of three stages. The vector units compute the weights of one block while the
//! matrix units compute the scores of the next block and the sums of the last. A weight is
//! `2^(score - reference)`. The largest score may exceed the reference by up to 24, so that sums
//! are almost never rescaled.
//!
//! **Symmetry.** If the particles are both queries and sources, and each counts in its own sum,
//! every pair of particles is evaluated once. Its weight is summed for both particles: in registers
//! with up to 4 coordinates, by a second product with 16 or more. Chunks of points are paired in
//! the rounds of a tournament, so that no two threads write to one chunk and additions keep their
//! order. Symmetry is not used where it is not faster: with 5 to 15 coordinates, because the
//! transposed product wastes half its lanes; if fewer than 8 panels fit the cache; and on the
//! matrix units.
//!
//! **Order of work.** A task is a few panels. A block of sources stays in the second-level cache
//! while all panels of a task use it. The threads run tasks, and nothing is summed across tasks, so
//! the bytes do not depend on the number of threads.
//!
//! **Skipping** (`pruning`). If sigma is small compared with the spread, points are sorted by
//! halving at medians of their widest axes. Balls and boxes around blocks and panels bound the
//! weights of all sources of a block for all queries of a panel. A block is skipped if its largest
//! possible weight is below the rounding error of the sum.
//!
//! **Grid** (`grid`). In up to three dimensions, a sum of a smooth kernel over many points is
//! computed without pairs: sources are spread over a grid, the grid is convolved, and queries read
//! their sums. `auto` uses the grid if a model of the times expects the grid to be faster. The few
//! queries that the grid cannot serve are computed from pairs.
//!
//! **Precision** (`rounding`). The error of a rounded coordinate is `eps` times its distance from
//! the centre. In f32, one centre is enough while the extent is some dozens of sigma. Beyond that
//! extent, points are sorted, and coordinates of sources are stored in two parts. Every block of
//! sources is moved to the centre of the panel of queries with which it is combined
//! (`pack::frame`). Rounded numbers are then as small as the distances, for any extent. After the
//! pass over the sources, every query has a bound of its error. The few queries whose bound exceeds
//! a relative error of about 1e-5, such as a query next to an outlier, are computed again in f64;
//! [`Work::repeated`] counts them.
//!
//! | file | contents |
//! |---|---|
//! | `options` | the options |
//! | `engine`, `work` | the engine as callers use it, and its count of work |
//! | `call` | the arguments of a call |
//! | `reductions`, `kernel_softmax`, `score_difference`, `log_gradient`, `mixture_sum` | the calls: checks, and destinations of results |
//! | `log_sums` | log-sum-exps of two sets that do not move, whose log-weights change |
//! | `own_means` | softmax means of a set at its own points |
//! | `measure`, `centre`, `plan`, `backend`, `dispatch` | measurements of the points; the choice; the call of the backend |
//! | `ranks/` | sums whose queries are divided among ranks |
//! | `rounding` | bounds of the error, and queries that are computed again |
//! | `pruning` | bounds of the weights, and blocks that are skipped |
//! | `grid/` | sums of smooth kernels in few dimensions, without pairs |
//! | `pack/` | centring, scaling, sorting, bfloat16 parts |
//! | `loops/` | the backends, and the parts that they share |
//! | `kernel/` | one file for each kernel, and their registry |
//! | `bandwidth` | choices of kernels, and the median distance |
//! | `scratch` | buffers that are reused between calls |
//! | `peak` | the peak rates of the machine |
//! | `tests/` | every path against the reference |

mod backend;
mod bandwidth;
mod call;
mod centre;
mod dispatch;
mod engine;
mod grid;
mod kernel;
mod kernel_softmax;
mod log_gradient;
mod log_sums;
mod loops;
mod measure;
mod mixture_sum;
mod options;
mod own_means;
mod pack;
mod peak;
mod plan;
mod pruning;
mod ranks;
mod reductions;
mod rounding;
mod score_difference;
mod scratch;
#[cfg(test)]
mod tests;
mod work;

pub use crate::simd::Isa;
pub use bandwidth::Kernels;
#[doc(hidden)]
pub use bandwidth::mean_distance;
pub(crate) use bandwidth::median_distance;
pub use call::{KernelSoftmax, KernelSum, KernelSums, Softmax, SoftmaxMean, Values};
pub use engine::Pairwise;
#[doc(hidden)]
pub use grid::DIM as GRID_DIM;
pub(crate) use grid::most_bytes as most_grid_bytes;
pub use kernel::{Kernel, Part};
pub(crate) use log_gradient::LogGradient;
pub(crate) use log_sums::{LogSums, Side};
pub use options::{Backend, PairwiseOptions, Precision};
#[doc(hidden)]
pub use peak::{fma_peak, matrix_peak};
#[doc(hidden)]
pub use plan::{Centres, Choice};
pub use ranks::leader::Ranks;
pub use ranks::message::{Hello, Neighbours};
pub use ranks::worker::{join, serve, work_apart};
pub use score_difference::{Queries, ScoreDifference};
pub use work::Work;
