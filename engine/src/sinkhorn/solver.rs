//! Sinkhorn's algorithm: the sequence of epsilons, and the precision.

use super::problem::Sinkhorn;
use super::solution::Run;
use super::updates::Updates;
use super::{Potentials, SinkhornPrecision};
use crate::Result;
use crate::pairwise::{Pairwise, Precision, Side};

impl Sinkhorn<'_> {
    /// Solves the problem. Time `2 n m d` per iteration; memory `O((n + m) d)`. If the error is
    /// above the tolerance at the end, the result says so ([`Potentials::converged`]).
    ///
    /// # Errors
    /// The costs divided by epsilon overflow, or an interrupt.
    pub fn solve(&self, pairwise: &Pairwise) -> Result<Potentials> {
        self.solve_with(pairwise, &mut |_, _, _| {})
    }

    /// [`Sinkhorn::solve`] with progress reports: the number of iterations, its limit, and the
    /// marginal error.
    ///
    /// # Errors
    /// Those of [`Sinkhorn::solve`].
    pub fn solve_with(&self, pairwise: &Pairwise, tell: &mut dyn FnMut(usize, usize, f64)) -> Result<Potentials> {
        let epsilon = self.options.epsilon_for(&self.x, &self.y);
        let is_own = self.x.is_same(&self.y);
        let precisions: &[Precision] = match self.options.precision {
            _ if pairwise.options().precision == Precision::F64 => &[Precision::F64],
            SinkhornPrecision::F64 => &[Precision::F64],
            SinkhornPrecision::F32 => &[Precision::F32],
            SinkhornPrecision::Auto => &[Precision::F32, Precision::F64],
        };
        let mut run = Run {
            problem: self,
            is_own,
            f: vec![0.0; self.x.points.n()],
            g: Vec::new(),
            next: Vec::new(),
            iterations: 0,
            error: f64::INFINITY,
            is_dense: false,
            tell,
        };
        let larger = if self.start.is_some() { Vec::new() } else { self.epsilons(epsilon) };
        let first = larger.first().copied().unwrap_or(epsilon);
        let updates = |(k, precision): (usize, &Precision)| {
            let engine = pairwise.at_precision(Some(*precision)).unwrap_or_else(|| pairwise.clone());
            let epsilon = if k == 0 { first } else { epsilon };
            Updates::new((&self.x, &self.y), is_own, (epsilon, self.options.rho), &engine)
        };
        let mut updates = precisions.iter().enumerate().map(updates).collect::<Result<Vec<Updates>>>()?;
        match &self.start {
            Some(g) if is_own => run.f.clone_from(g),
            Some(g) => updates[0].best(Side::First, g, &mut run.f)?,
            None => {}
        }
        // Newton's method is not needed for equal sides and penalised marginals: these problems
        // converge in few iterations.
        let has_newton = self.options.newton && !is_own && self.options.rho.is_none();
        let has_newton = has_newton && precisions.ends_with(&[Precision::F64]);
        for coarse in larger {
            run.solve_larger(&mut updates, coarse, has_newton)?;
        }
        updates.iter_mut().try_for_each(|updates| updates.set_epsilon(epsilon))?;
        run.solve_last(&mut updates, has_newton)?;
        Ok(run.ending(epsilon))
    }

    /// Returns the epsilons before the last, from the squared diameter downwards.
    fn epsilons(&self, last: f64) -> Vec<f64> {
        let scaling = self.options.scaling;
        if scaling == 0.0 {
            return Vec::new();
        }
        let extent = |k: usize| {
            let rows = [&self.x, &self.y].into_iter().flat_map(|side| side.points.iter().zip(side.masses()));
            let column = rows.filter(|(_, mass)| **mass > 0.0).map(|(row, _)| row[k]);
            let (low, high) =
                column.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
            (high - low) * (high - low)
        };
        let diameter: f64 = (0..self.x.points.dim()).map(extent).sum();
        let below = |epsilon: &f64| Some(scaling * epsilon);
        std::iter::successors(Some(diameter), below).take_while(|epsilon| *epsilon > last).collect()
    }
}
