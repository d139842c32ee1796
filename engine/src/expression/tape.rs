//! A formula as a list of operations (tape). Each operation uses earlier results.

use super::operation::{Binary, Unary};
use std::collections::HashMap;

/// The number of points evaluated together.
pub const LANES: usize = 32;

/// One value for each of the points evaluated together.
type Lane = [f64; LANES];

/// One operation. Its arguments are positions in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// An input.
    Input(u32),
    /// The bits of a number.
    Constant(u64),
    Unary(Unary, u32),
    Binary(Binary, u32, u32),
}

/// The operations in order, and the position of the result.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tape {
    steps: Vec<Step>,
    result: usize,
    /// The position of each operation while the tape is built, so that equal operations are
    /// evaluated once.
    known: HashMap<Step, u32>,
}

impl Tape {
    /// Returns the number of operations.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Returns the tape whose result is step `result`.
    pub fn ending(mut self, result: u32) -> Tape {
        self.result = result as usize;
        self.known = HashMap::new();
        self
    }

    /// Returns the number at step `i`, if it is a constant.
    pub fn constant(&self, i: u32) -> Option<f64> {
        match self.steps[i as usize] {
            Step::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    pub fn number(&mut self, value: f64) -> u32 {
        self.push(Step::Constant(value.to_bits()))
    }

    pub fn input(&mut self, i: usize) -> u32 {
        self.push(Step::Input(i as u32))
    }

    /// Adds `f(u)`; if `u` is a constant, the value is computed at once.
    pub fn unary(&mut self, f: Unary, u: u32) -> u32 {
        match self.constant(u) {
            Some(value) => self.number(f.value(value)),
            None => self.push(Step::Unary(f, u)),
        }
    }

    /// Adds `f(u, v)`; if both arguments are constants, the value is computed at once.
    pub fn binary(&mut self, f: Binary, u: u32, v: u32) -> u32 {
        match (self.constant(u), self.constant(v)) {
            (Some(a), Some(b)) => self.number(f.value(a, b)),
            // Powers with integer exponents are cheap, and exact for negative bases too.
            (None, Some(n)) if f == Binary::Power && n.fract() == 0.0 && n.abs() <= 64.0 => match n as i32 {
                0 => self.number(1.0),
                1 => u,
                n => self.push(Step::Unary(Unary::Power(n), u)),
            },
            _ => self.push(Step::Binary(f, u, v)),
        }
    }

    fn push(&mut self, step: Step) -> u32 {
        let next = self.steps.len() as u32;
        let at = *self.known.entry(step).or_insert(next);
        if at == next {
            self.steps.push(step);
        }
        at
    }

    /// Writes the values at up to [`LANES`] rows; `memory` is reused between calls.
    pub fn values(&self, rows: &[f64], inputs: usize, out: &mut [f64], memory: &mut Vec<Lane>) {
        self.forward(rows, inputs, memory);
        out.copy_from_slice(&memory[self.result][..out.len()]);
    }

    /// Writes the gradients at up to [`LANES`] rows, in the shape of the rows. The steps are
    /// visited from the last one back to the inputs. A step with the adjoint `g` adds to the
    /// adjoint of each of its arguments: `g` times the partial derivative by this argument.
    pub fn gradients(&self, rows: &[f64], inputs: usize, out: &mut [f64], memory: &mut (Vec<Lane>, Vec<Lane>)) {
        let (values, adjoints) = memory;
        self.forward(rows, inputs, values);
        adjoints.clear();
        adjoints.resize(self.steps.len(), [0.0; LANES]);
        adjoints[self.result] = [1.0; LANES];
        out.fill(0.0);
        for (i, step) in self.steps.iter().enumerate().take(self.result + 1).rev() {
            let g = adjoints[i];
            match *step {
                Step::Constant(_) => {}
                Step::Input(k) => {
                    let column = out.iter_mut().skip(k as usize).step_by(inputs);
                    column.zip(g).for_each(|(out, g)| *out += g);
                }
                Step::Unary(f, u) => {
                    let (u, to) = (&values[u as usize], &mut adjoints[u as usize]);
                    for l in 0..LANES {
                        to[l] += passed(g[l], f.slope(u[l], values[i][l]));
                    }
                }
                Step::Binary(f, u, v) => {
                    for l in 0..LANES {
                        let (a, b) = f.slopes(values[u as usize][l], values[v as usize][l], values[i][l]);
                        adjoints[u as usize][l] += passed(g[l], a);
                        adjoints[v as usize][l] += passed(g[l], b);
                    }
                }
            }
        }
    }

    fn forward(&self, rows: &[f64], inputs: usize, values: &mut Vec<Lane>) {
        let last = rows.len() / inputs - 1;
        values.clear();
        for step in &self.steps {
            let lane = match *step {
                // Lanes beyond the last row repeat the last row.
                Step::Input(k) => std::array::from_fn(|l| rows[l.min(last) * inputs + k as usize]),
                Step::Constant(bits) => [f64::from_bits(bits); LANES],
                Step::Unary(f, u) => values[u as usize].map(|u| f.value(u)),
                Step::Binary(f, u, v) => {
                    let (u, v) = (&values[u as usize], &values[v as usize]);
                    std::array::from_fn(|l| f.value(u[l], v[l]))
                }
            };
            values.push(lane);
        }
    }
}

/// Returns the product of an adjoint and a derivative. The branch that a `min` or `max` does not
/// select contributes 0, even if its derivative is infinite.
#[inline(always)]
fn passed(adjoint: f64, slope: f64) -> f64 {
    if adjoint == 0.0 || slope == 0.0 { 0.0 } else { adjoint * slope }
}
