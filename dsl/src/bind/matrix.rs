//! Matrices: covariances, read entry by entry or compared as a whole.

use crate::bind::points::{Cloud, number, numbers};
use crate::call::{Call, Fail};
use crate::manual::{Entry, Kind};
use rhai::{Array, Dynamic, Engine, EvalAltResult, Position};
use sdflow::Mat;
use std::sync::Arc;

/// What a script holds as a matrix.
#[derive(Debug, Clone)]
pub struct Matrix(pub Arc<Mat<f64>>);

impl Matrix {
    /// A matrix as a script's value.
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

const fn entry(name: &'static str, signature: &'static str, returns: &'static str, call: crate::call::Native) -> Entry {
    Entry { name, kind: Kind::Metric, signature, returns, about: "", options: &[], names: &[], example: "", call }
}

pub const ENTRIES: &[Entry] = &[
    Entry {
        about: "The root of the sum of squares of all numbers in an array or a matrix: the length of a vector, the Frobenius norm of a matrix.",
        example: "print(norm([3, 4]));",
        ..entry("norm", "norm(values)", "a number", |call| Ok(length(&flat(call, 0)?).into()))
    },
    Entry {
        about: "`norm(a - b) / norm(b)` of two arrays, or matrices, of the same shape. Of two sets of points, such as the velocities \
                of two flows, with the standard error over the points.",
        example: "print(relative_error([1.0, 2.1], [1, 2]));\nlet p = gaussian(#{dim: 2});\nlet y = normal(500, 2);\n\
                  let exact_field = sd_flow(p, exact(gaussian(#{dim: 2, std: 2})), #{sigma: 0.5}).velocity(y);\n\
                  print(relative_error(sd_flow(p, gaussian_fit(), #{sigma: 0.5}).velocity(y), exact_field));",
        ..entry("relative_error", "relative_error(a, b)", "a number, or a reading for sets of points", |call| {
            if call.arg(0)?.is::<Cloud>() {
                return super::velocity::against(call);
            }
            let (a, b) = (flat(call, 0)?, flat(call, 1)?);
            if a.len() != b.len() {
                let message = format!("holds {} numbers", a.len());
                return Err(call.bad(0, message, &format!("`b` holds {}", b.len())));
            }
            let difference: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
            Ok((length(&difference) / length(&b)).into())
        })
    },
    Entry {
        about: "The sum of the diagonal: of a covariance, the mean squared distance from the mean.",
        example: "print(normal(100, 3).cov().trace());",
        ..entry("trace", "matrix.trace()", "a number", |call| {
            let matrix: Matrix = call.receiver()?;
            Ok((0..matrix.0.nrows().min(matrix.0.ncols())).map(|i| matrix.0[(i, i)]).sum::<f64>().into())
        })
    },
];

/// All numbers of argument `i`, an array of numbers or of such arrays.
fn flat(call: &Call, i: usize) -> Result<Vec<f64>, Fail> {
    fn collect(array: &Array, into: &mut Vec<f64>) -> bool {
        array.iter().all(|value| match (number(value), value.read_lock::<Array>()) {
            (Some(x), _) => {
                into.push(x);
                true
            }
            (None, Some(inner)) => collect(&inner, into),
            _ => false,
        })
    }
    if let Some(matrix) = call.arg(i)?.clone().try_cast::<Matrix>() {
        let row = |r| (0..matrix.0.ncols()).map(move |c| (r, c));
        return Ok((0..matrix.0.nrows()).flat_map(row).map(|at| matrix.0[at]).collect());
    }
    let mut all = Vec::new();
    match collect(&call.array(i)?, &mut all) {
        true => Ok(all),
        false => {
            Err(call.bad(i, "holds something else", "a matrix, or an array of numbers or of such arrays is wanted"))
        }
    }
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// `m[i]` is row `i` as an array, and how a matrix prints.
pub fn register(engine: &mut Engine) {
    engine.register_indexer_get(|matrix: &mut Matrix, i: i64| matrix.row(i));
    let text = |matrix: &mut Matrix| format!("a matrix of {} x {}", matrix.0.nrows(), matrix.0.ncols());
    engine.register_fn("to_string", text).register_fn("to_debug", text);
}
