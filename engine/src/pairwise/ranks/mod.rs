//! Pairwise sums whose queries are divided among ranks.
//!
//! Rank 0 runs the program. The other ranks wait in `serve` for their part of a sum. For a large
//! sum, rank 0 sends the arguments of the call, and points that a rank does not hold yet. All ranks
//! make the same choices and pack the same sources. Each computes some panels of queries, and rank
//! 0 collects the results. A panel is summed as on one rank, so the bytes do not depend on the
//! number of ranks.
//!
//! The cost per rank is `n m / P` pairs for `P` ranks. Where one rank evaluates every pair of
//! particles once for both of them, two ranks that hold one particle each evaluate it both. A call
//! sends the points that changed since the last call to every rank, and `n (P - 1) / P` results to
//! rank 0. Every rank holds all points.
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
