//! One iteration of Sinkhorn's algorithm.

use super::Marginal;
use crate::pairwise::{LogSums, Pairwise, Side};
use crate::{Error, Interrupt, Result};

/// Exponents above this number are replaced by it, so that the error of a first guess is finite.
pub const LARGEST: f64 = 500.0;

/// The updates of a problem at one epsilon.
#[derive(Debug)]
pub struct Updates<'a> {
    x: &'a Marginal<'a>,
    y: &'a Marginal<'a>,
    /// True if both sides are the same.
    is_own: bool,
    rho: Option<f64>,
    pub epsilon: f64,
    interrupt: Interrupt,
    sums: LogSums<'a>,
    logs: Vec<f64>,
    sum: Vec<f64>,
}

impl<'a> Updates<'a> {
    /// Creates the updates with the arithmetic of `pairwise`.
    ///
    /// # Errors
    /// Dimensions do not match, or an interrupt.
    pub fn new(
        (x, y): (&'a Marginal<'a>, &'a Marginal<'a>),
        is_own: bool,
        (epsilon, rho): (f64, Option<f64>),
        pairwise: &Pairwise,
    ) -> Result<Updates<'a>> {
        let interrupt = pairwise.interrupt().clone();
        let sums = pairwise.log_sums(x.points, y.points, epsilon.sqrt())?;
        Ok(Updates { x, y, is_own, rho, epsilon, interrupt, sums, logs: Vec::new(), sum: Vec::new() })
    }

    /// The interrupt of the engine.
    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Changes epsilon.
    ///
    /// # Errors
    /// An interrupt.
    pub fn set_epsilon(&mut self, epsilon: f64) -> Result<()> {
        if epsilon == self.epsilon {
            return Ok(());
        }
        self.epsilon = epsilon;
        self.sums.set_sigma(epsilon.sqrt())
    }

    /// Writes to `g` the optimal potential for `f`, and to `next` the optimal potential for that
    /// `g`. Returns the L1 error of the row sums of the plan of `f` and `g`, `sum_i a_i |exp((f_i -
    /// next_i) / epsilon) - 1|`. For equal sides, `g` is `f`, and `next` is its update.
    ///
    /// # Errors
    /// A potential is not finite, or an interrupt.
    pub fn apply(&mut self, f: &[f64], g: &mut Vec<f64>, next: &mut Vec<f64>) -> Result<f64> {
        if self.is_own {
            g.clear();
            g.extend_from_slice(f);
        } else {
            self.best(Side::Second, f, g)?;
        }
        self.best(Side::First, g, next)?;
        let off = |i: usize| ((f[i] - next[i]) / self.epsilon).min(LARGEST).exp_m1().abs();
        Ok(self.x.integral(off))
    }

    /// Writes the optimal potential of one side to `out`, given the potential `other` of the other
    /// side.
    pub fn best(&mut self, side: Side, other: &[f64], out: &mut Vec<f64>) -> Result<()> {
        let there = if side == Side::First { self.y } else { self.x };
        let epsilon = self.epsilon;
        self.logs.clear();
        self.logs.extend(there.logs().iter().zip(other).map(|(l, h)| l + h / epsilon));
        self.sums.at(side, &self.logs, &mut self.sum)?;
        let factor = -epsilon * self.rho.map_or(1.0, |rho| rho / (rho + epsilon));
        out.clear();
        out.extend(self.sum.iter().map(|l| factor * l));
        match out.iter().all(|f| f.is_finite()) {
            true => Ok(()),
            false => Err(Error::Numeric {
                what: format!("transport with epsilon {}", crate::number::number(epsilon)),
                reason: "the costs divided by epsilon leave the range of f64: increase `epsilon`".into(),
            }),
        }
    }
}
