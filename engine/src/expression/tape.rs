//! A formula as a list of operations, each on earlier results.

use super::operation::{Binary, Unary};
use std::collections::HashMap;

/// Points evaluated together.
pub const LANES: usize = 32;

/// One value for each of the points evaluated together.
type Lane = [f64; LANES];

/// One step of the evaluation; numbers are positions in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// An input.
    Input(u32),
    /// The bits of a number.
    Constant(u64),
    Unary(Unary, u32),
    Binary(Binary, u32, u32),
}

/// The operations in order; the last one needed is the result.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tape {
    steps: Vec<Step>,
    result: usize,
    /// Where equal steps stand, so that each is evaluated once.
    known: HashMap<Step, u32>,
}

impl Tape {
    /// Number of operations.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// The tape whose result is step `result`.
    pub fn ending(mut self, result: u32) -> Tape {
        self.result = result as usize;
        self.known = HashMap::new();
        self
    }

    /// The number at step `i`, when it is one.
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

    /// `f(u)`, computed at once when `u` is a number.
    pub fn unary(&mut self, f: Unary, u: u32) -> u32 {
        match self.constant(u) {
            Some(value) => self.number(f.value(value)),
            None => self.push(Step::Unary(f, u)),
        }
    }

    /// `f(u, v)`, computed at once when both are numbers.
    pub fn binary(&mut self, f: Binary, u: u32, v: u32) -> u32 {
        match (self.constant(u), self.constant(v)) {
            (Some(a), Some(b)) => self.number(f.value(a, b)),
            // Whole powers are exact for negative bases too, and cheap.
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

    /// The values at up to [`LANES`] rows; `memory` is kept between calls.
    pub fn values(&self, rows: &[f64], inputs: usize, out: &mut [f64], memory: &mut Vec<Lane>) {
        self.forward(rows, inputs, memory);
        out.copy_from_slice(&memory[self.result][..out.len()]);
    }

    /// The gradients at up to [`LANES`] rows, in their shape: with the adjoint `g` of a result,
    /// each of its arguments gets `g` times the partial derivative, from the last step back to the
    /// inputs.
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
                // Places beyond the last row repeat it.
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

/// An adjoint times a derivative; a branch that does not count stays out, however steep it is.
#[inline(always)]
fn passed(adjoint: f64, slope: f64) -> f64 {
    if adjoint == 0.0 || slope == 0.0 { 0.0 } else { adjoint * slope }
}
