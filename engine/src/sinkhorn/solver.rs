//! Sinkhorn's algorithm: the sequence of problems, the precision, and the ending.

use super::anderson::Anderson;
use super::updates::Updates;
use super::{Marginal, SinkhornOptions, SinkhornPrecision};
use crate::number::number;
use crate::pairwise::{Pairwise, Precision, Side};
use crate::{Error, Points, Result, Subject};

/// The error at which a problem of a larger epsilon is solved well enough to start the next one,
/// and the largest number of iterations for it.
const COARSE: f64 = 0.02;
const COARSE_ITERATIONS: usize = 50;

/// The error from which on f32 is left for f64: a few times its rounding error.
const ROUNDED: f64 = 2e-5;

/// After so many iterations without a smaller error f32 is left, too.
const IDLE: usize = 12;

/// Iterates are extrapolated while the error is below this, and no longer if it grew by this
/// factor.
const NEAR: f64 = 0.3;
const GROWTH: f64 = 2.0;

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
    x: Marginal<'a>,
    y: Marginal<'a>,
    options: SinkhornOptions,
    start: Option<Vec<f64>>,
}

/// The solution of a transport problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Potentials {
    /// The potential of the first points, n.
    pub f: Vec<f64>,
    /// The potential of the second points, m.
    pub g: Vec<f64>,
    /// The regularisation.
    pub epsilon: f64,
    /// The value `OT(a, b)`, a lower bound that is exact up to the square of the error.
    pub cost: f64,
    /// Whether the error is at most the tolerance.
    pub converged: bool,
    /// The L1 error of the marginals: an upper bound of that of the plan of `f` and `g`. With
    /// `rho`, the relative change of the plan in the last iteration.
    pub marginal_error: f64,
    /// The number of iterations over all epsilons.
    pub iterations: usize,
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
            tell,
        };
        let scaled = if self.start.is_some() { Vec::new() } else { self.epsilons(epsilon) };
        for (k, precision) in precisions.iter().enumerate() {
            let engine = pairwise.at_precision(Some(*precision)).unwrap_or_else(|| pairwise.clone());
            let first = if k == 0 { scaled.first().copied().unwrap_or(epsilon) } else { epsilon };
            let mut updates = Updates::new((&self.x, &self.y), is_own, (first, self.options.rho), &engine)?;
            match &self.start {
                Some(g) if k == 0 && is_own => run.f.clone_from(g),
                Some(g) if k == 0 => updates.best(Side::First, g, &mut run.f)?,
                _ => {}
            }
            if k == 0 {
                for coarse in &scaled {
                    let most = COARSE_ITERATIONS.min(run.left());
                    if most == 0 {
                        break;
                    }
                    updates.set_epsilon(*coarse)?;
                    run.iterate(&mut updates, COARSE, most, false)?;
                }
                updates.set_epsilon(epsilon)?;
            }
            let is_last = k + 1 == precisions.len();
            let tolerance = self.options.tolerance;
            // One f64 iteration at least, so that the result has the precision of f64.
            let goal = if is_last { tolerance } else { tolerance.max(ROUNDED) };
            let most = if is_last { usize::MAX } else { run.left() };
            if most > 0 {
                run.iterate(&mut updates, goal, most, !is_last)?;
            }
        }
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

/// A solution in progress.
struct Run<'r, 'a> {
    problem: &'r Sinkhorn<'a>,
    is_own: bool,
    f: Vec<f64>,
    g: Vec<f64>,
    next: Vec<f64>,
    iterations: usize,
    error: f64,
    tell: &'r mut dyn FnMut(usize, usize, f64),
}

impl Run<'_, '_> {
    /// Returns how many iterations may precede the last one.
    fn left(&self) -> usize {
        self.problem.options.max_iterations.saturating_sub(1 + self.iterations)
    }

    /// Iterates until the error is at most `goal`, at most so many times; `may_idle` also ends when
    /// the error no longer falls. Makes one iteration at least.
    fn iterate(&mut self, updates: &mut Updates, goal: f64, most: usize, may_idle: bool) -> Result<()> {
        let options = &self.problem.options;
        let mut anderson = Anderson::new(options.memory);
        let (mut made, mut best, mut idle) = (0, f64::INFINITY, 0);
        loop {
            let before = self.error;
            self.error = updates.apply(&self.f, &mut self.g, &mut self.next)?;
            (self.iterations, made) = (self.iterations + 1, made + 1);
            (self.tell)(self.iterations, options.max_iterations, self.error);
            idle = if self.error < best { 0 } else { idle + 1 };
            best = best.min(self.error);
            let is_idle = may_idle && (idle >= IDLE || made >= options.max_iterations / 2);
            if self.error <= goal || made >= most || self.iterations >= options.max_iterations || is_idle {
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
    fn ending(self, epsilon: f64) -> Potentials {
        let Run { problem, is_own, mut f, g, next, iterations, error, .. } = self;
        let (x, y, rho) = (&problem.x, &problem.y, problem.options.rho);
        let plan = match is_own {
            // The plan of f and f, whose row sums the last iteration has found.
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
        let converged = error <= problem.options.tolerance;
        Potentials { f, g, epsilon, cost, converged, marginal_error: error, iterations }
    }
}

impl Potentials {
    /// Returns what to change if the iterations did not converge, a sentence.
    pub fn advice(&self, tolerance: f64) -> Option<String> {
        (!self.converged).then(|| {
            format!(
                "the marginals have an error of {} after {} iterations, and the tolerance is {}: increase \
                 `max_iterations`, or `epsilon` from {}, or accept a larger `tolerance`",
                number(self.marginal_error),
                self.iterations,
                number(tolerance),
                number(self.epsilon)
            )
        })
    }
}
