//! Newton's method with a sparse plan, for a small epsilon \[tang2024accelerating\].
//!
//! With the optimal `g(f)` for given `f`, the problem is to maximise the concave function
//!
//! ```text
//! F(f) = sum_i a_i f_i + sum_j b_j g_j(f)
//! F'   = a - r
//! F''  = -(diag(r) - P diag(1 / b) P^T) / epsilon
//! ```
//!
//! with the row sums `r` of the plan. If epsilon is small, nearly all entries of the plan are
//! negligible. The linear equations contain only the remaining entries, a few per point, while an
//! iteration of Sinkhorn's algorithm visits all pairs. Gradient and error are those of the whole
//! plan. Omitted entries therefore change the number of steps and not the result.
//!
//! Clusters of points that exchange little mass make the Hessian nearly singular, and a full step
//! would leave the region where the quadratic model is valid. Therefore `damping diag(a)` is added
//! to `diag(r) - P diag(1 / b) P^T`. The damping changes with the ratio of the gain to its
//! prediction, as in the method of Levenberg and Marquardt \[marquardt1963algorithm\].

use super::solution::Run;
use super::sparse_plan::SparsePlan;
use super::updates::{LARGEST, Updates};
use crate::Result;
use crate::points::dot;

/// Damping at first, and its range.
const FIRST: f64 = 1e-2;
const LEAST: f64 = 1e-14;
const MOST: f64 = 1e4;

/// Above this error a step is an iteration of Sinkhorn's algorithm.
const NEAR: f64 = 0.3;

/// A step is taken if its gain is at least this share of the predicted gain.
const ACCEPTED: f64 = 0.1;

/// After so many steps without a smaller error, the method ends.
const IDLE: usize = 30;

impl Run<'_, '_> {
    /// Makes Newton steps, with `updates` in f64, until the error is at most `goal`. Returns false
    /// if the plan has too many entries; the potentials are then those of the last step that was
    /// taken. Each trial of a step counts as one iteration. At least one iteration is left at the
    /// end.
    pub(super) fn newton(&mut self, updates: &mut Updates, goal: f64) -> Result<bool> {
        let (x, y, interrupt) = (&self.problem.x, &self.problem.y, updates.interrupt().clone());
        let epsilon = updates.epsilon;
        let mut damping = FIRST;
        let (mut best, mut idle) = (f64::INFINITY, 0);
        let (mut trial, mut g, mut next, mut curved) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        self.error = updates.apply(&self.f, &mut self.g, &mut self.next)?;
        self.count();
        while self.error > goal && self.left() > 0 && idle < IDLE {
            idle = if self.error < best { 0 } else { idle + 1 };
            best = best.min(self.error);
            if self.error > NEAR || damping > MOST {
                damping = FIRST;
                self.f.copy_from_slice(&self.next);
                self.error = updates.apply(&self.f, &mut self.g, &mut self.next)?;
                self.count();
                continue;
            }
            let Some(plan) = SparsePlan::new((x, y), (&self.f, &self.g), epsilon, &interrupt)? else {
                return Ok(false);
            };
            let slope = |f: &[f64], next: &[f64]| -> Vec<f64> {
                let parts = x.masses().iter().zip(f.iter().zip(next));
                parts.map(|(a, (f, next))| -a * ((f - next) / epsilon).min(LARGEST).exp_m1()).collect()
            };
            let before = slope(&self.f, &self.next);
            let right: Vec<f64> = before.iter().map(|v| epsilon * v).collect();
            while damping <= MOST && self.left() > 0 {
                let step = plan.solve(&right, damping, &interrupt)?;
                plan.apply(&step, &mut curved);
                let rise = dot(&before, &step);
                let predicted = rise - 0.5 * dot(&step, &curved) / epsilon;
                trial.clear();
                trial.extend(self.f.iter().zip(&step).map(|(f, d)| f + d));
                let error = updates.apply(&trial, &mut g, &mut next)?;
                self.count();
                // The gain is computed from slopes, because the difference of two values would be
                // smaller than their rounding error.
                let gain = 0.5 * (rise + dot(&slope(&trial, &next), &step));
                let ratio = gain / predicted;
                if ratio.is_nan() || ratio < ACCEPTED {
                    damping *= 8.0;
                    continue;
                }
                damping = match ratio {
                    r if r > 0.6 => (damping / 6.0).max(LEAST),
                    r if r < 0.25 => damping * 3.0,
                    _ => damping,
                };
                self.f.copy_from_slice(&trial);
                self.g.copy_from_slice(&g);
                self.next.copy_from_slice(&next);
                self.error = error;
                break;
            }
        }
        Ok(true)
    }
}
