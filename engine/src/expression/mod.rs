//! Formulas written as text, such as a log density in the coordinates or a schedule in the
//! progress, and their exact derivatives.
//!
//! A text is parsed once into a list of operations. The list is evaluated in blocks of points, so
//! that the points share the cost of interpretation. Derivatives are computed by reverse-mode
//! automatic differentiation \[griewank2008evaluating\]. They are exact to rounding, and the
//! derivatives by all coordinates together cost a few times as much as one value.

mod meaning;
mod operation;
mod parser;
mod tape;
#[cfg(test)]
mod tests;
mod token;

use meaning::Meaning;

use crate::{Error, Result};
use rayon::prelude::*;
use std::collections::BTreeMap;
use tape::{LANES, Tape};

/// The smallest number of blocks per task.
const BLOCKS: usize = 4;

/// A formula `f(x)`: a number as a function of `n` inputs.
///
/// A formula may contain `+ - * / ^` (`**` is the same as `^`), numbers and `pi`. Its functions of
/// one number are `exp`, `expm1`, `log`, `log1p`, `sqrt`, `sin`, `cos`, `tanh`, `atan`, `abs` (its
/// derivative at 0 is taken as 0), `sigmoid` and `softplus`. Its functions of two numbers are
/// `pow`, `min`, `max` and `logsumexp`. There are also `sum(i, a, b, f)` and `logsumexp(i, a, b,
/// f)`, over integers `i` from `a` up to but not including `b`.
///
/// ```
/// use sdflow::expression::Expression;
/// let f = Expression::of_point("-(x[0]^2 + a*x[1]^2) / 2", 2, &[("a".into(), vec![4.0], true)])?;
/// assert_eq!(f.values(&[1.0, 1.0, 2.0, 0.0]), [-2.5, -2.0]);
/// assert_eq!(f.gradients(&[1.0, 1.0]), [-1.0, -4.0]);
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    tape: Tape,
    inputs: usize,
}

/// A parameter: its name, its values, and whether it is a plain number rather than a list.
pub type Parameter = (String, Vec<f64>, bool);

impl Expression {
    /// Parses a formula in the coordinates `x[0] .. x[dim - 1]` (also written `x0, x1, ..`), in
    /// `dim`, and in the parameters.
    ///
    /// # Errors
    /// [`Error::Expression`] with the place in the text; the name of a parameter is already
    /// defined.
    pub fn of_point(text: &str, dim: usize, parameters: &[Parameter]) -> Result<Expression> {
        let mut names = BTreeMap::from([
            ("x".to_string(), Meaning::Inputs),
            ("dim".to_string(), Meaning::Number(dim as f64)),
            ("pi".to_string(), Meaning::Number(std::f64::consts::PI)),
        ]);
        names.extend((0..dim).map(|i| (format!("x{i}"), Meaning::Input(i))));
        for (name, values, single) in parameters {
            let taken = names.contains_key(name) || operation::is_function(name);
            if taken {
                return Err(Error::argument(
                    name,
                    "a parameter",
                    "the formula already defines this name: choose another",
                ));
            }
            let meaning = if *single { Meaning::Number(values[0]) } else { Meaning::List(values.clone()) };
            names.insert(name.clone(), meaning);
        }
        Expression::new(text, dim, names)
    }

    /// Parses a formula in the progress `t`.
    ///
    /// # Errors
    /// [`Error::Expression`] with the place in the text.
    pub fn of_progress(text: &str) -> Result<Expression> {
        let pi = Meaning::Number(std::f64::consts::PI);
        Expression::new(text, 1, BTreeMap::from([("t".into(), Meaning::Input(0)), ("pi".into(), pi)]))
    }

    fn new(text: &str, inputs: usize, names: BTreeMap<String, Meaning>) -> Result<Expression> {
        let tape = parser::parse(text, inputs, names)?;
        Ok(Expression { text: text.into(), tape, inputs })
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the value at one point.
    pub fn at(&self, point: &[f64]) -> f64 {
        let mut out = [0.0];
        self.tape.values(point, self.inputs, &mut out, &mut Vec::new());
        out[0]
    }

    /// Returns the value at every row of `rows`, n x inputs. The cost is one pass over the
    /// operations per point, in parallel.
    pub fn values(&self, rows: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; rows.len() / self.inputs];
        let blocks = out.par_chunks_mut(LANES).zip(rows.par_chunks(LANES * self.inputs));
        blocks
            .with_min_len(BLOCKS)
            .for_each_init(Vec::new, |memory, (out, rows)| self.tape.values(rows, self.inputs, out, memory));
        out
    }

    /// Returns the gradient at every row of `rows`, in the same shape. The cost is about three
    /// times that of the values.
    pub fn gradients(&self, rows: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; rows.len()];
        self.gradients_into(rows, &mut out);
        out
    }

    /// Writes [`Expression::gradients`] into `out`, which is as long as `rows`.
    pub fn gradients_into(&self, rows: &[f64], out: &mut [f64]) {
        let size = LANES * self.inputs;
        let blocks = out.par_chunks_mut(size).zip(rows.par_chunks(size));
        blocks
            .with_min_len(BLOCKS)
            .for_each_init(Default::default, |memory, (out, rows)| self.tape.gradients(rows, self.inputs, out, memory));
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        (&self.text, &self.tape) == (&other.text, &other.tape)
    }
}
