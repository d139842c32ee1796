//! Entropic optimal transport by Sinkhorn's algorithm \[cuturi2013sinkhorn\], in the log domain and
//! with memory `O((n + m) d)`.
//!
//! For points `x_i` of masses `a_i` and `y_j` of masses `b_j` and the cost `c_ij = |x_i - y_j|^2 /
//! 2`, the regularised problem is
//!
//! ```text
//! OT(a, b) = min over plans P of  sum_ij P_ij c_ij + epsilon KL(P | a b)
//!          = max over f, g of     sum_i a_i f_i + sum_j b_j g_j - epsilon (sum_ij P_ij - 1)
//! P_ij = a_i b_j exp((f_i + g_j - c_ij) / epsilon)
//! ```
//!
//! An iteration is `g_j <- -epsilon log sum_i a_i exp((f_i - c_ij) / epsilon)`, and the same for
//! `f` from `g`. No matrix is stored: `pairwise::log_sums` computes the sums.
//!
//! - **Order of the updates.** The updates of `f` and `g` alternate. Updating both at once from the
//!   previous potentials would gain nothing. It would run two independent alternating sequences
//!   side by side, and a pass over the pairs would advance each sequence by only half an iteration,
//!   with or without acceleration.
//! - **Scaling.** A sequence of problems is solved, with epsilon falling from the squared diameter;
//!   each starts from the potentials of the previous problem \[schmitzer2019stabilized\]. If the
//!   caller gives a starting potential, only the last problem is solved.
//! - **Acceleration.** Anderson acceleration \[walker2011anderson\] combines the last iterates. If
//!   the error is large or more than doubles, the acceleration restarts from a plain iteration.
//!   Plain iterations always converge.
//! - **Newton's method.** If about 60 iterations do not reach the tolerance, Newton's method takes
//!   over, with a sparse plan of the non-negligible entries \[tang2024accelerating\]. It is not
//!   used if there are too many of these entries, with the precision f32, for equal sides, or with
//!   `rho`.
//! - **Equal sides.** If both sides are the same points with the same masses, `f = g`, and an
//!   iteration replaces `f` by the mean of `f` and its update. About ten iterations suffice
//!   \[feydy2019interpolating\].
//! - **Unbalanced.** With `rho`, the marginals are penalised by `rho KL` instead of being fixed,
//!   and each update is multiplied by `rho / (rho + epsilon)` \[sejourne2019sinkhorn\].
//! - **Precision.** Iterations run in f32 until the marginal error is near the rounding error of
//!   f32, then in f64.
//!
//! # Conventions of other libraries
//!
//! | library | call | here |
//! |---|---|---|
//! | POT | `ot.sinkhorn(a, b, M, reg)` with `M_ij = \|x_i - y_j\|^2` | `epsilon = reg / 2`; the `sum P M` of POT is twice [`Coupling::transport_cost`] |
//! | OTT | `PointCloud(x, y, epsilon)`, cost `\|x - y\|^2` | `epsilon` is half of that of OTT; the `reg_ot_cost` of OTT is twice [`Coupling::cost`] |
//! | GeomLoss | `SamplesLoss("sinkhorn", p=2, blur)` | `epsilon = blur^2`; the value of GeomLoss is [`Coupling::divergence`] |
//!
//! | file | contents |
//! |---|---|
//! | `option` | the options and their checks |
//! | `marginal` | points with their masses |
//! | `updates` | one iteration |
//! | `anderson` | extrapolation from the last iterates |
//! | `newton`, `sparse_plan` | Newton's method with the entries that are not negligible |
//! | `problem` | the problem and its checks |
//! | `solver` | the sequence of epsilons, and the precisions |
//! | `solution` | a solution in progress, its iterations and ending |
//! | `potentials` | the resulting potentials |
//! | `coupling` | the plan that the potentials define: values, entries, means of its rows |
//! | `divergence` | the debiased value |

mod anderson;
mod coupling;
mod divergence;
mod marginal;
mod newton;
mod option;
mod potentials;
mod problem;
mod solution;
mod solver;
mod sparse_plan;
#[cfg(test)]
mod tests;
mod updates;

pub use coupling::{Coupling, Entry};
pub use divergence::{Divergence, divergence};
pub use marginal::Marginal;
pub use option::{SinkhornOptions, SinkhornPrecision};
pub use potentials::Potentials;
pub use problem::Sinkhorn;
