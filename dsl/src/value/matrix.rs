//! Matrices: covariances.

use super::number::numbers;
use crate::language::Fail;
use rhai::{Dynamic, Engine, EvalAltResult, Position};
use sdflow::Mat;
use std::sync::Arc;

/// A matrix as a value of the script.
#[derive(Debug, Clone)]
pub struct Matrix(pub Arc<Mat<f64>>);

impl Matrix {
    /// Returns a matrix as a value of the script.
    pub fn value(matrix: Mat<f64>) -> Dynamic {
        Dynamic::from(Matrix(Arc::new(matrix)))
    }

    /// Row `i` as an array of numbers.
    pub fn row(&self, i: i64) -> Result<Dynamic, Box<EvalAltResult>> {
        let rows = self.0.nrows();
        match usize::try_from(i).ok().filter(|i| *i < rows) {
            Some(i) => Ok(numbers(&(0..self.0.ncols()).map(|j| self.0[(i, j)]).collect::<Vec<_>>())),
            None => {
                let fail = Fail::script(format!("the matrix has no row {i}: its {rows} rows are counted from 0"));
                Err(fail.into_rhai(Position::NONE))
            }
        }
    }
}

/// Registers the operator `m[i]`, which returns row `i` as an array, and how a matrix prints.
pub fn register(engine: &mut Engine) {
    engine.register_indexer_get(|matrix: &mut Matrix, i: i64| matrix.row(i));
    let text = |matrix: &mut Matrix| format!("a matrix of {} x {}", matrix.0.nrows(), matrix.0.ncols());
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
