//! The backends of the pairwise sums, and the parts that they share.
//!
//! | file | what is inside |
//! |---|---|
//! | `portable`, `portable_job`, `portable_task` | the loop for registers of any width, distances by differences or by products |
//! | `log_sums` | log-sum-exps between two fixed sets, whose centred and scaled copies are made once; one pass over the sources |
//! | `panels` | the queries of a task, centred, scaled and grouped into panels; a panel fills the lanes of a few registers |
//! | `symmetric`, `symmetric_direct` | softmax means of a set at its own points, with every pair evaluated once because the kernel is symmetric |
//! | `tournament` | which chunks of that set are paired in which round |
//! | `amx`, `amx_stages` | the loop on matrix units, and its three stages |
//! | `naive` | the reference backend |
//! | `tile`, `gemm` | the two matrix products of a block (scores from coordinates, sums from weights), in register tiles or by faer |
//! | `online_softmax`, `online_softmax_amx` | running maxima, normalisers and weights |
//! | `weights` | from the squared distances of a block to weights and sums, for softmaxes and kernels |
//! | `block_schedule` | which panel of queries is combined with which block of sources, and when |
//! | `output_row` | where a query's results go |

use super::call::{KernelCall, SoftmaxCall};
use super::engine::Pairwise;
use super::measure::Measure;
use crate::Result;
use output_row::RowOut;

pub mod amx;
mod amx_stages;
pub mod block_schedule;
pub mod gemm;
pub mod log_sums;
pub mod naive;
pub mod online_softmax;
pub mod online_softmax_amx;
pub mod output_row;
mod panels;
pub mod portable;
mod portable_job;
mod portable_task;
pub mod symmetric;
mod symmetric_direct;
pub mod tile;
mod tournament;
mod turned_tile;
pub mod weights;

/// A backend: one implementation of the reductions, independent of the other backends. It writes
/// results to the rows, and returns unchanged the rows that it cannot compute precisely.
pub trait Loops {
    /// Computes softmax sums.
    ///
    /// # Errors
    /// An interrupt.
    fn softmax<'b>(
        &self,
        engine: &Pairwise,
        call: &SoftmaxCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>>;

    /// Computes kernel sums.
    ///
    /// # Errors
    /// An interrupt.
    fn kernel<'b>(
        &self,
        engine: &Pairwise,
        call: &KernelCall,
        measure: &Measure,
        rows: Vec<RowOut<'b>>,
    ) -> Result<Vec<RowOut<'b>>>;
}

/// A backend that sums over pairs, row by row, so that rows can be divided among ranks.
pub trait RowByRow: Loops {
    /// Returns the number of rows that are computed together, and true if the cost of such a group
    /// depends on where its queries lie. Rows are divided at multiples of this number.
    fn unit(&self, engine: &Pairwise, measure: &Measure) -> (usize, bool);

    /// Returns the rows in the order in which [`Loops::softmax`] should get them.
    fn ordered<'b>(&self, _: &Pairwise, _: &SoftmaxCall, _: &Measure, rows: Vec<RowOut<'b>>) -> Vec<RowOut<'b>> {
        rows
    }
}
