//! The loops that compute pairwise sums, and the parts that they share.

pub mod amx;
pub mod block_schedule;
pub mod gemm;
pub mod naive;
pub mod online_softmax;
pub mod online_softmax_amx;
pub mod output_row;
pub mod portable;
pub mod symmetric;
pub mod tile;
