//! The points of the target, their weights, and batches of them.

use crate::Points;
use crate::points::draw_rows;
use crate::rng::Stream;
use std::sync::Arc;

/// Points with their weights.
#[derive(Debug, Clone)]
pub struct Data {
    pub points: Arc<Points>,
    /// Logarithms of the weights, whose mean is 1; None if they are equal.
    pub logs: Option<Vec<f64>>,
}

impl Data {
    /// Writes the points with `column` as one more coordinate into `out`, and returns them.
    pub fn with_column<'a>(&self, column: &[f64], out: &'a mut Points) -> &'a Points {
        let dim = self.points.dim();
        out.reshape(self.points.n(), dim + 1);
        for (i, (row, last)) in self.points.iter().zip(column).enumerate() {
            let to = out.row_mut(i);
            to[..dim].copy_from_slice(row);
            to[dim] = *last;
        }
        out
    }

    /// Draws a batch of the points with their weights. Returns None if the batch would be all
    /// points.
    pub fn draw(&self, batch: usize, stream: Stream) -> Option<Data> {
        if batch >= self.points.n() {
            return None;
        }
        let rows = draw_rows(self.points.n(), self.logs.as_deref(), batch, stream);
        let logs = self.logs.as_ref().map(|logs| rows.iter().map(|&j| logs[j]).collect());
        Some(Data { points: Arc::new(self.points.select(&rows)), logs })
    }
}
