//! Pairwise sums whose queries are divided among ranks.
//!
//! Rank 0 runs the program. The other ranks wait in `serve` for their rows of a sum (in a sweep
//! they are in `work_apart`, and compute cells). For a large sum, rank 0 sends the arguments of the
//! call, and each set of points that the other ranks do not keep from one of the last calls. All
//! ranks make the same choices and pack the same sources. Each computes some panels of queries, and
//! rank 0 collects the results. A panel is summed as on one rank, so the bytes do not depend on the
//! number of ranks.
//!
//! The cost per rank is `n m / P` pairs for `P` ranks. Where one rank evaluates every pair of
//! particles once for both of them, a pair whose particles are queries of two ranks is evaluated by
//! both. Rank 0 sends every changed set to every rank, and receives `n (P - 1) / P` results. Every
//! rank keeps all points.
//!
//! | file | what is inside |
//! |---|---|
//! | `leader` | the other ranks as rank 0 sees them |
//! | `message` | the arguments of a call as a message |
//! | `deal` | which rank gets which queries |
//! | `shared` | the sums on rank 0 |
//! | `worker` | the sums on the other ranks |

pub mod deal;
pub mod leader;
pub mod message;
pub mod shared;
pub mod worker;
