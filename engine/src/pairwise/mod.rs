//! The pairwise engine: sums over all pairs of a query and a source, without ever holding the
//! pairs.
//!
//! Every kernel quantity of this crate is a weight of a squared distance summed against `[1, V]`:
//!
//! | reduction | per query `z` | serves |
//! |---|---|---|
//! | [`Pairwise::log_sum_exp`] | `log sum_j exp(l_j - \|z - x_j\|^2 / 2 sigma^2)` | densities, Sinkhorn |
//! | [`Pairwise::softmax_mean`] | `sum_j softmax_j(l_j - \|z - x_j\|^2 / 2 sigma^2) v_j` | denoisers, mean shift, SD flow |
//! | [`Pairwise::kernel_sum`] | `sum_j w_j k(\|z - x_j\|^2) [1, v_j]`, or with the slope of `k` | MMD, SVGD, energy |
//!
//! Results do not depend on the number of threads.
//!
//! # How a sum is computed
//!
//! A call is checked in `reductions`. `dispatch` measures its points once: their centre, their mean
//! square in units of the kernel, and how many queries are far from that centre. From these numbers
//! and the options, and from nothing else, `plan` chooses the arithmetic, the form of the distance,
//! the size of a block, and whether points are put in space order; the choice is plain data, which
//! `doctor` and `bench` print. The loops are leaves behind one trait, in `loops`.
//!
//! **Packing** (`pack`). The sources' mean is taken away in f64 and the rest is multiplied by
//! `sqrt(log2 e / 2) / sigma`; only then is it rounded to the working type, once per call. A score
//! is then minus a squared distance and a weight is `2^score`, so the loops know neither sigma nor
//! units. The matrix units want each number as a sum of two or three bfloat16 numbers instead, laid
//! out in tiles.
//!
//! **Lanes are queries.** A panel of queries (three registers wide; two on the matrix units) lies
//! across the lanes of the registers, and one source after the other is broadcast to all of them.
//! Running maxima, normalisers and their rescaling therefore need no reduction across lanes, and
//! one row-major copy of the sources serves both products: scores from coordinates, sums from
//! weights. The maximum is subtracted as it is found, as in any online softmax, so no score
//! overflows and a query far from everything gets a finite answer.
//!
//! **Direct and fused.** Up to 4 coordinates, or where products would lose digits, distances are
//! sums of squared differences (*direct*), and exponential and sums are one pass in registers.
//! Otherwise both products are made in tiles of 8 sources by 3 registers, 24 accumulators of 32
//! (*fused*); between them the weights of a block of at most 128 sources stay in the first-level
//! cache. *gemm* makes the same products by faer, for comparison; nothing chooses it. *naive* is
//! the f64 reference with which all others are compared.
//!
//! **Matrix units** (precisions `bf16x3`, `bf16x6`). Both products are made of split bfloat16 tiles
//! in three stages, one behind the other: the vector units make one block's weights while the
//! matrix units make the next block's scores and the last block's sums. Weights refer to a maximum
//! that trails by up to 24 bits, so that sums are almost never rescaled.
//!
//! **Symmetry.** Where the queries are the particles and none is left out, every pair of
//! particles is evaluated once and its weight is summed both ways (up to 4 coordinates in
//! registers, from 16 on by a second product). Chunks of points meet in the rounds of a tournament,
//! so that no two threads write to one chunk and additions keep their order. It is not used where
//! it does not win: from 5 to 15 coordinates, where the turned product wastes half its lanes; where
//! fewer than 8 panels fit the cache; on the matrix units.
//!
//! **Order of work.** A task is a few panels. A block of sources stays in the second-level cache
//! while all panels of a task meet it. Tasks go to the threads and nothing is summed across tasks,
//! so the bytes do not depend on the number of threads.
//!
//! **Skipping** (`pruning`). When sigma is small against the spread, points are ordered by halving
//! at medians of their widest axes. Balls and boxes around blocks and panels bound every weight of
//! a pair of them, and a block whose largest possible weight is below the rounding of the sum is
//! not met.
//!
//! **Digits** (`rounding`). A rounded coordinate is wrong by `eps` times its distance from the
//! centre. In f32, one centre is enough while the extent is some dozens of sigma. Beyond, points
//! are put in space order, coordinates of sources are kept in two parts, and every block of sources
//! is moved into the frame of the panel that it meets (`pack::frame`), so that what is rounded is
//! as small as the distances, whatever the extent. After its pass every query knows a bound of its
//! error; the few that do not keep a relative error of some 1e-5, such as one beside an outlier,
//! are computed again in f64, and [`Work::repeated`] counts them.
//!
//! | file | what is inside |
//! |---|---|
//! | `options` | what can be asked for |
//! | `engine`, `work` | the engine that a user holds, and its count of work |
//! | `call` | what a call asks for |
//! | `reductions`, `score_difference`, `log_gradient` | the calls: checks, and where results go |
//! | `measure`, `plan`, `dispatch` | what a call's points are like; the choice that follows; to the loops |
//! | `rounding` | bounds of the error, and who is computed again |
//! | `pruning` | bounds of the weights, and what is skipped |
//! | `pack/` | centring, scaling, space order, bfloat16 parts |
//! | `loops/` | the loops, each a leaf, and the parts they share |
//! | `kernel/` | one file for each kernel, and their registry |
//! | `bandwidth` | choices of kernels, and the median distance |
//! | `scratch` | memory kept between calls |
//! | `peak` | what the machine can do at most |
//! | `tests/` | every path against the reference |

mod bandwidth;
mod call;
mod dispatch;
mod engine;
mod kernel;
mod log_gradient;
mod loops;
mod measure;
mod options;
mod pack;
mod peak;
mod plan;
mod pruning;
mod reductions;
mod rounding;
mod score_difference;
mod scratch;
#[cfg(test)]
mod tests;
mod work;

pub use crate::simd::Isa;
pub use bandwidth::Kernels;
pub(crate) use bandwidth::median_distance;
pub use call::{KernelSum, KernelSums, Softmax, SoftmaxMean, Values};
pub use engine::Pairwise;
pub use kernel::{Kernel, Part};
pub(crate) use log_gradient::LogGradient;
pub use options::{Backend, PairwiseOptions, Precision};
pub use peak::{fma_peak, matrix_peak};
pub use plan::{Centres, Choice};
pub use score_difference::{Queries, ScoreDifference};
pub use work::Work;
