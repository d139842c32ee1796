//! Sinkhorn's algorithm: the sequence of problems, the precision, and the ending.

use super::solution::Run;
use super::updates::Updates;
use super::{Marginal, Potentials, SinkhornOptions, SinkhornPrecision};
use crate::pairwise::{Pairwise, Precision, Side};
use crate::{Error, Points, Result, Subject};

/// A transport problem between two sets of points.
///
/// ```
/// use sdflow::sinkhorn::{Sinkhorn, SinkhornOptions};
/// use sdflow::{pairwise::Pairwise, rng::Stream};
/// let (x, y) = (Stream::new(1).normal(50, 2), Stream::new(2).normal(60, 2));
/// let options = SinkhornOptions { epsilon: Some(0.1), ..SinkhornOptions::default() };
/// let found = Sinkhorn::between(&x, &y, options)?.solve(&Pairwise::default())?;
/// assert!(found.converged && found.marginal_error <= 1e-6);
/// # Ok::<(), sdflow::Error>(())
/// ```
#[derive(Debug)]
pub struct Sinkhorn<'a> {
    pub(super) x: Marginal<'a>,
    pub(super) y: Marginal<'a>,
    pub(super) options: SinkhornOptions,
    start: Option<Vec<f64>>,
}

impl<'a> Sinkhorn<'a> {
    /// Creates the problem between points of equal masses.
    ///
    /// # Errors
    /// Those of [`Sinkhorn::new`].
    pub fn between(x: &'a Points, y: &'a Points, options: SinkhornOptions) -> Result<Sinkhorn<'a>> {
        Sinkhorn::new(Marginal::equal(x), Marginal::equal(y), options)
    }

    /// Creates the problem between two sides.
    ///
    /// # Errors
    /// Dimensions differ, a side has no points, a coordinate is too large, or an option is out of
    /// range.
    pub fn new(x: Marginal<'a>, y: Marginal<'a>, options: SinkhornOptions) -> Result<Sinkhorn<'a>> {
        options.check()?;
        for (side, what) in [(&x, "x"), (&y, "y")] {
            if side.points.n() == 0 {
                return Err(Error::shape(Subject::argument(what), "no rows", "at least one is needed"));
            }
            side.points.check_squares(&format!("`{what}`"))?;
        }
        y.points.check_dim(Subject::argument("y"), x.points.dim(), "`x`")?;
        Ok(Sinkhorn { x, y, options, start: None })
    }

    /// Starts from the potential `g` of the second points, such as that of a similar problem, at
    /// `epsilon` itself.
    ///
    /// # Errors
    /// The number of values is not that of the points, or one is not finite.
    pub fn start(mut self, g: Vec<f64>) -> Result<Sinkhorn<'a>> {
        let m = self.y.points.n();
        if g.len() != m || !g.iter().all(|g| g.is_finite()) {
            let want = format!("a finite value is expected for each of the {m} points");
            return Err(Error::shape("the potential", format!("{} values", g.len()), want));
        }
        self.start = Some(g);
        Ok(self)
    }

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
        // Equal sides and penalised marginals converge in few iterations.
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
        let [x, y] = [self.x.points, self.y.points];
        let extent = |k: usize| {
            let column = x.iter().chain(y.iter()).map(|row| row[k]);
            let (low, high) =
                column.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
            (high - low) * (high - low)
        };
        let diameter: f64 = (0..x.dim()).map(extent).sum();
        let below = |epsilon: &f64| Some(scaling * epsilon);
        std::iter::successors(Some(diameter), below).take_while(|epsilon| *epsilon > last).collect()
    }
}
