//! A solution in progress: iterations, and the ending.

use super::anderson::Anderson;
use super::potentials::rounding;
use super::problem::Sinkhorn;
use super::updates::Updates;
use super::{Marginal, Potentials};
use crate::Result;

/// The error at which a problem of a larger epsilon is solved well enough to start the next one,
/// and the largest number of iterations for such a problem.
const COARSE: f64 = 0.02;
const COARSE_ITERATIONS: usize = 50;

/// Newton's method is tried after this many iterations: the first number is for problems with a
/// larger epsilon, the second for the final problem.
const COARSE_PATIENCE: usize = 20;
const PATIENCE: usize = 60;

/// Below this error the iterations switch from f32 to f64: a few times the rounding error of f32.
const ROUNDED: f64 = 2e-5;

/// After this many f32 iterations without a smaller error, the iterations switch to f64.
const IDLE: usize = 12;

/// Iterates are extrapolated while the error is at most `NEAR`. If the error grows by more than the
/// factor `GROWTH`, the extrapolation restarts.
const NEAR: f64 = 0.3;
const GROWTH: f64 = 2.0;

/// A solution in progress.
pub(super) struct Run<'r, 'a> {
    pub(super) problem: &'r Sinkhorn<'a>,
    pub(super) is_own: bool,
    pub(super) f: Vec<f64>,
    pub(super) g: Vec<f64>,
    pub(super) next: Vec<f64>,
    pub(super) iterations: usize,
    pub(super) error: f64,
    /// True if Newton's method was refused, because the plan has too many entries.
    pub(super) is_dense: bool,
    pub(super) tell: &'r mut dyn FnMut(usize, usize, f64),
}

impl Run<'_, '_> {
    /// Adds an iteration, and reports it.
    pub(super) fn count(&mut self) {
        self.iterations += 1;
        (self.tell)(self.iterations, self.problem.options.max_iterations, self.error);
    }

    /// True if no iteration is left.
    pub(super) fn is_over(&self) -> bool {
        self.iterations >= self.problem.options.max_iterations
    }

    /// Returns how many iterations may precede the last one.
    pub(super) fn left(&self) -> usize {
        self.problem.options.max_iterations.saturating_sub(1 + self.iterations)
    }

    /// Solves a problem of a larger epsilon well enough to start the next one. `updates` has one
    /// element per precision.
    pub(super) fn solve_larger(&mut self, updates: &mut [Updates], epsilon: f64, has_newton: bool) -> Result<()> {
        let Some(quick) = updates.first_mut().filter(|_| self.left() > 0) else { return Ok(()) };
        quick.set_epsilon(epsilon)?;
        let most = if has_newton { COARSE_PATIENCE } else { COARSE_ITERATIONS };
        self.iterate(quick, COARSE, most.min(self.left()), false)?;
        let Some(exact) = updates.last_mut().filter(|_| has_newton && self.error > COARSE && self.left() > 0) else {
            return Ok(());
        };
        exact.set_epsilon(epsilon)?;
        if !self.newton(exact, COARSE)? && self.left() > 0 {
            self.iterate(&mut updates[0], COARSE, (COARSE_ITERATIONS - COARSE_PATIENCE).min(self.left()), false)?;
        }
        Ok(())
    }

    /// Solves the final problem; `updates` must already have its epsilon.
    pub(super) fn solve_last(&mut self, updates: &mut [Updates], has_newton: bool) -> Result<()> {
        let tolerance = self.problem.options.tolerance;
        let rounded = tolerance.max(ROUNDED);
        let patience = if has_newton { PATIENCE } else { usize::MAX };
        if let [quick, _] = updates
            && self.left() > 0
        {
            self.iterate(quick, rounded, patience.min(self.left()), true)?;
        }
        let Some((exact, quick)) = updates.split_last_mut() else { return Ok(()) };
        if has_newton {
            if self.left() > 0 && (quick.is_empty() || self.error <= rounded) {
                self.iterate(exact, tolerance, patience.min(self.left()), false)?;
            }
            if self.left() > 0 && self.error > tolerance {
                self.is_dense = !self.newton(exact, tolerance)?;
            }
            if let Some(quick) = quick.first_mut().filter(|_| self.is_dense && self.error > rounded && self.left() > 0)
            {
                self.iterate(quick, rounded, self.left(), true)?;
            }
        }
        // At least one iteration has the last precision, usually f64, so that the result has this
        // precision.
        self.iterate(exact, tolerance, usize::MAX, false)
    }

    /// Iterates until the error is at most `goal`, at most `most` times. With `may_idle`, it also
    /// ends when the error no longer falls, or after half of `max_iterations`. It makes at least
    /// one iteration.
    pub(super) fn iterate(&mut self, updates: &mut Updates, goal: f64, most: usize, may_idle: bool) -> Result<()> {
        let options = &self.problem.options;
        let mut anderson = Anderson::new(options.memory);
        let (mut made, mut best, mut idle) = (0, f64::INFINITY, 0);
        loop {
            let before = self.error;
            self.error = updates.apply(&self.f, &mut self.g, &mut self.next)?;
            made += 1;
            self.count();
            idle = if self.error < best { 0 } else { idle + 1 };
            best = best.min(self.error);
            let is_idle = may_idle && (idle >= IDLE || made >= options.max_iterations / 2);
            if self.error <= goal || made >= most || self.is_over() || is_idle {
                return Ok(());
            }
            if self.is_own {
                self.next.iter_mut().zip(&self.f).for_each(|(next, f)| *next = 0.5 * (*next + f));
            }
            if self.error > NEAR || made > 1 && self.error > GROWTH * before {
                anderson.clear();
                self.f.copy_from_slice(&self.next);
            } else {
                anderson.advance(&mut self.f, &self.next, self.problem.x.masses());
            }
        }
    }

    /// Returns the solution after the last iteration.
    pub(super) fn ending(self, epsilon: f64) -> Potentials {
        let Run { problem, is_own, mut f, g, next, iterations, error, is_dense, .. } = self;
        let (x, y, rho) = (&problem.x, &problem.y, problem.options.rho);
        let plan = match is_own {
            // The plan with `f` on both sides; the last iteration computed its row sums.
            true => x.integral(|i| ((f[i] - rho.map_or(1.0, |rho| (rho + epsilon) / rho) * next[i]) / epsilon).exp()),
            false => {
                f = next;
                x.integral(|i| rho.map_or(1.0, |rho| (-f[i] / rho).exp()))
            }
        };
        let value = |side: &Marginal, h: &[f64]| match rho {
            None => side.integral(|i| h[i]),
            Some(rho) => side.integral(|i| -rho * (-h[i] / rho).exp_m1()),
        };
        let whole = x.total() * y.total();
        let cost = value(x, &f) + value(y, &g) - epsilon * (plan - whole);
        let error = error.max(rounding(&f, &g, epsilon));
        let converged = error <= problem.options.tolerance;
        Potentials { f, g, epsilon, cost, converged, marginal_error: error, iterations, is_dense }
    }
}
