//! Pairwise sums whose queries are divided among ranks.
//!
//! Rank 0 runs the program. The other ranks wait in `serve` for their rows of a sum. In a sweep
//! they compute cells instead, in `work_apart`. For a large sum, rank 0 sends the arguments of the
//! call, and each set of points that the other ranks do not hold from an earlier call. All ranks
//! make the same choices and pack the same sources. Each rank computes some panels of queries, and
//! rank 0 collects the results. A panel is summed as on one rank, so the bytes do not depend on the
//! number of ranks.
//!
//! The cost per rank is `n m / P` pairs for `n` queries, `m` sources and `P` ranks. If every pair
//! of particles is evaluated once for both particles, a pair whose particles are queries of two
//! ranks is evaluated by both ranks. Rank 0 sends every changed set to every rank, and receives `n
//! (P - 1) / P` results. Every rank keeps all points.
//!
//! | file | what is inside |
//! |---|---|
//! | `leader` | the other ranks as rank 0 sees them |
//! | `message` | the arguments of a call as a message |
//! | `deal` | which rank gets which queries |
//! | `shared` | the sums on rank 0 |
//! | `worker` | the sums on the other ranks |

mod content;
pub mod deal;
pub mod leader;
pub mod message;
pub mod shared;
pub mod worker;
